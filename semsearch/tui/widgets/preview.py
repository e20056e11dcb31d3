"""A window of the file with the passage one third down, its words marked, its code coloured."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, cast

from rich.segment import Segment
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from semsearch.text import one_line, printable
from semsearch.tui import keys
from semsearch.tui.cells import cell_len, cut, cut_left
from semsearch.tui.facts import age
from semsearch.tui.paint import styles
from semsearch.tui.terminal import content

if TYPE_CHECKING:
    from rich.style import Style
    from textual.binding import BindingType

    from semsearch.engine.desk import Preview as Shown
    from semsearch.tui.app import SemsearchApp
    from semsearch.tui.syntax import Span

_PROSE: Final = frozenset({"markdown", "text", "html", "rst", "org"})
_TAB: Final = "    "
_ITEM: Final = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])(?: \[[ xX]\]| [☐☑])? +")
_SAID: Final = {
    "moved": "changed; the passage is still there",
    "changed": "changed; this is the text the index has",
    "gone": "the file is gone; this is the text the index has",
    "unreadable": "unreadable now; this is the text the index has",
}
"""What became of a file since it was indexed."""


class _Row(NamedTuple):
    """A row on the screen: a line of the file, or a part of it when lines are wrapped."""

    line: int
    start: int
    end: int
    indent: int = 0
    """Blanks before it: what is wrapped of a list item stands below the item's text."""


class Preview(ScrollView, can_focus=True):
    """Shows one passage in its surroundings; the breadcrumb stays at the top."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("preview")]

    class ViewChanged(Message):
        """Markdown is to be shown the other way."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self._shown: Shown | None = None
        self._styles: dict[str, Style] = {}
        self._file = ""
        self._colours: dict[int, list[Span]] = {}
        self._rows: list[_Row] = []
        self._first_row: dict[int, int] = {}
        self._match = 0
        self._as_read = False
        self._wrapped: bool | None = None
        """None: wrapped for prose, cut for code."""

    @property
    def shown(self) -> Shown | None:
        """What is shown now."""
        return self._shown

    def show(
        self, shown: Shown, name: str, colours: dict[int, list[Span]], *, as_read: bool = False
    ) -> None:
        """Show a passage; the first match in it is the current one."""
        as_read = as_read and shown.kind == "markdown"
        before = None if self._shown is None else (self._shown.chunk, self._as_read)
        same = before == (shown.chunk, as_read)
        self._shown, self._file, self._colours = shown, name, colours
        self._as_read = as_read
        start, end = shown.passage
        inside = [i for i, (line, _, _) in enumerate(shown.matches) if start <= line < end]
        self._match = inside[0] if inside else 0
        self._lay_out()
        if not same:
            self.action_to_passage()
        self._say()

    def clear(self) -> None:
        """Show nothing."""
        self._shown, self._rows, self._colours = None, [], {}
        self.virtual_size = Size(0, 0)
        self.border_title = self.border_subtitle = ""
        self.refresh()

    # --- actions -----------------------------------------------------------------------------

    def action_scroll_by(self, lines: int) -> None:
        """Scroll by lines."""
        self.scroll_to(y=self.scroll_y + lines, animate=False)

    def action_page_by(self, pages: int) -> None:
        """Scroll by pages."""
        self.scroll_to(y=self.scroll_y + pages * max(self._height - 1, 1), animate=False)

    def action_step(self, by: int) -> None:
        """Go to the next or previous match."""
        if self._shown is not None and self._shown.matches:
            self._match = (self._match + by) % len(self._shown.matches)
            self._bring_up(self._row_of(self._match))
            self._say()
            self.refresh()

    def action_to_passage(self) -> None:
        """Bring the passage one third down."""
        if self._shown is not None:
            self._bring_up(self._first_row.get(self._shown.passage[0], 0))

    def action_markdown(self) -> None:
        """Markdown as one reads it, or its source."""
        if self._shown is not None and self._shown.kind == "markdown":
            self.post_message(self.ViewChanged())

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self._wrapped = not self._wrapping
        self._lay_out()
        self.action_to_passage()

    def on_resize(self) -> None:
        """Lines are laid out for the new width."""
        self._lay_out()
        self.action_to_passage()

    def notify_style_update(self) -> None:
        """Colours have changed."""
        self._styles = {}
        super().notify_style_update()
        self.refresh()

    # --- layout ------------------------------------------------------------------------------

    @property
    def _wrapping(self) -> bool:
        if self._wrapped is not None:
            return self._wrapped
        return self._shown is not None and self._shown.kind in _PROSE

    @property
    def _head(self) -> list[tuple[str, str]]:
        """Lines that stay at the top, with their kind."""
        shown = self._shown
        if shown is None:
            return []
        head = []
        crumb = " › ".join(one_line(part) for part in shown.breadcrumb)
        if crumb:
            head.append((crumb, "title"))
        if shown.state in _SAID:
            index = cast("SemsearchApp", self.app).key("go.index")
            head.append((f"! {_SAID[shown.state]} · {index} index", "warn"))
        return head

    @property
    def _height(self) -> int:
        """Rows of the file that fit below the head."""
        return max(self.scrollable_content_region.height - len(self._head), 1)

    @property
    def _gutter_width(self) -> int:
        numbers = self._shown.numbers if self._shown is not None else ()
        return (max(len(str(numbers[-1])), 3) + 1 if numbers else 0) + 3

    def _lay_out(self) -> None:
        shown = self._shown
        if shown is None:
            return
        room = max(self.scrollable_content_region.width - self._gutter_width, 8)
        self._rows, self._first_row = [], {}
        for number, line in enumerate(shown.lines):
            self._first_row[number] = len(self._rows)
            text = _printable_line(line)
            indent = _hanging(text, room) if self._wrapping else 0
            spans = _wrap(text, room, indent) if self._wrapping else [(0, len(text))]
            self._rows += [_Row(number, start, end, indent if start else 0) for start, end in spans]
        self.virtual_size = Size(0, len(self._rows) + len(self._head))
        self.refresh()

    def _row_of(self, match: int) -> int:
        """The row a match stands in."""
        assert self._shown is not None
        line, start, _ = self._shown.matches[match]
        row = self._first_row[line]
        shift = _shift(self._shown.lines[line], start)
        while row + 1 < len(self._rows) and self._rows[row].end <= shift:
            row += 1
        return row

    def _bring_up(self, row: int) -> None:
        self.scroll_to(y=max(row - self._height // 3, 0), animate=False, force=True)

    def _say(self) -> None:
        shown = self._shown
        if shown is None:
            return
        room = max(self.size.width - 6, 10)
        start, end = shown.passage
        lines = f"  {shown.numbers[start]}-{shown.numbers[end - 1]}" if shown.numbers else ""
        name = cut_left(self._file, max(room - len(lines), 8))
        self.border_title = content(name + lines)
        kind = "rendered" if self._as_read else one_line(shown.kind)
        parts = [kind, _size(shown.size), _changed(shown.modified_ns)]
        if shown.matches:
            parts.insert(0, f"match {self._match + 1} of {len(shown.matches)}")
        self.border_subtitle = content(cut(" · ".join(filter(None, parts)), room))

    # --- painting ----------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """A line of the head, or of the file."""
        width, head = self.scrollable_content_region.width, self._head
        base = self._style("text")
        if y < len(head):
            text, name = head[y]
            line = Strip([Segment(cut(text, max(width - 1, 0)), self._style(name))])
            return line.adjust_cell_length(width, base)
        index = y - len(head) + int(self.scroll_y)
        if self._shown is None or index >= len(self._rows):
            return Strip.blank(width, base)
        return self._paint(self._shown, self._rows[index], width)

    def _paint(self, shown: Shown, row: _Row, width: int) -> Strip:
        base = self._style("text")
        start, end = shown.passage
        number = str(shown.numbers[row.line]) if shown.numbers and row.start == 0 else ""
        gutter = f"{number:>{self._gutter_width - 3}}"
        bar = " ┃ " if start <= row.line < end else "   "
        segments = [Segment(gutter, self._style("quiet")), Segment(bar, self._style("passage"))]
        segments.append(Segment(" " * row.indent, base))
        segments += self._text(shown, row)
        room = width - self._gutter_width
        text_width = sum(cell_len(segment.text) for segment in segments[2:])
        strip = Strip(segments)
        if text_width > room:
            strip = Strip([*strip.crop(0, width - 1), Segment("…", self._style("quiet"))])
        return strip.adjust_cell_length(width, base)

    def _text(self, shown: Shown, row: _Row) -> list[Segment]:
        """The characters of a row, each with the style of its token, match or step."""
        raw = shown.lines[row.line]
        text = _printable_line(raw)
        names = ["text"] * len(text)
        for start, end, name in self._colours.get(row.line, ()):
            first, last = _shift(raw, start), _shift(raw, end)
            names[first:last] = [name] * (min(last, len(text)) - first)
        for number, (line, start, end) in enumerate(shown.matches):
            if line == row.line:
                first, last = _shift(raw, start), min(_shift(raw, end), len(text))
                name = "step" if number == self._match else "match"
                names[first:last] = [name] * (last - first)
        segments, at = [], row.start
        while at < row.end:
            stop = at
            while stop < row.end and names[stop] == names[at]:
                stop += 1
            segments.append(Segment(text[at:stop], self._style(names[at])))
            at = stop
        return segments

    def _style(self, name: str) -> Style:
        if not self._styles:
            self._styles = styles(self.app.theme_variables)
        return self._styles[name]


def _printable_line(line: str) -> str:
    return printable(line.replace("\t", _TAB))


def _shift(line: str, column: int) -> int:
    """Where a character of the line stands once tabs are spaces."""
    return column + line.count("\t", 0, column) * (len(_TAB) - 1)


def _hanging(text: str, room: int) -> int:
    """Cells before the text of a list item; none for other lines."""
    item = _ITEM.match(text)
    return item.end() if item is not None and item.end() < room // 2 else 0


def _wrap(text: str, room: int, indent: int = 0) -> list[tuple[int, int]]:
    """Spans of at most `room` cells, from the second on less `indent`, parted at blanks."""
    if cell_len(text) <= room:
        return [(0, len(text))]
    spans, start = [], 0
    while start < len(text):
        end = start + room
        while end > start + 1 and cell_len(text[start:end]) > room:
            end -= max((cell_len(text[start:end]) - room) // 2, 1)
        if end < len(text):
            blank = text.rfind(" ", start, end)
            end = blank + 1 if blank > start else end
        spans.append((start, min(end, len(text))))
        room -= indent if start == 0 else 0
        start = end
    return spans


def _size(bytes_: float) -> str:
    for unit in ("B", "KB", "MB"):
        if bytes_ < 1000 or unit == "MB":
            return f"{bytes_:,.0f} {unit}" if unit == "B" else f"{bytes_:,.1f} {unit}"
        bytes_ /= 1000
    return ""


def _changed(modified_ns: int) -> str:
    return f"changed {age(time.time() - modified_ns / 1e9)}"
