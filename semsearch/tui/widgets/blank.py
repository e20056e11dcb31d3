"""What stands where the hits would be: a few lines, and what one may choose to go on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from semsearch.tui.cells import cut, cut_left, fit
from semsearch.tui.states import State
from semsearch.tui.terminal import content

if TYPE_CHECKING:
    from textual.events import Click

    from semsearch.tui.states import Choice

_NOTE_WIDTH = 12


class Blank(Widget):
    """Shows a state; its choices are walked with the arrows while the query keeps the focus."""

    class Chosen(Message):
        """A choice was clicked."""

        def __init__(self, choice: Choice) -> None:
            self.choice = choice
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="pane")
        self.state = State("", ())
        self._cursor = -1
        self._rows: list[int | None] = []
        """For every line on the screen the choice it shows."""

    @property
    def choice(self) -> Choice | None:
        """The one the cursor stands on; none until the arrows were used."""
        choices = self._choices
        return choices[self._cursor] if 0 <= self._cursor < len(choices) else None

    @property
    def _choices(self) -> list[Choice]:
        return [choice for group in self.state.groups for choice in group.choices]

    def show(self, state: State) -> None:
        """Show another state; a cursor stays on its choice when that is still offered."""
        choice = self.choice
        self.state = state
        choices = self._choices
        self._cursor = choices.index(choice) if choice is not None and choice in choices else -1
        self.border_title = content(state.title)
        for tone in ("warn", "bad"):
            self.set_class(state.tone == tone, f"-{tone}")
        self.refresh()

    def move(self, by: int) -> None:
        """Move the cursor by so many choices, stopping at the ends."""
        self._cursor = min(max(self._cursor + by, 0), len(self._choices) - 1)
        self.refresh()

    def on_click(self, event: Click) -> None:
        """A click chooses."""
        row = event.y - self.gutter.top
        if 0 <= row < len(self._rows) and (number := self._rows[row]) is not None:
            self._cursor = number
            self.refresh()
            self.post_message(self.Chosen(self._choices[number]))

    def render(self) -> Content:
        """The lines as they wrap, then each choice on a line of its own."""
        width, height = self.content_size
        lines: list[Content] = []
        for line in self.state.lines:
            lines += content(line).wrap(width) if line else [Content("")]
        self._rows = [None] * len(lines)
        number = 0
        for group in self.state.groups:
            lines += [Content(""), content(group.heading, "bold $title")]
            self._rows += [None, None]
            for choice in group.choices:
                lines.append(self._line(choice, width, here=number == self._cursor))
                self._rows.append(number)
                number += 1
        # The cursor is never below the edge: what stands above gives way.
        hidden = max(0, self._rows.index(self._cursor) + 1 - height) if self._cursor >= 0 else 0
        self._rows = self._rows[hidden:]
        return Content("\n").join(lines[hidden : hidden + max(height, 1)])

    @staticmethod
    def _line(choice: Choice, width: int, *, here: bool) -> Content:
        room = max(width - 2 - (_NOTE_WIDTH if choice.note else 0), 8)
        label = cut_left(choice.label, room) if choice.path else cut(choice.label, room)
        text = f"{'▌' if here else ' '} {fit(label, room)}"
        line = Content(text) + content(f"{choice.note:>{_NOTE_WIDTH}}" if choice.note else "")
        if here:
            return line.stylize("$cursor-ink on $cursor-ground")
        return line.stylize("$quiet", len(text))
