"""A radio button and a check box that say whether they are on without colour: `(•)`, `[x]`."""

from __future__ import annotations

from textual.widgets import Checkbox, RadioButton


class Round(RadioButton):
    """One of several."""

    BUTTON_LEFT = BUTTON_RIGHT = ""
    BUTTON_INNER = "( )"

    def watch_value(self) -> None:
        """The glyph follows the value."""
        self.BUTTON_INNER = "(•)" if self.value else "( )"
        super().watch_value()


class Square(Checkbox):
    """Yes or no."""

    BUTTON_LEFT = BUTTON_RIGHT = ""
    BUTTON_INNER = "[ ]"

    def watch_value(self) -> None:
        """The glyph follows the value."""
        self.BUTTON_INNER = "[x]" if self.value else "[ ]"
        super().watch_value()
