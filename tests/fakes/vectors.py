"""Deterministic vectors that behave a little like meaning: shared words make texts similar."""

from __future__ import annotations

import hashlib
import math
import re
import struct
from functools import lru_cache

_WORD = re.compile(r"\w+")
_STOP = re.compile("an?|and|are|as|at|be|by|for|from|in|is|it|of|on|or|that|the|to|was|with")
_ENDING = re.compile(r"(?<=\w{3})(?:ing|ed|es|e|s)$")
_COORDINATES = 4


def embed_text(text: str, dimensions: int, seed: str = "") -> list[float]:
    """Unit vector of a hashed bag of words; `seed` separates the spaces of two models.

    Every word but the commonest adds four signed coordinates, weighted by `1 + log(count)`, after
    a crude stemming, so inflected forms are the same word. Text without words gets a direction
    of its own, so no vector is ever zero.
    """
    counts: dict[str, int] = {}
    for word in _WORD.findall(text.lower()):
        if not _STOP.fullmatch(word):
            stem = _ENDING.sub("", word)
            counts[stem] = counts.get(stem, 0) + 1
    sums = [0.0] * dimensions
    for word, count in (counts or {f"\0{text}": 1}).items():
        weight = 1.0 + math.log(count)
        for position, sign in _directions(word, dimensions, seed):
            sums[position] += sign * weight
    norm = math.sqrt(math.fsum(value * value for value in sums))
    if norm < 1e-6:
        sums[0] = norm = 1.0
    return [value / norm for value in sums]


def pack(vector: list[float]) -> bytes:
    """Little-endian float32, as records say a vector is."""
    return struct.pack(f"<{len(vector)}f", *vector)


@lru_cache(maxsize=200_000)
def _directions(word: str, dimensions: int, seed: str) -> tuple[tuple[int, float], ...]:
    digest = hashlib.blake2b(f"{seed}\0{word}".encode(errors="surrogatepass")).digest()
    numbers = struct.unpack_from(f"<{_COORDINATES}I", digest)
    return tuple((number // 2 % dimensions, 1.0 if number % 2 else -1.0) for number in numbers)
