"""The footer: the keys that matter here, from the registry, each one a button for the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.content import Content
from textual.widget import Widget

from semsearch.tui import keys
from semsearch.tui.cells import cell_len

if TYPE_CHECKING:
    from textual.events import Click

    from semsearch.tui.app import SemsearchApp
    from semsearch.tui.keys import Action, Scope

_ANYWHERE_FROM = 90
"""Footer places from here on stand at the right end and never give way."""


class KeyBar(Widget):
    """Keys of a scope on the left, those for anywhere on the right; the last ones give way."""

    def __init__(self, scope: Scope, *, leave: bool) -> None:
        super().__init__()
        self._scope: Scope = scope
        self._leave = leave
        self._spans: list[tuple[int, int, Action]] = []

    def show(self, scope: Scope) -> None:
        """Show the keys of another scope, such as the pane that has the focus."""
        if scope != self._scope:
            self._scope = scope
            self.refresh()

    def render(self) -> Content:
        """As many keys as fit."""
        width = self.size.width - 2
        left, right = self._choose(width)
        parts: list[Content] = [Content(" ")]
        self._spans = []
        column = 1
        for action in left:
            column = self._put(parts, action, column) + 2
            parts.append(Content("  "))
        room = width + 1 - column - sum(self._width(action) + 2 for action in right) + 2
        parts.append(Content(" " * max(room, 0)))
        column += max(room, 0)
        for action in right:
            column = self._put(parts, action, column) + 2
            parts.append(Content("  "))
        return Content("").join(parts)

    async def on_click(self, event: Click) -> None:
        """A key in the footer is a button."""
        for start, end, action in self._spans:
            if start <= event.x < end:
                await cast("SemsearchApp", self.app).perform(action)

    def _choose(self, width: int) -> tuple[list[Action], list[Action]]:
        actions = sorted(
            (
                action
                for action in (*keys.ACTIONS, keys.BACK)
                if action.footer
                and (action.scope in (self._scope, "anywhere"))
                and (self._leave or action is not keys.BACK)
            ),
            key=lambda action: action.footer,
        )
        right = [action for action in actions if action.footer >= _ANYWHERE_FROM]
        room = width - sum(self._width(action) + 2 for action in right)
        left: list[Action] = []
        for action in actions:
            if action.footer < _ANYWHERE_FROM:
                room -= self._width(action) + 2
                if room < 0:
                    break
                left.append(action)
        return left, right

    def _key(self, action: Action) -> str:
        return keys.shown_key(action, cast("SemsearchApp", self.app).keys)

    def _width(self, action: Action) -> int:
        return cell_len(self._key(action)) + 1 + cell_len(action.label)

    def _put(self, parts: list[Content], action: Action, column: int) -> int:
        key = self._key(action)
        parts += [Content.styled(key, "bold $key-ink"), Content(f" {action.label}")]
        end = column + self._width(action)
        self._spans.append((column, end, action))
        return end
