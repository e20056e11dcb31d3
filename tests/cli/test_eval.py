"""`semsearch eval`: quality on one's own files, as a person or a script meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.cli.conftest import data_of, error_of
from tests.fakes.api_server import FakeApi

if TYPE_CHECKING:
    from tests.cli.conftest import Run

A = "acme/tiny"
B = "acme/other"
SCHEMA = Path(__file__).parent.parent / "unit" / "present" / "schemas" / "eval.json"


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Thirty documents, and three questions of which one has no answer among them."""
    folder = tmp_path / "judged"
    documents = folder / "docs"
    (documents / "some where").mkdir(parents=True)
    for number in range(30):
        path = documents / "some where" / f"note {number}.md"
        path.write_text(f"# Number {number} of many\n\nSomething about subject{number} here.\n")
    (folder / "queries.tsv").write_text(
        "1\tsubject3 -here: type:md\n2\tsubject4\n3\tsomething else\n"
    )
    (folder / "qrels.tsv").write_text(
        "1\tsome where/note 3.md\t2\n2\tsome where/note 4.md\t1\n3\tgone.md\t1\n"
    )
    return folder


def queries_sent(api: FakeApi) -> list[str]:
    return [
        text
        for request in api.embedding_requests
        if request.json["input_type"] == "search_query"
        for text in request.json["input"]
    ]


def evaluated(run: Run, *arguments: str, env: dict[str, str] | None = None) -> Any:
    done = run("eval", *arguments, "--json", env=env)
    assert done.returncode == 0, done.stderr
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(json.loads(done.stdout))
    return data_of(done)


def test_without_a_model_words_alone_are_measured(run: Run, judged: Path) -> None:
    assert run("index", str(judged / "docs"), "--offline").returncode == 0
    data = evaluated(run, str(judged))
    assert data["judgments"] == {
        "source": "file", "unit": "file", "questions": 2, "unanswerable": 1,
    }  # fmt: skip
    (only,) = data["runs"]
    assert (only["mode"], only["space"]) == ("lexical", None)
    # The question is text: its filter and exclusion are words like others.
    assert only["mrr_at_10"]["mean"] == 1.0
    assert only["ndcg_at_10"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    shown = run("eval", str(judged))
    assert "100.0" in shown.stdout
    assert "1 question is left out" in shown.stdout


def test_two_models_are_compared_and_questions_paid_for_once(
    run: Run, api: FakeApi, env: dict[str, str], judged: Path
) -> None:
    assert run("index", str(judged / "docs"), "--model", A, "--yes", env=env).returncode == 0
    assert run("models", "build", B, "--yes", env=env).returncode == 0
    assert queries_sent(api) == []
    refused = run("eval", str(judged), "--json", env=env)
    assert refused.returncode == 4
    assert "questions" in error_of(refused)["message"]
    assert queries_sent(api) == []

    data = evaluated(run, str(judged), "--yes", env=env)
    assert [(one["mode"], one["space"] and one["space"]["model"]) for one in data["runs"]] == [
        ("hybrid", A), ("semantic", A), ("hybrid", B), ("semantic", B), ("lexical", None),
    ]  # fmt: skip
    assert len(data["differences"]) == 10
    assert [one["space"]["model"] for one in data["switches"]] == [A, B]
    assert all(one["cost_usd"] > 0 and one["passages"] == 30 for one in data["switches"])
    assert data["cost_usd"] > 0
    sent = queries_sent(api)
    assert len(sent) == len(set(sent)) * 2

    again = evaluated(run, str(judged), env=env)
    assert again["cost_usd"] == 0
    assert queries_sent(api) == sent
    quality = ("mode", "ndcg_at_10", "recall_at_100", "mrr_at_10")
    assert [[one[key] for key in quality] for one in again["runs"]] == [
        [one[key] for key in quality] for one in data["runs"]
    ]
    spent = data_of(run("status", "--json", env=env))["spent_usd"]
    assert spent == pytest.approx(api.spent_usd)


def test_one_model_and_one_mode_can_be_named(run: Run, env: dict[str, str], judged: Path) -> None:
    assert run("index", str(judged / "docs"), "--model", A, "--yes", env=env).returncode == 0
    data = evaluated(run, str(judged), "--yes", "--spaces", A, "--modes", "semantic", env=env)
    assert [one["mode"] for one in data["runs"]] == ["semantic"]
    assert data["differences"] == []
    unknown = run("eval", str(judged), "--spaces", "acme/none", "--json", env=env)
    assert unknown.returncode == 2
    assert A in error_of(unknown)["hint"]
    assert run("eval", str(judged), "--modes", "psychic", env=env).returncode == 2


def test_judgments_in_trec_form_beside_other_folders(run: Run, judged: Path) -> None:
    assert run("index", str(judged / "docs"), "--offline").returncode == 0
    (judged / "trec.txt").write_text("1 0 note-3 1\n2\t0\tnote 4\t1\n")
    data = evaluated(
        run,
        "--queries", str(judged / "queries.tsv"), "--qrels", str(judged / "trec.txt"),
    )  # fmt: skip
    # By the name without its ending where the path is not one; `note-3` is no file's name.
    assert data["judgments"]["questions"] == 1
    assert data["judgments"]["unanswerable"] == 1
    assert run("eval", "--queries", str(judged / "queries.tsv")).returncode == 2
    assert run("eval", str(judged / "docs")).returncode == 2
    assert run("eval", str(judged), "--limit", "0").returncode == 2


def test_without_judgments_questions_are_made_of_headings(run: Run, notes: Path) -> None:
    for number in range(8):
        (notes / f"h{number}.md").write_text(
            f"# Subject{number} of heading{number}\n\nText {number} stands here.\n"
        )
    assert run("index", str(notes), "--offline").returncode == 0
    data = evaluated(run)
    assert data["judgments"]["source"] == "known items"
    assert data["judgments"]["questions"] >= 8
    assert data["runs"][0]["recall_at_100"]["mean"] == 1.0
    assert evaluated(run, "--limit", "3")["judgments"]["questions"] == 3
    assert "favours search by words" in run("eval").stdout


def test_an_empty_index_has_no_questions(run: Run, tmp_path: Path) -> None:
    assert run("eval").returncode == 2
    (tmp_path / "empty").mkdir()
    assert run("index", str(tmp_path / "empty"), "--offline").returncode == 0
    done = run("eval", "--json")
    assert error_of(done)["code"] == "eval.no_questions"
