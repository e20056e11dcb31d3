"""Boxes over the screen: something told, a yes or no, one of several, a line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, OptionList, Static

from semsearch.text import one_line
from semsearch.tui.terminal import content
from semsearch.tui.widgets.marked_list import MarkedList

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

Answer = TypeVar("Answer")


class _Box(ModalScreen[Answer]):
    """A frame with a title and some lines; its text may come from anywhere."""

    CSS_PATH = "../screens.tcss"

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        """The frame, the lines, then what the box asks."""
        with Vertical(classes="dialog") as box:
            box.border_title = content(one_line(self._title))
            with VerticalScroll(classes="lines", can_focus=False):
                yield Static(content("\n".join(self._lines), multiline=True), markup=False)
            yield from self.compose_question()

    def compose_question(self) -> ComposeResult:
        """Below the lines; for derived boxes."""
        yield from ()


class Tell(_Box[None]):
    """Something to read; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,enter,space,d,q", "close", "Close")]

    def action_close(self) -> None:
        """It has been read."""
        self.dismiss(None)


class AskYesNo(_Box[bool]):
    """A question with two buttons; the answer that changes nothing has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,n", "answer(False)", "No"),
        ("y", "answer(True)", "Yes"),
        ("left,right", "app.focus_next", "Other"),
    ]

    def __init__(
        self, title: str, lines: Sequence[str], *, yes: str = "Yes", no: str = "No"
    ) -> None:
        super().__init__(title, lines)
        self._answers = (yes, no)

    def compose_question(self) -> ComposeResult:
        """No before yes: it has the focus."""
        yes, no = self._answers
        with Horizontal(classes="buttons"):
            yield Button(content(f"[ n {no} ]"), id="no")
            yield Button(content(f"[ y {yes} ]"), id="yes")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Either button answers."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """A letter answers too."""
        self.dismiss(yes)


class AskChoice(_Box[int | None]):
    """One of several; the answer is its number."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "Cancel")]

    def __init__(
        self, title: str, lines: Sequence[str], choices: Sequence[str], *, chosen: int = 0
    ) -> None:
        super().__init__(title, lines)
        self._choices = choices
        self._chosen = chosen

    def compose_question(self) -> ComposeResult:
        """The list."""
        yield MarkedList(*map(content, self._choices), clicks=1)

    def on_mount(self) -> None:
        """Begin at what holds now."""
        self.query_one(OptionList).highlighted = self._chosen

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter and a click choose."""
        self.dismiss(event.option_index)

    def action_cancel(self) -> None:
        """No choice."""
        self.dismiss(None)


class AskText(_Box[str | None]):
    """A line of text, checked before the box closes; None when it was cancelled.

    Args:
        title: of the frame.
        lines: what is asked, and what the answer means.
        value: to begin with.
        hidden: do not show what is typed.
        check: what is wrong with an answer, empty when nothing is.
    """

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "cancel", "Cancel")]

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        *,
        value: str = "",
        hidden: bool = False,
        check: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__(title, lines)
        self._value = value
        self._hidden = hidden
        self._check = check

    def compose_question(self) -> ComposeResult:
        """The line, and room for what is wrong with it."""
        yield Input(one_line(self._value), password=self._hidden, select_on_focus=False)
        yield Static("", id="wrong", markup=False)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close with the answer, or say what is wrong with it."""
        wrong = self._check(event.value) if self._check is not None else ""
        if wrong:
            self.query_one("#wrong", Static).update(content(one_line(wrong)))
        else:
            self.dismiss(event.value)

    def action_cancel(self) -> None:
        """No answer."""
        self.dismiss(None)
