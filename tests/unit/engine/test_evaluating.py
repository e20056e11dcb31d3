"""What is measured, by whose judgments, and what a search learns about nearness meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from semsearch.engine.background import learn_after_run
from semsearch.engine.evaluating import EvaluationRequest, evaluate, plan
from semsearch.errors import EmbeddingError
from semsearch.searching.hits import background
from tests.fakes.embedder import FakeEmbedder
from tests.unit.engine.conftest import A, B
from tests.unit.searching.corpus import Corpus

if TYPE_CHECKING:
    from pathlib import Path

    from semsearch.engine import Engine
    from semsearch.records.evaluation import Evaluation
    from tests.unit.engine.conftest import Desk


def untold(_what: str, _done: int, _total: int) -> None:
    pass


def measured(engine: Engine, **request: Any) -> Evaluation:
    return evaluate(engine, plan(engine, EvaluationRequest(**request)), untold)


def mark(engine: Engine, query: str, *grades: int) -> None:
    """Mark the first hits of a search, as a person does."""
    hits = engine.search(query, mode="lexical").hits
    for hit, grade in zip(hits, grades, strict=False):
        engine.store().judge(query, hit.chunk, grade)


def test_marks_are_the_judgments_where_there_are_any(desk: Desk) -> None:
    def act(engine: Engine) -> None:
        mark(engine, "number7", 1)
        mark(engine, "about number8 in:8", 0, 0)
        planned = plan(engine, EvaluationRequest(modes=("lexical",)))
        assert (planned.source, planned.unit) == ("marks", "passage")
        # A question with irrelevant hits only has no answer to look for.
        assert [one.text for one in planned.questions] == ["number7"]
        assert planned.unanswerable == 1
        done = evaluate(engine, planned, untold)
        assert done.runs[0].reciprocal_rank.mean == 1.0
        known = plan(engine, EvaluationRequest(known_items=True, limit=5))
        assert known.source == "known items"

    desk.do(act)


def test_marks_of_passages_that_are_gone_count_no_more(desk: Desk) -> None:
    def act(engine: Engine) -> None:
        mark(engine, "number7", 1)
        mark(engine, "number9", 1)
        file = next(one for one in engine.store().files() if one.relative.endswith(b"/note9.md"))
        engine.store().remove_files([file.id])
        planned = plan(engine, EvaluationRequest(modes=("lexical",)))
        assert [one.text for one in planned.questions] == ["number7"]

    desk.do(act)


def test_a_model_that_does_not_cover_the_index_is_left_out_unless_named(desk: Desk) -> None:
    desk.compare(B, "willow thistle")

    def act(engine: Engine) -> None:
        planned = plan(engine, EvaluationRequest(known_items=True, limit=4))
        assert [space.key.model for space in planned.spaces] == [A]
        assert B in planned.notices[0]
        named = plan(engine, EvaluationRequest(known_items=True, limit=4, spaces=(B, A, B)))
        assert [space.key.model for space in named.spaces] == [B, A]

    desk.do(act)


def test_what_is_announced_is_what_is_paid(desk: Desk) -> None:
    def act(engine: Engine) -> None:
        planned = plan(engine, EvaluationRequest(known_items=True, limit=6))
        (outlay,) = planned.outlays
        before = desk.charged_usd
        done = evaluate(engine, planned, untold)
        assert done.cost_usd == pytest.approx(desk.charged_usd - before)
        assert outlay.questions == 6 + 24  # 24 of ours tell what unrelated text reaches
        assert plan(engine, EvaluationRequest(known_items=True, limit=6)).outlays == ()
        (space,) = planned.spaces
        assert background(engine.store(), space) is not None

    desk.do(act)


def test_offline_only_questions_asked_before_are_measured(desk: Desk) -> None:
    first = desk.do(lambda engine: measured(engine, known_items=True, limit=6))
    asked = desk.requests
    again = desk.do(lambda engine: measured(engine, known_items=True, limit=6), offline=True)
    assert [run.ndcg for run in again.runs] == [run.ndcg for run in first.runs]
    fewer = desk.do(lambda engine: measured(engine, known_items=True, limit=9), offline=True)
    assert [run.mode for run in fewer.runs] == ["lexical"]
    assert "Offline" in fewer.notices[0]
    with pytest.raises(EmbeddingError, match="Offline"):
        desk.do(
            lambda engine: measured(engine, known_items=True, limit=9, spaces=(A,)), offline=True
        )
    assert desk.requests == asked


def test_offline_nothing_new_is_learned_about_nearness(desk: Desk) -> None:
    def ask(engine: Engine) -> None:
        planned = plan(engine, EvaluationRequest(known_items=True, limit=3))
        for question in planned.questions:
            engine.search(question.text)

    desk.do(ask)
    asked = desk.requests
    done = desk.do(lambda engine: measured(engine, known_items=True, limit=3), offline=True)
    assert [run.mode for run in done.runs] == ["hybrid", "semantic", "lexical"]
    assert desk.requests == asked


def test_a_model_of_this_machine_is_asked_once_what_unrelated_text_reaches(
    tmp_path: Path,
) -> None:
    corpus = Corpus(tmp_path)
    corpus.embedder = FakeEmbedder(endpoint="local")
    corpus.add_all({f"{n}.md": f"text {n} of many\n" for n in range(25)})
    store, space = corpus.store, corpus.space
    assert space is not None
    learn_after_run(store, space, corpus.embedder)
    assert background(store, space) is not None
    calls = len(corpus.embedder.calls)
    learn_after_run(store, space, corpus.embedder)
    learn_after_run(store, space, FakeEmbedder())
    learn_after_run(store, None, None)
    assert len(corpus.embedder.calls) == calls
    store.close()


def test_nothing_is_sent_to_a_server_for_it(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.add_all({f"{n}.md": f"text {n} of many\n" for n in range(25)})
    calls = len(corpus.embedder.calls)
    learn_after_run(corpus.store, corpus.space, corpus.embedder)
    assert len(corpus.embedder.calls) == calls
    corpus.store.close()
