"""Results that differ from each other: maximal marginal relevance over stored vectors.

Each next hit is the one with the best balance of its own score and its likeness to those already
chosen (Carbonell and Goldstein 1998). Nothing is embedded for it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from semsearch.protocols import Store
    from semsearch.records import ChunkRow, Space
    from semsearch.searching.rank import Ranked

    Candidate = tuple[Ranked, ChunkRow]

RELEVANCE: Final = 0.5
"""Weight of a hit's own score; the rest is that of its likeness to hits before it."""
POOL: Final = 5
"""Candidates for each hit wanted."""


def diversified(
    store: Store, space: Space, candidates: Iterator[Candidate], limit: int
) -> Iterator[Candidate]:
    """Candidates in an order of their scores and their differences, then the rest as it is.

    Args:
        store: the index.
        space: whose vectors tell how like two passages are; one without a vector is like none.
        candidates: best first.
        limit: hits wanted.
    """
    pool = list(islice(candidates, POOL * limit))
    if len(pool) > 1:
        scores = [ranked.score for ranked, _ in pool]
        alike = _likeness(store, space, [row.chunk for _, row in pool])
        pool = [pool[place] for place in _order(scores, alike)]
    yield from pool
    yield from candidates


def _likeness(store: Store, space: Space, chunks: list[int]) -> NDArray[np.float32]:
    """How like each two are, 0 for the least like pair and 1 for equal ones.

    Stretched that way, because the cosines of some models all lie close together.
    """
    import numpy as np

    vectors = store.chunk_vectors(space.id, chunks)
    matrix = np.zeros((len(chunks), space.key.dimensions), np.float32)
    held = [place for place, chunk in enumerate(chunks) if chunk in vectors]
    for place in held:
        matrix[place] = np.frombuffer(vectors[chunks[place]], "<f4")
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix /= np.where(norms > 0, norms, 1)
    cosines: NDArray[np.float32] = matrix @ matrix.T
    low = float(np.min(cosines[np.ix_(held, held)])) if held else 0.0
    alike = np.zeros_like(cosines)
    if low < 1.0:
        np.divide(cosines - low, 1.0 - low, out=alike)
    missing = np.setdiff1d(np.arange(len(chunks)), held)
    alike[missing] = 0.0
    alike[:, missing] = 0.0
    return alike


def _order(scores: list[float], alike: NDArray[np.float32]) -> list[int]:
    """Places by maximal marginal relevance; ties keep their order."""
    import numpy as np

    own = np.asarray(scores, np.float64)
    low = np.min(own)
    spread = np.max(own) - low
    own = (own - low) / spread if spread > 0 else np.ones_like(own)
    worth = RELEVANCE * own
    nearest = np.zeros_like(own)
    order: list[int] = []
    for _ in scores:
        marginal = worth - (1.0 - RELEVANCE) * nearest
        marginal[order] = -np.inf
        place = int(np.argmax(marginal))
        order.append(place)
        np.maximum(nearest, alike[place], out=nearest)
    return order
