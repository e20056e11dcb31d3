"""What the models screen does to compare: ask, show the cost, embed the candidates, show moves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from semsearch.errors import SemsearchError
from semsearch.paths import relative_to_cwd
from semsearch.present.amounts import counted
from semsearch.present.human import money
from semsearch.text import one_line
from semsearch.tui import compare_text
from semsearch.tui.run_text import home_path
from semsearch.tui.screens.ask import AskText, AskYesNo
from semsearch.tui.screens.tasks import TaskScreen
from semsearch.tui.widgets.rank_diff import RankDiff, Ranked

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from semsearch.records import Comparison, Outlay

TOP: Final = 10
"""How deep the overlap looks, and how many ranks each side shows."""


class CompareActions(TaskScreen):
    """The lower half of the models screen: one question, ranked by two models."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._asked = ""
        """The question the models are compared on."""
        self._compared_with = ""
        self.comparison: Comparison | None = None

    def compose_comparison(self) -> ComposeResult:
        """Two panes, hidden until there is something to compare."""
        with VerticalScroll(id="compare", classes="pane"):
            yield RankDiff()
        yield Static(id="difference", classes="pane", markup=False)

    def selected_model(self) -> str:
        """The model under the cursor; for the derived screen."""
        raise NotImplementedError

    # --- acting ------------------------------------------------------------------------------

    def action_compare(self) -> None:
        """Compare the model under the cursor with the active one, on the last question."""
        model = self.selected_model()
        if model:
            self._compared_with = model
            self.work(self._prepare, "compare")

    def action_edit_query(self) -> None:
        """Compare on another question."""
        model = self.selected_model() or self._compared_with
        if not model:
            return
        lines = [f"Both models rank the candidates of this question; {one_line(model)} is B."]
        box = AskText("compare on", lines, value=self._asked, check=_question_fault)
        self.app.push_screen(box, lambda answer: self._question_typed(model, answer))

    def action_back(self) -> None:
        """Leave the comparison first, then the screen."""
        if self.has_class("-comparing"):
            self.remove_class("-comparing")
        else:
            super().action_back()

    # --- inside ------------------------------------------------------------------------------

    def _question_typed(self, model: str, answer: str | None) -> None:
        if answer is not None:
            self._asked, self._compared_with = answer.strip(), model
            self.work(self._prepare, "compare")

    async def _prepare(self) -> None:
        """Find the question and what it would cost; ask where something would be sent."""
        if not self._asked:
            recent = await self.semsearch.desk.run(lambda engine: engine.store().recent_queries(1))
            if not recent:
                self.action_edit_query()
                return
            self._asked = recent[0]
        model, asked = self._compared_with, self._asked
        self.say_status(f"looking up the candidates of “{asked}” …")
        try:
            outlay = await self.semsearch.remote.run(
                lambda engine: engine.comparison_outlay(model, asked)
            )
        except SemsearchError as error:
            self.say_status(f"{error.message} {error.hint}", tone="warn")
            return
        if outlay.inputs and outlay.host:
            box = AskYesNo(
                f"compare with {one_line(model)}?", compare_text.outlay_lines(outlay), yes="Send"
            )
            self.app.push_screen(box, lambda yes: self._agreed(outlay, yes=bool(yes)))
        else:
            await self._compare(outlay)

    def _agreed(self, outlay: Outlay, *, yes: bool) -> None:
        if yes:
            self.work(lambda: self._compare(outlay), "compare")
        else:
            self.say_status("Nothing was sent.")

    async def _compare(self, outlay: Outlay) -> None:
        app, model, asked = self.semsearch, self._compared_with, self._asked
        if outlay.needs_consent:
            await app.desk.run(lambda engine: engine.grant_consent(outlay.host))
        self.say_status(f"embedding {counted(outlay.inputs, 'candidate')} with {model} …")
        try:
            found = await app.remote.run(lambda engine: engine.compare(model, asked, TOP))
        except SemsearchError as error:
            self.say_status(f"{error.message} {error.hint}", tone="bad")
            return
        self.comparison = found
        self.show_comparison()
        self.add_class("-comparing")
        bought = f"{counted(found.embedded, 'candidate')} embedded with B, {money(found.cost_usd)}"
        if not found.embedded and not found.cost_usd:
            bought = "nothing was sent"
        self.say_status(f"question: {one_line(found.query)}", bought)
        app.refresh_facts()

    def difference_lines(self, found: Comparison) -> list[str]:
        """What the rankings tell; for derived screens to add to."""
        return compare_text.difference_lines(found, TOP, self.semsearch.key)

    def show_comparison(self) -> None:
        """Show the last comparison, where there is one."""
        found = self.comparison
        if found is None:
            return
        diff = self.query_one(RankDiff)
        diff.names = (compare_text.space_name(found.a), compare_text.space_name(found.b))
        cwd = os.getcwdb()
        diff.rows = tuple(
            Ranked(
                home_path(relative_to_cwd(row.path, cwd)).encode(),
                row.start_line,
                row.rank_a,
                row.rank_b,
                row.cosine_a,
                row.cosine_b,
            )
            for row in found.rows
        )
        diff.top = TOP
        pane = self.query_one("#compare")
        pane.border_title = Content(f"A and B on the same {counted(len(found.rows), 'candidate')}")
        difference = self.query_one("#difference", Static)
        difference.border_title = "difference"
        difference.update(Content("\n".join(self.difference_lines(found))))


def _question_fault(answer: str) -> str:
    return "" if answer.strip() else "Type a question, or a few words."
