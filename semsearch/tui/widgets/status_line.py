"""A line with two ends: what matters on the left, what one glances at on the right."""

from __future__ import annotations

from typing import Final

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from semsearch.text import printable
from semsearch.tui.cells import cell_len, cut

_LEFT: Final = 24
"""Cells the left end keeps before the right one gives way."""


class EndsLine(Widget):
    """The title line and the status line: the left end is cut where both do not fit.

    What warns is never cut for the sake of the right end: at its end stands the way out.
    """

    left: reactive[str] = reactive("")
    right: reactive[str] = reactive("")
    tone: reactive[str] = reactive("")

    def show(self, left: str, right: str = "", *, tone: str = "", heading: bool = False) -> None:
        """Say something; text from outside may be given as it is.

        Args:
            left: what matters.
            right: what one glances at.
            tone: "", "good", "warn" or "bad".
            heading: paint the first word as a title.
        """
        self.left, self.right, self.tone = printable(left), printable(right), tone
        self.set_class(heading, "-heading")

    def render(self) -> Content:
        """Both ends, parted by at least two cells."""
        width = max(self.size.width - 2, 0)
        wanted = cell_len(self.left) if self.tone in {"warn", "bad"} else _LEFT
        right = self.right if width - cell_len(self.right) - 2 >= min(wanted, width) else ""
        left = cut(self.left, width - cell_len(right) - (2 if right else 0))
        gap = " " * max(width - cell_len(left) - cell_len(right), 0)
        line = Content(f" {left}{gap}{right} ")
        if self.tone:
            line = line.stylize(f"${self.tone}", 1, 1 + len(left))
        if self.has_class("-heading"):
            line = line.stylize("bold $title", 1, 1 + len(self.left.partition(" ")[0]))
        return line
