"""Fusion: bounds, invariances, determinism."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.searching.rank import (
    Ranked,
    Scored,
    best_per_file,
    fuse,
    lexical_only,
    semantic_only,
    settle_ties,
)


def scored(low: float, high: float) -> st.SearchStrategy[list[Scored]]:
    return st.dictionaries(
        st.integers(1, 60), st.floats(low, high, allow_nan=False, width=32), max_size=30
    ).map(lambda scores: sorted(scores.items(), key=lambda one: (-one[1], one[0])))


LEXICAL = scored(0.0, 40.0)
SEMANTIC = scored(-1.0, 1.0)
ALPHA = st.floats(0.0, 1.0)


def order(ranked: list[Ranked]) -> list[int]:
    return [one.id for one in ranked]


def test_the_formula() -> None:
    fused = fuse([(1, 8.0), (2, 4.0)], [(2, 0.9), (3, 0.7), (4, 0.5)], 0.6)
    assert order(fused) == [2, 1, 3, 4]
    by_id = {one.id: one for one in fused}
    assert by_id[1] == Ranked(1, pytest.approx(0.4), 1, None, pytest.approx(0.4), 0.0)
    assert by_id[2] == Ranked(2, pytest.approx(0.8), 2, 1, pytest.approx(0.2), pytest.approx(0.6))
    assert by_id[3].score == pytest.approx(0.6 * 0.5)
    assert by_id[4].score == 0.0


def test_one_side_alone_keeps_its_order() -> None:
    assert order(fuse([(5, 2.0), (3, 1.0)], [], 0.5)) == [5, 3]
    assert order(fuse([], [(5, 0.2), (3, 0.1)], 0.5)) == [5, 3]
    assert fuse([], [], 0.5) == []


def test_equal_cosines_all_count_as_best() -> None:
    assert [one.score for one in fuse([], [(1, 0.4), (2, 0.4)], 0.5)] == [0.5, 0.5]
    assert fuse([], [(1, -0.3)], 0.7)[0].score == pytest.approx(0.7)


@given(LEXICAL, SEMANTIC, ALPHA)
@settings(max_examples=200, deadline=None)
def test_every_candidate_once_within_bounds(
    lexical: list[Scored], semantic: list[Scored], alpha: float
) -> None:
    fused = fuse(lexical, semantic, alpha)
    assert sorted(order(fused)) == sorted({id_ for id_, _ in [*lexical, *semantic]})
    for one in fused:
        assert -1e-9 <= one.score <= 1 + 1e-9
        assert one.score == one.lexical_part + one.semantic_part
    keys = [(-one.score, one.id) for one in fused]
    assert keys == sorted(keys)


@given(LEXICAL, SEMANTIC, ALPHA, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_the_input_does_not_matter(
    lexical: list[Scored], semantic: list[Scored], alpha: float, shuffler: random.Random
) -> None:
    expected = [(one.id, one.score) for one in fuse(lexical, semantic, alpha)]
    shuffler.shuffle(lexical)
    shuffler.shuffle(semantic)
    assert [(one.id, one.score) for one in fuse(lexical, semantic, alpha)] == expected


@given(LEXICAL, SEMANTIC, ALPHA, st.sampled_from((0.25, 2.0, 8.0)))
@settings(max_examples=100, deadline=None)
def test_scaling_either_side_changes_nothing(
    lexical: list[Scored], semantic: list[Scored], alpha: float, factor: float
) -> None:
    plain = fuse(lexical, semantic, alpha)
    scaled = fuse(
        [(id_, score * factor) for id_, score in lexical],
        [(id_, cosine * factor) for id_, cosine in semantic],
        alpha,
    )
    assert {one.id: pytest.approx(one.score, abs=1e-9) for one in plain} == {
        one.id: one.score for one in scaled
    }


@given(LEXICAL, SEMANTIC, st.floats(0.05, 0.95), st.integers(1, 60))
@settings(max_examples=100, deadline=None)
def test_a_better_bm25_never_lowers_a_candidate(
    lexical: list[Scored], semantic: list[Scored], alpha: float, chosen: int
) -> None:
    before = order(fuse(lexical, semantic, alpha))
    raised = dict(lexical)
    raised[chosen] = raised.get(chosen, 0.0) + 5.0
    better = sorted(raised.items(), key=lambda one: (-one[1], one[0]))
    after = order(fuse(better, semantic, alpha))
    others = [id_ for id_ in before if id_ != chosen]
    if chosen in before:
        ahead_before = set(before[: before.index(chosen)])
        ahead_after = set(after[: after.index(chosen)])
        assert ahead_after <= ahead_before
    assert sorted(after) == sorted({*others, chosen})


def test_alpha_at_its_ends_is_one_side() -> None:
    lexical, semantic = [(1, 3.0), (2, 2.0), (3, 1.0)], [(3, 0.9), (2, 0.5), (1, 0.1)]
    assert order(fuse(lexical, semantic, 0.0)) == [1, 2, 3]
    assert order(fuse(lexical, semantic, 1.0)) == [3, 2, 1]


def test_raw_lists_keep_scores_and_ranks() -> None:
    assert lexical_only([(4, 2.5), (1, 1.0)])[1] == Ranked(1, 1.0, lexical_rank=2)
    assert semantic_only([(4, 0.5), (1, -0.1)])[1] == Ranked(1, -0.1, semantic_rank=2)


def test_a_file_counts_with_its_best_chunk() -> None:
    chunks = [(1, 0.2), (2, 0.9), (3, 0.5), (9, 1.0)]
    assert best_per_file(chunks, {1: 10, 2: 20, 3: 10}) == [(20, 0.9), (10, 0.5)]


def test_ties_are_settled_by_path_then_position() -> None:
    places = {1: (b"b", 0), 2: (b"a", 5), 3: (b"a", 2), 4: (b"z", 0)}
    ranked = [Ranked(4, 2.0), Ranked(1, 1.0), Ranked(2, 1.0), Ranked(3, 1.0)]
    assert order(settle_ties(ranked, places.__getitem__)) == [4, 3, 2, 1]


def test_words_count_in_proportion_where_the_best_passage_holds_little_of_them() -> None:
    lexical, semantic = [(1, 2.0), (2, 1.0)], [(3, 0.9), (1, 0.5), (4, 0.1)]
    plain = fuse(lexical, semantic, 0.5)
    assert fuse(lexical, semantic, 0.5, told=4.0) == plain
    assert fuse(lexical, semantic, 0.5, told=5.0) == plain
    weak = {one.id: one for one in fuse(lexical, semantic, 0.5, told=20.0)}
    assert weak[1].lexical_part == pytest.approx(0.25 * 0.5)
    assert weak[2].score == pytest.approx(0.25 * 0.25)
    assert order(plain)[0] == 1
    assert order(fuse(lexical, semantic, 0.5, told=20.0))[0] == 3
    # Without the other side there is nothing to weigh them against.
    assert fuse(lexical, [], 0.5, told=20.0) == fuse(lexical, [], 0.5)


@given(LEXICAL, SEMANTIC, ALPHA, st.floats(0.0, 100.0))
@settings(max_examples=100, deadline=None)
def test_what_words_tell_can_only_lower_what_they_add(
    lexical: list[Scored], semantic: list[Scored], alpha: float, told: float
) -> None:
    plain = {one.id: one for one in fuse(lexical, semantic, alpha)}
    weighed = {one.id: one for one in fuse(lexical, semantic, alpha, told)}
    assert plain.keys() == weighed.keys()
    for id_, one in weighed.items():
        assert one.semantic_part == plain[id_].semantic_part
        assert 0.0 <= one.lexical_part <= plain[id_].lexical_part + 1e-12
        assert one.score == one.lexical_part + one.semantic_part
