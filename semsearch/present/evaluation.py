"""How good searches are: a line for each mode and model, and whether they really differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from semsearch.present.amounts import about, counted
from semsearch.present.human import money, space_name
from semsearch.present.style import PLAIN, Style, paint
from semsearch.text import cell_width, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.present.style import Role
    from semsearch.records import Space
    from semsearch.records.evaluation import (
        Difference,
        EvaluatedRun,
        Evaluation,
        Measure,
        QueryOutlay,
        SwitchCost,
    )

_SOURCES: Final = {
    "file": "questions judged in a file",
    "marks": "questions you marked results of",
    "known items": "titles and headings, each to be found in its file",
}
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_COLUMNS: Final = "  nDCG@10  95 % interval  R@100  MRR@10"
_AGAINST: Final = "  nDCG@10 against the first"


def evaluation_text(done: Evaluation, style: Style = PLAIN) -> str:
    """The table, then what differs for certain, then what each model costs.

    Args:
        done: what was measured; all figures are shown times 100.
        style: colour and width.
    """
    letters = _letters(done)
    names = [_run_name(run, letters) for run in done.runs]
    width = max(map(cell_width, names))
    against = {one.second: one for one in done.differences if one.first == 0}
    heading = " " * width + _COLUMNS + (_AGAINST if against else "")
    lines = [
        f"{done.questions:,} {_SOURCES[done.source]}; "
        f"{done.unit}s ranked, {counted(done.passages, 'passage')} in the index.",
        *_left_out(done),
        *(f"{letter}  {space_name(space)}" for space, letter in letters.items()),
        "",
        paint(heading, "title", style),
    ]
    for number, run in enumerate(done.runs):
        padded = names[number] + " " * (width - cell_width(names[number]))
        lines.append(padded + _figures(run) + _compared(against.get(number), style))
    lines += ["", *_verdicts(done)]
    return "\n".join(lines).rstrip()


def evaluation_data(done: Evaluation) -> dict[str, Any]:
    """The `data` of `eval --json`."""
    return {
        "judgments": {
            "source": done.source,
            "unit": done.unit,
            "questions": done.questions,
            "unanswerable": done.unanswerable,
        },
        "passages": done.passages,
        "runs": [
            {
                "mode": run.mode,
                "space": _space(run.space),
                "ndcg_at_10": _measure(run.ndcg),
                "recall_at_100": _measure(run.recall),
                "mrr_at_10": _measure(run.reciprocal_rank),
                "judged_at_10": round(run.judged, 6),
                "without_hits": run.nothing,
                "median_ms": round(run.median_ms, 3),
            }
            for run in done.runs
        ],
        "differences": [
            {
                "first": one.first,
                "second": one.second,
                "ndcg_at_10": _measure(one.ndcg),
                "recall_at_100": _measure(one.recall),
                "mrr_at_10": _measure(one.reciprocal_rank),
            }
            for one in done.differences
        ],
        "switches": [
            {
                "space": _space(one.space),
                "passages": one.passages,
                "tokens": one.tokens,
                "cost_usd": None if one.cost_usd is None else round(one.cost_usd, 9),
            }
            for one in done.switches
        ],
        "cost_usd": round(done.cost_usd, 9),
    }


def query_outlays_text(outlays: Sequence[QueryOutlay]) -> str:
    """What has to be sent before anything can be measured; empty when nothing has."""
    return "\n".join(
        f"To send to {one_line(one.host)}: {counted(one.questions, 'question')} for "
        f"{space_name(one.space)}, about {one.tokens:,} tokens, {_cost(one.cost_usd)}."
        for one in outlays
        if one.host
    )


# --- inside ----------------------------------------------------------------------------------


def _letters(done: Evaluation) -> dict[Space, str]:
    """A short name for each model."""
    spaces = dict.fromkeys(run.space for run in done.runs if run.space is not None)
    return {space: _LETTERS[number % len(_LETTERS)] for number, space in enumerate(spaces)}


def _run_name(run: EvaluatedRun, letters: dict[Space, str]) -> str:
    return run.mode if run.space is None else f"{run.mode} {letters[run.space]}"


def _left_out(done: Evaluation) -> list[str]:
    if not done.unanswerable:
        return []
    what = "question is" if done.unanswerable == 1 else "questions are"
    return [f"{done.unanswerable:,} {what} left out: nothing relevant is in the index."]


def _figures(run: EvaluatedRun) -> str:
    ndcg = run.ndcg
    interval = f"{100 * ndcg.low:5.1f} – {100 * ndcg.high:5.1f}"
    return (
        f"  {100 * ndcg.mean:7.1f}  {interval:>13}  {100 * run.recall.mean:5.1f}"
        f"  {100 * run.reciprocal_rank.mean:6.1f}"
    )


def _compared(one: Difference | None, style: Style) -> str:
    if one is None:
        return ""
    word, role = _verdict(one.ndcg)
    return f"  {_signed(one.ndcg)}  {paint(word, role, style)}"


def _signed(measure: Measure) -> str:
    return (
        f"{100 * measure.mean:+.1f} ({100 * measure.low:+.1f} to {100 * measure.high:+.1f})"
    ).replace("-", "−")


def _verdict(measure: Measure) -> tuple[str, Role]:
    """Whether the difference is beyond chance, by its 95 % interval."""
    if measure.low > 0:
        return "better", "good"
    if measure.high < 0:
        return "worse", "warning"
    return "no sure difference", "quiet"


def _verdicts(done: Evaluation) -> list[str]:
    """Is a model worth what it costs? One line a model, the first one excepted."""
    lines = [_switch_line(one) for one in done.switches]
    first = next((run.space for run in done.runs if run.space is not None), None)
    for one in done.differences:
        earlier, later = done.runs[one.first], done.runs[one.second]
        if (
            earlier.space == first
            and later.space not in {None, first}
            and earlier.mode == later.mode
        ):
            word, _ = _verdict(one.ndcg)
            assert later.space is not None
            assert first is not None
            lines.append(
                f"{later.mode}: {space_name(later.space)} against {space_name(first)}: "
                f"{_signed(one.ndcg)}, {word}."
            )
    judged = min((run.judged for run in done.runs), default=1.0)
    if done.source == "marks" and judged < 0.5:
        lines.append(
            f"Only {100 * judged:.0f} % of the first ten results are marked; the others count as "
            "not relevant. Mark more of them for a fair comparison."
        )
    if done.source == "known items":
        lines.append(
            "Headings share words with what stands under them, which favours search by words. "
            "Marks on your own questions tell more."
        )
    if done.cost_usd:
        lines.append(f"Paid for vectors of questions: {money(done.cost_usd)}; they are kept.")
    return lines


def _switch_line(one: SwitchCost) -> str:
    return (
        f"Embedding everything with {space_name(one.space)}: {counted(one.passages, 'passage')}, "
        f"about {one.tokens:,} tokens, {_cost(one.cost_usd)}."
    )


def _cost(usd: float | None) -> str:
    return "nothing to pay" if usd == 0 else about(usd)


def _measure(measure: Measure) -> dict[str, float]:
    return {
        "mean": round(measure.mean, 6),
        "low": round(measure.low, 6),
        "high": round(measure.high, 6),
    }


def _space(space: Space | None) -> dict[str, Any] | None:
    if space is None:
        return None
    return {
        "model": space.key.model,
        "dimensions": space.key.dimensions,
        "endpoint": space.key.endpoint,
    }
