"""What the models screen does to judge a model: measure it, check it, move it to another server."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from semsearch.present.human import money
from semsearch.text import one_line
from semsearch.tui import quality_text
from semsearch.tui.screens.ask import AskYesNo
from semsearch.tui.screens.compare_actions import CompareActions

if TYPE_CHECKING:
    from semsearch.engine import Engine
    from semsearch.engine.evaluating import EvaluationPlan
    from semsearch.records import ModelChoice
    from semsearch.records.evaluation import Evaluation


class QualityActions(CompareActions):
    """Actions on the model under the cursor; what may be sent is asked first."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.evaluation: Evaluation | None = None

    def selected(self) -> ModelChoice | None:
        """The row under the cursor; for the derived screen."""
        raise NotImplementedError

    def show_quality(self) -> None:
        """Show what was measured; for the derived screen."""
        raise NotImplementedError

    # --- quality -----------------------------------------------------------------------------

    def action_evaluate(self) -> None:
        """Measure every complete model on the marks, or on the index's own headings."""
        self.work(self._plan_evaluation, "evaluate")

    async def _plan_evaluation(self) -> None:
        self.say_status("collecting questions whose answers are known …")
        planned = await self.semsearch.remote.run(_plan)
        lines = quality_text.outlay_lines(planned)
        if lines:
            box = AskYesNo("send questions?", lines, yes="Send")
            self.app.push_screen(box, lambda yes: self._evaluate(planned) if yes else None)
        else:
            self._evaluate(planned)

    def _evaluate(self, planned: EvaluationPlan) -> None:
        self.work(partial(self._run_evaluation, planned), "evaluate")

    async def _run_evaluation(self, planned: EvaluationPlan) -> None:
        count = quality_text.questions_text(planned.source, len(planned.questions))
        self.say_status(f"asking {count} …")
        self.evaluation = await self.semsearch.remote.run(lambda engine: _measure(engine, planned))
        self.say_status(f"measured on {count}", money(self.evaluation.cost_usd), "good")
        self.show_quality()
        self.semsearch.refresh_facts()

    # --- is it still the same model? ---------------------------------------------------------

    def action_check(self) -> None:
        """Embed a dozen stored passages of the model again and compare."""
        row = self._row_with_vectors()
        if row is None or row.space is None:
            return
        model = row.info.id
        if row.space.space.key.endpoint == "local":
            self.work(lambda: self._check(model), "check")
            return
        lines = [
            "A dozen of its own passages go to its server once more, for a fraction of a cent,",
            "and the new vectors are held against the stored ones.",
        ]
        box = AskYesNo(f"check {one_line(model)}?", lines, yes="Send")
        self.app.push_screen(box, lambda yes: self._checked(model) if yes else None)

    def _checked(self, model: str) -> None:
        self.work(lambda: self._check(model), "check")

    async def _check(self, model: str) -> None:
        self.say_status(f"embedding a dozen passages with {one_line(model)} again …")
        drift = await self.semsearch.remote.run(lambda engine: engine.check_model(model))
        told, tone = quality_text.drift_text(drift)
        self.say_status(told, money(drift.cost_usd), tone)
        self.semsearch.refresh_facts()

    def action_adopt(self) -> None:
        """Keep the model's vectors for the server of the settings, if that gives the same."""
        row = self._row_with_vectors()
        if row is None:
            return
        model, host = row.info.id, one_line(self.semsearch.settings.text("api.base_url"))
        lines = [
            f"Its vectors would belong to {host} from now on.",
            "A dozen passages are embedded there first: only the same model is taken.",
        ]
        box = AskYesNo(f"adopt {one_line(model)}?", lines, yes="Adopt")
        self.app.push_screen(box, lambda yes: self._adopted(model) if yes else None)

    def _adopted(self, model: str) -> None:
        self.work(lambda: self._adopt(model), "check")

    async def _adopt(self, model: str) -> None:
        space, drift = await self.semsearch.remote.run(lambda engine: engine.adopt_model(model))
        where = one_line(space.key.endpoint)
        self.say_status(f"{one_line(model)} belongs to {where} now", money(drift.cost_usd), "good")
        self.semsearch.refresh_facts()

    def _row_with_vectors(self) -> ModelChoice | None:
        row = self.selected()
        if row is None or row.space is None or not row.space.covered:
            self.say_status("The index has no vectors of it.", tone="warn")
            return None
        return row


def _plan(engine: Engine) -> EvaluationPlan:
    from semsearch.engine.evaluating import EvaluationRequest, plan

    return plan(engine, EvaluationRequest(modes=("hybrid",)))


def _measure(engine: Engine, planned: EvaluationPlan) -> Evaluation:
    from semsearch.engine.evaluating import evaluate

    return evaluate(engine, planned, lambda _what, _done, _total: None)
