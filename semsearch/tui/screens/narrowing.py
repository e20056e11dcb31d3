"""A list that a line of text narrows: the line is shown when it is asked for, and left first."""

from __future__ import annotations

from typing import ClassVar

from textual.widgets import Input

from semsearch.tui.screens.tasks import TaskScreen


class NarrowingScreen(TaskScreen):
    """Derive, set `LIST`, yield `narrowing_line` in the body and fill the list in `_list`."""

    LIST: ClassVar[str] = ""
    """Selector of the list."""

    @staticmethod
    def narrowing_line(placeholder: str) -> Input:
        """The line, hidden until it is asked for."""
        return Input(id="find", placeholder=placeholder, classes="-hidden")

    @property
    def wanted(self) -> str:
        """What is typed, in lower case; empty when everything is wanted."""
        return self.query_one("#find", Input).value.strip().lower()

    def _list(self) -> None:
        """Fill the list with what is `wanted`."""
        raise NotImplementedError

    def action_find(self) -> None:
        """Narrow the list by what is typed."""
        find = self.query_one("#find", Input)
        find.remove_class("-hidden")
        find.focus()

    def on_input_changed(self, _event: Input.Changed) -> None:
        """Narrow at once."""
        self._list()

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Back to the list."""
        self.query_one(self.LIST).focus()

    def action_back(self) -> None:
        """Leave what is found first, then what the screen has open, then the screen."""
        find = self.query_one("#find", Input)
        if find.has_class("-hidden"):
            super().action_back()
            return
        find.value = ""
        find.add_class("-hidden")
        self.query_one(self.LIST).focus()
