"""What every screen has: a title line, a body, a status line and the keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.screen import Screen

from semsearch.errors import SemsearchError
from semsearch.tui import keys
from semsearch.tui.widgets.key_bar import KeyBar
from semsearch.tui.widgets.status_line import EndsLine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult

    from semsearch.tui.app import SemsearchApp
    from semsearch.tui.facts import Facts
    from semsearch.tui.keys import Scope

    Task = Callable[[], Awaitable[None]]
    """What a worker runs."""


class BaseScreen(Screen[Any]):
    """A full screen; derive, set `SCOPE` and `HEADING`, yield the body."""

    SCOPE: ClassVar[Scope] = "search"
    HEADING: ClassVar[str] = ""
    """Word after the program's name in the title line."""
    LEAVE: ClassVar[bool] = True
    """Whether escape goes back to search."""
    AUTO_FOCUS = "*"

    def __init_subclass__(cls, **options: bool) -> None:
        """Bind the actions of the screen's scope."""
        own = keys.bindings(cls.SCOPE)
        cls.BINDINGS = [*own, keys.back_binding()] if cls.LEAVE else [*own]
        super().__init_subclass__(**options)

    @property
    def semsearch(self) -> SemsearchApp:
        """The application, by its own type."""
        return cast("SemsearchApp", self.app)

    def compose(self) -> ComposeResult:
        """Title, body, status, keys."""
        yield EndsLine(id="title", classes="-heading")
        yield from self.compose_body()
        yield EndsLine(id="status")
        yield KeyBar(self.SCOPE, leave=self.LEAVE)

    def compose_body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    def on_mount(self) -> None:
        """Follow what is known about the index."""
        self.watch(self.app, "facts", self._facts_changed)

    def _facts_changed(self, facts: Facts) -> None:
        self.show_title(facts)
        self.facts_changed(facts)

    def facts_changed(self, facts: Facts) -> None:
        """Called when the index was looked at; for derived screens."""

    def show_title(self, facts: Facts) -> None:
        """Fill the title line."""
        model = f"active {facts.model}" if facts.space is not None else ""
        self.query_one("#title", EndsLine).show(
            f"semsearch   {self.HEADING}", model if facts.known else "", heading=True
        )

    def say_status(self, left: str, right: str = "", tone: str = "") -> None:
        """Fill the status line; `tone` is "", "good", "warn" or "bad"."""
        self.query_one("#status", EndsLine).show(left, right, tone=tone)

    def say_again(self) -> None:
        """Say what lasts, once something that passed has been said."""
        self.say_status("")

    def in_background(self, task: Task, group: str, *, exclusive: bool = False) -> None:
        """Work without blocking: errors are told, a bug ends the application and is told too.

        Args:
            task: what to do.
            group: of tasks of this screen.
            exclusive: drop the task of the group before.
        """
        guarded: Task = partial(self._guarded, task)
        self.run_worker(guarded, group=group, exclusive=exclusive, exit_on_error=False)

    async def _guarded(self, task: Task) -> None:
        try:
            await task()
        except SemsearchError as error:
            self.semsearch.report(error)
        except Exception as error:  # noqa: BLE001 - a worker's edge: a bug ends the app, told
            if self.app.is_running and not self._pruning:  # else it was left meanwhile
                self.semsearch.crash_with(error)

    def action_rerank(self) -> None:
        """Choose the model that orders hits, or stop that; bound where hits or models are."""
        from semsearch.tui.screens import reranking

        if self.semsearch.reranker:
            reranking.stop(self)
        else:
            reranking.choose(self)

    def action_back(self) -> None:
        """Back to search, or to the screen below."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()
        else:
            self.app.switch_mode("search")
