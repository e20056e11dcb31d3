"""How alike words are to a model, told by its input embeddings alone: no forward pass, no numpy.

Two pieces of words are as alike as the signs of their embeddings agree, and a sentence is as near
to some words as each of their pieces finds its like in it: the late interaction of ColBERT
(Khattab and Zaharia, 2020) on vectors that know no context. Among the few sentences of a passage
it picks as well as the vectors of whole sentences do, in a hundredth of the time.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from semsearch.embed.local.wordpiece import WordPiece

__all__ = ["WordLikeness"]

_MOST_PIECES: Final = 48
"""Pieces of a question that count; whoever pastes a page does not wait for all of it."""
_TOP_BIT: Final = b"0" * 128 + b"1" * 128


class WordLikeness:
    """Compares words by a model's table of input embeddings; thread-safe.

    Args:
        tokenizer: the model's.
        table: its input embeddings, one after the other, little-endian floats of any size.
        rows: embeddings in the table.
        width: values of each.
    """

    def __init__(self, tokenizer: WordPiece, table: memoryview, rows: int, width: int) -> None:
        self._tokenizer = tokenizer
        self._table = table
        self._width = width
        self._row = len(table) // rows
        self._item = self._row // width
        self._codes: dict[int, int] = {}

    def nearest(self, words: Sequence[str], sentences: Sequence[str]) -> int | None:
        """Which sentence says most nearly what the words say; the first of equals.

        A piece that is in every sentence tells them apart less than one that is in few.

        Returns:
            A position in `sentences`; None where the model knows none of the words.
        """
        held = [self._pieces(sentence) for sentence in sentences]
        asked = [*islice(self._pieces(" ".join(words)), _MOST_PIECES)]
        if not asked or not any(held):
            return None
        weights = [
            math.log(1 + (len(held) + 1) / (1 + sum(piece in one for one in held)))
            for piece in asked
        ]
        scores = [
            sum(
                weight * self._best(piece, one)
                for piece, weight in zip(asked, weights, strict=True)
            )
            for one in held
        ]
        return scores.index(max(scores))

    def _pieces(self, text: str) -> dict[int, int]:
        """The code of each known piece of a text, in the order they appear."""
        tokenizer = self._tokenizer
        ids = dict.fromkeys(tokenizer.encode(text)[1:-1])
        ids.pop(tokenizer.unknown, None)
        return {piece: self._code(piece) for piece in ids}

    def _best(self, piece: int, held: Collection[int]) -> float:
        """How alike the piece of a sentence is that is most like this one, -1 to 1."""
        if piece in held:
            return 1.0
        if not held:
            return -1.0
        code, codes = self._codes[piece], self._codes
        fewest = min([(code ^ codes[other]).bit_count() for other in held])
        return 1 - 2 * fewest / self._width

    def _code(self, piece: int) -> int:
        """The signs of a piece's embedding; the sign is the highest bit of a float's last byte."""
        code = self._codes.get(piece)
        if code is None:
            start = piece * self._row
            tops = bytes(self._table[start + self._item - 1 : start + self._row : self._item])
            code = self._codes[piece] = int(tops.translate(_TOP_BIT), 2)
        return code
