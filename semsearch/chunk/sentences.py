"""Where sentences end, in any script, by punctuation and a list of abbreviations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_END: Final = re.compile(
    # One set first, so that the engine skips to its members; what may follow depends on the script.
    r"[.!?…‽؟۔।॥։።។。！？｡][\"')\]»”’›*_`）】」』]*"
    r"(?:(?<=[。！？｡）】」』])\s*|(?:\[\d{1,3}\])*\s+)"
)
_END_ASCII: Final = re.compile(r"[.!?][\"')\]*_`]*(?:\[\d{1,3}\])*\s+")

_NEVER_LAST: Final = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "vs", "fig", "figs", "eq", "eqs", "no", "nos", "vol"}
    | {"pp", "e.g", "i.e", "cf", "approx", "ca", "sec", "ch", "ref", "refs", "ed", "eds", "dept"}
    | {"z.b", "d.h", "u.a", "bzw", "vgl", "nr", "hr", "fr", "bspw", "p.ex", "sr", "sra", "ej"}
)
"""Abbreviations that more of the sentence follows, lower case, without the last full stop."""
_SELDOM_LAST: Final = frozenset(
    {"etc", "inc", "ltd", "co", "corp", "al", "jr", "usw", "a.m", "p.m", "u.s", "u.k"}
)
"""Abbreviations that end a sentence only when a capital follows."""
_LONGEST_ABBREVIATION: Final = 6
_OPENING: Final = "([{\"'“‘«*_-/"


def sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Yield where the sentences of `text[start:end]` end, with the space behind each."""
    pattern = _END_ASCII if text.isascii() else _END
    begin = start
    for match in pattern.finditer(text, start, end):
        at, stop = match.span()
        if stop >= end:
            break
        if text[at] != "." or not _abbreviates(text, begin, at, stop):
            yield stop
            begin = stop
    yield end


def _abbreviates(text: str, begin: int, at: int, following: int) -> bool:
    """Whether the full stop at `at` belongs to an abbreviation or an initial."""
    earliest = max(begin, at - _LONGEST_ABBREVIATION - 2)
    word = text[max(earliest, text.rfind(" ", earliest, at) + 1) : at]
    if len(word) > _LONGEST_ABBREVIATION and word.isalpha():
        return False
    word = word.rpartition("\n")[2].lstrip(_OPENING)
    if len(word) == 1:
        return word.isupper() and word != "I"
    lowered = word.lower()
    if lowered in _NEVER_LAST:
        return True
    return lowered in _SELDOM_LAST and not text[following : following + 1].isupper()
