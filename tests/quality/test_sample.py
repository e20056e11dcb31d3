"""Quality on the sample folder with the embedded model: a small judged collection of our own."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import semsearch
from semsearch import settings
from semsearch.engine import Engine
from semsearch.engine.evaluating import EvaluationRequest, evaluate, plan
from semsearch.searching.snippet import Matcher, best_snippet
from semsearch.searching.words import words
from semsearch.store import segment
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


@pytest.mark.model
def test_the_sentence_shown_answers_more_often_by_meaning_than_by_words(engine: Engine) -> None:
    """Each line of `sentences.tsv`: a question, the file that answers, and what its sentences say.

    Several sentences may answer; of each only a few words stand there, parted by a bar.
    """
    space = engine.search_space()
    assert space is not None
    likeness = engine.word_likeness(space)
    assert likeness is not None
    store = engine.store()
    root = store.roots()[0].id
    right = {"words": 0, "meaning": 0}
    passages = 0
    for line in (JUDGED / "sentences.tsv").read_text().splitlines():
        asked, name, answers = line.split("\t")
        finder = Matcher(words(asked), (), segment)
        file = store.file(root, name.encode())
        assert file is not None
        for row in store.chunk_rows(store.chunks_of_file(file.id)):
            if not _answers(row.text, answers):
                continue
            passages += 1
            nearest = partial(likeness.nearest, finder.terms)
            right["words"] += _answers(best_snippet(row.text, finder).sentence, answers)
            shown = best_snippet(row.text, finder, nearest=nearest)
            right["meaning"] += _answers(shown.sentence, answers)
    assert passages > 35
    assert right["meaning"] > right["words"] > passages // 2


@pytest.mark.model
def test_the_same_sentences_are_shown_when_the_question_is_known(engine: Engine) -> None:
    first = engine.search("my dough did not rise in a cold kitchen")
    assert "meaning" in {hit.snippet_by for hit in first.hits}
    again = engine.search("my dough did not rise in a cold kitchen")
    assert [hit.snippet for hit in again.hits] == [hit.snippet for hit in first.hits]


def _answers(text: str, answers: str) -> bool:
    plain = " ".join(text.split())
    return any(answer in plain for answer in answers.split("|"))
