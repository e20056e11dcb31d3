"""Statements and transactions on one connection to an index file.

`connect.py` opens and hardens the connection, `faults.py` translates what it raises; nothing else
in the project touches the SQLite driver, but for the vector functions and FTS5 expressions.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain

import apsw

from semsearch.errors import NewerIndexError, SemsearchError, StorageError
from semsearch.store.connect import (
    HURRIED_TIMEOUT_MS,
    WRITER_TIMEOUT_MS,
    close_untouched,
    connect,
    identity,
    private,
    survive_power_loss,
)
from semsearch.store.faults import read_only, translate
from semsearch.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, Final

    Cell = Any  # what a column holds is known where the statement is
    Row = tuple[Cell, ...]
    Bindings = Sequence[Any]

_ROWS_AT_ONCE: Final = (64, 16, 4, 1)
"""Rows one statement inserts; few sizes, so that every statement is prepared once."""

_FEW_PAGES_KIB: Final = -1024
"""A small page cache; negative, as SQLite counts kilobytes."""


class Database:
    """One connection to one index file, for one thread at a time."""

    def __init__(self, path: str, *, read_only: bool = False) -> None:
        self.path = path
        self._connection, self.read_only = connect(path, read_only=read_only)
        self.version: int | None = None
        """Schema version the file must have in every transaction; None while it is being made."""
        self._depth = 0
        self._spoiled = False
        self._synchronous = ""
        self._identity = identity(path)

    @property
    def connection(self) -> apsw.Connection:
        """The driver's own object, for what has no statement: functions, backup, tokenizers."""
        return self._connection

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        self._connection.close()

    def close_untouched(self) -> None:
        """Close, and leave the file and its log as they were found."""
        close_untouched(self._connection)

    # --- durability --------------------------------------------------------------------------

    def use_durable_log(self, *, wal: bool | None) -> None:
        """Make commits survive power loss; readers never wait with `wal` (not on network disks).

        With None the file stays with or without a log, as it is.

        Raises:
            BusyError: another process keeps the file locked for ten seconds.
        """
        if self.read_only:
            return
        try:
            self._synchronous = survive_power_loss(self._connection, wal=wal)
        except apsw.Error as error:
            raise translate(error, self.path) from error

    def keep_few_pages(self) -> None:
        """Hold little of the file in memory: the system holds what is read often."""
        self.pragma("cache_size", _FEW_PAGES_KIB)

    # --- statements --------------------------------------------------------------------------

    def rows(self, sql: str, bindings: Bindings = ()) -> list[Row]:
        """Every row of a query; the cursor is always drained, so no snapshot stays open."""
        try:
            return self._connection.execute(sql, bindings).fetchall()
        except (apsw.Error, ValueError) as error:
            raise translate(error, self.path) from error

    def row(self, sql: str, bindings: Bindings = ()) -> Row | None:
        """The only or first row, or None."""
        rows = self.rows(sql, bindings)
        return rows[0] if rows else None

    def value(self, sql: str, bindings: Bindings = ()) -> Cell:
        """The first column of the first row, or None."""
        rows = self.rows(sql, bindings)
        return rows[0][0] if rows else None

    def run(self, sql: str, bindings: Bindings = ()) -> int:
        """Execute a change inside `write`; returns how many rows it changed."""
        self._check_writing()
        try:
            self._connection.execute(sql, bindings).fetchall()
            return self._connection.changes()
        except (apsw.Error, ValueError) as error:
            raise translate(error, self.path) from error

    def many(self, sql: str, rows: Iterable[Bindings]) -> None:
        """Execute one change for every row of bindings, inside `write`."""
        self._check_writing()
        try:
            self._connection.executemany(sql, rows).fetchall()
        except (apsw.Error, ValueError) as error:
            raise translate(error, self.path) from error

    def insert_many(self, into: str, rows: Sequence[Row]) -> None:
        """Insert rows, many by one statement; a row that is refused spoils the transaction.

        A statement for each would cost several times what SQLite does for it. Not for FTS5
        tables: before a statement that changes several of their rows they write out what they
        have gathered, as they do for one with foreign keys once they have been written to.

        Args:
            into: table and columns, as in `vector(key, value)`.
            rows: values of the columns, in their order.
        """
        self._check_writing()
        start = 0
        try:
            for size in _ROWS_AT_ONCE:
                while len(rows) - start >= size:
                    statement = _insertion(into, len(rows[start]), size)
                    cells = tuple(chain.from_iterable(rows[start : start + size]))
                    self._connection.execute(statement, cells).fetchall()
                    start += size
        except (apsw.Error, ValueError) as error:
            raise translate(error, self.path) from error

    def insert(self, sql: str, bindings: Bindings) -> int:
        """Execute one insert inside `write`; returns the new row's id."""
        self.run(sql, bindings)
        return self._connection.last_insert_rowid()

    def pragma(self, name: str, value: str | int | None = None) -> Cell:
        """Read or set a pragma."""
        try:
            if value is None:
                return self._connection.pragma(name)
            return self._connection.pragma(name, value)
        except apsw.Error as error:
            raise translate(error, self.path) from error

    def checkpoint(self) -> bool:
        """Move the whole log into the main file and empty it; False while a reader needs it."""
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            return False
        except apsw.Error as error:
            raise translate(error, self.path) from error
        return True

    def copy_to(self, path: str) -> None:
        """Write a copy of what is committed, visible under its name when it is complete.

        Raises:
            StorageError: the copy cannot be written.
        """
        partial = path + ".partial"
        try:
            with open(partial, "wb", opener=private):
                pass  # an empty file of the right mode is where SQLite puts the copy
            # A source of its own: the connection that writes cannot be copied from.
            source, _ = connect(self.path, read_only=True)
            target = apsw.Connection(partial)
            try:
                with target.backup("main", source, "main") as backup:
                    backup.step()
            finally:
                target.close()
                source.close()
            os.replace(partial, path)
        except apsw.Error as error:
            raise translate(error, partial) from error
        except OSError as error:
            raise StorageError(
                f"The copy {printable(path)} cannot be written: {error.strerror}.",
                hint="Check the free space and the permissions of the folder.",
                code="storage.copy",
            ) from error

    # --- transactions ------------------------------------------------------------------------

    @contextmanager
    def write(self) -> Iterator[None]:
        """A `BEGIN IMMEDIATE` transaction, or a savepoint inside one.

        Whatever ends the block early rolls back and is raised as it is, also when SQLite has
        rolled back by itself (disk full, out of memory), where a further ROLLBACK would fail and
        hide the cause.

        Raises:
            BusyError: another writer did not finish in time.
            NewerIndexError: another process has migrated the file meanwhile.
            StorageError: read-only, full, failing, or no longer the file that was opened.
        """
        self._begin()
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            self._roll_back()
            raise
        self._depth -= 1
        self._commit()

    @contextmanager
    def change(self, *, hurried: bool = False) -> Iterator[None]:
        """What one method of the store changes: a transaction of its own, or part of an open one.

        No savepoint: it would make FTS5 write out what it has gathered, which triples the cost of
        indexing. Instead a method that fails half-way spoils the innermost `write` block, which
        can then only be rolled back, even if the caller swallows the error.

        Args:
            hurried: for what may be lost: do not wait for other writers, nor for the disk.
        """
        if self._depth:
            try:
                yield
            except BaseException:
                self._spoiled = True
                raise
            return
        if hurried:
            self._hurry(True)
        try:
            with self.write():
                yield
        finally:
            if hurried:
                self._hurry(False)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Questions asked inside see one state of the file, whatever others commit meanwhile."""
        if self._connection.in_transaction:  # of a change, or of another question's
            yield
            return
        self.rows("BEGIN")
        try:
            yield
        finally:
            self.rows("ROLLBACK")

    def _hurry(self, hurried: bool) -> None:
        self._connection.set_busy_timeout(HURRIED_TIMEOUT_MS if hurried else WRITER_TIMEOUT_MS)
        # Without the log, durability is also what keeps the file whole.
        if self._synchronous == "FULL":
            self.pragma("synchronous", "NORMAL" if hurried else "FULL")

    @property
    def writing(self) -> bool:
        """Whether a `write` block is open."""
        return self._depth > 0

    def _begin(self) -> None:
        if self._depth:
            self.run(f"SAVEPOINT level_{self._depth}")
            return
        if self.read_only:
            raise read_only(self.path)
        if identity(self.path) != self._identity:
            raise StorageError(
                f"The index {printable(self.path)} was moved or replaced while it was open.",
                hint="Start the command again; what was committed is in the moved file.",
                code="storage.moved",
            )
        try:
            if self._connection.in_transaction:  # a signal arrived between BEGIN and the block
                self._connection.execute("ROLLBACK")
            self._connection.execute("BEGIN IMMEDIATE")
        except apsw.Error as error:
            raise translate(error, self.path) from error
        if self.version is not None:
            found = self.value("PRAGMA user_version")
            if found != self.version:
                self._roll_back()
                raise wrong_version(self.path, found)

    def _commit(self) -> None:
        self._check_transaction()
        if self._spoiled:
            self._roll_back()
            raise SemsearchError(
                f"A change to {printable(self.path)} failed half-way and was taken back."
            )
        try:
            if self._depth:
                self._connection.execute(f"RELEASE level_{self._depth}")
            else:
                self._connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back()
            if isinstance(error, apsw.Error):
                raise translate(error, self.path) from error
            raise

    def _roll_back(self) -> None:
        self._spoiled = False
        if not self._connection.in_transaction:
            return
        level = f"level_{self._depth}"
        sql = f"ROLLBACK TO {level}; RELEASE {level}" if self._depth else "ROLLBACK"
        try:
            self._connection.execute(sql)
        except apsw.Error:
            # The error that brought us here is being raised and matters more; SQLite rolls back
            # by itself when the connection is closed or the next transaction begins.
            return

    def _check_writing(self) -> None:
        if not self._depth:
            raise SemsearchError("A change to the index was tried outside a transaction.")
        self._check_transaction()

    def _check_transaction(self) -> None:
        if not self._connection.in_transaction:
            raise StorageError(
                f"SQLite rolled back the change to {printable(self.path)}. "
                "Everything committed before is kept.",
                hint="Check the free space and memory, and run the command again.",
                code="storage.rolled_back",
            )


@lru_cache(maxsize=64)
def _insertion(into: str, columns: int, rows: int) -> str:
    # OR FAIL: what was inserted before the refused row is not taken back here, by a copy of every
    # page that was touched, but with the transaction.
    values = ", ".join([f"({', '.join('?' * columns)})"] * rows)
    return f"INSERT OR FAIL INTO {into} VALUES {values}"


def wrong_version(path: str, found: int) -> SemsearchError:
    """The error for a file whose schema is not the one this program writes."""
    return NewerIndexError(
        f"The index {printable(path)} has schema version {found}, written by another version of "
        "semsearch.",
        hint="Update semsearch, or choose another index with --index.",
    )
