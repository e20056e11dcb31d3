"""The JSON envelope: its schema, its order, its bytes."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from semsearch.errors import SemsearchError
from semsearch.present import envelope
from semsearch.settings import DECLARED
from tests.unit.present.samples import (
    CHOICES,
    EMPTY,
    ERROR,
    ESTIMATE,
    FINDINGS,
    FORGOTTEN,
    HITS,
    HOSTILE,
    HOSTILE_CHOICES,
    HOSTILE_FINDINGS,
    HOSTILE_FORGOTTEN,
    HOSTILE_PATH,
    HOSTILE_REPORT,
    HOSTILE_RESULT,
    HOSTILE_STATUS,
    REPORT,
    RESULT,
    STATUS,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMAS = Path(__file__).parent / "schemas"
ROOT = Path(__file__).parents[3]
SETTINGS = [(setting, setting.default, "default") for setting in DECLARED]

OUTPUTS: dict[str, tuple[str, Callable[[], str]]] = {
    "search": ("search", lambda: envelope.search(RESULT)),
    "search, full": ("search", lambda: envelope.search(RESULT, full=True)),
    "search, nothing": ("search", lambda: envelope.search(EMPTY)),
    "search, hostile": ("search", lambda: envelope.search(HOSTILE_RESULT, full=True)),
    "similar": ("similar", lambda: envelope.search(RESULT, command="similar")),
    "index": ("index", lambda: envelope.index(REPORT, ["slow disk"])),
    "index, plan": (
        "index",
        lambda: envelope.index(REPORT._replace(plan=True, estimate=ESTIMATE, space=None)),
    ),
    "index, stopped": ("index", lambda: envelope.index(REPORT._replace(stopped_by=ERROR))),
    "index, hostile": ("index", lambda: envelope.index(HOSTILE_REPORT)),
    "status": ("status", lambda: envelope.status(STATUS)),
    "status, new": (
        "status",
        lambda: envelope.status(STATUS._replace(indexed_ns=None, spaces=(), roots=())),
    ),
    "status, hostile": ("status", lambda: envelope.status(HOSTILE_STATUS)),
    "models": ("models", lambda: envelope.models(CHOICES)),
    "models, hostile": ("models", lambda: envelope.models(HOSTILE_CHOICES)),
    "forget": ("forget", lambda: envelope.forget(FORGOTTEN)),
    "forget, hostile": ("forget", lambda: envelope.forget(HOSTILE_FORGOTTEN)),
    "config": ("config", lambda: envelope.config(SETTINGS, "/home/ada/config.toml")),
    "config, hostile": (
        "config",
        lambda: envelope.config([(DECLARED[0], HOSTILE, "file")], HOSTILE),
    ),
    "doctor": ("doctor", lambda: envelope.doctor(FINDINGS)),
    "doctor, hostile": ("doctor", lambda: envelope.doctor(HOSTILE_FINDINGS)),
    "error": ("error", lambda: envelope.error("search", ERROR)),
    "error, hostile": (
        "error",
        lambda: envelope.error(HOSTILE, SemsearchError(HOSTILE, hint=HOSTILE), [HOSTILE]),
    ),
}


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a field stands twice in {keys}"
    return dict(pairs)


def load(text: str) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    loaded: dict[str, Any] = json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    return loaded


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_fits_its_schema(name: str) -> None:
    schema, output = OUTPUTS[name]
    validator = Draft202012Validator(json.loads((SCHEMAS / f"{schema}.json").read_text()))
    validator.validate(load(output()))


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_schemas_are_valid_and_strict(path: Path) -> None:
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    assert not Draft202012Validator(schema).is_valid({"semsearch": 2})


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_is_one_line_of_visible_ascii_and_strict_unicode(name: str) -> None:
    text = OUTPUTS[name][1]()
    assert all(" " <= character <= "~" for character in text)
    json.dumps(load(text), ensure_ascii=False).encode("utf-8")


def test_the_fields_of_a_search_come_in_the_order_documented() -> None:
    whole = load(envelope.search(RESULT))
    assert list(whole) == ["semsearch", "command", "ok", "warnings", "error", "data"]
    data = whole["data"]
    assert list(data) == [
        "query", "mode", "space", "hits", "timing_ms", "cost_usd", "reranked_by",
    ]  # fmt: skip
    assert list(data["hits"][0]) == [
        "rank", "path", "root", "start_line", "end_line", "page", "breadcrumb", "cosine", "score",
        "ranks", "snippet", "text", "kind", "modified", "stale", "rerank_score", "band",
        "snippet_by",
    ]  # fmt: skip
    assert list(data["timing_ms"]) == ["embed", "retrieve", "rank", "total"]


def test_a_hit_says_what_the_record_says() -> None:
    whole = load(envelope.search(RESULT, full=True))
    assert whole["warnings"] == list(RESULT.notices)
    assert whole["data"]["space"] == {
        "model": "openai/text-embedding-3-small",
        "dimensions": 1536,
        "endpoint": "https://openrouter.ai/api/v1",
        "coverage": 0.9,
    }
    first, second = whole["data"]["hits"]
    assert first["path"] == "/home/ada/notes/work/retro.md"
    assert (first["cosine"], first["score"]) == (0.87124, 0.931)
    assert first["ranks"] == {"semantic": 1, "lexical": 3}
    assert first["modified"] == "2026-08-01T09:30:00Z"
    assert first["text"] == HITS[0].text
    assert (second["cosine"], second["page"], second["stale"]) == (None, 7, True)
    assert load(envelope.search(RESULT))["data"]["hits"][0]["text"] is None


def test_numbers_are_rounded_to_what_they_mean() -> None:
    hit = HITS[0]._replace(cosine=0.123456789, score=1 / 3)
    data = load(envelope.search(RESULT._replace(hits=(hit,))))["data"]
    assert (data["hits"][0]["cosine"], data["hits"][0]["score"]) == (0.123457, 0.333333)
    assert data["timing_ms"]["retrieve"] == 3.123
    assert data["cost_usd"] == 2.1e-06


def test_a_name_that_is_not_utf8_comes_with_its_bytes() -> None:
    hit = load(envelope.search(HOSTILE_RESULT))["data"]["hits"][0]
    assert base64.b64decode(hit["path_bytes"], validate=True) == HOSTILE_PATH
    assert "\ufffd" in hit["path"]
    assert "path_bytes" not in load(envelope.search(RESULT))["data"]["hits"][0]


def test_a_name_with_a_newline_is_exact() -> None:
    hit = HITS[0]._replace(path=b"/n/two\nlines\x1b.md")
    loaded = load(envelope.search(RESULT._replace(hits=(hit,))))
    assert loaded["data"]["hits"][0]["path"] == "/n/two\nlines\x1b.md"


def test_an_error_carries_code_hint_and_exit_status() -> None:
    whole = load(envelope.error("search", ERROR))
    assert whole["ok"] is False
    assert whole["data"] is None
    assert whole["error"] == {
        "code": "auth.401",
        "message": "The server refused the key.",
        "hint": "Check it with `semsearch key status`.",
        "exit": 4,
    }


def test_a_run_that_was_stopped_is_not_ok_and_keeps_its_counts() -> None:
    stopped = load(envelope.index(REPORT._replace(stopped_by=ERROR)))
    assert (stopped["ok"], stopped["error"]["exit"]) == (False, 4)
    assert stopped["data"]["chunks"]["embedded"] == 32
    interrupted = load(envelope.index(REPORT._replace(interrupted=True)))
    assert interrupted["error"]["exit"] == 130
    assert load(envelope.index(REPORT))["ok"] is True
    assert "plan" not in load(envelope.index(REPORT))["data"]


@pytest.mark.parametrize("cosine", [float("nan"), float("inf"), float("-inf")])
def test_a_number_json_does_not_have_is_null(cosine: float) -> None:
    result = RESULT._replace(hits=(HITS[0]._replace(cosine=cosine),))
    assert load(envelope.search(result))["data"]["hits"][0]["cosine"] is None


@pytest.mark.parametrize("moment", [10**30, -(10**30)])
def test_an_impossible_date_is_null(moment: int) -> None:
    result = RESULT._replace(hits=(HITS[0]._replace(modified_ns=moment),))
    assert load(envelope.search(result))["data"]["hits"][0]["modified"] is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
@settings(max_examples=200, deadline=None)
def test_any_data_becomes_strict_json(value: Any) -> None:
    text = envelope.plain("check", {"value": value})
    assert all(" " <= character <= "~" for character in text)
    load(text)


def test_importing_it_loads_json_and_little_else() -> None:
    unwanted = {"dataclasses", "datetime", "base64", "urllib", "semsearch.present.human"}
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from semsearch.present import envelope\n"
        f"print(*({unwanted!r} & set(sys.modules)))"
    )
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
