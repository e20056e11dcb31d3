"""Records: named tuples that are cheap to define."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from semsearch.record import Record


class Point(Record):
    """Two fields that must be given, two that need not."""

    x: int
    y: int
    label: str = "here"
    tags: tuple[str, ...] = ()

    @property
    def sum(self) -> int:
        """A property among the fields."""
        return self.x + self.y


@pytest.mark.parametrize(
    "point",
    [
        Point(1, 2),
        Point(1, y=2),
        Point(y=2, x=1),
        Point(1, 2, "here"),
        Point(1, 2, "here", ()),
        Point(1, 2, tags=()),
        Point._make([1, 2, "here", ()]),
        Point(0, 2)._replace(x=1),
    ],
)
def test_a_record_is_made_by_position_by_name_and_from_defaults(point: Point) -> None:
    assert point == Point(1, 2, "here", ())
    assert (point.x, point.y, point.label, point.tags, point.sum) == (1, 2, "here", (), 3)


def test_a_record_is_a_tuple() -> None:
    x, y, label, _tags = Point(3, 4, "there")
    assert (x, y, label) == (3, 4, "there")
    assert len({Point(1, 2), Point(1, 2), Point(2, 1)}) == 2
    assert Point(1, 2) < Point(1, 3)
    assert repr(Point(1, 2)) == "Point(x=1, y=2, label='here', tags=())"


def test_a_replaced_field_leaves_the_record_as_it_was() -> None:
    before = Point(1, 2)
    after = before._replace(label="there", tags=("new",))
    assert before == Point(1, 2)
    assert after == Point(1, 2, "there", ("new",))


def test_a_record_can_be_copied_and_pickled() -> None:
    point = Point(1, 2, "there")
    assert copy.deepcopy(point) == point
    assert pickle.loads(pickle.dumps(point)) == point
    assert type(copy.copy(point)) is Point


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((1,), {}),
        ((1,), {"label": "there"}),
        ((1, 2, "here", (), 5), {}),
        ((1, 2), {"x": 1}),
        ((1, 2), {"z": 1}),
    ],
)
def test_a_wrong_set_of_fields_is_refused(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Point"):
        Point(*values, **named)


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Point(1, 2).x = 3  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Point(1, 2).other = 3  # type: ignore[attr-defined]


def test_an_unknown_field_cannot_be_replaced() -> None:
    with pytest.raises(TypeError, match="Point"):
        Point(1, 2)._replace(z=3)
