"""A text longer than its model takes, embedded as two halves.

The vector stored for it is the mean of both halves' directions, weighted by their length: it lies
near each of them, and the passage stays one row, found and shown as a whole. A second passage would
need places, hits and books of its own for a case that a right chunk size makes rare.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from semsearch.vectors import gate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.errors import EmbeddingError

_SHORTEST: Final = 400
"""Characters; no embedding model takes less than a hundred tokens."""


def halves(text: str) -> tuple[str, str] | None:
    """Cut near the middle, where possible between words; None for a text that cannot be too long.

    Both halves have something to embed.
    """
    if len(text) < _SHORTEST:
        return None
    middle, reach = len(text) // 2, len(text) // 8
    cut = max(text.rfind(mark, middle - reach, middle + reach) for mark in ("\n", ". ", " "))
    cut = middle if cut < 0 else cut + 1
    first, second = text[:cut], text[cut:]
    return (first, second) if first.strip() and second.strip() else None


def may_be_too_long(error: EmbeddingError, *, others_passed: bool) -> bool:
    """Whether a refusal of one text alone says that it is too long.

    Args:
        error: the refusal.
        others_passed: other texts of the same run were embedded; then also OpenRouter's shrug
            means this one.
    """
    return error.code == "api.too_long" or (error.code == "api.no_provider" and others_passed)


def joined(vectors: Sequence[bytes], parts: Sequence[str]) -> bytes:
    """The mean of the parts' directions, each weighted by its length; float32, unit length.

    Raises:
        MalformedReply: a vector is unusable, or they cancel each other out.
    """
    width, total = len(vectors[0]) // 4, sum(map(len, parts))
    mean = [0.0] * width
    for vector, part in zip(vectors, parts, strict=True):
        share = len(part) / total
        values = struct.unpack(f"<{width}f", gate(vector, width))
        mean = [have + share * value for have, value in zip(mean, values, strict=True)]
    return gate(struct.pack(f"<{width}f", *mean), width)
