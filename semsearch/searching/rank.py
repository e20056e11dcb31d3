"""Putting the two lists of candidates in one order.

Convex fusion: `(1 - alpha) * BM25 / best BM25 + alpha * minmax(cosine)` over the candidates of each
side. Unlike reciprocal rank fusion it keeps how far apart the scores are, and unlike plain cosines
it is blind to a model whose cosines all lie close together. It would be as blind to a best passage
that holds one word of five by chance, so where the best BM25 is a small part of what the words of
the query tell, words count in proportion.
"""

from __future__ import annotations

from semsearch.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

_TELLING: Final = 0.4
"""Share of what the words of a query tell that some passage must hold for words to count in full:
half of them, in a passage a little longer than most."""

_ABSENT: Final = (None, 0.0)
"""Position and part of a candidate in a list that lacks it."""

Scored = tuple[int, float]
"""Row id and score, higher is better."""


class Ranked(Record):
    """One candidate in the final order."""

    id: int
    score: float
    lexical_rank: int | None = None
    """Position in the lexical list, from 1; None when it is not in it."""
    semantic_rank: int | None = None
    lexical_part: float = 0.0
    """What words add to `score`."""
    semantic_part: float = 0.0
    """What meaning adds to `score`."""


def fuse(
    lexical: Sequence[Scored], semantic: Sequence[Scored], alpha: float, told: float = 0.0
) -> list[Ranked]:
    """Candidates of both lists by fused score, descending; ties by id.

    A side a candidate is missing from adds nothing. When all cosines are equal they add `alpha`
    each, as a list of one does.

    Args:
        lexical: BM25 scores, descending, none negative.
        semantic: cosines, descending.
        alpha: weight of the semantic side, 0 to 1.
        told: BM25 of a passage that holds every word of the query once; 0 where it is not known.
    """
    trust, needed = 1.0, _TELLING * told
    if needed > 0.0 and lexical and semantic:
        trust = min(1.0, lexical[0][1] / needed)
    # Tuples sort without a key, and there are hundreds.
    words = _ranked_parts(_share_of_best(lexical), trust * (1.0 - alpha))
    meaning = _ranked_parts(_min_max(semantic), alpha)
    fused = []
    for id_ in words | meaning:
        lexical_rank, lexical_part = words.get(id_, _ABSENT)
        semantic_rank, semantic_part = meaning.get(id_, _ABSENT)
        score = lexical_part + semantic_part
        fused.append((-score, id_, score, lexical_rank, semantic_rank, lexical_part, semantic_part))
    fused.sort()
    return [Ranked(*one[1:]) for one in fused]


def lexical_only(candidates: Sequence[Scored]) -> list[Ranked]:
    """The lexical list in its own order, scores being BM25."""
    return [Ranked(id_, score, rank, None) for rank, (id_, score) in enumerate(candidates, 1)]


def semantic_only(candidates: Sequence[Scored]) -> list[Ranked]:
    """The semantic list in its own order, scores being cosines."""
    return [Ranked(id_, cosine, None, rank) for rank, (id_, cosine) in enumerate(candidates, 1)]


def best_per_file(candidates: Sequence[Scored], file_of: dict[int, int]) -> list[Scored]:
    """`(file, score of its best chunk)`, descending; chunks without a file are left out."""
    best: dict[int, float] = {}
    for chunk, score in candidates:
        file = file_of.get(chunk)
        if file is not None and score > best.get(file, float("-inf")):
            best[file] = score
    return sorted(best.items(), key=lambda one: (-one[1], one[0]))


def settle_ties(
    ranked: Sequence[Ranked], place: Callable[[int], tuple[bytes, int]]
) -> list[Ranked]:
    """The same order, equal scores by path and position rather than by row id."""
    return sorted(ranked, key=lambda one: (-one.score, *place(one.id)))


def _ranked_parts(shares: Sequence[Scored], weight: float) -> dict[int, tuple[int | None, float]]:
    """Position of each candidate in its list, from 1, and what it adds to a fused score."""
    return {id_: (rank, weight * share) for rank, (id_, share) in enumerate(shares, 1)}


def _share_of_best(candidates: Sequence[Scored]) -> list[Scored]:
    best = max((score for _, score in candidates), default=0.0)
    if best <= 0.0:
        return [(id_, 1.0) for id_, _ in candidates]
    return [(id_, max(score, 0.0) / best) for id_, score in candidates]


def _min_max(candidates: Sequence[Scored]) -> list[Scored]:
    scores = [score for _, score in candidates]
    if not scores:
        return []
    low, high = min(scores), max(scores)
    if high <= low:
        return [(id_, 1.0) for id_, _ in candidates]
    return [(id_, (score - low) / (high - low)) for id_, score in candidates]
