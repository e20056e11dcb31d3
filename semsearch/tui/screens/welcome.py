"""The first steps: key, folders, model, what would be sent, and a sample to try; none is needed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, RadioSet, Static

from semsearch.engine.choice import DEFAULT_API_MODEL, EMBEDDED_DOWNLOAD, EMBEDDED_MODEL
from semsearch.engine.sample import sample_choice, sample_engine
from semsearch.errors import SemsearchError
from semsearch.present.amounts import counted
from semsearch.text import one_line
from semsearch.tui import key_text, run_text, sample_run
from semsearch.tui.background import RunRequest
from semsearch.tui.engine_thread import EngineThread
from semsearch.tui.screens.ask import AskYesNo
from semsearch.tui.screens.index import folder_fault
from semsearch.tui.screens.tasks import TaskScreen
from semsearch.tui.settings_source import reloaded
from semsearch.tui.terminal import content
from semsearch.tui.widgets.toggles import Round, Square

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult

    from semsearch.tui.background import RunState
    from semsearch.tui.keys import Scope

_KEYWORDS: Final = 2
"""Place of the choice without a model."""


class WelcomeScreen(TaskScreen):
    """A form; escape leaves it at any time, and everything in it can be changed later."""

    SCOPE: ClassVar[Scope] = "welcome"
    HEADING = "First steps"
    AUTO_FOCUS = "#folder"

    def __init__(self) -> None:
        super().__init__(id="welcome")
        self._folders: list[bytes] = []
        self._key = key_text.KeyFacts("")
        self._installed = True
        self._plan_again = False

    @property
    def api_model(self) -> str:
        """The model behind the API that is offered: the one in the settings, else our default."""
        named = self.semsearch.settings.text("model.name")
        return named if named and not named.startswith("local") else DEFAULT_API_MODEL

    def compose_body(self) -> ComposeResult:
        """The form, top to bottom."""
        with VerticalScroll(id="form", classes="pane", can_focus=False) as form:
            form.border_title = "welcome"
            form.border_subtitle = "nothing is sent before you agree to a plan"
            with Horizontal(classes="row"):
                yield Static("1 API key", classes="label")
                yield Input(
                    id="key", password=True, placeholder="optional; enter keeps and checks it"
                )
            yield Static(id="key-said", classes="said", markup=False)
            with Horizontal(classes="row"):
                yield Static("2 Folders", classes="label")
                yield Input(
                    id="folder", placeholder="~/notes    enter adds it; add as many as you like"
                )
            yield Static(id="folders", classes="said", markup=False)
            with Horizontal(classes="row tall"):
                yield Static("3 Model", classes="label")
                with RadioSet(id="model"):
                    yield Round(EMBEDDED_MODEL.removeprefix("local:"), value=True)
                    yield Round(content(self.api_model))
                    yield Round("none: words only")
            yield Static(id="sent", classes="said", markup=False)
            with Horizontal(classes="row"):
                yield Static("  Privacy", classes="label")
                yield Square("only providers that do not keep my text", id="deny", value=True)
            with Horizontal(classes="row"):
                yield Static("  Try it", classes="label")
                yield Button(content("[ Try the sample, without a key ]"), id="try")
            yield Static(id="tried", classes="said", markup=False)
            with Horizontal(classes="row"):
                yield Static("", classes="label")
                yield Button(content("[ Start indexing ]"), id="start")
                yield Button(content("[ Search words only ]"), id="words")
            yield Static(id="same", classes="said", markup=False)

    def on_mount(self) -> None:
        """Show what is known already."""
        super().on_mount()
        settings = self.semsearch.settings
        deny = settings.text("provider.data_collection") == "deny"
        self.query_one("#deny", Checkbox).value = deny
        self.run.announced.subscribe(self, self._run_changed)
        self._show_folders()
        self.work(self._look, "look")
        self.say_status("tab next field · enter keeps · esc skips all of this")

    # --- showing -----------------------------------------------------------------------------

    async def _look(self) -> None:
        """What is here: the key, then what its server says of it, and the embedded model."""
        app = self.semsearch
        self._installed = await app.desk.run(lambda engine: engine.is_installed(sample_choice()))
        self._key = await app.desk.run(key_text.kept_key)
        self._show_key()
        self._show_models()
        self._key = await app.remote.run(key_text.checked_key)
        self._show_key()

    def _show_key(self) -> None:
        tone = "$bad" if self._key.error else "$good" if self._key.status else "$quiet"
        text = "\n".join(key_text.key_lines(self._key))
        self.query_one("#key-said", Static).update(content(text, tone, multiline=True))

    def _show_models(self) -> None:
        local, remote, _ = self.query(Round)
        fetched = "" if self._installed else f" · fetched once, {EMBEDDED_DOWNLOAD}"
        local.label = content(f"all-MiniLM-L6-v2   free, runs here{fetched}")
        needs = "" if self._key.masked else "   needs a key"
        remote.label = content(f"{one_line(self.api_model)}   at {one_line(self._key.host)}{needs}")
        self._show_sent()

    def _show_folders(self) -> None:
        state = self.run.state
        lines = [run_text.home_path(path) for path in self._folders]
        if lines and state.stage == "planning":
            lines.append("counting …")
        elif lines and state.plan is not None and state.request.paths == tuple(self._folders):
            plan = state.plan
            lines.append(
                f"{counted(plan.seen, 'file')}, {counted(plan.chunks_added, 'new passage')}"
            )
        self.query_one("#folders", Static).update(Content("\n".join(lines)))
        self._show_sent()

    def _show_sent(self) -> None:
        host = one_line(self._key.host) or "the API"
        sent = (
            "Nothing is sent, neither passages nor questions.",
            f"Sent to {host}: the text of each passage once, and of each question.",
            "Nothing is sent. Vectors may follow later, from the models screen.",
        )[self._model]
        self.query_one("#sent", Static).update(Content.styled(sent, "$quiet"))
        places = " ".join(run_text.home_path(path) for path in self._folders) or "~/notes"
        model = ("--model local", f"--model {one_line(self.api_model)}", "")[self._model]
        same = f"the same in one line:  semsearch index {places} {model}"
        self.query_one("#same", Static).update(Content.styled(same, "$quiet"))

    def _run_changed(self, state: RunState) -> None:
        self._show_folders()
        if not state.active and self._plan_again:
            self._plan()

    @property
    def _model(self) -> int:
        return max(0, self.query_one("#model", RadioSet).pressed_index)

    # --- acting ------------------------------------------------------------------------------

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the key, or add the folder."""
        value, event.input.value = event.value.strip(), ""
        if not value:
            self.focus_next()
        elif event.input.id == "key":
            self.work(lambda: self._keep_key(value), "look")
        else:
            self._add_folder(value)

    def on_radio_set_changed(self, _event: RadioSet.Changed) -> None:
        """Say what the choice means."""
        self._show_sent()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Try, start, or start without vectors."""
        if event.button.id == "try":
            self._with_model(self._try)
        elif event.button.id == "words":
            self._start(words_only=True)
        elif self._model == 0:
            self._with_model(self._start)
        else:
            self._start(words_only=self._model == _KEYWORDS)

    # --- inside ------------------------------------------------------------------------------

    async def _keep_key(self, value: str) -> None:
        app = self.semsearch
        try:
            await app.desk.run(lambda engine: engine.store_key(value, keyring=False))
        except SemsearchError as error:
            self.query_one("#key-said", Static).update(content(error.message, "$bad"))
            return
        app.use_settings(app.settings)
        self.query(Round)[1].value = True
        await self._look()

    def _add_folder(self, value: str) -> None:
        fault = folder_fault(value)
        if fault:
            self.say_status(fault, tone="warn")
            return
        path = os.fsencode(os.path.abspath(os.path.expanduser(value)))
        if path not in self._folders:
            self._folders.append(path)
        key = self.semsearch.key("welcome.take_back")
        self.say_status(f"added; {key} takes it back · tab next field · enter keeps")
        self._plan()

    def action_take_back(self) -> None:
        """Leave out the folder that was added last; nothing was done to it yet."""
        if not self._folders:
            self.say_status("No folder was added here.", tone="warn")
            return
        taken = run_text.home_path(self._folders.pop())
        self.say_status(f"taken back: {taken}")
        if self._folders:
            self._plan()
        else:
            self._plan_again = False
            self.run.stop()
            self._show_folders()

    def _plan(self) -> None:
        """Count what is there; nothing is sent or written."""
        self._plan_again = not self.run.plan(RunRequest(tuple(self._folders)))
        self._show_folders()

    def _with_model(self, then: Callable[[], None]) -> None:
        """Go on once the embedded model is here; fetching it is asked first."""
        if self._installed:
            then()
            return
        lines = [f"It runs on this machine. It is fetched once ({EMBEDDED_DOWNLOAD}) and checked."]
        ask = AskYesNo("fetch the embedded model?", lines, yes="Fetch it")
        self.app.push_screen(ask, lambda yes: self._fetch_then(then) if yes else None)

    def _fetch_then(self, then: Callable[[], None]) -> None:
        self.work(lambda: self._fetch(then), "fetch")

    async def _fetch(self, then: Callable[[], None]) -> None:
        await self.install_model()
        self._installed = True
        self._show_models()
        then()

    def _try(self) -> None:
        self.work(self._try_sample, "try")

    async def _try_sample(self) -> None:
        app, told = self.semsearch, self.query_one("#tried", Static)
        told.update("indexing the sample …")
        thread = EngineThread("sample", lambda: sample_engine(app.settings))
        try:
            tried = await thread.run(sample_run.try_sample)
        except SemsearchError as error:
            told.update(content(f"{error.message} {error.hint}", "$bad"))
            return
        finally:
            thread.close()
        head = f"{tried.passages} passages in {tried.seconds:.1f} s · “{sample_run.QUESTION}”"
        told.update(
            Content("\n").join([Content.styled(head, "$good"), *map(content, tried.answers)])
        )

    def _start(self, *, words_only: bool = False) -> None:
        if not self._folders and not (
            self.semsearch.facts.status and self.semsearch.facts.status.roots
        ):
            self.say_status("Add a folder first: type it and press enter.", tone="warn")
            self.query_one("#folder").focus()
            return
        model = "" if words_only else ("local", self.api_model)[min(self._model, 1)]
        deny = self.query_one("#deny", Checkbox).value
        self.work(lambda: self._keep_and_start(model, deny=deny), "start")

    async def _keep_and_start(self, model: str, *, deny: bool) -> None:
        """Keep the choices, then plan; the index screen asks before anything leaves."""
        app = self.semsearch
        policy = "deny" if deny else "allow"
        if model and model != app.settings.text("model.name"):
            await app.desk.run(lambda engine: engine.set_setting("model.name", model))
        if policy != app.settings.text("provider.data_collection"):
            await app.desk.run(
                lambda engine: engine.set_setting("provider.data_collection", policy)
            )
        app.use_settings(reloaded(app.settings))
        self.run.stop()
        self.run.wanted = self.run.plan(RunRequest(tuple(self._folders), keywords_only=not model))
        app.action_go("index")
