"""The hits, two lines each, drawn line by line so that thousands cost no more than a screenful."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from semsearch.text import display_path, printable
from semsearch.tui.cells import cell_len, cut, cut_left
from semsearch.tui.paint import styles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.style import Style
    from textual.events import Click

    from semsearch.records import Hit

LINES_PER_HIT: Final = 2
_CURSOR: Final = "▌"
_GRADES: Final = {0: "−", 1: "+"}
_BANDS: Final = {"strong": "score", "fair": "text", "weak": "quiet"}
"""How the cosine is painted; a weak one has a mark besides."""
_WEAK: Final = "~"

Piece = tuple[str, str]
"""Text and its kind, by which it is painted."""


class ResultList(ScrollView, can_focus=True):
    """Hits with a cursor. What they say is cut to the width in cells, never wrapped."""

    cursor: reactive[int] = reactive(0)

    class Moved(Message):
        """The cursor stands on another hit, or on none."""

        def __init__(self, hit: Hit | None) -> None:
            self.hit = hit
            super().__init__()

    class Opened(Message):
        """A hit was clicked twice."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.hits: tuple[Hit, ...] = ()
        self.touched = False
        """Whether the person chose the hit the cursor stands on."""
        self._grades: Mapping[int, int] = {}
        self._painted: dict[tuple[int, int], Strip] = {}
        self._styles: dict[str, Style] = {}
        self._shown: Hit | None = None

    @property
    def hit(self) -> Hit | None:
        """The hit under the cursor."""
        return self.hits[self.cursor] if self.cursor < len(self.hits) else None

    def show(self, hits: Sequence[Hit], *, same_question: bool) -> None:
        """Replace the hits.

        A cursor the person has placed stays on its passage while the question is the same;
        otherwise it stands on the first hit.
        """
        chosen = self.hit if same_question and self.touched else None
        self.hits = tuple(hits)
        places = {hit.chunk: index for index, hit in enumerate(self.hits)}
        self.touched = chosen is not None and chosen.chunk in places
        self.forget_paint()
        self.virtual_size = Size(0, len(self.hits) * LINES_PER_HIT)
        self.cursor = places[chosen.chunk] if chosen is not None and self.touched else 0
        self._follow_cursor()
        self._tell()
        self.refresh()

    def mark(self, grades: Mapping[int, int]) -> None:
        """Show which chunks are marked relevant (1) or not (0)."""
        self._grades = grades
        self.forget_paint()
        self.refresh()

    def forget_paint(self) -> None:
        """Paint everything anew: the hits, the width or the colours have changed."""
        self._painted.clear()

    @property
    def legend(self) -> str:
        """What the letters and marks in the list mean."""
        weak = f"{_WEAK} weak  " if any(hit.band == "weak" for hit in self.hits) else ""
        return f"{weak}V meaning  K keyword"

    def move(self, by: int) -> None:
        """Move the cursor by so many hits, stopping at the ends."""
        if self.hits:
            self.touched = True
            self.cursor = max(0, min(self.cursor + by, len(self.hits) - 1))

    @property
    def page(self) -> int:
        """Hits that fit at once."""
        return max(1, self.size.height // LINES_PER_HIT)

    # --- events ------------------------------------------------------------------------------

    def watch_cursor(self, old: int, new: int) -> None:
        """Repaint the two hits concerned."""
        for index in (old, new):
            self._painted.pop((index, 0), None)
            self._painted.pop((index, 1), None)
            self.refresh_lines(index * LINES_PER_HIT, LINES_PER_HIT)
        self._follow_cursor()
        self._tell()

    def notify_style_update(self) -> None:
        """Colours have changed."""
        self._styles = {}
        self.forget_paint()
        super().notify_style_update()

    def on_resize(self) -> None:
        """Lines are cut to the new width."""
        self.forget_paint()
        self._follow_cursor()

    def on_click(self, event: Click) -> None:
        """A click chooses a hit, a second opens it."""
        index = (event.y - self.gutter.top + int(self.scroll_y)) // LINES_PER_HIT
        if 0 <= index < len(self.hits):
            self.touched = True
            self.cursor = index
            if event.chain == 2:
                self.post_message(self.Opened())

    def _follow_cursor(self) -> None:
        top, height = self.cursor * LINES_PER_HIT, self.scrollable_content_region.height
        if top < self.scroll_y:
            self.scroll_to(y=top, animate=False)
        elif height and top + LINES_PER_HIT > self.scroll_y + height:
            self.scroll_to(y=top + LINES_PER_HIT - height, animate=False)

    def _tell(self) -> None:
        self.border_subtitle = ""
        if self.hit is not self._shown:
            self._shown = self.hit
            self.post_message(self.Moved(self.hit))

    # --- painting ----------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One line of one hit."""
        index, part = divmod(y + int(self.scroll_y), LINES_PER_HIT)
        width = self.scrollable_content_region.width
        if index >= len(self.hits):
            return Strip.blank(width, self.rich_style)
        strip = self._painted.get((index, part))
        if strip is None:
            if len(self._painted) > 4000:
                self._painted.clear()
            strip = self._painted[index, part] = self._paint(index, part, width)
        return strip

    def _paint(self, index: int, part: int, width: int) -> Strip:
        hit, here = self.hits[index], index == self.cursor
        rank_width = max(2, len(str(len(self.hits))))
        pieces = (
            self._heading(hit, width - 1, rank_width)
            if part == 0
            else self._snippet(hit, width - 1, rank_width + 6)
        )
        base = self._style("cursor" if here else "text")
        segments = [Segment(_CURSOR if here else " ", base)]
        segments += [
            Segment(text, self._style(_at_cursor(name) if here else name)) for text, name in pieces
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, name: str) -> Style:
        if not self._styles:
            self._styles = styles(self.app.theme_variables)
        return self._styles[name]

    def _heading(self, hit: Hit, width: int, rank_width: int) -> list[Piece]:
        """`1 0.87 VK notes/2024/retro-q3.md        12-31`."""
        score = f"{hit.cosine:5.2f}" if hit.cosine is not None else "   – "
        weak = hit.band == "weak"
        found = ("V" if hit.semantic_rank else " ") + ("K" if hit.lexical_rank else " ")
        grade = _GRADES.get(self._grades.get(hit.chunk, -1), " ")
        front: list[Piece] = [
            (f"{hit.rank:>{rank_width}} ", "quiet"),
            (score + (_WEAK if weak else " "), _BANDS.get(hit.band or "strong", "score")),
            (found, "quiet"),
            (grade + " ", "hit-match"),
        ]
        lines = _lines(hit)
        changed = "changed " if hit.stale else ""
        room = width - sum(cell_len(text) for text, _ in front) - len(lines) - len(changed) - 2
        if room < 12:
            room, lines = room + len(lines) + 1, ""
        path = cut_left(hit_name(hit), max(room, 1))
        gap = " " * max(room - cell_len(path) + 1, 1)
        name = "quiet" if weak else "path"
        return [*front, (path, name), (gap, "text"), (changed, "warn"), (lines, "quiet")]

    def _snippet(self, hit: Hit, width: int, indent: int) -> list[Piece]:
        """The best sentence with its matches."""
        room = max(width - indent - 1, 1)
        text = printable(hit.snippet) or " › ".join(map(printable, hit.breadcrumb))
        shown = cut(text, room)
        end = len(shown) - (shown != text)
        pieces: list[Piece] = [(" " * indent, "text")]
        at = 0
        for start, stop in hit.matches:
            if start >= end or start < at:
                break
            pieces.append((shown[at:start], "text"))
            pieces.append((shown[start : min(stop, end)], "hit-match"))
            at = min(stop, end)
        pieces.append((shown[at:], "text"))
        return pieces


def hit_name(hit: Hit) -> str:
    """A hit's file for people: the root's own name, then the path below it."""
    return file_name(hit.root, hit.path)


def file_name(root: bytes, path: bytes) -> str:
    """`notes/2024/retro.md` for a file below the root `/home/me/notes`."""
    above = os.path.dirname(root.rstrip(b"/"))
    prefix = above.rstrip(b"/") + b"/"
    return display_path(path[len(prefix) :] if path.startswith(prefix) else path)


def _lines(hit: Hit) -> str:
    if hit.page is not None:
        return f"p. {hit.page}"
    return f"{hit.start_line}-{hit.end_line}"


def _at_cursor(name: str) -> str:
    if name == "hit-match":
        return "cursor-match"
    return "cursor-quiet" if name == "quiet" else "cursor"
