"""Carrying over what can still be read of an index SQLite can no longer mend.

The damaged file is only read. Its rows go into a new file table by table, around the pages that
cannot be read; there the ordinary repair proves every row by its checksum, removes what is not
whole, and makes sign codes, keyword tables and counts again. So only what is really lost has to be
paid for again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import apsw

from semsearch.errors import SemsearchError
from semsearch.records import Saved
from semsearch.store.base import id_list
from semsearch.store.connect import absolute_path, close_untouched, connect
from semsearch.store.repair import repair
from semsearch.store.schema import APPLICATION_ID, CURRENT, TABLES, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.store.driver import Database, Row
    from semsearch.store.sqlite import SqliteStore

_CARRIED: Final = (
    "meta",
    "root",
    "consent",
    "space",
    "ledger",
    "share",
    "passage",
    "file",
    "chunk",
    "vector",
    "refusal",
    "judgment",
    "history",
)
"""Everything that cannot be made again, what others refer to first."""

_BATCH: Final = 500
_FARTHEST: Final = 1 << 62
"""Above every row id there is."""

_UNREADABLE: Final = (apsw.CorruptError, apsw.IOError, apsw.NotADBError, ValueError)
"""What a damaged page, or a text that is no UTF-8, raises."""


def salvage(path: str | bytes, target: str) -> Saved | None:
    """Make a new index at `target` of what can be read of the one at `path`, which stays as it is.

    None where not even its list of tables can be read, or it is not one of this version's; then
    nothing is left at `target`.

    Raises:
        StorageError: the new file cannot be written.
    """
    from semsearch.store.sqlite import open_index

    try:
        source, _ = connect(absolute_path(path), read_only=True)
    except SemsearchError:
        return None
    saved = None
    try:
        if _is_ours(source):
            for suffix in ("", "-wal", "-shm"):  # of a salvage that was cut off
                if os.path.lexists(target + suffix):
                    os.unlink(target + suffix)
            store = open_index(target, create=True)
            try:
                saved = _carry_over(source, store)
                store.checkpoint()
            finally:
                store.close()
    except apsw.Error:
        return None  # not even the list of tables
    finally:
        close_untouched(source)
    return saved


def _is_ours(source: apsw.Connection) -> bool:
    """Whether the tables are ours, so that reading them runs nothing but our own schema."""
    if source.pragma("application_id") != APPLICATION_ID:
        return False
    if source.pragma("user_version") != CURRENT.version:
        return False
    rows: list[Any] = source.execute("SELECT name, sql FROM sqlite_schema").fetchall()
    found = dict(rows)
    return all(
        found.get(table_of(statement)) == statement
        for statement in TABLES
        if table_of(statement) in _CARRIED
    )


def _carry_over(source: apsw.Connection, store: SqliteStore) -> Saved:
    db = store._db
    with db.write():
        db.run("PRAGMA defer_foreign_keys = ON")
        db.run("DELETE FROM meta")
        edges = {table: _copy(source, db, table) for table in _CARRIED}
        # A file whose last passages are gone looks whole: it is the one before the gap.
        rows = db.rows(
            "SELECT DISTINCT file FROM chunk WHERE id IN (SELECT value FROM json_each(?))",
            (id_list(edges["chunk"]),),
        )
        store.remove_files(file for (file,) in rows)
        repair(db, store)
    counts = store.counts()
    return Saved(sum(counts.files.values()), counts.passages, store.count_vectors())


def _copy(source: apsw.Connection, db: Database, table: str) -> list[int]:
    """Copy what can be read; returns the ids of the rows before each gap."""
    edges: list[int] = []
    width = len(source.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall())
    insert = f"INSERT OR IGNORE INTO {table} VALUES({', '.join('?' * width)})"
    batch: list[Row] = []
    for row in _rows(source, table, edges):
        batch.append(row)
        if len(batch) == _BATCH:
            _insert(db, insert, batch)
            batch = []
    _insert(db, insert, batch)
    return edges


def _insert(db: Database, statement: str, rows: list[Row]) -> None:
    """Insert what fits into the table; a value of another type is one that was damaged."""
    for row in rows:
        try:
            db.connection.execute(statement, row)
        except (apsw.ConstraintError, apsw.MismatchError):
            continue


def _rows(source: apsw.Connection, table: str, edges: list[int]) -> Iterator[Row]:
    """Every row that can be read, around those that cannot; `edges` gets the id before each gap."""
    if "WITHOUT ROWID" in next(sql for sql in TABLES if table_of(sql) == table):
        yield from _until_unreadable(source, f"SELECT * FROM {table}", ())
        return
    start = 0
    while start < _FARTHEST:
        for rowid, *row in _until_unreadable(
            source, f"SELECT rowid, * FROM {table} WHERE rowid >= ? ORDER BY rowid", (start,)
        ):
            yield tuple(row)
            start = rowid + 1
        if _reads(source, table, start):
            return
        edges.append(start - 1)
        start = _beyond_damage(source, table, start)


def _until_unreadable(
    source: apsw.Connection, sql: str, bindings: tuple[int, ...]
) -> Iterator[Row]:
    try:
        yield from source.execute(sql, bindings)
    except _UNREADABLE:
        return


def _reads(source: apsw.Connection, table: str, start: int) -> bool:
    """Whether the first row from `start` on can be read, or there is none."""
    sql = f"SELECT * FROM {table} WHERE rowid >= ? ORDER BY rowid LIMIT 1"
    try:
        source.execute(sql, (start,)).fetchall()
    except _UNREADABLE:
        return False
    return True


def _beyond_damage(source: apsw.Connection, table: str, start: int) -> int:
    """The first row id from which on rows can be read again; `_FARTHEST` when there is none."""
    step = 1
    while not _reads(source, table, start + step):
        step *= 2
        if start + step >= _FARTHEST:
            return _FARTHEST
    low, high = start + step // 2, start + step  # `low` cannot be read, `high` can
    while high - low > 1:
        middle = (low + high) // 2
        if _reads(source, table, middle):
            high = middle
        else:
            low = middle
    return high
