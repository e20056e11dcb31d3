"""Sign codes held in memory: a tenth of the time of a scan in SQL, for processes that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from semsearch.vectors import widen_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

_SCRATCH: Final = 131_072
"""Words compared at a time: with their intermediate results they stay in the processor's cache."""


class ResidentCodes:
    """The codes of one space, word by word: row `w` holds the w-th 64 bits of every code.

    Takes `dimensions / 8 + 8` bytes per vector, and a quarter more while it grows. Passages are
    never renumbered, so new codes are only ever appended; whoever finds that some were deleted
    discards them.
    """

    def __init__(self, code_bytes: int, room: int = 0) -> None:
        """Make room for this many codes; more are taken all the same."""
        import numpy as np

        self._count = 0
        self._keys: NDArray[np.int64] = np.empty(room, np.int64)
        self._words: NDArray[np.uint64] = np.empty((code_bytes // 8, room), np.uint64)

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Memory taken."""
        return self._keys.nbytes + self._words.nbytes

    @property
    def last_key(self) -> int:
        """The highest key held; 0 when there is none."""
        return int(self._keys[self._count - 1]) if self._count else 0

    def extend(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Append `(key, bits)` rows, in ascending order of their keys."""
        import numpy as np

        if not rows:
            return
        keys, codes = zip(*rows, strict=True)
        start, stop = self._count, self._count + len(keys)
        if stop > len(self._keys):
            self._grow(max(stop, self._count + self._count // 4))
        self._keys[start:stop] = keys
        words = np.frombuffer(b"".join(codes), "<u8").reshape(len(keys), -1)
        self._words[:, start:stop] = words.T
        self._count = stop

    def discard(self, keys: Sequence[int]) -> None:
        """Forget codes, in a fraction of the time it takes to read the others again."""
        import numpy as np

        held = self._keys[: self._count]
        kept = np.isin(held, np.asarray(keys, np.int64), invert=True)
        self._words = self._words[:, : self._count][:, kept]
        self._keys = held[kept]
        self._count = len(self._keys)

    def _grow(self, room: int) -> None:
        import numpy as np

        keys, words = self._keys, self._words
        self._keys = np.empty(room, np.int64)
        self._words = np.empty((len(words), room), np.uint64)
        self._keys[: self._count] = keys[: self._count]
        self._words[:, : self._count] = words[:, : self._count]

    def nearest(self, code: bytes, count: int) -> list[int]:
        """Keys of the `count` codes that differ from `code` in the fewest bits, ascending."""
        import numpy as np

        keys = self._keys[: self._count]
        if count >= self._count:
            found: list[int] = keys.tolist()
            return found
        distances = self._distances(np.frombuffer(code, "<u8"))
        # Of codes equally far the first are taken, as in the order SQL scans them.
        furthest = int(np.searchsorted(np.cumsum(np.bincount(distances)), count))
        near = np.flatnonzero(distances <= furthest)
        tied = distances[near] == furthest
        surplus = len(near) - count
        if surplus:
            near = np.delete(near, np.flatnonzero(tied)[len(tied.nonzero()[0]) - surplus :])
        found = keys[near].tolist()
        return found

    def _distances(self, query: NDArray[np.uint64]) -> NDArray[np.uint16]:
        """Differing bits of every code, in blocks."""
        import numpy as np

        words, count = self._words, self._count
        distances = np.empty(count, np.uint16)
        step = min(count, max(1, _SCRATCH // len(words)))
        differing = np.empty((len(words), step), np.uint64)
        bits = np.empty((len(words), step), np.uint8)
        column = query[:, None]
        for start in range(0, count, step):
            stop = min(start + step, count)
            if stop - start < step:
                differing, bits = differing[:, : stop - start], bits[:, : stop - start]
            np.bitwise_xor(words[:, start:stop], column, out=differing)
            np.bitwise_count(differing, out=bits)
            np.add.reduce(bits, axis=0, dtype=np.uint16, out=distances[start:stop])
        return distances


def best_of(
    keys: Sequence[int], halves: Sequence[bytes], query: bytes, limit: int
) -> list[tuple[int, float]]:
    """`(key, cosine)` of the `limit` stored vectors nearest to a query, and of those as near.

    Args:
        keys: of the vectors.
        halves: the vectors as they are stored, bfloat16.
        query: float32, unit length.
        limit: how many.
    """
    import numpy as np

    point = np.frombuffer(query, "<f4")
    vectors = widen_many(b"".join(halves), len(point))
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = vectors @ point / norms
    cosines[~np.isfinite(cosines)] = -2.0
    if limit < len(cosines):
        least = np.partition(cosines, len(cosines) - limit)[len(cosines) - limit]
        chosen = np.flatnonzero(cosines >= least).tolist()
    else:
        chosen = np.flatnonzero(cosines > -2.0).tolist()
    return [(keys[place], min(float(cosines[place]), 1.0)) for place in chosen]
