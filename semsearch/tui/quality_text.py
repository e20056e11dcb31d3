"""How good a model is on these files, and whether it is still the same, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.present.amounts import about, counted
from semsearch.text import one_line

if TYPE_CHECKING:
    from semsearch.engine.evaluating import EvaluationPlan
    from semsearch.records import Drift, Space
    from semsearch.records.evaluation import EvaluatedRun, Evaluation, JudgmentSource

_SOURCES: Final = {
    "file": "a judged file",
    "marks": "your marks",
    "known items": "your headings",
}


def questions_text(source: JudgmentSource, count: int) -> str:
    """How many questions, and where their answers are known from."""
    return f"{counted(count, 'question')} from {_SOURCES[source]}"


def outlay_lines(planned: EvaluationPlan) -> list[str]:
    """What would be sent before anything can be measured; nothing to say where nothing is."""
    return [
        f"{counted(one.questions, 'question')} to {one_line(one.host)} for "
        f"{one_line(one.space.key.model)}: ~{one.tokens:,} tokens, "
        f"{about(one.cost_usd)}."
        for one in planned.outlays
        if one.host and one.questions
    ]


def run_of(evaluation: Evaluation | None, space: Space | None) -> EvaluatedRun | None:
    """What was measured of a space."""
    if evaluation is None or space is None:
        return None
    runs = (run for run in evaluation.runs if run.space is not None and run.space.id == space.id)
    return next(runs, None)


def quality_text(evaluation: Evaluation | None, space: Space | None) -> str:
    """nDCG@10 with its interval, recall and MRR of one space; empty where nothing was measured."""
    run = run_of(evaluation, space)
    if run is None or evaluation is None:
        return ""
    ndcg = run.ndcg
    return (
        f"nDCG@10 {ndcg.mean:.2f} ({ndcg.low:.2f} to {ndcg.high:.2f}) · "
        f"recall@100 {run.recall.mean:.2f} · MRR@10 {run.reciprocal_rank.mean:.2f} · "
        f"{questions_text(evaluation.source, evaluation.questions)}"
    )


def difference_text(evaluation: Evaluation | None, a: Space, b: Space) -> str:
    """Both models' nDCG@10 beside each other; empty unless both were measured."""
    one, other = run_of(evaluation, a), run_of(evaluation, b)
    if one is None or other is None or evaluation is None:
        return ""
    questions = questions_text(evaluation.source, evaluation.questions)
    return f"judged on {questions}: nDCG@10 A {one.ndcg.mean:.2f} · B {other.ndcg.mean:.2f}"


def drift_text(drift: Drift) -> tuple[str, str]:
    """Whether the model is still the one its vectors came from, and the tone to say it in."""
    model = one_line(drift.space.key.model)
    told = f"{counted(drift.sampled, 'passage')} again, least cosine {drift.lowest:.4f}"
    if drift.same:
        return f"{model} is still the model its vectors came from ({told})", "good"
    return f"another model answers to the name {model} now: build it anew ({told})", "bad"
