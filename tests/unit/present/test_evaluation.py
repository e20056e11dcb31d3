"""An evaluation, for people and as data."""

from __future__ import annotations

from semsearch.present.evaluation import (
    evaluation_data,
    evaluation_text,
    query_outlays_text,
)
from semsearch.present.style import Style
from semsearch.records import Space, SpaceKey
from semsearch.records.evaluation import (
    Difference,
    EvaluatedRun,
    Evaluation,
    Measure,
    QueryOutlay,
    SwitchCost,
)

SMALL = Space(1, SpaceKey("local", "small", 384, "", ""), "ready", 100, 0.5)
DEAR = Space(
    2, SpaceKey("https://api.test/v1", "acme/dear\x1b[31m", 1536, "", ""), "ready", 100, 0.6
)
CERTAIN, UNSURE, WORSE = (
    Measure(0.052, 0.021, 0.084),
    Measure(0.004, -0.01, 0.02),
    Measure(-0.07, -0.1, -0.04),
)


def run(mode: str, space: Space | None, ndcg: float) -> EvaluatedRun:
    return EvaluatedRun(
        mode,  # type: ignore[arg-type]
        space,
        Measure(ndcg, ndcg - 0.05, ndcg + 0.05),
        Measure(0.94, 0.9, 0.97),
        Measure(0.7, 0.6, 0.8),
        0.4,
        2,
        12.5,
    )


def evaluation(source: str = "file", judged: str = "file") -> Evaluation:
    return Evaluation(
        source,  # type: ignore[arg-type]
        judged,  # type: ignore[arg-type]
        300,
        1,
        12_362,
        (run("hybrid", SMALL, 0.74), run("hybrid", DEAR, 0.792), run("lexical", None, 0.67)),
        (
            Difference(0, 1, CERTAIN, UNSURE, UNSURE),
            Difference(0, 2, WORSE, UNSURE, UNSURE),
            Difference(1, 2, WORSE, UNSURE, UNSURE),
        ),
        (SwitchCost(SMALL, 12_362, 2_000_000, 0.0), SwitchCost(DEAR, 12_362, 2_000_000, None)),
        0.0123,
    )


def test_a_line_for_each_run_says_how_good_and_whether_it_differs() -> None:
    lines = evaluation_text(evaluation(), Style(width=80)).split("\n")
    assert lines[:2] == [
        "300 questions judged in a file; files ranked, 12,362 passages in the index.",
        "1 question is left out: nothing relevant is in the index.",
    ]
    assert lines[2] == "A  small, 384 dimensions"
    assert lines[3].startswith("B  acme/dear")
    assert lines[6:9] == [
        "hybrid A     74.0   69.0 –  79.0   94.0    70.0",
        "hybrid B     79.2   74.2 –  84.2   94.0    70.0  +5.2 (+2.1 to +8.4)  better",
        "lexical      67.0   62.0 –  72.0   94.0    70.0  −7.0 (−10.0 to −4.0)  worse",
    ]
    assert all(len(line) <= 80 for line in lines[3:9])


def test_what_a_model_costs_stands_beside_what_it_brings() -> None:
    text = evaluation_text(evaluation())
    assert "12,362 passages, about 2,000,000 tokens, nothing to pay." in text
    assert "about 2,000,000 tokens, cost unknown." in text
    assert "against small, 384 dimensions: +5.2 (+2.1 to +8.4), better." in text
    assert "Paid for vectors of questions" in text
    assert "\x1b" not in text


def test_few_marks_and_made_up_questions_are_no_proof() -> None:
    assert "Only 40 % of the first ten" in evaluation_text(evaluation("marks", "passage"))
    assert "favours search by words" in evaluation_text(evaluation("known items"))


def test_data_has_every_figure() -> None:
    data = evaluation_data(evaluation())
    assert [one["space"] and one["space"]["model"] for one in data["runs"]] == [
        "small", "acme/dear\x1b[31m", None,
    ]  # fmt: skip
    assert data["differences"][0]["ndcg_at_10"] == {"mean": 0.052, "low": 0.021, "high": 0.084}
    assert data["switches"][1]["cost_usd"] is None


def test_only_what_leaves_the_machine_is_announced() -> None:
    outlays = [
        QueryOutlay(SMALL, 300, 4000, 0.0, ""),
        QueryOutlay(DEAR, 300, 4000, 0.0004, "api.test"),
    ]
    text = query_outlays_text(outlays)
    assert text.count("\n") == 0
    assert text.startswith("To send to api.test: 300 questions for acme/dear")
    assert query_outlays_text(outlays[:1]) == ""
