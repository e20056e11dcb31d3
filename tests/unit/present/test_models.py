"""What is shown of a comparison, a build and a check; nothing of it can drive a terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from semsearch.present import envelope
from semsearch.present.models import (
    build_estimate_text,
    build_text,
    comparisons_data,
    comparisons_text,
    drift_data,
    drift_text,
    outlay_text,
)
from semsearch.present.reports import status_text
from semsearch.present.style import Style
from semsearch.records import (
    ComparedRow,
    Comparison,
    DaySpend,
    Drift,
    FullSwitch,
    Outlay,
    Spend,
)
from tests.unit.present.samples import (
    ESTIMATE,
    HOSTILE,
    HOSTILE_PATH,
    HOSTILE_SPACE,
    REPORT,
    SPACE,
    STATUS,
)

SCHEMAS: Final = Path(__file__).parent / "schemas"
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def row(rank_a: int | None, rank_b: int | None) -> ComparedRow:
    cosine_a = None if rank_a is None else 0.9
    cosine_b = None if rank_b is None else 0.8
    name = f"/n/{rank_a}-{rank_b}.md".encode()
    return ComparedRow(1, name, 3, ("H",), "A sentence.", rank_a, rank_b, cosine_a, cosine_b)


COMPARISON = Comparison(
    "a question",
    SPACE,
    SPACE._replace(key=SPACE.key._replace(model="other/model")),
    (row(1, 1), row(3, 2), row(9, 3), row(2, 4), row(4, None)),
    3,
    2 / 3,
    0.25,
    5,
    0.0012,
    FullSwitch(30, 4000, 0.08),
)


def test_every_move_is_told() -> None:
    text = comparisons_text([COMPARISON], Style(width=80))
    moves = {line.split()[-1].split("/")[-1]: line for line in text.split("\n") if ".md:3" in line}
    assert "=" in moves["1-1.md:3"]
    assert "▲ 1" in moves["3-2.md:3"]
    assert "new" in moves["9-3.md:3"]
    assert "out" in moves["2-4.md:3"]
    assert "4-None.md:3" not in moves
    assert "both have 67 %" in text
    assert "0.25" in text
    assert "30 passages, about 4,000 tokens, about $0.0800" in text


def test_several_questions_are_a_line_each_and_a_mean() -> None:
    other = COMPARISON._replace(query="another", overlap_at_k=1.0, rank_agreement=None)
    text = comparisons_text([COMPARISON, other])
    assert "67 %   0.25  a question" in text
    assert "100 %      –  another" in text
    assert "both have 83 %" in text
    data = comparisons_data([COMPARISON, other])
    assert data["overlap_at_k"] == pytest.approx(5 / 6, abs=1e-6)
    assert data["rank_agreement"] == 0.25
    assert data["cost_usd"] == 0.0024
    assert [one["query"] for one in data["queries"]] == ["a question", "another"]


def test_an_unknown_price_is_said_and_is_null() -> None:
    one = COMPARISON._replace(full_switch=FullSwitch(30, 4000, None))
    assert "cost unknown" in comparisons_text([one])
    assert comparisons_data([one])["full_switch"]["cost_usd"] is None
    done = COMPARISON._replace(full_switch=FullSwitch(0, 0, 0.0))
    assert "costs nothing" in comparisons_text([done])


def test_a_changed_model_is_said_to_be_one() -> None:
    same = Drift(SPACE, 12, 0.9999, 1.0, 0.00001, same=True)
    assert "is the same model" in drift_text(same)
    changed = same._replace(lowest=0.4, same=False)
    assert "is not the model" in drift_text(changed)
    assert "build it again" in drift_text(changed)
    assert drift_data(changed)["same"] is False
    assert "no vectors" in drift_text(same._replace(sampled=0))


def test_a_build_tells_what_was_made_of_what() -> None:
    report = REPORT._replace(embedded=10, reused=20, estimate=None)
    text = build_text(report)
    assert "10 embedded, 20 cut from wider vectors" in text
    assert "Nothing is left" in build_estimate_text(ESTIMATE._replace(inputs=0))
    assert "nothing is sent" in build_estimate_text(ESTIMATE._replace(host="", inputs=3))


def test_hostile_text_stays_text() -> None:
    hostile = COMPARISON._replace(
        query=HOSTILE,
        a=HOSTILE_SPACE,
        b=HOSTILE_SPACE,
        rows=(row(1, 1)._replace(path=HOSTILE_PATH, snippet=HOSTILE, breadcrumb=(HOSTILE,)),),
    )
    texts = [
        comparisons_text([hostile]),
        comparisons_text([hostile, hostile]),
        outlay_text(Outlay(5, 5, 5, 0.1, HOSTILE, needs_consent=False)),
        drift_text(Drift(HOSTILE_SPACE, 1, 0.1, 0.1, 0.0, same=False)),
        build_text(REPORT._replace(space=HOSTILE_SPACE, estimate=ESTIMATE._replace(host=HOSTILE))),
    ]
    for text in texts:
        assert not _CONTROL.search(text), text
    shown = envelope.plain("models", comparisons_data([hostile]))
    assert shown.isascii()
    assert json.loads(shown)["data"]["rows"][0]["rank_b"] == 1


@pytest.mark.parametrize("done", [[COMPARISON], [COMPARISON, COMPARISON]])
def test_a_comparison_fits_its_schema(done: list[Comparison]) -> None:
    schema = json.loads((SCHEMAS / "compare.json").read_text())
    shown = envelope.plain("models", comparisons_data(done))
    Draft202012Validator(schema).validate(json.loads(shown))


def test_the_cost_book_is_part_of_the_status() -> None:
    spend = Spend("api.example", "m", 3, 30, 4000, 0.0125)
    status = STATUS._replace(
        days=(DaySpend("2026-08-01", spend),), saved_tokens=500, saved_usd=0.0015
    )
    shown = json.loads(envelope.status(status))
    schema = json.loads((SCHEMAS / "status.json").read_text())
    Draft202012Validator(schema).validate(shown)
    assert shown["data"]["days"][0]["cost_usd"] == 0.0125
    assert "reuse saved $0.0015, 500 tokens" in status_text(status)
