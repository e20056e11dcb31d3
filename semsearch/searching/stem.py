"""Porter's stemmer as SQLite's FTS5 runs it, so what is highlighted is what the index matched.

M. F. Porter, "An algorithm for suffix stripping", Program 14 (3), 1980.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_LONGEST: Final = 64
_VOWELS: Final = frozenset("aeiou")

# Keyed by the last letter but one, as every suffix of a step differs there or is tried in turn.
_STEP_2: Final = {
    "a": (("ational", "ate"), ("tional", "tion")),
    "c": (("enci", "ence"), ("anci", "ance")),
    "e": (("izer", "ize"),),
    "g": (("logi", "log"),),
    "l": (("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous")),
    "o": (("ization", "ize"), ("ation", "ate"), ("ator", "ate")),
    "s": (("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous")),
    "t": (("aliti", "al"), ("iviti", "ive"), ("biliti", "ble")),
}
_STEP_3: Final = {
    "a": (("ical", "ic"),),
    "s": (("ness", ""),),
    "t": (("icate", "ic"), ("iciti", "ic")),
    "u": (("ful", ""),),
    "v": (("ative", ""),),
    "z": (("alize", "al"),),
}
_STEP_4: Final = {
    "a": ("al",),
    "c": ("ance", "ence"),
    "e": ("er",),
    "i": ("ic",),
    "l": ("able", "ible"),
    "n": ("ant", "ement", "ment", "ent"),
    "o": ("ion", "ou"),
    "s": ("ism",),
    "t": ("ate", "iti"),
    "u": ("ous",),
    "v": ("ive",),
    "z": ("ize",),
}


class _Folding(dict[int, int]):
    """Code point -> code point without case and diacritics, filled as characters are met."""

    def __missing__(self, code: int) -> int:
        if code < 0x80:
            self[code] = folded = ord(chr(code).lower())
            return folded
        import unicodedata

        character = chr(code)
        base = unicodedata.normalize("NFD", character)[0]
        plain = (base if base.isascii() else character).casefold()
        self[code] = folded = ord(plain) if len(plain) == 1 else code
        return folded


_FOLDING: Final = _Folding({code: code for code in range(0x2010, 0x2028)})
"""Dashes, quotes and the ellipsis, which a snippet ends in, need no table."""


def fold(text: str) -> str:
    """Lower case without diacritics, character by character: positions stay what they are."""
    return text.lower() if text.isascii() else text.translate(_FOLDING)


def stem(word: str) -> str:
    """The stem of one folded word; words under three bytes or over 64 are their own."""
    if not 3 <= (len(word) if word.isascii() else len(word.encode())) <= _LONGEST:
        return word
    word = _step_1(word)
    for endings in (_STEP_2, _STEP_3):
        word = _replace(word, endings)
    return _step_5(_step_4(word))


def _step_1(word: str) -> str:
    if word.endswith("s") and not word.endswith("ss"):
        cut = 2 if (word.endswith("sses") and len(word) > 4) or word[-3:-1] == "ie" else 1
        word = word[: -cut if len(word) > 3 else -1]
    if word.endswith("eed") and len(word) > 3:
        word = word[:-1] if _measure(word[:-3]) > 0 else word
    else:
        for ending in ("ed", "ing"):
            start = word[: -len(ending)]
            if word.endswith(ending) and _has_vowel(start):
                word = _mend(start)
                break
    if word.endswith("y") and _has_vowel(word[:-1]):
        word = word[:-1] + "i"
    return word


def _mend(word: str) -> str:
    """Give back the letter that `-ed` or `-ing` took, or take the one they doubled."""
    if len(word) > 2 and word.endswith(("at", "bl", "iz")):
        return word + "e"
    last = word[-1]
    if word[-2:] == last * 2 and last not in "aeioulsz" and last.isascii():
        return word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_short(word) else word


def _replace(word: str, endings: dict[str, tuple[tuple[str, str], ...]]) -> str:
    for ending, other in endings.get(word[-2:-1], ()):
        if word.endswith(ending) and len(word) > len(ending):
            start = word[: -len(ending)]
            return start + other if _measure(start) > 0 else word
    return word


def _step_4(word: str) -> str:
    for ending in _STEP_4.get(word[-2:-1], ()):
        if word.endswith(ending) and len(word) > len(ending):
            start = word[: -len(ending)]
            fits = ending != "ion" or start[-1] in "st"
            return start if fits and _measure(start) > 1 else word
    return word


def _step_5(word: str) -> str:
    if word.endswith("e"):
        start = word[:-1]
        measure = _measure(start)
        if measure > 1 or (measure == 1 and not _ends_short(start)):
            word = start
    if word.endswith("ll") and _measure(word[:-1]) > 1:
        word = word[:-1]
    return word


def _shape(word: str) -> str:
    """`v` for each vowel, `c` for each consonant; `y` is a vowel after a consonant.

    The index works on bytes, so a letter beyond ASCII is as many consonants as it has bytes.
    """
    shape = ""
    for letter in word:
        if letter in _VOWELS or (letter == "y" and shape.endswith("c")):
            shape += "v"
        else:
            shape += "c" if letter.isascii() else "c" * len(letter.encode())
    return shape


def _measure(word: str) -> int:
    """How often a consonant follows a vowel: Porter's m."""
    return _shape(word).count("vc")


def _has_vowel(word: str) -> bool:
    return any(letter in _VOWELS for letter in word) or "y" in word[1:]


def _ends_short(word: str) -> bool:
    """Porter's *o: consonant, vowel, consonant other than w, x, y at the end."""
    return word[-1] not in "wxy" and _shape(word).endswith("cvc")
