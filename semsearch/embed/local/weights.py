"""Read a safetensors file: a JSON header that places each tensor in the bytes that follow.

The header is data from outside. Every offset, dtype and shape is checked against the file before
an array is made, so a hostile or cut-off file gives an error, never a crash. The file stays
mapped: it must be replaced by renaming, never overwritten.
"""

from __future__ import annotations

import json
import math
import mmap
import stat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from semsearch.embed.local.layout import unsuitable
from semsearch.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Tensor", "Weights", "open_weights", "parse_header"]

_HEADER_LIMIT: Final = 8 << 20
_ITEM_BYTES: Final = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "I16": 2, "F16": 2,
    "BF16": 2, "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
}  # fmt: skip


class Tensor(NamedTuple):
    """Where a tensor lies, in bytes from the end of the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def parse_header(header: bytes, payload: int) -> dict[str, Tensor]:
    """Tensors of a safetensors header; `payload` is how many bytes follow it.

    Raises:
        ModelUnavailable: not JSON of that form, or a tensor that does not lie in the payload or
            whose size is not what its dtype and shape need.
    """
    try:
        entries = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise unsuitable("the header of its weights is not valid JSON") from error
    if not isinstance(entries, dict):
        raise unsuitable("the header of its weights is not a JSON object")
    entries.pop("__metadata__", None)
    return {name: _tensor(name, entry, payload) for name, entry in entries.items()}


def _tensor(name: str, entry: object, payload: int) -> Tensor:
    shown = printable(name[:80])
    fields: dict[str, object] = entry if isinstance(entry, dict) else {}
    dtype, shape = fields.get("dtype"), _counts(fields.get("shape"))
    place = _counts(fields.get("data_offsets"))
    if not isinstance(dtype, str) or dtype not in _ITEM_BYTES:
        raise unsuitable(f"its tensor {shown} has an unknown type")
    if shape is None or place is None or len(place) != 2:
        raise unsuitable(f"its tensor {shown} has an impossible shape or place")
    start, stop = place
    if stop > payload:
        raise unsuitable(f"its weights are cut off before the end of {shown}")
    if stop - start != math.prod(shape) * _ITEM_BYTES[dtype]:
        raise unsuitable(f"its tensor {shown} does not have the size of its shape")
    return Tensor(dtype, shape, start, stop)


def _counts(value: object) -> tuple[int, ...] | None:
    """A JSON list of natural numbers; None for anything else."""
    if not isinstance(value, list) or any(type(item) is not int or item < 0 for item in value):
        return None
    return tuple(value)


class Weights:
    """A mapped safetensors file.

    Args:
        mapped: The whole file.
        base: Where the payload begins.
        tensors: As `parse_header` gives them for this file.
    """

    def __init__(self, mapped: mmap.mmap, base: int, tensors: dict[str, Tensor]) -> None:
        self._mapped = mapped
        self._base = base
        self._tensors = tensors
        self._prefix = "bert." if "bert.embeddings.word_embeddings.weight" in tensors else ""

    def take(self, name: str, *shape: int) -> NDArray[np.float32]:
        """A read-only view of a tensor, or a float32 copy of one stored in half precision.

        Raises:
            ModelUnavailable: missing, of another shape, or not of a floating type.
        """
        return self._array(self._tensor(name, *shape)).reshape(shape)

    def stored(self, name: str, *shape: int) -> memoryview:
        """The bytes of a tensor as they lie in the file, without numpy; raises what `take` does."""
        tensor = self._tensor(name, *shape)
        return memoryview(self._mapped)[self._base + tensor.start : self._base + tensor.stop]

    def _tensor(self, name: str, *shape: int) -> Tensor:
        tensor = self._tensors.get(self._prefix + name)
        if tensor is None:
            raise unsuitable(f"its weights lack {name}")
        if tensor.shape != shape:
            raise unsuitable(f"its tensor {name} does not have the shape config.json says")
        if tensor.dtype not in ("F32", "F16", "BF16"):
            raise unsuitable(f"its tensor {name} is stored as {tensor.dtype}")
        return tensor

    def _array(self, tensor: Tensor) -> NDArray[np.float32]:
        import numpy as np

        stored = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}[tensor.dtype]
        raw: NDArray[Any] = np.frombuffer(
            self._mapped, stored, math.prod(tensor.shape), self._base + tensor.start
        )
        if tensor.dtype == "BF16":  # the upper half of a float32
            return (raw.astype(np.uint32) << 16).view(np.float32)
        return np.require(raw.astype(np.float32, copy=False), requirements="A")


def open_weights(path: Path) -> Weights:
    """Map a safetensors file and check its header.

    Raises:
        ModelUnavailable: missing, unreadable, or not a well-formed safetensors file.
    """
    name = printable(path.name)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise unsuitable(f"{name} is not a regular file")
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError as error:
        raise unsuitable(f"{name} is missing") from error
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise unsuitable(f"{name} is empty or cannot be read") from error
    size = int.from_bytes(mapped[:8], "little")
    if len(mapped) < 8 or size > min(_HEADER_LIMIT, len(mapped) - 8):
        raise unsuitable(f"{name} is not a safetensors file, or is cut off")
    base = 8 + size
    return Weights(mapped, base, parse_header(mapped[8:base], len(mapped) - base))
