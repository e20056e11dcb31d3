"""Counts and costs in words."""

from __future__ import annotations

import pytest

from semsearch.present.amounts import about, counted, duration, size


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (None, "cost unknown"),
        (0.0, "about $0.00"),
        (2e-7, "less than $0.000001"),
        (0.0012, "about $0.0012"),
    ],
)
def test_an_estimated_cost_is_said_once_to_be_one(usd: float | None, text: str) -> None:
    assert about(usd) == text


def test_one_is_no_plural() -> None:
    assert (counted(1, "file"), counted(0, "file"), counted(2000, "file")) == (
        "1 file",
        "0 files",
        "2,000 files",
    )


def test_sizes_and_times_change_their_unit_where_people_do() -> None:
    assert [size(999), size(1000), size(1_500_000)] == ["999 B", "1 kB", "1.5 MB"]
    assert [duration(9.94), duration(89), duration(90), duration(5400)] == [
        "9.9 s",
        "89 s",
        "2 min",
        "1.5 h",
    ]
