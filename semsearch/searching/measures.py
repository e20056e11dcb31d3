"""nDCG@10, recall@100 and MRR@10 as trec_eval defines them, with bootstrap confidence intervals."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Final

from semsearch.records.evaluation import Measure

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

ROUNDS: Final = 1000
SEED: Final = 7
"""The same questions are drawn every time, so that a repeated evaluation says the same."""


def ndcg(ranked: Sequence[Hashable], grades: Mapping[Hashable, int], depth: int = 10) -> float:
    """Linear gain, log2 discount (Järvelin and Kekäläinen 2002); 0 where nothing is relevant."""
    gains = [max(grades.get(name, 0), 0) for name in ranked[:depth]]
    ideal = sorted((max(grade, 0) for grade in grades.values()), reverse=True)[:depth]
    best = _discounted(ideal)
    return _discounted(gains) / best if best else 0.0


def recall(ranked: Sequence[Hashable], grades: Mapping[Hashable, int], depth: int = 100) -> float:
    """Share of the relevant ones among the first `depth`."""
    relevant = {name for name, grade in grades.items() if grade > 0}
    return len(relevant & set(ranked[:depth])) / len(relevant) if relevant else 0.0


def reciprocal_rank(
    ranked: Sequence[Hashable], grades: Mapping[Hashable, int], depth: int = 10
) -> float:
    """1 over the rank of the first relevant one among the first `depth`, else 0."""
    for rank, name in enumerate(ranked[:depth], start=1):
        if grades.get(name, 0) > 0:
            return 1 / rank
    return 0.0


def measured(values: Sequence[float]) -> Measure:
    """The mean with its 95 % interval, by resampling the questions (Efron's percentile method).

    Given the differences between two runs question by question, the interval is that of paired
    samples.
    """
    count = len(values)
    if not count:
        return Measure(0.0, 0.0, 0.0)
    draw = random.Random(SEED).choices  # noqa: S311 - statistics, not secrets
    means = sorted(sum(draw(values, k=count)) / count for _ in range(ROUNDS))
    return Measure(sum(values) / count, means[int(ROUNDS * 0.025)], means[int(ROUNDS * 0.975)])


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
