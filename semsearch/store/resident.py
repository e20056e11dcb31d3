"""Sign codes held in memory: a tenth of the time of a scan in SQL, for processes that stay."""

from __future__ import annotations

from heapq import nlargest
from typing import TYPE_CHECKING, Any, Final

from semsearch.vectors import widen_many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

_SCRATCH: Final = 131_072
"""Words compared at a time: with their intermediate results they stay in the processor's cache."""

_NO_COSINE: Final = -2.0

_UNPACKED: Final = 128
"""Codes unpacked to floats at a time."""

_PARTS: Final = 4
"""The first look is at one part in so many of each code."""
_WIDEST: Final = 8
"""Codes kept after the first look, for each that is wanted after the second."""
_CERTAINTY: Final = 3.0
"""Standard deviations by which a vector must be estimated too far, to be left unread."""


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

    def likeliest(
        self, code: bytes, point: NDArray[np.float32], count: int
    ) -> tuple[list[int], NDArray[np.float32]]:
        """Keys of about the `count` nearest codes, and how much each agrees with a point.

        By descending agreement. Three looks, each at fewer codes and closer: a part of every code;
        of those that differ least there, the whole; and of the `count` that differ least in that,
        how much of the point lies where they agree. The last tells twice as well as counted bits
        who is near (as in RaBitQ; Gao and Long, 2024).

        Args:
            code: of the point.
            point: what the code has the signs of.
            count: how many codes to choose by counted bits, of equals the first.
        """
        import numpy as np

        places = self._nearest(np.frombuffer(code, "<u8"), count)
        agreement = self._agreement(places, point)
        order = np.argsort(-agreement, kind="stable")
        found: list[int] = self._keys[places[order]].tolist()
        return found, agreement[order]

    def _nearest(self, query: NDArray[np.uint64], count: int) -> NDArray[np.intp]:
        """Where the `count` codes stand that differ in the fewest bits, ascending."""
        import numpy as np

        if count >= self._count:
            return np.arange(self._count)
        words = self._words[:, : self._count]
        part = -(-len(words) // _PARTS)
        if len(words) == 1 or 2 * _WIDEST * count >= self._count:
            return _fewest(_differing(words, query), count)
        differing = _differing(words[:part], query[:part])
        # An eighth of the codes tells well enough where to stop.
        seen = np.cumsum(np.bincount(differing[::8]))
        places = np.flatnonzero(differing <= np.searchsorted(seen, _WIDEST * count / 8))
        rest = _differing(words[part:], query[part:], places)
        return places[_fewest(differing[places] + rest, count)]

    def _agreement(
        self, places: NDArray[np.intp], point: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """The point's values where each code has its bits set, added up.

        But for a constant and a factor that is the product of the point with the code's signs.
        """
        import numpy as np

        agreement = np.empty(len(places), np.float32)
        for start in range(0, len(places), _UNPACKED):
            words = self._words.take(places[start : start + _UNPACKED], axis=1)
            codes = np.ascontiguousarray(words.T).view(np.uint8)
            bits = np.unpackbits(codes, axis=1, bitorder="little").astype(np.float32)
            np.matmul(bits, point, out=agreement[start : start + _UNPACKED])
        return agreement


def _differing(
    words: NDArray[np.uint64], query: NDArray[np.uint64], places: NDArray[np.intp] | None = None
) -> NDArray[np.uint16]:
    """Differing bits of every code, or of those at these places, in blocks."""
    import numpy as np

    count = words.shape[1] if places is None else len(places)
    total = np.empty(count, np.uint16)
    step = min(count, max(1, _SCRATCH // len(words)))
    differing = np.empty((len(words), step), np.uint64)
    bits = np.empty((len(words), step), np.uint8)
    column = query[:, None]
    for start in range(0, count, step):
        stop = min(start + step, count)
        if stop - start < step:
            differing, bits = differing[:, : stop - start], bits[:, : stop - start]
        if places is None:
            np.bitwise_xor(words[:, start:stop], column, out=differing)
        else:
            np.bitwise_xor(words.take(places[start:stop], axis=1), column, out=differing)
        np.bitwise_count(differing, out=bits)
        np.add.reduce(bits, axis=0, dtype=np.uint16, out=total[start:stop])
    return total


def _fewest(differing: NDArray[np.uint16], count: int) -> NDArray[np.intp]:
    """Where the `count` smallest numbers stand, the first of equals, ascending."""
    import numpy as np

    if count >= len(differing):
        return np.arange(len(differing))
    last = int(np.searchsorted(np.cumsum(np.bincount(differing)), count))
    places = np.flatnonzero(differing <= last)
    tied = np.flatnonzero(differing[places] == last)
    surplus = len(places) - count
    return np.delete(places, tied[len(tied) - surplus :]) if surplus else places


def cosines_of(halves: Sequence[bytes], query: bytes) -> list[float]:
    """Cosine of each stored vector with a query; -2 for one without a direction.

    Args:
        halves: the vectors as they are stored, bfloat16.
        query: float32, unit length.
    """
    import numpy as np

    point = np.frombuffer(query, "<f4")
    vectors = widen_many(b"".join(halves), len(point))
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = vectors @ point / norms
    cosines[~np.isfinite(cosines)] = _NO_COSINE
    np.minimum(cosines, 1.0, out=cosines)
    found: list[float] = cosines.tolist()
    return found


def are_enough(agreement: NDArray[np.float32], cosines: Sequence[float], limit: int) -> bool:
    """Whether what is still unread is all but certainly below the `limit` best that were read.

    Args:
        agreement: of every candidate with the query, descending.
        cosines: of the first of them, as many as were read.
        limit: how many are wanted.
    """
    import numpy as np

    read = len(cosines)
    if read >= len(agreement) or read <= limit:
        return read >= len(agreement)
    known = np.asarray(cosines, np.float64)
    offset = agreement[:read].astype(np.float64)
    mean = offset.mean()
    offset -= mean
    slope = offset @ known / max(float(offset @ offset), 1e-9)
    spread = np.std(known - slope * offset)
    greatest = known.mean() + slope * (agreement[read] - mean) + _CERTAINTY * spread
    return bool(greatest < np.partition(known, read - limit)[read - limit])


def best_of(cosines: Mapping[int, float], limit: int) -> dict[int, float]:
    """The `limit` greatest cosines, and those as great as the last of them."""
    valid = {key: cosine for key, cosine in cosines.items() if cosine > _NO_COSINE}
    if limit >= len(valid):
        return valid
    least = nlargest(limit, valid.values())[-1]
    return {key: cosine for key, cosine in valid.items() if cosine >= least}
