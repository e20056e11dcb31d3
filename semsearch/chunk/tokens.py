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

WEIGHT_OF_TOKEN: Final = 8

_LETTERS: Final = string.ascii_letters.encode()
_DIGITS: Final = string.digits.encode()
_CONTINUATION: Final = bytes(range(0x80, 0xC0))
"""Second and further bytes of UTF-8: a character is weighed by its first byte."""
_BLANK: Final = bytes(range(0x21)) + b"\x7f"
_ALPHABETS: Final = bytes(range(0xC0, 0xE2))
"""First bytes of U+0080 to U+1FFF: accented Latin, Greek, Cyrillic, Arabic, Indic, Thai, ..."""
_ASTRAL: Final = bytes(range(0xF0, 0xF8))
"""First bytes of U+10000 and above: emoji and rare ideographs."""


def estimate_tokens(text: str) -> int:
    """Tokens an embedding model will count, roughly; 0 only for blank text."""
    return -(-weigh(text) // WEIGHT_OF_TOKEN)


def weigh(text: str) -> int:
    """Estimated tokens in eighths; additive over concatenation."""
    return weigh_utf8(text.encode("utf-8", "surrogatepass"))


def weigh_utf8(data: bytes) -> int:
    """`weigh` of text that is already encoded."""
    rest = data.translate(None, _LETTERS)
    weight = 2 * (len(data) - len(rest))
    rest = rest.translate(None, _BLANK)
    marks = rest.translate(None, _DIGITS)
    weight += 5 * (len(rest) - len(marks))
    if marks.isascii():
        return weight + 8 * len(marks)
    marks = marks.translate(None, _CONTINUATION)
    others = marks.translate(None, _ALPHABETS)
    weight += 4 * (len(marks) - len(others))
    plain = others.translate(None, _ASTRAL)
    return weight + 16 * (len(others) - len(plain)) + 8 * len(plain)
