"""A list of one-line options whose cursor has a glyph and one legible colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widgets import OptionList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.content import Content
    from textual.events import Click

_MARK: Final = "▌"
_CURSOR: Final = ("option-list--option", "option-list--option-highlighted")


class MarkedList(OptionList):
    """Options are `Content` of one line: what a list shows may come from anywhere.

    Args:
        *lines: what to begin with.
        clicks: how many clicks on a line act on it; one only moves the cursor there.
        id: of the widget.
        classes: of the widget.
    """

    def __init__(
        self, *lines: Content, clicks: int = 2, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(*lines, id=id, classes=classes, markup=False)
        self._clicks = clicks

    def show(self, lines: Iterable[Content], highlighted: int) -> None:
        """Other options, with the cursor on this one where there are any."""
        self.clear_options()
        self.add_options(lines)
        if self.option_count:
            self.highlighted = min(highlighted, self.option_count - 1)

    def on_click(self, event: Click) -> None:
        """Move the cursor, and act once it is clicked often enough."""
        event.prevent_default()  # the base class would act at the first click
        number = event.style.meta.get("option")
        if isinstance(number, int):
            self.highlighted = number
            if event.chain >= self._clicks:
                self.action_select()

    def render_line(self, y: int) -> Strip:
        """The line under the cursor begins with a mark and, in focus, takes the cursor's colour."""
        strip = super().render_line(y)
        if self.highlighted is None or self.scroll_offset.y + y != self.highlighted:
            return strip
        # Colours of parts were chosen against the ground of the screen, not the cursor's.
        cursor = self.get_visual_style(*_CURSOR).rich_style.color
        ink = Style(color=cursor) if self.has_focus else Style()
        segments = [Segment(text, (style or Style()) + ink) for text, style, _ in strip]
        painted = Strip(segments, strip.cell_length)
        first = next((segment.style for segment in segments), ink)
        return Strip.join([Strip([Segment(_MARK, first)], 1), painted.crop(1)])
