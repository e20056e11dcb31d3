"""Words of a query: how text is cut into them, and which carry no meaning of their own."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

# `\w` knows no combining marks, yet the vowels of Hindi or Thai are marks: without these ranges
# their words would fall apart.
_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0966-\u109f\u135d-\u135f\u1780-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u200c\u200d\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ufe20-\ufe2f"
)
_ANY_WORD: Final = rf"[\w{_MARKS}]+(?:['’][\w{_MARKS}]+)*"
_ASCII_WORD: Final = r"\w+(?:'\w+)*"
_ENCLITICS: Final = frozenset(("s", "d", "m", "ll", "re", "ve"))

_FUNCTION_WORDS: Final = """
a about am an and are as at be been being but by can could did do does for from had has have he her
his how i if in into is it its me my no not of on or our she should so such than that the their them
then there these they this those to us was we were what when where which who why will with would you
your ain't aren't can't couldn't didn't doesn't don't hadn't hasn't haven't isn't shouldn't wasn't
weren't won't wouldn't
"""
STOP_WORDS: Final = frozenset(_FUNCTION_WORDS.split())
"""English function words; they leave a lexical query unless nothing else is in it."""


def words(text: str) -> list[str]:
    """Lower-case words of `text` in order, repeats kept.

    A clitic goes (`model's` is `model`, `we'll` is `we`), a negation stays whole (`don't`), other
    apostrophes separate (`l'amour` is `l`, `amour`).
    """
    if text.isascii():
        plain = text.lower().split()
        if all(map(str.isalnum, plain)):
            return plain  # as most questions are; the pattern need not even be compiled
    found: list[str] = []
    for word in re.findall(_ASCII_WORD if text.isascii() else _ANY_WORD, text.lower()):
        if "'" in word or "’" in word:
            found += _apart(word.replace("’", "'"))
        elif word.strip("_"):
            found.append(word)
    return found


def telling(terms: Iterable[str]) -> list[str]:
    """The terms that are not stop words, or all of them when nothing would be left."""
    every = list(terms)
    return [term for term in every if term not in STOP_WORDS] or every


def _apart(word: str) -> list[str]:
    pieces = word.split("'")
    if pieces[-1] == "t" and pieces[-2].endswith("n"):
        return [word]
    if pieces[-1] in _ENCLITICS:
        pieces.pop()
    return [piece for piece in pieces if piece.strip("_")]
