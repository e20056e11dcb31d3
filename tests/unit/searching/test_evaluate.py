"""Questions with known answers: reading them, making them, asking them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from semsearch.errors import UsageError
from semsearch.searching import Options
from semsearch.searching.evaluate import answer_all, as_query, difference, summary
from semsearch.searching.judged import Question, read_judgments, read_questions
from semsearch.searching.known_items import known_items
from semsearch.searching.question_vectors import query_vectors
from semsearch.searching.words import STOP_WORDS, words

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.searching.corpus import Corpus


def wrote(path: Path, text: str) -> bytes:
    path.write_text(text, encoding="utf-8")
    return os.fsencode(path)


def untold(_done: int) -> None:
    pass


# --- files -------------------------------------------------------------------------------------


def test_questions_and_judgments_are_read_as_trec_and_beir_write_them(tmp_path: Path) -> None:
    queries = wrote(tmp_path / "q.tsv", "﻿query-id\ttext\nq1\twhy so  dense?\n\nq2\tcold\tbrew\r\n")
    assert read_questions(queries) == {"q1": "why so  dense?", "q2": "cold\tbrew"}
    three = wrote(tmp_path / "a.tsv", "query-id\tcorpus-id\tscore\nq1\ta b/c d.md\t2\nq1\te\t-1\n")
    assert read_judgments(three) == {"q1": {"a b/c d.md": 2, "e": -1}}
    trec = wrote(tmp_path / "b.tsv", "q1 0 e.md 1\nq2\t0\tf g.md\t0\n")
    assert read_judgments(trec) == {"q1": {"e.md": 1}, "q2": {"f g.md": 0}}


@pytest.mark.parametrize("text", ["q1\n", "", "  \n", "text-without-tab"])
def test_a_file_of_questions_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        read_questions(wrote(tmp_path / "q.tsv", text))


@pytest.mark.parametrize("text", ["q1\ta.md\t1\nq1\tb.md\thigh\n", "", "q1\ta.md\n", "a b c d e\n"])
def test_a_file_of_judgments_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        read_judgments(wrote(tmp_path / "j.tsv", text))


# --- known items -------------------------------------------------------------------------------


def test_a_known_item_is_some_of_a_heading_that_stands_in_one_file(corpus: Corpus) -> None:
    corpus.add("a.md", "One.\n", title="Fermenting white cabbage at home in winter")
    corpus.add("b.md", "Two.\n", title="Meeting notes Monday")
    corpus.add("c.md", "Three.\n", title="Meeting notes Monday")
    corpus.add("d.md", "Four.\n", title="The")
    made = known_items(corpus.store, 10)
    assert [one.grades for one in made] == [{corpus.path("a.md"): 1}]
    asked = words(made[0].text)
    assert set(asked) < {"fermenting", "white", "cabbage", "home", "winter"}
    assert len(asked) == 2
    assert not STOP_WORDS & set(asked)
    assert made == known_items(corpus.store, 10)


def test_known_items_are_as_many_as_wanted(corpus: Corpus) -> None:
    corpus.add_all({f"{n}.md": f"# word{n} subject{n}\n" for n in range(30)})
    assert known_items(corpus.store, 5) == []
    for number in range(12):
        corpus.add(f"t{number}.md", "Text.\n", title=f"Heading{number} number{number}")
    assert len(known_items(corpus.store, 5)) == 5


# --- asking ------------------------------------------------------------------------------------


def test_a_question_from_a_file_is_text_and_a_typed_one_is_a_query() -> None:
    text = 'type:md "dense loaf" -rye'
    plain = as_query(Question(text, {}), now=0)
    assert (plain.text, plain.phrases, plain.excluded) == (text, (), ())
    typed = as_query(Question(text, {}, plain=False), now=0)
    assert (typed.text, typed.phrases, typed.excluded) == ("dense loaf", ("dense loaf",), ("rye",))


def test_answers_are_measured_and_compared_question_by_question(notes: Corpus) -> None:
    space = notes.space
    assert space is not None
    questions = [
        Question("dense loaf proofing", {notes.path("kitchen/bread.md"): 2}),
        Question("cold brew fridge", {notes.path("kitchen/coffee.md"): 1}),
        Question("zebra", {notes.path("work/plan.md"): 1}),
    ]
    vectors, cost = query_vectors(
        notes.store,
        space,
        [one.text for one in questions],
        notes.client,
        offline=False,
        tell=untold,
    )
    assert cost > 0
    assert notes.store.status().spent_usd == pytest.approx(cost)
    told: list[int] = []
    runs = [
        answer_all(notes.store, questions, options, used, vectors, told.append)
        for options, used in (
            (Options(mode="lexical", per_file=True), None),
            (Options(mode="semantic", per_file=True), space),
        )
    ]
    assert told == [1, 2, 3] * 2
    assert runs[0].ndcg == [1.0, 1.0, 0.0]
    assert runs[0].nothing == 1
    assert runs[1].recall == [1.0, 1.0, 1.0]
    measured = summary("lexical", None, runs[0])
    assert measured.ndcg.mean == pytest.approx(2 / 3)
    assert measured.judged == pytest.approx(2 / 3)
    gained = difference(0, 1, runs)
    expected = sum(runs[1].ndcg) / 3 - 2 / 3
    assert gained.ndcg.mean == pytest.approx(expected)
    assert gained.ndcg.low <= expected <= gained.ndcg.high


def test_marks_of_passages_are_met_by_passages(notes: Corpus) -> None:
    hits = notes.search("import index", mode="lexical").hits
    question = Question("import index", {hits[1].chunk: 1})
    done = answer_all(notes.store, [question], Options(mode="lexical"), None, {}, untold)
    assert done.reciprocal_rank == [0.5]


def test_vectors_of_questions_are_bought_in_batches_and_once(notes: Corpus) -> None:
    space = notes.space
    assert space is not None
    notes.embedder.max_inputs = 4
    texts = [f"question {number}" for number in range(10)]
    before = len(notes.embedder.calls)
    told: list[int] = []

    def buy() -> tuple[dict[str, bytes], float]:
        return query_vectors(
            notes.store, space, texts, notes.client, offline=False, tell=told.append
        )

    vectors, cost = buy()
    assert [len(one) for one, _ in notes.embedder.calls[before:]] == [4, 4, 2]
    assert {purpose for _, purpose in notes.embedder.calls[before:]} == {"query"}
    assert told == [4, 8, 10]
    assert list(vectors) == texts
    assert cost > 0
    assert buy() == (vectors, 0.0)
    assert len(notes.embedder.calls) == before + 3
