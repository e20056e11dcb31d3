"""Checks, repairs and the outbound book, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from semsearch.errors import DamagedError
from semsearch.present import envelope
from semsearch.present.care import (
    aside_text,
    calls_text,
    health_data,
    health_text,
    mended_text,
    repair_data,
    sent_data,
    sent_days_text,
    sent_files_text,
)
from semsearch.records import (
    Aside,
    DaySpend,
    Finding,
    Health,
    LedgerEntry,
    Loss,
    Sent,
    SentText,
    Spend,
)
from tests.unit.present.samples import (
    FORBIDDEN,
    HOSTILE,
    HOSTILE_PATH,
    HOSTILE_SPACE,
    REPORT,
    SPACE,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMAS = Path(__file__).parent / "schemas"
DAY_NS = 1_785_576_600_000_000_000

WHOLE = Health(
    b"/home/ada/index.db", (Finding("texts", "ok", "whole"),), 40, 38, 38, 5_000_000, 0.25
)
HURT = WHOLE._replace(
    findings=(
        Finding("texts", "failed", "1 texts are not what was indexed", "Run: semsearch repair"),
        Finding("sign codes", "ok", "whole"),
    ),
    files=(b"/home/ada/notes/a.md",),
    losses=(Loss(SPACE, 3, 450, "openrouter.ai", 0.000009),),
)
HOSTILE_HEALTH = HURT._replace(
    path=HOSTILE_PATH,
    findings=(Finding(HOSTILE, "failed", HOSTILE, HOSTILE),),
    files=(HOSTILE_PATH,),
    losses=(Loss(HOSTILE_SPACE, 1, 2, HOSTILE, None),),
)
ASIDE = Aside(b"/home/ada/index.db", (b"/home/ada/index.db.damaged-1",), "it is torn")
DAYS = [DaySpend("2026-08-01", Spend("api.example", "m", 3, 30, 4000, 0.0125))]
FILES = [SentText(b"/home/ada/notes/a.md", "api.example", "m", 2, 300, 0.000006, DAY_NS, DAY_NS)]
CALL = LedgerEntry(
    DAY_NS, Sent("api.example", "m", "Fake", "document", 30, 4000, 0.0125, "gen-1", b"d" * 32)
)
HOSTILE_FILES = [SentText(HOSTILE_PATH, HOSTILE, HOSTILE, 2, 300, None, DAY_NS, 2**70)]
HOSTILE_DAYS = [DaySpend(HOSTILE, Spend(HOSTILE, HOSTILE, 3, 30, 4000, 0.0125))]
HOSTILE_CALL = LedgerEntry(
    2**70, Sent(HOSTILE, HOSTILE, HOSTILE, "query", 1, None, None, HOSTILE, b"")
)

OUTPUTS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "whole": ("check", lambda: health_data(WHOLE)),
    "damaged": ("check", lambda: health_data(HURT)),
    "damaged, hostile": ("check", lambda: health_data(HOSTILE_HEALTH)),
    "repair, plan": ("repair", lambda: repair_data(HURT)),
    "repair, done": ("repair", lambda: repair_data(HURT, done=True, report=REPORT)),
    "repair, moved": ("repair", lambda: repair_data(None, aside=ASIDE)),
    "sent": ("sent", lambda: sent_data(None, DAYS, [], [CALL])),
    "sent, path": ("sent", lambda: sent_data(b"/home/ada/notes", [], FILES, [CALL])),
    "sent, hostile": (
        "sent",
        lambda: sent_data(HOSTILE_PATH, HOSTILE_DAYS, HOSTILE_FILES, [HOSTILE_CALL]),
    ),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_fits_its_schema(name: str) -> None:
    command, data = OUTPUTS[name]
    schema = json.loads((SCHEMAS / f"{command}.json").read_text())
    shown = envelope.plain(command, data())
    assert shown.isascii()
    Draft202012Validator(schema).validate(json.loads(shown))


def test_damage_is_no_success_and_keeps_its_data() -> None:
    schema = json.loads((SCHEMAS / "check.json").read_text())
    shown = json.loads(envelope.plain("check", health_data(HURT), error=DamagedError("It is.")))
    Draft202012Validator(schema).validate(shown)
    assert shown["ok"] is False
    assert shown["error"]["exit"] == 6
    assert shown["data"]["losses"][0]["cost_usd"] == 0.000009


def test_a_plan_tells_what_is_free_what_is_read_again_and_what_is_paid() -> None:
    text = health_text(HURT, cwd=b"/home/ada")
    assert "Files to be read again (1):\n  notes/a.md" in text
    assert "3 vectors of openai/text-embedding-3-small" in text
    assert "about 450 tokens to openrouter.ai, about $0.000009" in text
    assert "for nothing" in text
    assert "again" not in health_text(WHOLE)
    local = HURT._replace(losses=(Loss(SPACE, 3, 450, "", 0.0),))
    assert "made again on this machine, for nothing" in health_text(local)


def test_what_left_is_told_by_file_with_its_share_of_the_cost() -> None:
    text = sent_files_text(b"/home/ada/notes", FILES, cwd=b"/home/ada")
    assert "notes/a.md: 2026-" in text
    assert "api.example  m  2 passages, about 300 tokens, $0.000006" in text
    assert "In all 1 file, 2 passages, about $0.000006." in text
    unknown = [FILES[0], FILES[0]._replace(cost_usd=None)]
    assert "4 passages, cost unknown." in sent_files_text(b"/home/ada/notes", unknown)
    assert "Nothing that stands in" in sent_files_text(b"/elsewhere", [])
    assert "In all 30 texts, 4,000 tokens, $0.0125." in sent_days_text(DAYS)
    assert "has ever left" in sent_days_text([])


def test_hostile_text_stays_text() -> None:
    texts = [
        health_text(HOSTILE_HEALTH),
        mended_text(HOSTILE_HEALTH),
        aside_text(Aside(HOSTILE_PATH, (HOSTILE_PATH,), HOSTILE)),
        sent_days_text(HOSTILE_DAYS),
        sent_files_text(HOSTILE_PATH, HOSTILE_FILES),
        calls_text([HOSTILE_CALL]),
    ]
    for text in texts:
        assert not FORBIDDEN.intersection(map(ord, text.replace("\n", "")))
