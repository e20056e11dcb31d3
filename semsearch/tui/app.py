"""The application: modes, engines, what is known about the index, and the ways in and out.

How a screen plugs in:

* Derive from `screens.base.BaseScreen`, set `SCOPE` (its rows in `keys.ACTIONS` become its
  bindings and footer) and `HEADING`, and yield the body from `compose_body`. A row's `action`
  is a method `action_<name>` of the screen. Style rules that are the screen's own go into its
  `CSS`; colours are the variables of `theme.derived` (`$ink`, `$quiet`, `$good`, ...).
* Put its module and class into `_SCREENS`; it is imported when first shown.
* Ask the engine off the event loop: `await self.app.desk.run(lambda engine: engine.status())`
  inside `self.run_worker(..., exclusive=True, group="...", exit_on_error=False)`. `app.desk` is
  for short local work; `app.remote` for what may wait for a server. Both raise what the work
  raises. A long job opens an engine of its own with `app.open_engine()` on its own thread and
  reports by `screen.post_message`, which any thread may call.
* `app.background` is the one index run; it goes on while screens change.
* Text from outside enters widgets through `terminal.content` and nothing else; `notify` is
  `app.say`. What lasts goes to the screen's status line: `self.say_status(left, right)`.
* After something changed the index, call `app.refresh_facts()`; screens watch `app.facts`.
* `app.report(error)` shows a `SemsearchError`; other exceptions go to `app.crash_with(error)`.
"""

from __future__ import annotations

import gc
import importlib
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual import events
from textual.app import App
from textual.filter import Monochrome
from textual.reactive import reactive

from semsearch.errors import EXIT_BUG, SemsearchError
from semsearch.tui import keys, theme
from semsearch.tui.engine_thread import EngineThread
from semsearch.tui.facts import Facts, gather
from semsearch.tui.terminal import SafetyFilter, crash_report, leave_on_signals

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from rich.console import RenderableType
    from textual.app import SystemCommand
    from textual.binding import BindingType
    from textual.command import Provider
    from textual.filter import LineFilter
    from textual.screen import Screen

    from semsearch.engine import Engine
    from semsearch.settings import Settings
    from semsearch.tui.announced_run import AnnouncedRun
    from semsearch.tui.background import RunState
    from semsearch.tui.keys import Action

_SCREENS: Final = {
    "search": "SearchScreen",
    "index": "IndexScreen",
    "models": "ModelsScreen",
    "settings": "SettingsScreen",
    "welcome": "WelcomeScreen",
    "help": "HelpScreen",
}


_BY_HAND: Final = (
    events.Key,
    events.Paste,
    events.MouseDown,
    events.MouseScrollDown,
    events.MouseScrollUp,
)


def load_screen(name: str) -> Screen[Any]:
    """A new screen; its module is imported now."""
    module = importlib.import_module(f"semsearch.tui.screens.{name}")
    return cast("Screen[Any]", getattr(module, _SCREENS[name])())


def _loader(name: str) -> Callable[[], Screen[Any]]:
    def load() -> Screen[Any]:
        screen = load_screen(name)
        # A new screen is styled by the style sheet as it is; Textual would parse it all again.
        screen._css_update_count = screen.app._css_update_count
        return screen

    return load


def _palette() -> type[Provider]:
    from semsearch.tui.palette import ActionCommands

    return ActionCommands


def _hold_codes(engine: Engine) -> None:
    from semsearch.engine.desk import MANY_VECTORS

    engine.store().hold_large_spaces(MANY_VECTORS)


class SemsearchApp(App[int], inherit_bindings=False):
    """The terminal UI over one index."""

    TITLE = "semsearch"
    CSS_PATH = "semsearch.tcss"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        mode: _loader(mode) for mode in keys.MODES
    }
    DEFAULT_MODE = "search"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("anywhere")]
    COMMANDS = {_palette}  # noqa: RUF012
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - annotated by the base class
        (0, "-tiny"),
        (40, "-narrow"),
        (60, "-medium"),
        (100, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - annotated by the base class
        (0, "-flat"),
        (10, "-short"),
        (20, "-tall"),
    ]

    facts: reactive[Facts] = reactive(Facts())
    """What is known about the index; refreshed by `refresh_facts`."""
    reranker: reactive[str] = reactive("")
    """The rerank model that orders hits until the person leaves; empty: none does."""
    run_stage: reactive[str] = reactive("idle")
    """Stage of the background run."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.crash = ""
        """The crash report to print once the terminal is given back."""
        self.holds_codes = False
        """Whether `remote` holds the codes of a large index in memory."""
        self.mouse = settings.flag("ui.mouse")
        self.keys: dict[str, str] = keys.keymap(settings.words("ui.keys"))
        """From action id to keys, for actions the person has remapped."""
        self._safety = SafetyFilter()
        self._desk: EngineThread | None = None
        self._remote: EngineThread | None = None
        self._background: AnnouncedRun | None = None
        if settings.text("color") == "never":
            self._filters.append(Monochrome())
        self._offer_themes(settings.text("ui.theme"))

    def _offer_themes(self, wanted: str) -> None:
        offered = {one.name: one for one in theme.offered()}
        for name in list(self.available_themes):
            if name not in offered and name != self.theme:
                self.unregister_theme(name)
        for one in theme.OWN:
            self.register_theme(one)
        # Not by assignment: that would style every widget once more before the first paint.
        self.set_reactive(App.theme, wanted if wanted in offered else theme.DARK)
        self.stylesheet.set_variables(self.get_css_variables())

    # --- engines -----------------------------------------------------------------------------

    @property
    def key(self) -> keys.KeyName:
        """From the id of an action to the key it has now."""
        return keys.key_names(self.keys)

    def open_engine(self, settings: Settings | None = None) -> Engine:
        """An engine on the index, for the thread that calls."""
        from semsearch.engine import Engine

        return Engine(settings or self.settings)

    def _open_staying(self) -> Engine:
        from semsearch.engine import Engine

        return Engine(self.settings, stays=True)

    @property
    def desk(self) -> EngineThread:
        """The engine for short work on this machine: keywords, previews, marks, counts."""
        if self._desk is None:
            self._desk = EngineThread("desk", self._open_staying)
        return self._desk

    @property
    def remote(self) -> EngineThread:
        """The engine for what may wait for a server or a model: typing never waits behind it."""
        if self._remote is None:
            self._remote = EngineThread("remote", self._open_staying)
        return self._remote

    @property
    def background(self) -> AnnouncedRun:
        """The one index run; it goes on whichever screen is shown. Made while the app runs."""
        if self._background is None:
            from semsearch.tui.announced_run import AnnouncedRun

            self._background = AnnouncedRun(self, self._open_capped)
            self._background.announced.subscribe(self, self._run_changed)
        return self._background

    def _open_capped(self, max_cost: float | None) -> Engine:
        if max_cost is None:
            return self.open_engine()
        return self.open_engine(self.settings.replaced("index.max_cost", max_cost))

    def _run_changed(self, state: RunState) -> None:
        """Searches see what a run adds; the title says that one is under way."""
        self.run_stage = state.stage
        if state.stage in {"finished", "failed"}:
            self.refresh_facts()

    def use_settings(self, settings: Settings) -> None:
        """Go on with other settings: engines are opened anew, keys and colours change at once."""
        if settings.text("api.base_url") != self.settings.text("api.base_url"):
            self.reranker = ""  # what was agreed to was another server
        self.settings = settings
        for thread in (self._desk, self._remote):
            if thread is not None:
                thread.close(wait=False)
        self._desk = self._remote = None
        self.holds_codes = False
        self.keys = keys.keymap(settings.words("ui.keys"))
        self.set_keymap(self.keys)
        if settings.text("ui.theme") in self.available_themes:
            self.theme = settings.text("ui.theme")
        self.refresh_facts()

    # --- life --------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Take over signals and keys, and look at the index."""
        leave_on_signals(self)
        self.set_class(self.settings.text("ui.borders") == "ascii", "-ascii")
        self.set_keymap(self.keys)

    def on_ready(self) -> None:
        """Look at the index; the first picture did not wait for it, nor for what reads it."""
        if not gc.isenabled():  # see `tui.application`
            gc.freeze()
            gc.enable()
        self.refresh_facts()

    def on_unmount(self) -> None:
        """Stop what runs; an index run keeps what it has."""
        if self._background is not None:
            self._background.close()
        for thread in (self._desk, self._remote):
            if thread is not None:
                thread.close()

    def clear_selection(self) -> None:
        """Clear the selection of text, where there is a screen yet.

        From Python 3.12 on tasks run at once: the first screen is filled before it is shown.
        """
        from textual.app import ScreenStackError

        with suppress(ScreenStackError):
            super().clear_selection()

    async def on_event(self, event: events.Event) -> None:
        """What a person does comes before what a run does."""
        if self._background is not None and isinstance(event, _BY_HAND):
            self._background.give_way()
        await super().on_event(event)

    def refresh_facts(self) -> None:
        """Look at the index again; `facts` changes when the answer is there."""
        gather_facts: Callable[[], Awaitable[None]] = self._gather
        self.run_worker(gather_facts, group="facts", exclusive=True, exit_on_error=False)

    async def _gather(self) -> None:
        try:
            self.facts = await self.desk.run(gather)
            if self.facts.many_vectors and not self.holds_codes:
                await self.remote.run(_hold_codes)
                self.holds_codes = True
        except SemsearchError as error:
            self.report(error)
        except Exception as error:  # noqa: BLE001 - a worker's edge: a bug ends the app, told
            self.crash_with(error)

    # --- telling -----------------------------------------------------------------------------

    def say(self, text: str, *, warning: bool = False) -> None:
        """Tell of something that has passed; what lasts belongs into the status line."""
        from semsearch.text import printable

        self.notify(printable(text), severity="warning" if warning else "information", markup=False)

    def report(self, error: SemsearchError) -> None:
        """Tell of an error and of what to do about it."""
        self.say(f"{error.message} {error.hint}".strip(), warning=True)

    def crash_with(self, error: Exception) -> None:
        """End the app over a bug, with a report that holds no value of any variable."""
        self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        # Textual's own report shows local variables: notes, queries, keys.
        from textual.css.query import NoMatches

        if self._exit and isinstance(error, NoMatches):
            # A signal came while a screen was being made: what it looks for is gone by now.
            self._close_messages_no_wait()
            return
        self._return_code = EXIT_BUG
        if not self.crash:
            self.crash = crash_report(error)
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:
        """End the app; what Textual would print is left out, for the same reason."""
        self.crash = self.crash or crash_report(RuntimeError())
        self._close_messages_no_wait()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, and the safety filter behind them."""
        return [*super().get_line_filters(), self._safety]

    def get_css_variables(self) -> dict[str, str]:
        """The theme's variables and those derived from them."""
        variables = super().get_css_variables()
        variables = {**variables, **theme.derived(self.current_theme, variables)}
        self.theme_variables = variables
        return variables

    async def perform(self, action: Action) -> None:
        """Do what a row of the registry says, on the node its scope means."""
        if action.scope == "anywhere" and action is not keys.BACK:
            await self.run_action(action.action, self)
        elif action.scope == "preview":
            await self.run_action(action.action, self.screen.query_one("#preview"))
        else:
            await self.run_action(action.action, self.screen)

    # --- actions anywhere --------------------------------------------------------------------

    def action_go(self, mode: str) -> None:
        """Show a mode."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.switch_mode(mode)

    def action_help(self) -> None:
        """Show or leave the help."""
        if self.screen.id == "help":
            self.pop_screen()
        else:
            from semsearch.tui.screens.help import HelpScreen

            self.push_screen(HelpScreen(getattr(self.screen, "SCOPE", "search")))

    def action_welcome(self) -> None:
        """Show the first steps."""
        if self.screen.id != "welcome":
            self.push_screen(load_screen("welcome"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """None: the palette is fed by the registry of actions."""
        return ()

    def watch_theme(self, name: str) -> None:
        """Keep the choice for the next time."""
        if self.is_running and name != self.settings.text("ui.theme"):
            keep: Callable[[], Awaitable[None]] = partial(self._keep_theme, name)
            self.run_worker(keep, group="theme", exit_on_error=False)

    async def _keep_theme(self, name: str) -> None:
        try:
            await self.desk.run(lambda engine: engine.set_setting("ui.theme", name))
        except SemsearchError as error:
            self.report(error)
