"""nDCG@10, recall@100 and MRR@10 as trec_eval defines them, with bootstrap confidence intervals."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def ndcg(ranked: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """Linear gain, log2 discount (Järvelin and Kekäläinen 2002); 0 where nothing is relevant."""
    gains = [grades.get(name, 0) for name in ranked[:depth]]
    ideal = sorted(grades.values(), reverse=True)[:depth]
    best = _discounted(ideal)
    return _discounted(gains) / best if best else 0.0


def recall(ranked: Sequence[str], grades: Mapping[str, int], depth: int = 100) -> float:
    """Share of the relevant documents among the first `depth`."""
    relevant = {name for name, grade in grades.items() if grade > 0}
    return len(relevant & set(ranked[:depth])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """1 over the rank of the first relevant document among the first `depth`, else 0."""
    for rank, name in enumerate(ranked[:depth], start=1):
        if grades.get(name, 0) > 0:
            return 1 / rank
    return 0.0


def interval(values: Sequence[float], *, rounds: int = 1000, seed: int = 7) -> tuple[float, float]:
    """95 % confidence interval of the mean by resampling the queries."""
    chance = random.Random(seed)
    count = len(values)
    means = sorted(sum(chance.choices(values, k=count)) / count for _ in range(rounds))
    return means[int(rounds * 0.025)], means[int(rounds * 0.975)]


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
