"""Do the keyword tables hold the words of the stored texts, no more, no less, in their places?

FTS5 cannot tell: a contentless table has nothing it could compare itself with, and its own check
sees one flipped bit in thirty. So the passages are indexed once more, in memory and a slice at a
time, and both indexes are summed up word by word: number of places, and a sum over documents,
columns and positions. Sums add up over slices, so memory stays small.

The table of whole files also holds words that stand between passages, so of it is asked only that
it has every word its passages have, and that its places agree with its own lengths.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import apsw

from semsearch.errors import SemsearchError
from semsearch.store.base import split
from semsearch.store.documents import merged_text
from semsearch.store.lexical import indexed_form, path_words
from semsearch.store.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from semsearch.store.driver import Database, Row

    Tell = Callable[[str, int, int], None]
    Sums = dict[str, tuple[int, int]]
    """By word: in how many places it stands, and the sum over those places."""

_SLICE: Final = 4000
"""Passages indexed in memory at a time: a few megabytes."""

_PLACE: Final = "doc * 31 + \"offset\" * 7 + (col = 'body')"
"""One number for a place; small enough that a sum over 10^10 of them is exact."""


def words_problem(db: Database, tell: Tell, *, quick: bool = False) -> str:
    """What is wrong with the keyword tables; empty when nothing is.

    Args:
        db: the open database.
        tell: told how far it is.
        quick: compare rows and totals only, not the words.
    """
    try:
        if any(db.rows(statement) for statement in _DIFFERENCES):
            return "is out of step with the texts"
        for table in ("lexical_chunk", "lexical_file"):
            totals, lengths = _totals(db, table), _sum_of_lengths(db, table)
            if totals != lengths if lengths[0] else any(totals):  # an empty one keeps none, or 0
                return "does not agree with its own totals"
        if not (quick or _passages_agree(db, tell)):
            return "does not hold the words of the texts"
        if not (quick or _files_agree(db, tell)):
            return "does not hold the words of the files"
    except (ValueError, IndexError):
        return "has rows that cannot be read"
    except SemsearchError as error:
        if error.code != "bug":  # a table of FTS5's own that has lost its columns
            raise
        return "has tables that cannot be read"
    return ""


_DIFFERENCES: Final = (
    "SELECT id FROM chunk EXCEPT SELECT id FROM lexical_chunk_docsize",
    "SELECT id FROM lexical_chunk_docsize EXCEPT SELECT id FROM chunk",
    "SELECT file FROM chunk EXCEPT SELECT id FROM lexical_file_docsize",
    "SELECT id FROM lexical_file_docsize EXCEPT SELECT file FROM chunk",
)


# --- passages ------------------------------------------------------------------------------------


def _passages_agree(db: Database, tell: Tell) -> bool:
    """Whether the table of passages is exactly what indexing them again gives."""
    expected: Sums = {}
    done, total = 0, int(db.value("SELECT count(*) FROM chunk"))
    for rows in _slices(db):
        again = _Again("lexical_chunk")
        again.add(
            (id, f"{' '.join(split(breadcrumb))} {path_words(relative or root)}", text[body:])
            for id, breadcrumb, text, body, relative, root in rows
        )
        _add(expected, again.sums())
        sizes = "SELECT id, sz FROM lexical_chunk_docsize WHERE id BETWEEN ? AND ? ORDER BY id"
        if again.sizes() != db.rows(sizes, (rows[0][0], rows[-1][0])):
            return False
        done += len(rows)
        tell("keywords of passages", done, total)
    return _sums(db.connection, "lexical_chunk") == expected


def _slices(db: Database) -> Iterator[list[Row]]:
    last = 0
    while rows := db.rows(
        "SELECT chunk.id, breadcrumb, text, body, relative, root.path FROM chunk "
        "CROSS JOIN passage ON passage.id = chunk.passage CROSS JOIN file ON file.id = chunk.file "
        "CROSS JOIN root ON root.id = file.root WHERE chunk.id > ? ORDER BY chunk.id LIMIT ?",
        (last, _SLICE),
    ):
        yield rows
        last = rows[-1][0]


# --- files ---------------------------------------------------------------------------------------


def _files_agree(db: Database, tell: Tell) -> bool:
    """Whether the table of files has the words of its passages, and places for all its words."""
    expected: Sums = {}
    done, total = 0, int(db.value("SELECT count(*) FROM file"))
    for files in _whole_files(db):
        again = _Again("lexical_file")
        again.add(files)
        _add(expected, again.sums())
        done += len(files)
        tell("keywords of files", done, total)
    found = _sums(db.connection, "lexical_file")
    if any(found.get(word, (0, 0))[0] < places for word, (places, _) in expected.items()):
        return False
    counts = {word: places for word, (places, _) in found.items()}
    if counts == {word: places for word, (places, _) in expected.items()}:
        return found == expected  # no words between passages: they stand where they should, too
    return _places(db) == _lengths(db)


def _whole_files(db: Database) -> Iterator[list[tuple[int, str, str]]]:
    """Row, title and text of files whose passages hold their text as it was read.

    Where cleaning took characters out of a passage, words may have been joined in it that the
    table of files has apart, so that file proves nothing.
    """
    files: list[tuple[int, str, str]] = []
    for (file,) in db.rows("SELECT DISTINCT file FROM chunk ORDER BY file"):
        rows = db.rows(
            "SELECT title, relative, root.path, text, body, start_char, end_char FROM chunk "
            "CROSS JOIN passage ON passage.id = chunk.passage "
            "CROSS JOIN file ON file.id = chunk.file CROSS JOIN root ON root.id = file.root "
            "WHERE chunk.file = ? ORDER BY ordinal",
            (file,),
        )
        title, relative, root = rows[0][:3]
        spans = [(start, text[body:]) for *_, text, body, start, _ in rows]
        if all(len(text) == row[6] - row[5] for row, (_, text) in zip(rows, spans, strict=True)):
            files.append((file, f"{title} {path_words(relative or root)}", merged_text(spans)))
        if len(files) == _SLICE // 4:
            yield files
            files = []
    yield files


def _places(db: Database) -> tuple[int, int]:
    """How many places the table of files has, and a sum over the documents and columns of them."""
    with _vocabulary(db.connection, "lexical_file") as places:
        count, total = db.rows(
            f"SELECT count(*), coalesce(sum(doc * 31 + (col = 'body')), 0) FROM {places}"
        )[0]
    return count, total


def _lengths(db: Database) -> tuple[int, int]:
    """What `_places` must give by the lengths kept beside the table."""
    count = total = 0
    for file, size in db.rows("SELECT id, sz FROM lexical_file_docsize"):
        title, body = _varints(size)[:2]
        count += title + body
        total += (title + body) * file * 31 + body
    return count, total


# --- summing up ----------------------------------------------------------------------------------


class _Again:
    """A keyword table made once more, in memory."""

    def __init__(self, table: str) -> None:
        self._table = table
        self._connection = apsw.Connection(":memory:")
        self._connection.execute(next(sql for sql in TABLES if f"VIRTUAL TABLE {table} " in sql))

    def add(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """Index `(row id, title, body)` as the store does."""
        with self._connection:
            self._connection.executemany(
                f"INSERT INTO {self._table}(rowid, title, body) VALUES(?, ?, ?)",
                ((id, indexed_form(title), indexed_form(body)) for id, title, body in rows),
            )

    def sums(self) -> Sums:
        """See `_sums`."""
        return _sums(self._connection, self._table)

    def sizes(self) -> list[Row]:
        """The lengths FTS5 keeps beside the table, by row id."""
        return self._connection.execute(
            f"SELECT id, sz FROM {self._table}_docsize ORDER BY id"
        ).fetchall()


@contextmanager
def _vocabulary(connection: apsw.Connection, table: str) -> Iterator[str]:
    """The name of a table with a row for every place a word stands in."""
    name = f"places_of_{table}"
    connection.execute(f"CREATE VIRTUAL TABLE temp.{name} USING fts5vocab(main, {table}, instance)")
    try:
        yield f"temp.{name}"
    finally:
        connection.execute(f"DROP TABLE temp.{name}")


def _sums(connection: apsw.Connection, table: str) -> Sums:
    with _vocabulary(connection, table) as places:
        rows: list[Any] = connection.execute(
            f"SELECT term, count(*), sum({_PLACE}) FROM {places} GROUP BY term"
        ).fetchall()
    return {word: (count, total) for word, count, total in rows}


def _add(sums: Sums, more: Sums) -> None:
    for word, (count, total) in more.items():
        have = sums.get(word, (0, 0))
        sums[word] = have[0] + count, have[1] + total


def _totals(db: Database, table: str) -> list[int]:
    """Rows and words of each column, as FTS5 keeps them for its ranking; none when it is empty."""
    block = db.value(f"SELECT block FROM {table}_data WHERE id = 1")
    return _varints(block) if block else []


def _sum_of_lengths(db: Database, table: str) -> list[int]:
    """What `_totals` must be."""
    sizes = [_varints(size) for (size,) in db.rows(f"SELECT sz FROM {table}_docsize")]
    return [len(sizes), *map(sum, zip(*sizes, strict=True))]


def _varints(data: bytes) -> list[int]:
    """SQLite's variable-length integers, one after the other.

    Raises:
        ValueError: these are no such integers.
    """
    if not isinstance(data, bytes):
        raise ValueError("not a blob")  # noqa: TRY004 - a damaged value, not a mistaken caller
    numbers = []
    number = length = 0
    for byte in data:
        length += 1
        if length == 9:
            number = number << 8 | byte
        else:
            number = number << 7 | byte & 0x7F
            if byte & 0x80:
                continue
        numbers.append(number)
        number = length = 0
    if length:
        raise ValueError("an integer is cut short")
    return numbers
