"""Quality on the sample folder with the embedded model: a small judged collection of our own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import semsearch
from semsearch import settings
from semsearch.engine import Engine
from semsearch.engine.evaluating import EvaluationRequest, evaluate, plan
from tests.quality.evaluate import build, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE = Path(semsearch.__file__).parent / "sample"
JUDGED = Path(__file__).parent / "sample"
UNANSWERABLE = (
    "quarterly football results",
    "who is the president of france",
    "plot of a science fiction film",
    "mortgage interest rates",
    "kubernetes ingress certificate",
    "zxcv qwer asdf",
)


@pytest.fixture
def engine(tmp_path: Path, installed_model: Path) -> Iterator[Engine]:
    """An engine on an index of the sample folder, made with the embedded model."""
    assert installed_model.exists()
    folder = tmp_path / "sample"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    flags: dict[str, settings.Value] = {
        "index.path": str(tmp_path / "index.db"),
        "model.name": "local",
    }
    made = Engine(settings.load(flags=flags))
    build(made, os.fsencode(folder))
    yield made
    made.close()


@pytest.mark.model
def test_the_judged_questions_are_answered_and_the_others_are_not(engine: Engine) -> None:
    request = EvaluationRequest(
        queries=os.fsencode(JUDGED / "queries.tsv"), qrels=os.fsencode(JUDGED / "qrels.tsv")
    )
    planned = plan(engine, request)
    assert (len(planned.questions), planned.unanswerable) == (15, 0)
    done = evaluate(engine, planned, tell)
    hybrid, semantic, lexical = done.runs
    assert hybrid.ndcg.mean > 0.93
    assert hybrid.recall.mean == 1.0
    assert semantic.ndcg.mean > lexical.ndcg.mean
    for question in UNANSWERABLE:
        found = engine.search(question)
        assert found.hits == (), question
        assert "Nothing close" in found.notices[-1]
    for question in planned.questions:
        assert engine.search(question.text).hits[0].band is not None
