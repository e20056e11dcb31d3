"""The first model that is named: right, wrong, and right at the second try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.conftest import data_of, error_of
from tests.fakes.api_server import KEY, FakeApi

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

MODEL = "openai/text-embedding-3-small"


def test_a_mistyped_first_model_does_not_stand_in_the_way(
    run: Run, tmp_path: Path, api: FakeApi
) -> None:
    env = {"OPENROUTER_API_KEY": KEY, "SEMSEARCH_BASE_URL": api.url}
    notes = tmp_path / "few"
    notes.mkdir()
    (notes / "bread.md").write_text("# Bread\n\nThe loaf was dense because the dough was cold.\n")
    wrong = run("index", str(notes), "--model", "acme/tinny", "--yes", "--json", env=env)
    assert error_of(wrong)["code"] == "model.unknown"
    assert wrong.returncode == 2
    right = data_of(run("index", str(notes), "--model", MODEL, "--yes", "--json", env=env))
    assert right["chunks"]["embedded"] == 1
    found = data_of(run("search", "why was the loaf dense", "--json", env=env))
    assert found["space"]["model"] == MODEL
    assert found["hits"][0]["cosine"] is not None
    again = data_of(run("index", "--json", env=env))
    assert (again["files"]["unchanged"], again["api"]["requests"]) == (1, 0)


def test_a_plan_tells_what_a_model_costs_that_only_its_server_knows(
    run: Run, notes: Path, api: FakeApi
) -> None:
    env = {"OPENROUTER_API_KEY": KEY, "SEMSEARCH_BASE_URL": api.url}
    plan = data_of(run("index", str(notes), "--model", "acme/tiny", "--dry-run", "--json", env=env))
    assert plan["estimate"]["cost_usd"] > 0
    assert [request.method for request in api.requests] == ["GET"]  # the list, and no text
