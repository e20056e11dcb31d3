"""Index and search through an API on loopback: what is sent, what is not, what it costs."""

from __future__ import annotations

import json
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import data_of, error_of
from tests.fakes import replies
from tests.fakes.api_server import KEY, FakeApi

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

MODEL = "openai/text-embedding-3-small"


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A hundred small files."""
    folder = tmp_path / "many"
    for number in range(100):
        path = folder / f"{number % 10}" / f"note{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Note {number}\n\nSomething about subject{number} and more words.\n")
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


def test_documents_and_queries_are_sent_as_the_contract_wants(
    run: Run, many: Path, api: FakeApi, env: dict[str, str]
) -> None:
    report = data_of(run("index", str(many), "--yes", "--json", env=env))
    assert api.violations == []
    assert report["space"]["model"] == MODEL
    assert report["space"]["dimensions"] == 1536
    sent = [request.json for request in api.embedding_requests]
    assert [len(request["input"]) for request in sent] in ([64, 36], [36, 64])
    for request in sent:
        assert request["input_type"] == "search_document"
        assert request["encoding_format"] == "base64"
        assert request["provider"] == {"data_collection": "deny"}
    assert report["api"]["cost_usd"] == pytest.approx(api.spent_usd)
    found = data_of(run("search", "subject42", "words", "--json", env=env))
    assert found["hits"][0]["path"].endswith("note42.md")
    assert found["hits"][0]["cosine"] > 0.3
    query = api.embedding_requests[-1].json
    assert (query["input_type"], query["input"]) == ("search_query", ["subject42 words"])


def test_a_second_run_sends_nothing_an_edit_only_what_changed(
    run: Run, many: Path, api: FakeApi, env: dict[str, str]
) -> None:
    run("index", str(many), "--yes", env=env)
    before = len(api.embedding_requests)
    again = data_of(run("index", "--json", env=env))
    assert (again["files"]["unchanged"], again["api"]["requests"]) == (100, 0)
    (many / "3" / "note3.md").write_text("# Note 3\n\nNow about aubergines.\n")
    (many / "4" / "note4.md").rename(many / "5" / "moved.md")
    (many / "6" / "note6.md").unlink()
    edited = data_of(run("index", "--json", env=env))
    files = edited["files"]
    assert (files["changed"], files["moved"], files["gone"]) == (1, 1, 1)
    requests = api.embedding_requests[before:]
    assert [request.json["input"] for request in requests] == [
        ["Note 3\nNow about aubergines."]
    ] or [len(request.json["input"]) for request in requests] == [1]
    hits = data_of(run("search", "subject6", "--json", "--mode", "lexical", env=env))["hits"]
    assert not any(hit["path"].endswith("note6.md") for hit in hits)


def test_a_repeated_query_sends_nothing_and_works_offline(
    run: Run, many: Path, api: FakeApi, env: dict[str, str]
) -> None:
    run("index", str(many), "--yes", env=env)
    first = data_of(run("search", "subject8", "--json", env=env))
    sent = len(api.requests)
    again = data_of(run("search", "subject8", "--json", "--offline", env=env))
    assert len(api.requests) == sent
    assert [h["cosine"] for h in again["hits"]] == [h["cosine"] for h in first["hits"]]
    other = run("search", "subject9", "--json", "--offline", env=env)
    assert json.loads(other.stdout)["warnings"]
    assert data_of(other)["mode"] == "lexical"


def test_nothing_leaves_before_somebody_agreed(
    run: Run, many: Path, api: FakeApi, env: dict[str, str]
) -> None:
    refused = run("index", str(many), "--json", env=env)
    assert error_of(refused)["code"] == "consent.needed"
    assert refused.returncode == 4
    assert api.embedding_requests == []
    assert run("index", str(many), "--yes", env=env).returncode == 0
    (many / "new.md").write_text("# New\n\nLater.\n")
    assert run("index", env=env).returncode == 0  # agreed once, for this root and host


def test_a_dry_run_tells_and_leaves_no_trace(
    run: Run, many: Path, api: FakeApi, env: dict[str, str], isolated_home: Path
) -> None:
    plan = data_of(run("index", str(many), "--dry-run", "--json", env=env))
    assert plan["plan"] is True
    assert plan["estimate"]["inputs"] == 100
    assert plan["estimate"]["cost_usd"] > 0
    assert api.requests == []
    assert not list(isolated_home.rglob("*.db"))


def test_similar_sends_nothing(run: Run, many: Path, api: FakeApi, env: dict[str, str]) -> None:
    run("index", str(many), "--yes", env=env)
    sent = len(api.requests)
    place = str(many / "7" / "note7.md")
    hits = data_of(run("similar", place, "--json", env=env))["hits"]
    assert hits
    assert all(hit["path"] != place for hit in hits)
    assert len(api.requests) == sent


def test_two_models_side_by_side_and_back(
    run: Run, many: Path, api: FakeApi, env: dict[str, str]
) -> None:
    run("index", str(many), "--yes", env=env)
    run("index", "--model", "qwen/qwen3-embedding-0.6b", env=env)
    assert data_of(run("search", "x", "--json", env=env))["space"]["model"] == MODEL
    assert run("models", "use", "qwen/qwen3-embedding-0.6b", env=env).returncode == 0
    switched = data_of(run("search", "subject1", "--json", env=env))
    assert switched["space"] == {
        **switched["space"],
        "model": "qwen/qwen3-embedding-0.6b",
        "dimensions": 1024,
        "coverage": 1.0,
    }
    paid = api.paid_inputs
    assert run("models", "use", MODEL, env=env).returncode == 0
    assert run("index", env=env).returncode == 0
    assert api.paid_inputs == paid
    listed = data_of(run("models", "list", "--json", env=env))["models"]
    assert {row["id"] for row in listed} >= {MODEL, "local:all-MiniLM-L6-v2"}


@pytest.mark.parametrize(
    ("step", "status", "word"),
    [
        (replies.error(401, "User not found."), 4, "key"),
        (replies.error(402, "Insufficient credits"), 4, "credit"),
        (replies.error(404, "No endpoints found"), 8, "model"),
    ],
)
def test_what_ends_a_run_is_told_with_the_right_status(
    run: Run, many: Path, env: dict[str, str], step: replies.Step, status: int, word: str
) -> None:
    with FakeApi(lambda _request: step) as server:
        done = run("index", str(many), "--yes", env={**env, "SEMSEARCH_BASE_URL": server.url})
        assert done.returncode == status
        assert word in done.stderr.lower()
        assert "hint:" in done.stderr
        assert len(server.embedding_requests) <= 5
    assert run("search", "subject5", "--mode", "lexical", env=env).returncode == 0


def test_an_unknown_model_is_said_so(run: Run, many: Path, env: dict[str, str]) -> None:
    done = run("index", str(many), "--yes", "--model", "acme/none", env=env)
    assert done.returncode == 2
    assert "acme/none" in done.stderr


def test_no_key_is_exit_4_and_says_what_to_do(run: Run, many: Path) -> None:
    done = run("index", str(many), "--yes", "--model", MODEL)
    assert done.returncode == 4
    assert "OPENROUTER_API_KEY" in done.stderr


def test_the_key_is_nowhere_but_in_the_request(
    run: Run, many: Path, api: FakeApi, env: dict[str, str], isolated_home: Path
) -> None:
    outputs = [
        run("index", str(many), "--yes", "-v", env=env),
        run("search", "subject1", "--explain", env=env),
        run("key", "status", env=env),
        run("status", "--json", env=env),
        run("doctor", "--json", env=env),
        run("config", "list", env=env),
    ]
    assert all(KEY not in done.stdout + done.stderr for done in outputs)
    for path in isolated_home.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes()
    assert any(KEY in request.headers.get("authorization", "") for request in api.requests)


def test_a_key_can_be_stored_shown_in_part_and_forgotten(
    run: Run, many: Path, api: FakeApi
) -> None:
    env = {"SEMSEARCH_BASE_URL": api.url}
    assert run("key", "set", stdin=KEY + "\n", env=env).returncode == 0
    shown = run("key", env=env)
    assert KEY not in shown.stdout
    assert KEY[-4:] in shown.stdout
    assert run("index", str(many), "--yes", "--model", MODEL, env=env).returncode == 0
    assert run("key", "forget", env=env).returncode == 0
    assert "no key" in run("key", env=env).stdout.lower()


def test_forget_leaves_no_trace_of_text_or_vectors(
    run: Run, many: Path, env: dict[str, str], isolated_home: Path
) -> None:
    marker = "xylophonequartz"
    (many / "secret.md").write_text(f"# Diary\n\nDear diary, {marker} happened today.\n")
    run("index", str(many), "--yes", env=env)
    assert any(marker.encode() in path.read_bytes() for path in isolated_home.rglob("index.db*"))
    done = data_of(run("forget", str(many / "secret.md"), "--yes", "--json", env=env))
    assert done["removed"][0]["files"] == 1
    for path in isolated_home.rglob("index.db*"):
        assert marker.encode() not in path.read_bytes()
    assert run("search", marker, "--mode", "lexical", env=env).returncode == 1


def test_a_second_indexer_is_told_who_holds_the_index(
    run: Run, many: Path, env: dict[str, str], isolated_home: Path
) -> None:
    from semsearch.store.lock import indexer_lock

    run("index", str(many), "--yes", env=env)
    index = next(isolated_home.rglob("index.db"))
    with indexer_lock(str(index)):
        done = run("index", env=env)
        assert done.returncode == 5
        assert str(os.getpid()) in done.stderr
        assert run("search", "subject1", env=env).returncode == 0
    assert run("index", env=env).returncode == 0


def test_another_applications_database_is_refused(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "app.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE t(x)")
    connection.commit()
    connection.close()
    before = other.read_bytes()
    done = run("index", str(tmp_path), "--index", str(other), "--offline")
    assert done.returncode == 2
    assert other.read_bytes() == before
