"""BERT's uncased WordPiece tokenizer in the standard library.

Follows the reference pipeline: clean, set CJK ideographs apart, decompose (NFD), drop accents,
lower case, split at punctuation, then take the longest known piece again and again. Ids equal
those of the `tokenizers` package for every character its (Unicode 8) tables know. About 500 of
the 1.1 million code points, accents and punctuation of rare scripts that were assigned later,
split a word differently; no piece of an English vocabulary holds one.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from semsearch.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["WordPiece", "read_vocabulary"]

_LONGEST_WORD: Final = 100
"""Characters above which the reference gives up on a word and calls it unknown."""
_CACHED_WORDS: Final = 1 << 16
_SPECIAL: Final = re.compile(r"(\[(?:PAD|UNK|CLS|SEP|MASK)\])")
_IDEOGRAPHS: Final = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B81F),
    (0x2B920, 0x2CEAF),  # the reference starts this block 256 code points late
    (0x2F800, 0x2FA1F),
)


class _CharacterTable(dict[int, str]):
    """Map for `str.translate` that works a character out when it is first met."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def __missing__(self, code_point: int) -> str:
        replacement = self._rule(chr(code_point))
        self[code_point] = replacement
        return replacement


def _clean(character: str) -> str:
    """Nothing for what the reference drops, a space for white space, ideographs between spaces."""
    if character in "\t\n\r":
        return " "
    code_point = ord(character)
    category = unicodedata.category(character)
    # Unassigned code points (Cn) stay: the reference's tables do not count them as controls.
    if code_point == 0xFFFD or category in ("Cc", "Cf", "Co", "Cs"):
        return ""
    if category[0] == "Z":
        return " "
    if any(first <= code_point <= last for first, last in _IDEOGRAPHS):
        return f" {character} "
    return character


def _fold(character: str) -> str:
    """Lower case without accents, punctuation between spaces; takes decomposed text."""
    if unicodedata.category(character) == "Mn":
        return ""
    folded = character.lower()
    return "".join(f" {part} " if _is_punctuation(part) else part for part in folded)


def _is_punctuation(character: str) -> bool:
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character)[0] == "P"


_CLEANED: Final = _CharacterTable(_clean)
_FOLDED: Final = _CharacterTable(_fold)
_ASCII: Final = _CharacterTable(lambda character: "".join(map(_fold, _clean(character))))


def _words(text: str) -> list[str]:
    if text.isascii():
        return text.translate(_ASCII).split()
    return unicodedata.normalize("NFD", text.translate(_CLEANED)).translate(_FOLDED).split()


def read_vocabulary(data: bytes) -> dict[str, int]:
    """Pieces of a `vocab.txt`, numbered by line.

    Raises:
        ModelUnavailable: not UTF-8, or without the special pieces of BERT.
    """
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise ModelUnavailable(
            "The model's vocab.txt is not UTF-8 text.",
            hint="Give a folder that holds a BERT model with its vocab.txt.",
        ) from error
    if lines[-1] == "":
        lines.pop()
    vocabulary = {line.rstrip("\r"): number for number, line in enumerate(lines)}
    missing = [piece for piece in ("[UNK]", "[CLS]", "[SEP]") if piece not in vocabulary]
    if missing:
        raise ModelUnavailable(
            f"The model's vocab.txt lacks {', '.join(missing)}.",
            hint="Give a folder that holds a BERT model with its vocab.txt.",
        )
    return vocabulary


class WordPiece:
    """Turns text into BERT token ids; thread-safe.

    Args:
        vocabulary: As read by `read_vocabulary`.
        limit: Longest sequence `encode` returns, `[CLS]` and `[SEP]` included.
    """

    def __init__(self, vocabulary: dict[str, int], limit: int = 256) -> None:
        self.limit = limit
        self._ids = vocabulary
        self._start = vocabulary["[CLS]"]
        self._end = vocabulary["[SEP]"]
        self.unknown = vocabulary["[UNK]"]
        """Id that stands for any word the vocabulary cannot spell."""
        self._unknown = (self.unknown,)
        self._longest_piece = max(map(len, vocabulary))
        self._spell = lru_cache(_CACHED_WORDS)(self._split)

    def encode(self, text: str) -> list[int]:
        """Token ids of the beginning of `text`, at most `limit` of them."""
        room = self.limit - 2
        ids: list[int] = []
        for pieces in self._runs(text):
            ids += pieces
            if len(ids) >= room:
                del ids[room:]
                break
        return [self._start, *ids, self._end]

    def count(self, text: str) -> int:
        """Tokens of the whole text, uncut, `[CLS]` and `[SEP]` included."""
        return 2 + sum(map(len, self._runs(text)))

    def _runs(self, text: str) -> Iterator[tuple[int, ...]]:
        """Ids word by word; a special token spelled out counts as one, as in the reference."""
        for position, part in enumerate(_SPECIAL.split(text)):
            if position % 2:
                special = self._ids.get(part)
                yield self._unknown if special is None else (special,)
            else:
                yield from map(self._spell, _words(part))

    def _split(self, word: str) -> tuple[int, ...]:
        """Greedy longest match; a word with any unknown part is unknown as a whole."""
        whole = self._ids.get(word)
        if whole is not None:
            return (whole,)
        if len(word) > _LONGEST_WORD:
            return self._unknown
        found: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(min(len(word), start + self._longest_piece), start, -1):
                piece = self._ids.get(prefix + word[start:end])
                if piece is not None:
                    found.append(piece)
                    start = end
                    break
            else:
                return self._unknown
        return tuple(found)
