"""Keyword search: two FTS5 tables, one row per file and one per chunk, ranked by BM25.

The tables are contentless: the text lives in `passage` only. Their first column holds the title,
the headings and the words of the path, and counts twice.
"""

from __future__ import annotations

import re
from functools import lru_cache

import apsw

from semsearch.store.base import Part, count_chunks
from semsearch.store.faults import keywords_damaged, not_understood, translate
from semsearch.store.filters import restriction
from semsearch.store.schema import TOKENIZER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Final

    from semsearch.records import Filter

__all__ = ["Lexical", "path_words", "segment"]

_WEIGHTS: Final = "2.0, 1.0"
"""Of title and body, in BM25."""


# --- scripts without spaces --------------------------------------------------------------------

# Thai and Lao, Myanmar, Hangul letters, Khmer, kana with bopomofo, Han, Hangul syllables,
# compatibility Han, half-width kana and Hangul, Han of the supplementary planes.
_LETTERS: Final = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u0edc-\u0edf"
    "\u1000-\u102a\u103f\u1050-\u1055\u1100-\u11ff\u1780-\u17b3"
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u318e\u31a0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uffdc"
    "\U00020000-\U0003ffff"
)
_MARKS: Final = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece"
    "\u102b-\u103e\u1056-\u1059\u17b4-\u17d3\u3099\u309a"
)


_ELSEWHERE: Final = bytes({*range(256)} - {0xE0, 0xE1, *range(0xE3, 0xF5)})
"""Bytes no letter above begins with in UTF-8; E2 begins dashes, quotes and symbols."""


def _unspaced(text: str) -> bool:
    """Whether `text` may hold letters of these scripts; fifty times faster than a pattern."""
    return not text.isascii() and bool(text.encode().translate(None, _ELSEWHERE))


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    unit = f"[{_LETTERS}][{_MARKS}]*"
    return re.compile(f"(?:{unit})+"), re.compile(unit)


def segment(text: str) -> str:
    """Put spaces into scripts that write none, so that the tokenizer finds words in them.

    A run of Han, kana, Hangul, Thai, Lao, Khmer or Myanmar letters becomes its overlapping pairs
    (a letter counts with the marks on it); a single letter stays. The index and the query pass
    the same function, so a word is found wherever its pairs stand next to each other.
    """
    if not _unspaced(text):
        return text
    runs, units = _patterns()

    def pairs(run: re.Match[str]) -> str:
        letters = units.findall(run[0])
        if len(letters) == 1:
            return f" {run[0]} "
        return f" {' '.join(map(str.__add__, letters, letters[1:]))} "

    return runs.sub(pairs, text)


def indexed_form(text: str) -> str:
    """`segment`, with the single letters behind the text: a word of one letter is found too."""
    if text.isascii() or not _unspaced(text):
        return text
    runs, units = _patterns()
    letters = [letter for run in runs.findall(text) for letter in units.findall(run)]
    return f"{segment(text)} {' '.join(letters)}" if letters else text


def path_words(relative: bytes) -> str:
    """The words of a path, for the title column: what a file is called is what it is about."""
    return relative.decode("utf-8", "replace").replace("_", " ")


# --- the tables ----------------------------------------------------------------------------------


class Lexical(Part):
    """The lexical tables: filled with the chunks they belong to, asked with FTS5 expressions."""

    def _index_chunks(self, where: str, chunks: Iterable[tuple[int, tuple[str, ...], str]]) -> None:
        """Add `(chunk id, breadcrumb, text)` of a file whose path has the words `where`."""
        self._db.many(
            "INSERT INTO lexical_chunk(rowid, title, body) VALUES(?, ?, ?)",
            [
                (chunk, indexed_form(f"{' '.join(breadcrumb)} {where}"), indexed_form(text))
                for chunk, breadcrumb, text in chunks
            ],
        )

    def _index_file(self, file: int, title: str, where: str, text: str) -> None:
        self._db.run(
            "INSERT INTO lexical_file(rowid, title, body) VALUES(?, ?, ?)",
            (file, indexed_form(f"{title} {where}"), indexed_form(text)),
        )

    def match_chunks(
        self, expression: str, limit: int, where: Filter | None = None
    ) -> list[tuple[int, float]]:
        """`(chunk id, BM25 score, higher is better)` for an FTS5 expression.

        Raises:
            UsageError: FTS5 cannot parse the expression.
        """
        return self._match("lexical_chunk", expression, limit, where)

    def match_files(
        self, expression: str, limit: int, where: Filter | None = None
    ) -> list[tuple[int, float]]:
        """`(file id, BM25 score)` over whole files.

        Raises:
            UsageError: FTS5 cannot parse the expression.
        """
        return self._match("lexical_file", expression, limit, where)

    def _match(
        self, table: str, expression: str, limit: int, where: Filter | None
    ) -> list[tuple[int, float]]:
        joins, condition, bindings = "", "", ()
        if where is not None and (only := restriction(self._db, where, first=3)):
            condition, bindings = f"AND {only.sql}", only.bindings
            joins = {
                "lexical_chunk": f"CROSS JOIN chunk ON chunk.id = {table}.rowid "
                "CROSS JOIN file ON file.id = chunk.file",
                "lexical_file": f"CROSS JOIN file ON file.id = {table}.rowid",
            }[table]
        sql = (
            f"SELECT {table}.rowid, -bm25({table}, {_WEIGHTS}) AS score FROM {table} {joins} "
            f"WHERE {table} MATCH ?1 {condition} ORDER BY score DESC, {table}.rowid LIMIT ?2"
        )
        try:
            rows: list[Any] = self._db.connection.execute(
                sql, (expression, limit, *bindings)
            ).fetchall()
        except (apsw.SQLError, UnicodeEncodeError) as error:
            if keywords_damaged(error):
                raise translate(error, self._db.path) from error
            raise not_understood(error, expression) from error
        except apsw.Error as error:
            raise translate(error, self._db.path) from error
        return rows

    def document_frequencies(self, terms: Sequence[str]) -> dict[str, float]:
        """Share of chunks (0..1) that hold each word, after the index's own stemming.

        A term the tokenizer cuts into several words is as rare as its rarest word.
        """
        chunks = count_chunks(self._db)
        if not chunks:
            return dict.fromkeys(terms, 0.0)
        name, *arguments = TOKENIZER
        tokenize = self._db.connection.fts5_tokenizer(name, arguments)
        shares: dict[str, float] = {}
        for term in terms:
            words = tokenize(
                segment(term).encode(),
                apsw.FTS5_TOKENIZE_QUERY,
                None,
                include_offsets=False,
                include_colocated=False,
            )
            counts = [
                self._db.value("SELECT doc FROM vocabulary WHERE term = ?", (word,)) or 0
                for word in words
            ]
            shares[term] = min(counts, default=0) / chunks
        return shares
