"""The query: one line that keeps the focus while the hits move under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

if TYPE_CHECKING:
    from textual.app import ComposeResult

from semsearch.text import printable


class QueryBar(Horizontal):
    """A text field that tells of each change and of enter."""

    class Changed(Message):
        """The question reads differently."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    class Submitted(Message):
        """Enter was pressed."""

    def __init__(self) -> None:
        super().__init__(id="query", classes="pane")

    def compose(self) -> ComposeResult:
        """A prompt for narrow terminals, and the field."""
        yield Static("›", classes="prompt", markup=False)
        yield Input(
            placeholder="type to search by meaning and by words",
            select_on_focus=False,
            compact=True,
        )

    @property
    def field(self) -> Input:
        """The text field."""
        return self.query_one(Input)

    @property
    def text(self) -> str:
        """The question as typed."""
        return self.field.value

    def suggest(self, queries: list[str]) -> None:
        """Offer past queries that begin like the question; the right arrow takes one."""
        self.field.suggester = SuggestFromList(
            [query for query in queries if query == printable(query)], case_sensitive=False
        )

    def put(self, text: str) -> None:
        """Replace the question and stand at its end."""
        self.field.value = text if text == printable(text) else printable(text)
        self.field.cursor_position = len(self.field.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass it on as our own message; what is pasted keeps no control characters."""
        event.stop()
        if event.value != printable(event.value):
            self.put(event.value)
        else:
            self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Pass it on as our own message."""
        event.stop()
        self.post_message(self.Submitted())
