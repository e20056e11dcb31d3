"""A screen that works in the background: errors are told, bugs end the application, told too."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.css.query import NoMatches

from semsearch.errors import SemsearchError
from semsearch.tui.screens.base import BaseScreen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from semsearch.tui.announced_run import AnnouncedRun
    from semsearch.tui.keys import Scope


class TaskScreen(BaseScreen):
    """Base of the screens around the index run; see `work`."""

    SCOPE: ClassVar[Scope] = "help"  # a scope without keys: a derived screen inherits these
    CSS_PATH = "../screens.tcss"

    @property
    def run(self) -> AnnouncedRun:
        """The application's index run."""
        return self.semsearch.background

    @property
    def withholds(self) -> bool:
        """Whether passages that look like secrets stay on this machine."""
        return not self.semsearch.settings.flag("index.send_secrets")

    def work(self, task: Callable[[], Awaitable[None]], group: str) -> None:
        """Do something without blocking; the task of this group before it is dropped."""
        guarded: Callable[[], Awaitable[None]] = partial(self._guarded, task)
        self.run_worker(guarded, group=group, exclusive=True, exit_on_error=False)

    async def install_model(self) -> None:
        """Fetch the embedded model, each step in the status line.

        Raises:
            SemsearchError: it cannot be fetched, or is not what it should be.
        """
        loop = asyncio.get_running_loop()

        def tell(line: str) -> None:
            loop.call_soon_threadsafe(self.say_status, line)

        folder = await self.semsearch.remote.run(lambda engine: engine.install_model(None, tell))
        self.say_status(f"The embedded model is in {folder}.", tone="good")
        self.semsearch.refresh_facts()

    async def _guarded(self, task: Callable[[], Awaitable[None]]) -> None:
        try:
            await task()
        except SemsearchError as error:
            self.say_status(error.message, tone="warn")  # in place of what was being done
            self.semsearch.report(error)
        except NoMatches as error:
            if self.is_attached and not self._pruning:  # else the screen was left meanwhile
                self.semsearch.crash_with(error)
        except Exception as error:  # noqa: BLE001 - a worker's edge: a bug ends the app, told
            self.semsearch.crash_with(error)
