"""How many tokens a text will cost, estimated by the script its characters belong to.

Embedding models cut text into word pieces: about four Latin letters to a token, two letters of
other alphabets, one Chinese, Japanese or Korean character; nearly every punctuation mark is a token
of its own. Measured against WordPiece on English prose, documentation and Python the estimate is
within 10 % on average. Blank space costs nothing.

The unit inside the room is an eighth of a token, so that weights are integers and add up: the
weight of a text is the sum of the weights of its parts.
"""

from __future__ import annotations

import string
from typing import Final
from zlib import adler32

WEIGHT_OF_TOKEN: Final = 8

_WEIGHT_OF: Final = {
    byte: weight
    for weight, members in (
        (0, (*range(0x21), 0x7F)),
        (2, string.ascii_letters.encode()),
        (5, string.digits.encode()),
        # Second and further bytes of UTF-8: a character is weighed by its first byte.
        (0, range(0x80, 0xC0)),
        # U+0080 to U+1FFF: accented Latin, Greek, Cyrillic, Arabic, Indic, Thai, ...
        (4, range(0xC0, 0xE2)),
        # U+10000 and above: emoji and rare ideographs.
        (16, range(0xF0, 0xF8)),
    )
    for byte in members
}
_WEIGHTS: Final = bytes(_WEIGHT_OF.get(byte, 8) for byte in range(256))
"""Weight of every byte of UTF-8; 8 are those of marks and of Chinese, Japanese and Korean."""
_SUMMED: Final = 4095
"""Bytes whose weights, 16 at most, add up to less than 65521, the modulus of Adler-32."""


def estimate_tokens(text: str) -> int:
    """Tokens an embedding model will count, roughly; 0 only for blank text."""
    return -(-weigh(text) // WEIGHT_OF_TOKEN)


def weigh(text: str) -> int:
    """Estimated tokens in eighths; additive over concatenation."""
    weights = text.encode("utf-8", "surrogatepass").translate(_WEIGHTS)
    if len(weights) <= _SUMMED:
        # Half of Adler-32 is a plain sum of bytes (RFC 1950), the fastest one at hand.
        return adler32(weights, 0) & 0xFFFF
    pieces = (weights[at : at + _SUMMED] for at in range(0, len(weights), _SUMMED))
    return sum(adler32(piece, 0) & 0xFFFF for piece in pieces)
