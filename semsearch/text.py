"""Text on its way to a terminal: made harmless, measured and cut by cell width.

`printable` is the one sanitiser of the project. Whatever came from a file, a name, the API or the
database passes it as the last step before it is written, because parsers downstream of an early
filter (JSON escapes, XML references) can make control characters again.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_BIDI_AND_INVISIBLE: Final = (
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f"
)
_C0_C1: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_forbidden: dict[bool, re.Pattern[str]] = {}


def printable(text: str, *, multiline: bool = False) -> str:
    """Replace every character that could drive or confuse a terminal by U+FFFD.

    Forbidden are C0 (TAB and LF stay when `multiline`), DEL, C1, bidirectional controls, line and
    paragraph separators, BOM, interlinear annotation, surrogates and tag characters. Zero-width
    joiners stay: emoji and several scripts need them. Idempotent.
    """
    if text.isprintable():  # stricter than we are, and twenty times as fast
        return text
    return _pattern(multiline).sub(REPLACEMENT, text)


def _pattern(multiline: bool) -> re.Pattern[str]:
    """The forbidden characters; compiled when first needed, which takes milliseconds."""
    pattern = _forbidden.get(multiline)
    if pattern is None:
        blank = "" if multiline else "\t\n"
        pattern = _forbidden[multiline] = re.compile(f"[{blank}{_C0_C1}{_BIDI_AND_INVISIBLE}]")
    return pattern


def one_line(text: str) -> str:
    """Fold every run of white space to one space, then make the rest printable."""
    return printable(" ".join(text.split()))


def display_path(path: bytes) -> str:
    """A path for people: bytes that are not UTF-8 and control characters become U+FFFD."""
    return printable(path.decode("utf-8", "replace"))


def cell_width(text: str) -> int:
    """Terminal cells `text` takes: 2 for East Asian wide and most emoji, 0 for combining marks."""
    if not text.isprintable():
        return sum(map(_cells, text))
    if text.isascii():
        return len(text)
    others = [character for character in text if not character.isascii()]
    return len(text) - len(others) + sum(map(_cells, others))


def cut(text: str, width: int, *, ellipsis: str = "…") -> str:
    """The longest beginning of `text` that fits `width` cells, ending in `ellipsis` if cut."""
    if cell_width(text) <= width:
        return text
    room = width - cell_width(ellipsis)
    if room < 0:
        return ""
    used = 0
    for index, character in enumerate(text):
        used += _cells(character)
        if used > room:
            return text[:index] + ellipsis
    return text


def _cells(character: str) -> int:
    if character < "\u0300" or "\u2010" <= character <= "\u2027":
        return 1  # letters, digits, dashes, quotes, the ellipsis: no table is needed
    import unicodedata

    if character in "\u200b\u200c\u200d\ufe0e\ufe0f" or unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
