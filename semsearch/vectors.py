"""Vectors as bytes: proven, normalised, halved to bfloat16, and folded to sign codes.

A query is served without numpy: every function that handles one vector is plain Python and takes
a millisecond or less. The functions that handle a batch import numpy when they are called and
give the same answers (`narrow` and the sign codes bit for bit).
"""

from __future__ import annotations

import math
import sys
from array import array

from semsearch.errors import MalformedReply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Final

    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

__all__ = ["Rotation", "gate", "gate_many", "narrow", "narrow_many", "widen", "widen_many"]

MINIMUM_NORM: Final = 1e-6
MAXIMUM_NORM: Final = 1e6
"""Outside these no embedding model works: zero, denormal and overflowing vectors rank anywhere."""

_BIG_ENDIAN: Final = sys.byteorder == "big"


# --- the gate --------------------------------------------------------------------------------


def gate(raw: bytes, dimensions: int) -> bytes:
    """Prove one vector and return it at unit length.

    Args:
        raw: little-endian float32 values.
        dimensions: the width the vector must have.

    Raises:
        MalformedReply: wrong width, a value that is not finite, or a norm outside 1e-6..1e6.
    """
    _check_width(raw, dimensions)
    values = _floats(raw)
    norm = math.hypot(*values)
    _check_norm(norm)
    return _bytes(array("f", [value / norm for value in values]))


def gate_many(raws: Sequence[bytes], dimensions: int, *, first: int = 0) -> Matrix:
    """`gate` for a batch: a float32 matrix of shape `(len(raws), dimensions)`, rows unit length.

    Args:
        raws: little-endian float32 values of each vector.
        dimensions: the width every vector must have.
        first: position of `raws[0]` in the reply, for messages.

    Raises:
        MalformedReply: the first vector that `gate` would refuse, named by its position.
    """
    import numpy as np

    for position, raw in enumerate(raws, first):
        _check_width(raw, dimensions, f" {position}")
    matrix = np.frombuffer(b"".join(raws), "<f4").reshape(len(raws), dimensions)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        norms = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
        # float32 sums are good to about six digits: whatever comes near a bound, is infinite or
        # is not a number is judged again by the arithmetic of `gate`.
        clear = (norms > 2 * MINIMUM_NORM) & (norms < MAXIMUM_NORM / 2)
        for row in np.flatnonzero(~clear).tolist():
            norms[row] = math.hypot(*matrix[row].tolist())
            _check_norm(float(norms[row]), f" {first + row}")
        unit: Matrix = matrix / norms[:, None]
        return unit


def _check_width(raw: bytes, dimensions: int, position: str = "") -> None:
    if len(raw) != 4 * dimensions or not raw:
        raise MalformedReply(
            f"Vector{position} has {len(raw)} bytes where {dimensions} dimensions "
            f"take {4 * dimensions}.",
            hint="The model may have changed on the server; check `semsearch models`.",
        )


def _check_norm(norm: float, position: str = "") -> None:
    if not math.isfinite(norm):
        raise MalformedReply(f"Vector{position} holds a value that is not a finite number.")
    if not MINIMUM_NORM <= norm <= MAXIMUM_NORM:
        raise MalformedReply(
            f"Vector{position} has length {norm:g}; an embedding lies between "
            f"{MINIMUM_NORM:g} and {MAXIMUM_NORM:g}."
        )


def _floats(raw: bytes) -> array[float]:
    values = array("f", raw)
    if _BIG_ENDIAN:
        values.byteswap()
    return values


def _bytes(values: array[Any]) -> bytes:
    if _BIG_ENDIAN:
        values.byteswap()
    return values.tobytes()


# --- bfloat16 --------------------------------------------------------------------------------


def widen(half: bytes) -> bytes:
    """bfloat16 to float32, exactly: the two missing low bytes of each value are zero."""
    wide = array("H", bytes(2 * len(half)))
    wide[1::2] = array("H", half)
    return wide.tobytes()


def narrow(raw: bytes) -> bytes:
    """Finite float32 to bfloat16, rounded to nearest, ties to even."""
    words = array("I", raw)
    if _BIG_ENDIAN:
        words.byteswap()
    return _bytes(array("H", [(word + 0x7FFF + (word >> 16 & 1)) >> 16 for word in words]))


def narrow_many(matrix: Matrix) -> NDArray[np.uint16]:
    """`narrow` for a float32 matrix; same shape, each value the upper half of a float32."""
    import numpy as np

    words = np.ascontiguousarray(matrix, "<f4").view("<u4")
    halves: NDArray[np.uint16] = ((words + 0x7FFF + (words >> 16 & 1)) >> 16).astype("<u2")
    return halves


def widen_many(halves: bytes, dimensions: int) -> Matrix:
    """Concatenated bfloat16 vectors as a float32 matrix with `dimensions` columns."""
    import numpy as np

    words = np.frombuffer(halves, "<u2").astype("<u4")
    words <<= 16
    return words.view("<f4").reshape(-1, dimensions)


# --- sign codes ------------------------------------------------------------------------------


class Rotation:
    """A fixed randomised Hadamard rotation, and the signs of what it makes of a vector.

    Two rounds, each of random sign flips and a Walsh-Hadamard transform in blocks of the largest
    power of two that divides the width, with a fixed permutation between that lets the blocks mix.
    It spreads every coordinate over all others, so that one sign bit per dimension keeps as much
    of the angle as it can, whatever the model (fast Johnson-Lindenstrauss; Ailon and Chazelle,
    2009). A width that is no multiple of 64 is filled up with zeros, so a code has
    `8 * ceil(dimensions / 64)` bytes.

    Values are rounded to integers small enough that float32 adds them without error. So the order
    of additions does not matter, and plain Python, numpy and any BLAS give the same bits.
    """

    __slots__ = (
        "_arrays",
        "_block",
        "_flips",
        "_lanes",
        "_order",
        "_scale",
        "_width",
        "code_bytes",
    )

    def __init__(self, dimensions: int) -> None:
        if dimensions < 1:
            raise ValueError(f"dimensions must be positive, not {dimensions}")
        self._width = -(-dimensions // 64) * 64
        self._block = self._width & -self._width
        self.code_bytes = self._width // 8
        # A unit vector scaled by 2^s has partial sums below block * 2^s after two rounds (Cauchy
        # and Schwarz, twice); float32 is exact up to 2^24. One bit is left for rounding.
        self._scale = 2**23 // self._block
        signs = _random_bits(2 * self._width, seed=self._width)
        self._flips = (signs[: self._width], signs[self._width :])
        stride = _coprime_near(int(self._width * 0.6180339887), self._width)
        self._order = [index * stride % self._width for index in range(self._width)]
        self._lanes: _Lanes | None = None
        self._arrays: _Arrays | None = None

    def sign_code(self, vector: bytes) -> bytes:
        """Bit `i` (least significant first) is set where rotated value `i` is positive.

        Args:
            vector: little-endian float32, unit length.
        """
        if self._lanes is None:
            self._lanes = _Lanes(self._width, self._block, self._scale, self._flips, self._order)
        return self._lanes.sign_code(_floats(vector))

    def sign_codes(self, matrix: Matrix) -> list[bytes]:
        """`sign_code` of every row of a float32 matrix of shape `(n, dimensions)`."""
        import numpy as np

        packed = np.packbits(self.rotated(matrix) > 0, axis=1, bitorder="little").tobytes()
        width = self.code_bytes
        return [packed[start : start + width] for start in range(0, len(packed), width)]

    def rotated(self, matrix: Matrix) -> Matrix:
        """What the codes are the signs of, `8 * code_bytes` values a row, of no particular length.

        Args:
            matrix: float32, shape `(n, dimensions)`, rows of unit length.
        """
        import numpy as np

        if self._arrays is None:
            self._arrays = _Arrays(self._block, self._scale, self._flips, self._order)
        arrays = self._arrays
        rows, dimensions = matrix.shape
        values = np.zeros((rows, self._width), np.float32)
        np.multiply(matrix, arrays.scaled_flips[:dimensions], out=values[:, :dimensions])
        values = arrays.transform(np.rint(values, out=values)).take(arrays.order, axis=1)
        values *= arrays.flips
        return arrays.transform(values)


class _Lanes:
    """The rotation of one vector in plain Python: a long integer serves as a vector register.

    Every value is a lane of 32 bits and carries a bias that keeps it positive, so that adding or
    subtracting two long integers adds or subtracts all lanes at once.
    """

    __slots__ = ("_flips", "_masks", "_ones", "_permute", "_rounds", "_scales", "_width")

    def __init__(
        self, width: int, block: int, scale: int, flips: tuple[str, str], order: list[int]
    ) -> None:
        from operator import itemgetter

        self._width = width
        self._ones = int.from_bytes(b"\1\0\0\0" * width, "little")
        self._scales = [float(scale if flip == "1" else -scale) for flip in flips[0]]
        lane = {"1": b"\0\0\0\0", "0": b"\xff\xff\xff\xff"}
        self._flips = int.from_bytes(b"".join([lane[flip] for flip in flips[1]]), "little")
        self._permute = itemgetter(*order)
        passes = block.bit_length() - 1
        strides = [1 << number for number in range(passes)]
        self._masks = [
            (32 * stride, int.from_bytes(_alternating(4 * stride, width // stride // 2), "little"))
            for stride in strides
        ]
        # No value exceeds the length of the whole vector, which a round multiplies by the root of
        # the block. A bias doubles with every pass.
        before, between = scale.bit_length(), 24 - (passes + 1) // 2
        self._rounds = (1 << before, 1 << between)

    def sign_code(self, values: Iterable[float]) -> bytes:
        from operator import mul

        first, second = self._rounds
        # The low word of a double that was added to 1.5 * 2^52 is the nearest integer, ties to
        # even; with the bias on top it is positive.
        shift = 1.5 * 2**52 + first
        rounded = array("d", [value + shift for value in map(mul, values, self._scales)])
        rounded.extend([shift] * (self._width - len(rounded)))
        words = array("I", rounded.tobytes())[1 if _BIG_ENDIAN else 0 :: 2]

        lanes, bias = self._transform(int.from_bytes(_bytes(words), "little"), first)
        words = array("I", lanes.to_bytes(4 * self._width, "little"))
        lanes = int.from_bytes(array("I", self._permute(words)).tobytes(), "little")
        flipped = 2 * bias * self._ones - lanes
        lanes ^= (lanes ^ flipped) & self._flips
        lanes, bias = self._transform(lanes - (bias - second) * self._ones, second)

        # Only what is above the bias reaches the top bit of its lane.
        lanes += (2**31 - 1 - bias) * self._ones
        tops = lanes.to_bytes(4 * self._width, "little")[3::4]
        return int(tops[::-1].translate(_TOP_BIT), 2).to_bytes(self._width // 8, "little")

    def _transform(self, lanes: int, bias: int) -> tuple[int, int]:
        """One Walsh-Hadamard transform of every block; the lanes and what their bias became."""
        for shift, mask in self._masks:
            even, odd = lanes & mask, lanes >> shift & mask
            bias *= 2
            lanes = (even + odd) | (even - odd + (bias * self._ones & mask)) << shift
        return lanes, bias


_TOP_BIT: Final = b"0" * 128 + b"1" * 128


def _alternating(length: int, times: int) -> bytes:
    return (b"\xff" * length + b"\0" * length) * times


class _Arrays:
    """What `Rotation` needs for a batch, as numpy arrays."""

    __slots__ = ("_inner", "_outer", "flips", "order", "scaled_flips")

    def __init__(self, block: int, scale: int, flips: tuple[str, str], order: list[int]) -> None:
        import numpy as np

        signs = [np.asarray([1 if flip == "1" else -1 for flip in half]) for half in flips]
        self.scaled_flips = (signs[0] * scale).astype(np.float32)
        self.flips = signs[1].astype(np.float32)
        self.order = np.asarray(order, np.intp)
        # A Hadamard matrix of order a * b is the Kronecker product of those of order a and b, so
        # two small matrix products do the work of log2(a * b) passes.
        bits = block.bit_length() - 1
        self._outer = np.asarray(_hadamard(1 << bits // 2), np.float32)
        self._inner = np.asarray(_hadamard(1 << (bits - bits // 2)), np.float32)

    def transform(self, values: Matrix) -> Matrix:
        """The Walsh-Hadamard transform of every block of every row."""
        outer, inner = len(self._outer), len(self._inner)
        cube: Matrix = (values.reshape(-1, inner) @ self._inner).reshape(-1, outer, inner)
        return (self._outer @ cube).reshape(values.shape)


def _random_bits(count: int, seed: int) -> str:
    """Pseudo-random zeros and ones that never change: splitmix64 (Steele, Lea, Flood, 2014)."""
    mask, state = (1 << 64) - 1, seed
    bits = ""
    while len(bits) < count:
        state = (state + 0x9E3779B97F4A7C15) & mask
        word = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & mask
        word = ((word ^ word >> 27) * 0x94D049BB133111EB) & mask
        bits += f"{word ^ word >> 31:064b}"
    return bits[:count]


def _coprime_near(value: int, width: int) -> int:
    while math.gcd(value, width) != 1:
        value += 1
    return value


def _hadamard(order: int) -> list[list[int]]:
    return [[-1 if (i & j).bit_count() & 1 else 1 for j in range(order)] for i in range(order)]
