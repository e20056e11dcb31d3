"""The one background run of the application, announced to every screen that shows it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from textual.signal import Signal

from semsearch.tui.background import BackgroundRun, RunState

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from semsearch.engine import Engine


class AnnouncedRun(BackgroundRun):
    """A background run whose state is published on the screen's thread; made while the app runs.

    Args:
        app: owner of the signal.
        open_engine: makes the engine of a run, with this cost cap where one is given.
    """

    def __init__(self, app: App[Any], open_engine: Callable[[float | None], Engine]) -> None:
        super().__init__(open_engine, self._changed_on_thread)
        self.announced: Signal[RunState] = Signal(app, "background run")
        self._loop = asyncio.get_running_loop()
        self.wanted = False
        """Whether to start as soon as the plan is there; a question about cost comes first."""
        self._due = False

    def _changed_on_thread(self) -> None:
        if not self._due and not self._loop.is_closed():
            self._due = True  # one announcement at a time: only the last state counts
            self._loop.call_soon_threadsafe(self._announce)

    def _announce(self) -> None:
        self._due = False
        self.announced.publish(self.state)
