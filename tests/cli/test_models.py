"""`semsearch models`: compare, build, use, drop, check, as a person or a script meets them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import data_of, error_of
from tests.fakes.api_server import KEY, PRICE_PER_TOKEN, RERANK_MODEL, FakeApi

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

A = "acme/tiny"
B = "acme/other"
QUERY = "something about subject7"


@pytest.fixture
def env(api: FakeApi) -> dict[str, str]:
    return {
        "OPENROUTER_API_KEY": KEY,
        "SEMSEARCH_BASE_URL": api.url,
        "SEMSEARCH_SEARCH_SHORTLIST": "20",
        "SEMSEARCH_API_BATCH_INPUTS": "8",
    }


def fill(folder: Path, count: int) -> Path:
    for number in range(count):
        path = folder / f"{number % 7}" / f"note{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Note {number}\n\nSomething about subject{number} and more words.\n")
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    return folder


@pytest.fixture
def indexed(run: Run, tmp_path: Path, env: dict[str, str]) -> Path:
    """Twenty-six files, indexed with model A."""
    folder = fill(tmp_path / "many", 26)
    assert run("index", str(folder), "--model", A, "--yes", env=env).returncode == 0
    return folder


def documents(api: FakeApi, model: str) -> list[str]:
    """Every text that was embedded as a document, in order; a killed client's half request is
    none.
    """
    return [
        text
        for request in api.embedding_requests
        if request.body.endswith(b"}")
        and request.json["model"] == model
        and request.json["input_type"] == "search_document"
        for text in request.json["input"]
    ]


@pytest.mark.usefixtures("indexed")
def test_a_comparison_as_json_has_the_agreed_fields(
    run: Run, api: FakeApi, env: dict[str, str]
) -> None:
    data = data_of(run("models", "compare", B, *QUERY.split(), "--json", env=env))
    assert (data["a"]["model"], data["b"]["model"]) == (A, B)
    assert data["query"] == QUERY
    assert len(data["rows"]) == 20
    assert set(data["rows"][0]) >= {
        "path", "start_line", "rank_a", "rank_b", "cosine_a", "cosine_b", "breadcrumb", "snippet",
    }  # fmt: skip
    assert [row["rank_b"] for row in data["rows"]] == list(range(1, 21))
    cosines = [row["cosine_b"] for row in data["rows"]]
    assert cosines == sorted(cosines, reverse=True)
    assert 0 <= data["overlap_at_k"] <= 1
    assert -1 <= data["rank_agreement"] <= 1
    assert data["full_switch"]["chunks"] == 6
    assert data["full_switch"]["cost_usd"] > 0
    assert data["cost_usd"] > 0
    assert len(documents(api, B)) == 20


@pytest.mark.usefixtures("indexed")
def test_a_comparison_says_the_cost_before_and_after(run: Run, env: dict[str, str]) -> None:
    done = run("models", "compare", B, *QUERY.split(), env=env)
    assert "20 of 20 candidates" in done.stderr
    assert "about $0.0000" in done.stderr
    assert "note7.md:" in done.stdout
    assert "Cost: $0.0000" in done.stdout
    assert "Left for a full switch: 6 passages" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.usefixtures("indexed")
def test_a_file_of_questions_is_compared_in_one_go(
    run: Run, tmp_path: Path, env: dict[str, str]
) -> None:
    (tmp_path / "questions.txt").write_text("subject1 words\n\nsubject2 more\n")
    data = data_of(
        run("models", "compare", B, "--queries", "questions.txt", "-n", "5", "--json", env=env)
    )
    each = data["queries"]
    assert [one["query"] for one in each] == ["subject1 words", "subject2 more"]
    assert data["k"] == 5
    assert data["overlap_at_k"] == pytest.approx(
        sum(one["overlap_at_k"] for one in each) / 2, abs=1e-6
    )
    shown = run("models", "compare", B, "--queries", "questions.txt", env=env)
    assert "subject2 more" in shown.stdout


@pytest.mark.usefixtures("indexed")
def test_preview_switch_build_and_back(run: Run, api: FakeApi, env: dict[str, str]) -> None:
    before = data_of(run("search", QUERY, "--json", env=env))
    run("models", "compare", B, QUERY, env=env)
    used = data_of(run("models", "use", B, "--json", env=env))
    assert used["complete"] is False
    sent = len(api.requests)
    done = run("search", QUERY, "--json", env=env)
    assert len(api.requests) == sent
    found = data_of(done)
    assert found["space"]["model"] == B
    assert found["space"]["coverage"] == pytest.approx(20 / 26, abs=1e-5)
    assert "76.9 %" in done.stdout
    built = data_of(run("models", "build", B, "--json", env=env))
    assert built["chunks"]["embedded"] == 6
    assert Counter(documents(api, B)).most_common(1)[0][1] == 1
    after = data_of(run("search", QUERY, "--json", env=env))
    assert (after["space"]["model"], after["space"]["coverage"]) == (B, 1.0)
    sent = len(api.requests)
    assert run("models", "use", A, env=env).returncode == 0
    back = data_of(run("search", QUERY, "--json", env=env))
    assert back["hits"] == before["hits"]
    assert len(api.requests) == sent
    status = data_of(run("status", "--json", env=env))
    assert status["spent_usd"] == pytest.approx(api.spent_usd, abs=1e-9)


@pytest.mark.usefixtures("indexed")
def test_the_flag_on_a_search_is_for_that_search_alone(run: Run, env: dict[str, str]) -> None:
    found = data_of(run("search", QUERY, "--model", B, "--json", env=env))
    assert found["space"]["model"] == B
    assert data_of(run("search", QUERY, "--json", env=env))["space"]["model"] == A


@pytest.mark.usefixtures("indexed")
def test_a_build_says_what_it_sends_and_keeps_to_its_cap(
    run: Run, api: FakeApi, env: dict[str, str]
) -> None:
    plan = data_of(run("models", "build", B, "--dry-run", "--json", env=env))
    assert plan["estimate"]["inputs"] == 26
    assert documents(api, B) == []
    spent = api.spent_usd
    capped = run("models", "build", B, "--max-cost", "0.000005", env=env)
    assert capped.returncode == 4
    assert "cap" in capped.stderr
    assert api.spent_usd - spent <= 0.000005
    done = run("models", "build", B, "--use", env=env)
    assert done.returncode == 0
    assert "26 in the index" in done.stdout
    assert data_of(run("search", "x", "--json", env=env))["space"]["model"] == B


def test_a_cap_of_0_pays_for_nothing(
    run: Run, indexed: Path, api: FakeApi, env: dict[str, str]
) -> None:
    run("search", QUERY, env=env)
    spent, calls = api.spent_usd, len(api.embedding_requests)
    (indexed / "new.md").write_text("# New\n\nSomething that was never sent.\n")
    for arguments in (
        ("index", "--model", A),
        ("index", "--model", "acme/unpriced"),
        ("models", "build", B),
        ("models", "compare", B, QUERY),
        ("models", "compare", B, "another question"),
    ):
        done = run(*arguments, "--max-cost", "0", "--yes", "--json", env=env)
        assert (done.returncode, error_of(done)["code"]) == (4, "cost.cap"), arguments
    assert (api.spent_usd, len(api.embedding_requests)) == (spent, calls)
    assert run("models", "check", "--max-cost", "0", env=env).returncode == 2
    free = env | {"SEMSEARCH_API_PROFILE": "ollama", "SEMSEARCH_API_KEY": KEY}
    assert run("index", "--model", A, "--max-cost", "0", env=free).returncode == 0
    assert len(api.embedding_requests) > calls, "what costs nothing goes on"
    uncapped = env | {"SEMSEARCH_INDEX_MAX_COST": "0"}
    assert run("models", "build", B, env=uncapped).returncode == 0, "as a setting, 0 is no cap"


@pytest.mark.usefixtures("indexed")
def test_what_is_dropped_must_be_agreed_to(run: Run, env: dict[str, str]) -> None:
    run("models", "build", B, env=env)
    assert error_of(run("models", "drop", B, "--json", env=env))["code"] == "consent.needed"
    answering = run("models", "drop", A, env=env)
    assert "is the model that answers" in answering.stderr, "before anybody is asked"
    dropped = data_of(run("models", "drop", B, "--yes", "--json", env=env))
    assert (dropped["vectors"], dropped["shrunk"]) == (26, True)
    assert dropped["freed_bytes"] >= 0
    rows = data_of(run("status", "--json", env=env))["spaces"]
    assert [row["model"] for row in rows] == [A]


@pytest.mark.usefixtures("indexed")
def test_a_model_the_index_has_nothing_of_can_be_used_at_once(
    run: Run, api: FakeApi, env: dict[str, str]
) -> None:
    used = data_of(run("models", "use", B, "--json", env=env))
    assert (used["complete"], used["full_switch"]["chunks"]) == (False, 26)
    assert documents(api, B) == []
    found = data_of(run("search", QUERY, "--json", env=env))
    assert found["space"]["model"] == B
    assert len(documents(api, B)) == 20
    status = run("status", env=env)
    assert f"models build {B}" in status.stdout
    typo = run("models", "use", "acme/othr", env=env)
    assert typo.returncode == 2
    assert f"Did you mean {B}?" in typo.stderr


@pytest.mark.usefixtures("indexed")
def test_a_file_of_questions_keeps_to_one_cap(
    run: Run, tmp_path: Path, api: FakeApi, env: dict[str, str]
) -> None:
    lines = [f"subject{number} words" for number in range(6)]
    (tmp_path / "questions.txt").write_text("\n".join(lines))
    few = {**env, "SEMSEARCH_SEARCH_SHORTLIST": "6"}
    spent = api.spent_usd
    done = run(
        *("models", "compare", B, "--queries", "questions.txt", "--max-cost", "0.000003"),
        *("--json",),
        env=few,
    )
    answer = json.loads(done.stdout)
    assert done.returncode == 4
    assert answer["error"]["code"] == "cost.cap"
    assert 1 <= len(answer["data"].get("queries", [answer["data"]])) < 6
    assert api.spent_usd - spent <= 0.000003 + 13 * len(lines[0]) * PRICE_PER_TOKEN


@pytest.mark.usefixtures("indexed")
def test_check_and_refresh(run: Run, env: dict[str, str]) -> None:
    checked = data_of(run("models", "check", "--json", env=env))
    assert (checked["model"], checked["same"], checked["sampled"]) == (A, True, 12)
    assert "is the same model" in run("models", "check", A, env=env).stdout
    assert data_of(run("models", "refresh", "--json", env=env))["models"] == 4
    rows = data_of(run("models", "list", "--json", "--offline", env=env))["models"]
    assert {row["id"] for row in rows} >= {A, B}


@pytest.mark.parametrize("arguments", [("compare",), ("build",), ("use",), ("compare", B)])
@pytest.mark.usefixtures("indexed")
def test_what_is_missing_is_said(run: Run, env: dict[str, str], arguments: tuple[str, ...]) -> None:
    done = run("models", *arguments, env=env)
    assert done.returncode == 2
    assert "needs a" in done.stderr


@pytest.mark.usefixtures("indexed")
def test_a_search_is_put_in_order_by_a_rerank_model(
    run: Run, tmp_path: Path, api: FakeApi, env: dict[str, str]
) -> None:
    listed = data_of(run("models", "list", "--rerank", "--json", env=env))["rerank_models"]
    assert [row["id"] for row in listed] == [RERANK_MODEL]
    found = data_of(run("search", QUERY, "--rerank", RERANK_MODEL, "--json", env=env))
    assert found["reranked_by"] == RERANK_MODEL
    scores = [hit["rerank_score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)
    calls = api.rerank_calls
    shown = run("search", QUERY, "--rerank", RERANK_MODEL, "--explain", env=env)
    assert api.rerank_calls == calls, "the same question is not paid for again"
    assert f"rerank score {scores[0]:.4f} by {RERANK_MODEL}" in shown.stdout
    fill(tmp_path / "private", 2)
    keywords = ("index", str(tmp_path / "private"), "--offline")
    assert run(*keywords, env={**env, "SEMSEARCH_MODEL": "local"}).returncode == 0
    refused = run("search", "more words", "--rerank", RERANK_MODEL, env=env)
    assert (refused.returncode, api.rerank_calls) == (0, calls)
    assert "never allowed" in refused.stderr
    agreed = run("search", "more words", "--rerank", RERANK_MODEL, "--yes", env=env)
    assert agreed.returncode == 0
    assert api.rerank_calls == calls + 1
    status = data_of(run("status", "--json", env=env))
    assert status["spent_usd"] == pytest.approx(api.spent_usd, abs=1e-9)


def test_any_sequence_of_switches_kills_and_restarts_pays_once(
    run: Run, tmp_path: Path, api: FakeApi, env: dict[str, str]
) -> None:
    """A kill loses at most what was in flight: replies the process never got to keep."""
    fill(tmp_path / "many", 160)
    assert run("index", str(tmp_path / "many"), "--model", A, "--yes", env=env).returncode == 0
    chance = random.Random(5)
    lost_requests = 0
    for round in range(5):
        command = ["models", "build", B] if round % 2 else ["search", f"subject{round}"]
        if round == 2:
            run("models", "use", B, env=env)
        process = subprocess.Popen(
            [sys.executable, "-m", "semsearch", *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
            env={**os.environ, **env, "PYTHONPATH": os.getcwd()},
        )
        wait_for_requests(api, len(api.embedding_requests) + chance.randint(1, 3), process)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            lost_requests += 4
        process.wait()
    assert run("models", "build", B, "--use", env=env).returncode == 0
    counts = Counter(documents(api, B))
    assert len(counts) == 160
    assert sum(counts.values()) - 160 <= lost_requests * 8
    sent = len(documents(api, B))
    for model in (A, B):
        assert run("models", "use", model, env=env).returncode == 0
        assert run("search", "subject3", env=env).returncode == 0
        assert run("models", "build", B, env=env).returncode == 0
    assert len(documents(api, B)) == sent
    assert len(documents(api, A)) == 160


def wait_for_requests(api: FakeApi, count: int, process: subprocess.Popen[bytes]) -> None:
    """Until the server has seen that many, or the process is done."""
    while len(api.embedding_requests) < count and process.poll() is None:
        time.sleep(0.002)
