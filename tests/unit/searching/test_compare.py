"""Two rankings of the same candidates: ranks, overlap, agreement, and one model's order alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.records import ComparedRow
from semsearch.searching import Options, parse_query
from semsearch.searching.compare import agreement, compared_rows, overlap
from semsearch.searching.rerank import UNRANKED, Shortlist, rerank, shortlist
from tests.fakes.embedder import FakeEmbedder
from tests.unit.searching.corpus import ALPHA, names

if TYPE_CHECKING:
    from semsearch.records import Query, Space
    from tests.unit.searching.corpus import Corpus

QUESTION = "why did the import slow down"


def row(chunk: int, rank_a: int | None, rank_b: int | None) -> ComparedRow:
    return ComparedRow(chunk, b"/n", 1, (), "", rank_a, rank_b, None, None)


def rows(ranks: list[int]) -> list[ComparedRow]:
    """A's order, and the rank B gives to each."""
    return [row(number, number, rank) for number, rank in enumerate(ranks, 1)]


def asked(corpus: Corpus, text: str = QUESTION) -> Query:
    return parse_query(text, cwd=bytes(corpus.folder), now=time.time(), roots=[corpus.root.path])


class Other:
    """A second model with vectors of some of the notes."""

    def __init__(self, corpus: Corpus, leave_out: frozenset[int] = frozenset()) -> None:
        self.embedder = FakeEmbedder(32, "other")
        store = corpus.store
        self.space: Space = store.ensure_space(self.embedder.key, ALPHA)
        listed = self.listed(corpus)
        chunks = [chunk for chunk in listed.chunks if chunk not in leave_out]
        passages = store.unembedded_of(self.space.id, chunks, remote=False)
        reply = self.embedder.embed([one.text for one in passages], "document")
        store.add_vectors(self.space.id, passages, reply.vectors, None)
        self.vector = self.embedder.embed([QUESTION], "query").vectors[0]

    def listed(self, corpus: Corpus, size: int = 100) -> Shortlist:
        return shortlist(corpus.store, asked(corpus), corpus.space, corpus.client, size)


def test_the_same_order_agrees_fully_and_the_reverse_not_at_all() -> None:
    assert agreement(rows([1, 2, 3, 4])) == 1.0
    assert agreement(rows([4, 3, 2, 1])) == -1.0
    assert overlap(rows([1, 2, 3, 4]), 2) == 1.0
    assert overlap(rows([4, 3, 2, 1]), 2) == 0.0
    assert overlap(rows([2, 1, 4, 3]), 3) == pytest.approx(2 / 3)


def test_one_swap_costs_two_of_all_pairs() -> None:
    assert agreement(rows([2, 1, 3, 4])) == pytest.approx(1 - 2 / 6)


def test_without_two_ranks_there_is_no_agreement() -> None:
    assert agreement([row(1, 1, None), row(2, None, 1)]) is None
    assert agreement([row(1, 1, 1)]) is None
    assert overlap([row(1, None, 1)], 5) is None


@given(st.permutations(list(range(1, 9))))
def test_agreement_is_the_same_from_both_sides(order: list[int]) -> None:
    one_way = rows(order)
    other_way = [one._replace(rank_a=one.rank_b, rank_b=one.rank_a) for one in one_way]
    assert agreement(one_way) == pytest.approx(agreement(other_way))
    assert overlap(one_way, 3) == overlap(other_way, 3)
    assert -1.0 <= (agreement(one_way) or 0.0) <= 1.0


def test_a_shortlist_is_the_fused_order_cut(notes: Corpus) -> None:
    query, found = asked(notes), notes.search(QUESTION, limit=5)
    listed = shortlist(notes.store, query, notes.space, notes.client, 5)
    assert listed.chunks == tuple(hit.chunk for hit in found.hits)
    again = shortlist(notes.store, query, notes.space, None, 5)
    assert again.chunks == listed.chunks


def test_a_shortlist_weighs_words_as_a_search_does(notes: Corpus) -> None:
    raw = "dough zebra quagga okapi"
    listed = shortlist(notes.store, asked(notes, raw), notes.space, notes.client, 5)
    assert [one.score for one in listed.ranked] == [
        hit.score for hit in notes.search(raw, limit=5).hits
    ]
    assert max(one.lexical_part for one in listed.ranked) < 0.3


def test_without_the_first_model_words_alone_find_candidates(notes: Corpus) -> None:
    listed = shortlist(
        notes.store, asked(notes, "dough"), notes.space, None, 5, Options(offline=True)
    )
    assert len(listed.chunks) == 1
    assert listed.vector is None
    assert "words only" in listed.notices[0]


def test_both_sides_are_ranked_by_their_own_cosine(notes: Corpus) -> None:
    other = Other(notes)
    listed = other.listed(notes)
    assert notes.space is not None
    both = compared_rows(
        notes.store,
        asked(notes),
        listed,
        (notes.space, listed.vector),
        (other.space, other.vector),
    )
    for side in ("a", "b"):
        ranked = sorted(both, key=lambda one: getattr(one, f"rank_{side}"))
        cosines = [getattr(one, f"cosine_{side}") for one in ranked]
        assert cosines == sorted(cosines, reverse=True)
        assert [getattr(one, f"rank_{side}") for one in ranked] == list(range(1, len(both) + 1))
    assert [one.rank_b for one in both] == list(range(1, len(both) + 1))
    assert all(one.snippet and one.path.startswith(bytes(notes.folder)) for one in both)


def test_the_final_order_is_one_models_cosine(notes: Corpus) -> None:
    other = Other(notes)
    listed = other.listed(notes)
    result = rerank(notes.store, asked(notes), listed, other.space, other.vector)
    expected = notes.store.nearest(other.space.id, other.vector, 100)
    assert [(hit.chunk, hit.cosine) for hit in result.hits] == expected[: len(result.hits)]
    assert result.space == other.space


def test_a_candidate_that_can_have_no_vector_comes_last_and_is_told(notes: Corpus) -> None:
    best = notes.search(QUESTION).hits[0].chunk
    other = Other(notes, leave_out=frozenset((best,)))
    listed = other.listed(notes)
    result = rerank(notes.store, asked(notes), listed, other.space, other.vector)
    last = result.hits[-1]
    assert (last.chunk, last.cosine, last.score) == (best, None, UNRANKED)
    assert result.coverage < 1
    assert any("come last" in notice for notice in result.notices)


def test_files_are_shown_once_when_asked_to_be(notes: Corpus) -> None:
    other = Other(notes)
    listed = other.listed(notes)
    options = Options(per_file=True, limit=50)
    result = rerank(notes.store, asked(notes), listed, other.space, other.vector, options)
    paths = [name.split(":")[0] for name in names(result)]
    assert len(paths) == len(set(paths)) > 1


def test_sentences_are_chosen_by_the_model_that_orders_where_it_is_on_this_machine(
    notes: Corpus,
) -> None:
    other = Other(notes)
    asked_of: list[str] = []

    def likeness(space: Space) -> None:
        asked_of.append(space.key.model)

    options = Options(likeness=likeness)
    listed = other.listed(notes)
    for endpoint in ("https://fake.test/v1", "local"):
        space = other.space._replace(key=other.space.key._replace(endpoint=endpoint))
        assert rerank(notes.store, asked(notes), listed, space, other.vector, options).hits
    assert asked_of == ["other"]
