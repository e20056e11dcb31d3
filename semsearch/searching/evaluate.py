"""Ask questions whose answers are known, and measure what comes back."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.records import Query
from semsearch.records.evaluation import Difference, EvaluatedRun
from semsearch.searching.answer import Options, ranking
from semsearch.searching.hits import chunk_path
from semsearch.searching.measures import measured, ndcg, recall, reciprocal_rank
from semsearch.searching.query import parse_query
from semsearch.searching.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from semsearch.protocols import Store
    from semsearch.records import Mode, Space
    from semsearch.searching.judged import Question

DEPTH: Final = 100
"""Hits asked for, as recall@100 needs."""
_FIRST_PAGE: Final = 10


class Answered(NamedTuple):
    """The measures of one run, question by question."""

    ndcg: list[float]
    recall: list[float]
    reciprocal_rank: list[float]
    judged: list[float]
    nothing: int
    spent_ms: list[float]


def as_query(question: Question, *, now: float, roots: Sequence[bytes] = ()) -> Query:
    """What is asked: the text as it stands, or in the language of searches where it was typed."""
    if question.plain:
        text = " ".join(question.text.split())
        return Query(raw=question.text, text=text, terms=tuple(words(text)))
    return parse_query(question.text, cwd=os.getcwdb(), now=now, roots=roots)


def answer_all(
    store: Store,
    questions: Sequence[Question],
    options: Options,
    space: Space | None,
    vectors: Mapping[str, bytes],
    tell: Callable[[int], None],
) -> Answered:
    """Ask every question and compare the order with what is relevant.

    Args:
        store: the index.
        questions: with what is relevant; whether files or passages, `options.per_file` says.
        options: mode and the like; the limit is ours.
        space: whose vectors; None in lexical mode.
        vectors: of the questions' texts, by text.
        tell: called after each question with how many are done.
    """
    options = options._replace(limit=DEPTH)
    answered = Answered([], [], [], [], 0, [])
    nothing, now = 0, time.time()
    roots = [root.path for root in store.roots()]
    for done, question in enumerate(questions, 1):
        query = as_query(question, now=now, roots=roots)
        vector = vectors.get(query.text) if space is not None else None
        begun = time.perf_counter()
        order = ranking(store, query, space, vector, options)
        answered.spent_ms.append(1e3 * (time.perf_counter() - begun))
        ranked: list[Hashable] = [
            chunk_path(row) if options.per_file else row.chunk for _, row in order
        ]
        grades, first = question.grades, ranked[:_FIRST_PAGE]
        answered.ndcg.append(ndcg(ranked, grades))
        answered.recall.append(recall(ranked, grades))
        answered.reciprocal_rank.append(reciprocal_rank(ranked, grades))
        answered.judged.append(sum(one in grades for one in first) / max(1, len(first)))
        nothing += not ranked
        tell(done)
    return answered._replace(nothing=nothing)


def summary(mode: Mode, space: Space | None, answered: Answered) -> EvaluatedRun:
    """Means with their intervals."""
    spent = sorted(answered.spent_ms)
    return EvaluatedRun(
        mode,
        space,
        measured(answered.ndcg),
        measured(answered.recall),
        measured(answered.reciprocal_rank),
        sum(answered.judged) / max(1, len(answered.judged)),
        answered.nothing,
        spent[len(spent) // 2] if spent else 0.0,
    )


def difference(first: int, second: int, answered: Sequence[Answered]) -> Difference:
    """How much better the second run is, paired by question."""
    one, other = answered[first], answered[second]
    return Difference(
        first,
        second,
        measured(_minus(other.ndcg, one.ndcg)),
        measured(_minus(other.recall, one.recall)),
        measured(_minus(other.reciprocal_rank, one.reciprocal_rank)),
    )


def _minus(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [mine - other for mine, other in zip(ours, theirs, strict=True)]
