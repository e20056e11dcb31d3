"""Two rankings of the same passages beside each other, with every move between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from semsearch.text import display_path
from semsearch.tui.cells import cell_len, cut, cut_left

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.geometry import Size

SIDE_BY_SIDE_WIDTH: Final = 90
"""Narrower than this, one merged table is shown."""

_MOVE_WIDTH: Final = 11


class Ranked(NamedTuple):
    """A passage in both rankings; a rank is None where the model has no vector of it."""

    path: bytes
    """As it is to be shown: relative where that is shorter."""
    line: int
    rank_a: int | None
    rank_b: int | None
    cosine_a: float | None
    cosine_b: float | None

    @property
    def place(self) -> str:
        """Path and line, safe to print."""
        return f"{display_path(self.path)}:{self.line}"


def move_text(row: Ranked, top: int) -> tuple[str, str]:
    """How a passage of B's list moved, and the colour for it: `▲ 1`, `▼ 3`, `=`, `new, A 12`."""
    a, b = row.rank_a, row.rank_b
    if b is None or b > top:
        return "out", "$bad"
    if a is None or a > top:
        return ("new" if a is None else f"new, A {a}"), "$good"
    if a == b:
        return "=", "$quiet"
    return (f"▲ {a - b}", "$good") if b < a else (f"▼ {b - a}", "$warn")


class RankDiff(Widget):
    """The first `top` of each ranking, in two columns or, where narrow, in one table."""

    DEFAULT_CSS = "RankDiff { height: auto; }"

    rows: reactive[tuple[Ranked, ...]] = reactive((), layout=True)
    top: reactive[int] = reactive(10, layout=True)
    names: reactive[tuple[str, str]] = reactive(("A", "B"))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A heading, then a line a passage."""
        if not self.rows:
            return 1
        merged = width < SIDE_BY_SIDE_WIDTH
        return 1 + (len(self._merged()) if merged else min(self.top, len(self.rows)))

    def render(self) -> Content:
        """The comparison for the width there is."""
        if not self.rows:
            return Content("")
        wide = self.size.width >= SIDE_BY_SIDE_WIDTH
        return self._columns(self.size.width) if wide else self._table(self.size.width)

    def _columns(self, width: int) -> Content:
        left_width = width // 2 - 1
        right_width = width - left_width - 2
        left = self._list(sorted_by(self.rows, "a", self.top), "a", left_width)
        right = self._list(sorted_by(self.rows, "b", self.top), "b", right_width)
        heads = [
            Content.styled(cut(f"{letter}  {name}", room).ljust(room), "bold")
            for letter, name, room in zip("AB", self.names, (left_width, right_width), strict=True)
        ]
        lines = [Content.assemble(heads[0], "  ", heads[1])]
        for number in range(max(len(left), len(right))):
            one = left[number] if number < len(left) else Content(" " * left_width)
            two = right[number] if number < len(right) else Content("")
            lines.append(Content.assemble(one, "  ", two))
        return Content("\n").join(lines)

    def _list(self, rows: Sequence[Ranked], side: str, width: int) -> list[Content]:
        """Rank, cosine, place and, on B's side, the move; each exactly `width` cells."""
        move_width = _MOVE_WIDTH if side == "b" else 0
        room = max(8, width - 13 - move_width)
        lines = []
        for row in rows:
            rank = row.rank_a if side == "a" else row.rank_b
            cosine = row.cosine_a if side == "a" else row.cosine_b
            place = cut_left(row.place, room)
            text = f"{rank or '–':>3}  {_cosine(cosine)}  {place}"
            text += " " * (room - cell_len(place) + 1)
            move, colour = move_text(row, self.top) if side == "b" else ("", "")
            lines.append(Content.assemble(text, (f"{move:<{move_width}}", colour)))
        return lines

    def _table(self, width: int) -> Content:
        room = max(8, width - 22)
        lines = [Content.styled("  A    B  move        passage"[:width], "bold")]
        for row in self._merged():
            move, colour = move_text(row, self.top)
            lines.append(
                Content.assemble(
                    f"{row.rank_a or '–':>3}  {row.rank_b or '–':>3}  ",
                    (f"{move:<{_MOVE_WIDTH}} ", colour),
                    cut_left(row.place, room),
                )
            )
        return Content("\n").join(lines)

    def _merged(self) -> list[Ranked]:
        """Passages in either list's top, by the better of their two ranks."""
        inside = [
            row
            for row in self.rows
            if (row.rank_a or self.top + 1) <= self.top or (row.rank_b or self.top + 1) <= self.top
        ]
        last = len(self.rows) + 1
        ranks = {id(row): (row.rank_a or last, row.rank_b or last) for row in inside}
        return sorted(inside, key=lambda row: (min(ranks[id(row)]), ranks[id(row)]))


def sorted_by(rows: Sequence[Ranked], side: str, top: int) -> list[Ranked]:
    """The first `top` rows of one ranking, best first."""
    ranked = [(row.rank_a if side == "a" else row.rank_b, row) for row in rows]
    inside = [(rank, row) for rank, row in ranked if rank is not None and rank <= top]
    return [row for _, row in sorted(inside, key=lambda pair: pair[0])]


def _cosine(value: float | None) -> str:
    return "    –" if value is None else f"{value:5.2f}"
