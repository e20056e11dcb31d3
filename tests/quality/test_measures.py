"""The measures agree with values worked out by hand."""

from __future__ import annotations

import math

import pytest

from semsearch.searching.measures import measured, ndcg, recall, reciprocal_rank

GRADES = {"a": 2, "b": 1, "c": 0}


def test_ndcg_is_one_for_the_ideal_order_and_falls_with_rank() -> None:
    assert ndcg(["a", "b", "x"], GRADES) == pytest.approx(1.0)
    worse = (1 / math.log2(2) + 2 / math.log2(3)) / (2 / math.log2(2) + 1 / math.log2(3))
    assert ndcg(["b", "a"], GRADES) == pytest.approx(worse)
    assert ndcg(["x"] * 10 + ["a"], GRADES) == 0
    assert ndcg(["a"], {"c": 0}) == 0


def test_a_negative_grade_counts_as_irrelevant() -> None:
    assert ndcg(["a", "b"], {"a": -1, "b": 1}) == pytest.approx(1 / math.log2(3))
    assert recall(["a"], {"a": -1, "b": 1}) == 0


def test_recall_counts_relevant_documents_only() -> None:
    assert recall(["a", "c"], GRADES) == 0.5
    assert recall(["x"] * 100 + ["a", "b"], GRADES) == 0


def test_reciprocal_rank_looks_at_the_first_relevant() -> None:
    assert reciprocal_rank(["x", "c", "b"], GRADES) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x"] * 10 + ["a"], GRADES) == 0


def test_the_interval_holds_the_mean_and_is_repeatable() -> None:
    values = [0.0, 1.0] * 50
    mean, low, high = measured(values)
    assert mean == 0.5
    assert 0.35 < low < 0.5 < high < 0.65
    assert measured(values) == (mean, low, high)


def test_a_pair_that_always_differs_by_the_same_has_no_uncertainty() -> None:
    """Paired by question: the interval of the differences, not the difference of intervals."""
    one = [index / 100 for index in range(100)]
    assert measured([(value + 0.25) - value for value in one]) == pytest.approx((0.25, 0.25, 0.25))
