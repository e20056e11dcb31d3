"""Sign codes held in memory: a tenth of the time of a scan in SQL, for processes that stay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from semsearch.vectors import widen_many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

_SCRATCH: Final = 131_072
"""Words compared or bytes looked up at a time: what comes of them stays in the processor's cache.
A megabyte each, whatever is searched: arrays that grew with it would be fresh memory every time."""

_NO_COSINE: Final = -2.0

_PARTS: Final = 4
"""The first look is at one part in so many of each code."""
_WIDEST: Final = 8
_WIDEST_AT: Final = 100_000
"""Codes kept after the first look for each that is wanted after the second, among so many; in
larger spaces more, by the power of 0.3: measured up to 1,000,000, where 8 lose a hundredth of the
true neighbours."""
_CERTAINTY: Final = 3.0
"""Standard deviations by which a vector must be estimated too far, at least, to be left unread."""


class ResidentCodes:
    """The codes of one space, each cut in two: the start that is looked at first, and the rest.

    The starts lie word by word, row `w` holding the w-th 64 bits of every code, because all of
    them are read; the rests lie code by code, because few are. Takes `dimensions / 8 + 8` bytes
    per vector, and a quarter more while it grows. Passages are never renumbered, so new codes are
    only ever appended; whoever finds that some were deleted discards them.
    """

    def __init__(self, code_bytes: int, room: int = 0) -> None:
        """Make room for this many codes; more are taken all the same."""
        import numpy as np

        words = code_bytes // 8
        self._start = -(-words // _PARTS)
        """Words of a code that are looked at first."""
        self._count = 0
        self._keys: NDArray[np.int64] = np.empty(room, np.int64)
        self._starts: NDArray[np.uint64] = np.empty((self._start, room), np.uint64)
        self._rests: NDArray[np.uint64] = np.empty((room, words - self._start), np.uint64)

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Memory taken."""
        return self._keys.nbytes + self._starts.nbytes + self._rests.nbytes

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
        first, last = self._count, self._count + len(keys)
        if last > len(self._keys):
            self._grow(max(last, self._count + self._count // 4))
        self._keys[first:last] = keys
        words = np.frombuffer(b"".join(codes), "<u8").reshape(len(keys), -1)
        self._starts[:, first:last] = words[:, : self._start].T
        self._rests[first:last] = words[:, self._start :]
        self._count = last

    def discard(self, keys: Sequence[int]) -> None:
        """Forget codes, in a fraction of the time it takes to read the others again."""
        import numpy as np

        held = self._keys[: self._count]
        kept = np.isin(held, np.asarray(keys, np.int64), invert=True)
        self._starts = self._starts[:, : self._count][:, kept]
        self._rests = self._rests[: self._count][kept]
        self._keys = held[kept]
        self._count = len(self._keys)

    def _grow(self, room: int) -> None:
        import numpy as np

        keys, starts, rests, held = self._keys, self._starts, self._rests, self._count
        self._keys = np.empty(room, np.int64)
        self._starts = np.empty((len(starts), room), np.uint64)
        self._rests = np.empty((room, rests.shape[1]), np.uint64)
        self._keys[:held] = keys[:held]
        self._starts[:, :held] = starts[:, :held]
        self._rests[:held] = rests[:held]

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
        order = np.argsort(-agreement)
        found: list[int] = self._keys[places[order]].tolist()
        return found, agreement[order]

    def _nearest(self, query: NDArray[np.uint64], count: int) -> NDArray[np.intp]:
        """Where the `count` codes stand that differ in the fewest bits, ascending."""
        import numpy as np

        if count >= self._count:
            return np.arange(self._count)
        differing = self._differing_starts(query[: self._start])
        kept = int(_WIDEST * count * max(1.0, self._count / _WIDEST_AT) ** 0.3)
        if 2 * kept >= self._count:
            places = np.arange(self._count)
        else:
            # An eighth of the codes tells well enough where to stop.
            seen = np.cumsum(np.bincount(differing[::8]))
            places = np.flatnonzero(differing <= np.searchsorted(seen, kept // 8))
            differing = differing[places]
        differing += self._differing_rests(query[self._start :], places)
        return places[_fewest(differing, count)]

    def _differing_starts(self, query: NDArray[np.uint64]) -> NDArray[np.uint16]:
        """Differing bits in the start of every code, in blocks."""
        import numpy as np

        total = np.empty(self._count, np.uint16)
        step = min(self._count, _SCRATCH // len(query))
        differing = np.empty((len(query), step), np.uint64)
        bits = np.empty((len(query), step), np.uint8)
        for first in range(0, self._count, step):
            last = min(first + step, self._count)
            if last - first < step:
                differing, bits = differing[:, : last - first], bits[:, : last - first]
            np.bitwise_xor(self._starts[:, first:last], query[:, None], out=differing)
            np.bitwise_count(differing, out=bits)
            np.add.reduce(bits, axis=0, dtype=np.uint16, out=total[first:last])
        return total

    def _differing_rests(
        self, query: NDArray[np.uint64], places: NDArray[np.intp]
    ) -> NDArray[np.uint16]:
        """Differing bits in the rest of the codes at these places, in blocks."""
        import numpy as np

        total = np.empty(len(places), np.uint16)
        # A product of float32 adds up a dozen numbers faster than a sum along so short an axis.
        ones = np.ones(len(query), np.float32)
        step = _SCRATCH // max(1, len(query))
        for first in range(0, len(places), step):
            words = self._rests.take(places[first : first + step], axis=0)
            words ^= query
            total[first : first + step] = np.bitwise_count(words).astype(np.float32) @ ones
        return total

    def _agreement(
        self, places: NDArray[np.intp], point: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """The point's values where each code has its bits set, added up.

        But for a constant and a factor that is the product of the point with the code's signs.
        """
        import numpy as np

        # What every value of every byte of a code adds: one look-up for eight bits.
        worth = point.reshape(-1, 8) @ _bits_of_bytes()
        bytes_ = np.arange(0, worth.size, 256)
        ones = np.ones(len(bytes_), np.float32)
        agreement = np.empty(len(places), np.float32)
        step = _SCRATCH // len(bytes_)
        for first in range(0, len(places), step):
            block = places[first : first + step]
            starts, rests = self._starts.take(block, axis=1), self._rests.take(block, axis=0)
            codes = np.concatenate((starts.T, rests), axis=1).view(np.uint8)
            agreement[first : first + step] = worth.take(codes + bytes_) @ ones
        return agreement


def _bits_of_bytes() -> NDArray[np.float32]:
    """Column `n` holds the bits of the number `n`, least significant first."""
    import numpy as np

    numbers = np.arange(256, dtype=np.uint8)
    return np.unpackbits(numbers[None], axis=0, bitorder="little").astype(np.float32)


def _fewest(differing: NDArray[np.uint16], count: int) -> NDArray[np.intp]:
    """Where the `count` smallest numbers stand, the first of equals, ascending."""
    import numpy as np

    if count >= len(differing):
        return np.arange(len(differing))
    last = np.searchsorted(np.cumsum(np.bincount(differing)), count)
    fewer = np.flatnonzero(differing < last)
    tied = np.flatnonzero(differing == last)[: count - len(fewer)]
    return np.sort(np.concatenate((fewer, tied)))


def cosines_of(halves: Sequence[bytes], query: bytes) -> list[float]:
    """Cosine of each stored vector with a query; -2 for one without a direction.

    Args:
        halves: the vectors as they are stored, bfloat16.
        query: float32, unit length.
    """
    import numpy as np

    point = np.frombuffer(query, "<f4")
    vectors = widen_many(b"".join(halves), len(point))
    norms = np.sqrt(np.vecdot(vectors, vectors))
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = vectors @ point / norms
    cosines[~np.isfinite(cosines)] = _NO_COSINE
    np.minimum(cosines, 1.0, out=cosines)
    found: list[float] = cosines.tolist()
    return found


def are_enough(agreement: NDArray[np.float32], cosines: Sequence[float], limit: int) -> bool:
    """Whether it is unlikely that an unread vector is among the `limit` best.

    The cosines that were read tell what an agreement is worth and how far it errs. The more are
    unread, the likelier is one of them far off its estimate: with normal errors, on average fewer
    than one by more than `sqrt(2 ln(unread / 2))` standard deviations. Three of them are asked of
    the next vector at least, and it is the likeliest.

    Args:
        agreement: of every candidate with the query, descending.
        cosines: of the first of them, as many as were read.
        limit: how many are wanted.
    """
    import numpy as np

    read = len(cosines)
    unread = len(agreement) - read
    if unread <= 0 or read <= limit:
        return unread <= 0
    # Both less their means, so that a line through the origin fits them.
    known, offset = np.array(cosines, np.float64), agreement[:read].astype(np.float64)
    known -= known.sum() / read
    mean = offset.sum() / read
    offset -= mean
    slope = offset @ known / max(float(offset @ offset), 1e-9)
    rest = known - slope * offset
    spread = math.sqrt(rest @ rest / read)
    error = spread * max(_CERTAINTY, math.sqrt(2 * math.log(max(unread / 2, 1.0))))
    greatest = slope * (agreement[read] - mean) + error
    return bool(greatest < np.partition(known, read - limit)[read - limit])


def best_of(cosines: Mapping[int, float], limit: int) -> dict[int, float]:
    """The `limit` greatest cosines, and those as great as the last of them."""
    valid = {key: cosine for key, cosine in cosines.items() if cosine > _NO_COSINE}
    if limit >= len(valid):
        return valid
    least = sorted(valid.values(), reverse=True)[limit - 1]
    return {key: cosine for key, cosine in valid.items() if cosine >= least}
