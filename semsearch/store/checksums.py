"""Checksums of what is stored; a module of its own, because a search writes and proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from typing import Final

_SIZES: Final = [size.to_bytes(8, "little") for size in range(64)]
"""Of most values a row has, made once."""


def _counted(raw: bytes) -> bytes:
    return len(raw).to_bytes(8, "little") + raw


_NUMBERS: Final = [_counted(b"%d" % number) for number in range(1024)]
"""Most numbers in a row of a chunk or a passage are small."""
_NULL: Final = _counted(b"None")


def row_checksum(*values: str | bytes | int | float | None) -> int:
    """CRC-32 of a row's values, each with its length; a text counts as its UTF-8."""
    parts: list[bytes] = []
    for value in values:
        if type(value) is int:  # not bool
            if 0 <= value < len(_NUMBERS):
                parts.append(_NUMBERS[value])
                continue
            raw = b"%d" % value
        elif value is None:
            parts.append(_NULL)
            continue
        elif isinstance(value, bytes):
            raw = value
        else:
            text = value if isinstance(value, str) else repr(value)
            raw = text.encode("utf-8", "surrogatepass")
        size = len(raw)
        parts.append(_SIZES[size] if size < len(_SIZES) else size.to_bytes(8, "little"))
        parts.append(raw)
    return crc32(b"".join(parts))


def vector_checksum(space: int, digest: bytes, value: bytes) -> int:
    """CRC-32 that ties a stored vector to its space and its text."""
    return crc32(value, crc32(digest, space))
