"""The command palette: every action of the registry that can be done here, by name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from semsearch.tui import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.tui.app import SemsearchApp
    from semsearch.tui.keys import Action


class ActionCommands(Provider):
    """Feeds the palette from `keys.ACTIONS`."""

    async def discover(self) -> Hits:
        """Everything that can be done here."""
        for action in self._actions():
            yield DiscoveryHit(
                Content(_name(action)),
                partial(self._perform, action),
                _name(action),
                self._help(action),
            )

    async def search(self, query: str) -> Hits:
        """What matches, best first."""
        matcher = self.matcher(query)
        for action in self._actions():
            name = _name(action)
            if (score := matcher.match(name)) > 0:
                yield Hit(
                    score,
                    matcher.highlight(name),
                    partial(self._perform, action),
                    name,
                    self._help(action),
                )

    def _actions(self) -> Iterator[Action]:
        scopes = {"anywhere", getattr(self.screen, "SCOPE", "")}
        if "search" in scopes:
            scopes.add("preview")
        for action in sorted(keys.ACTIONS, key=_worth):
            if action.action and action.scope in scopes and action.id != "go.palette":
                yield action

    def _help(self, action: Action) -> str:
        return f"key {keys.shown_key(action, self._app.keys)}" if action.key else ""

    async def _perform(self, action: Action) -> None:
        await self._app.perform(action)

    @property
    def _app(self) -> SemsearchApp:
        return cast("SemsearchApp", self.app)


def _name(action: Action) -> str:
    """The phrase of the help, which says more than the footer's word."""
    return action.help[0].upper() + action.help[1:]


def _worth(action: Action) -> tuple[bool, int]:
    """What the footer shows comes first; what one does with the arrow keys anyway comes last."""
    moves = action.action.partition("(")[0] in {"move", "page", "to_end", "pane", "page_by"}
    return moves, action.footer or 70
