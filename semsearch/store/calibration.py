"""How many candidates the sign codes must hand on, measured on the space's own vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from semsearch.store.base import BATCH, KEYS_OF_SPACE, id_list
from semsearch.vectors import Rotation, widen_many

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from semsearch.store.driver import Database

    Matrix = NDArray[np.float32]
    Ranks = NDArray[np.int64]

_SAMPLE: Final = 20_000
_QUERIES: Final = 250
_WANTED: Final = 10
_RECALL: Final = 0.994
"""A little above what is promised, 0.99: the sample errs, and what it finds is scaled up."""
_FEWEST: Final = 100
_NARROW: Final = 512
"""Dimensions below which more candidates are needed as a space grows."""


def needed_candidates(
    db: Database, space: int, dimensions: int, progress: Callable[[], bool] | None
) -> int | None:
    """M for recall@10 above 0.99 in the whole space; None: too few vectors to tell, or stopped.

    The questions are sums of two stored vectors. A stored vector itself would be too easy a
    question: with its neighbours in the same document it needs about half the candidates that
    real queries need, while the sums need slightly more. Measured on a sample of up to 20,000
    vectors, then scaled by a power of the growth to the whole space: the square root (measured from
    5,000 to 100,000 vectors: between the 0.3rd and the 0.55th power), or a little above it for
    short codes, which need the most.
    """
    rows = db.rows(f"SELECT key FROM code WHERE {KEYS_OF_SPACE} ORDER BY key", (space,))
    if len(rows) <= _FEWEST:
        return None
    taken = min(len(rows), _SAMPLE)
    sample: list[int] = [rows[number * len(rows) // taken][0] for number in range(taken)]
    needed = _needed_in_sample(db, dimensions, sample, progress)
    if needed is None:
        return None
    power = 0.5 if dimensions >= _NARROW else 0.6
    return max(_FEWEST, math.ceil(needed * math.pow(len(rows) / len(sample), power)))


def _needed_in_sample(
    db: Database, dimensions: int, sample: list[int], progress: Callable[[], bool] | None
) -> int | None:
    """Candidates that hold `_RECALL` of the true neighbours within the sample; None: stopped."""
    count = min(_QUERIES, len(sample) // 2)
    stride = len(sample) // count
    queries = _sums(_read(db, dimensions, sample[::stride][:count])[0])
    query_signs = _signs(Rotation(dimensions).sign_codes(queries))
    nearest = _Nearest()
    every = max(1, len(sample) // BATCH // 10)
    for number, start in enumerate(range(0, len(sample), BATCH)):
        if progress is not None and number % every == 0 and not progress():
            return None
        part, codes = _read(db, dimensions, sample[start : start + BATCH])
        nearest.add(queries @ part.T, query_signs @ _signs(codes).T)
    return nearest.candidates(_RECALL)


def _read(db: Database, dimensions: int, keys: list[int]) -> tuple[Matrix, list[bytes]]:
    """Vectors, one a row, and their sign codes."""
    rows = db.rows(
        "SELECT vector.value, code.bits FROM json_each(?) "
        "CROSS JOIN vector ON vector.key = json_each.value "
        "CROSS JOIN code ON code.key = json_each.value",
        (id_list(keys),),
    )
    vectors = widen_many(b"".join([value for value, _ in rows]), dimensions)
    return vectors, [bits for _, bits in rows]


class _Nearest:
    """True nearest neighbours of each query with the agreement of their codes, found in parts."""

    def __init__(self) -> None:
        self._agreements: list[Matrix] = []
        self._best: Matrix | None = None
        self._best_agreement: Matrix | None = None

    def add(self, similarity: Matrix, agreement: Matrix) -> None:
        """Take a part of the sample: matrices of shape `(queries, vectors)`."""
        import numpy as np

        self._agreements.append(agreement.astype(np.int16))
        if self._best is not None and self._best_agreement is not None:
            similarity = np.concatenate([self._best, similarity], axis=1)
            agreement = np.concatenate([self._best_agreement, agreement], axis=1)
        wanted = min(_WANTED, similarity.shape[1])
        top = np.argpartition(-similarity, wanted - 1, axis=1)[:, :wanted]
        self._best = np.take_along_axis(similarity, top, axis=1)
        self._best_agreement = np.take_along_axis(agreement, top, axis=1)

    def candidates(self, recall: float) -> int:
        """How many best-agreeing vectors hold this share of all true neighbours, ties counted."""
        import numpy as np

        assert self._best_agreement is not None
        every = np.sort(np.concatenate(self._agreements, axis=1), axis=1)
        ranks: list[int] = []
        for row, wanted in zip(every, self._best_agreement, strict=True):
            ranks += (len(row) - np.searchsorted(row, wanted.astype(np.int16))).tolist()
        ranks.sort()
        return ranks[math.ceil(recall * len(ranks)) - 1]


def _sums(vectors: Matrix) -> Matrix:
    """Each vector with the next one, at unit length."""
    import numpy as np

    sums = vectors + np.roll(vectors, len(vectors) // 2, axis=0)
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), np.float32(1e-6))
    unit: Matrix = (sums / lengths).astype(np.float32)
    return unit


def _signs(codes: list[bytes]) -> Matrix:
    """Sign codes as rows of -1 and 1, so that a product of two counts agreeing bits."""
    import numpy as np

    bits = np.unpackbits(np.frombuffer(b"".join(codes), np.uint8).reshape(len(codes), -1), axis=1)
    return bits.astype(np.float32) * 2 - 1
