"""The store on SQLite, and how it is opened."""

from __future__ import annotations

import os

import apsw

from semsearch.errors import SemsearchError, StorageError, UsageError
from semsearch.store.connect import absolute_path, check_sqlite
from semsearch.store.documents import Files
from semsearch.store.driver import Database
from semsearch.store.extension import VectorFunctions
from semsearch.store.nearest import Nearest
from semsearch.store.schema import missing, prepare
from semsearch.store.vectors import Vectors
from semsearch.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from semsearch.records import (
        Counts,
        Finding,
        Forgotten,
        HeldFile,
        IndexStatus,
        Loss,
        Problem,
        SentText,
    )
    from semsearch.store.check import Damage, Tell


class SqliteStore(Files, Nearest, Vectors):
    """`protocols.Store` in one SQLite file, used by one thread at a time."""

    def __init__(self, db: Database, *, extension: bool = True) -> None:
        self._db = db
        self._codes = {}
        self._rotations = {}
        self._held = {}
        self._hold_from = None
        self._extension_allowed = extension
        self._vector_functions: VectorFunctions | None = None

    @property
    def _functions(self) -> VectorFunctions:
        if self._vector_functions is None:
            self._vector_functions = VectorFunctions(
                self._db.connection, allowed=self._extension_allowed
            )
        return self._vector_functions

    @property
    def path(self) -> str:
        """Absolute path of the database file."""
        return self._db.path

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written: asked for, or a read-only disk."""
        return self._db.read_only

    @property
    def extension(self) -> str:
        """Which vector functions answer: `sqlite-vec v0.1.9`, or `python` with the reason."""
        return self._functions.name

    def write(self) -> AbstractContextManager[None]:
        """A `BEGIN IMMEDIATE` transaction; nests as a savepoint; never masks the first error."""
        return self._db.write()

    def checkpoint(self) -> bool:
        """Move the log into the database and empty it; False when a reader prevents that."""
        return not self._db.read_only and self._db.checkpoint()

    def keep_few_pages(self) -> None:
        """Hold little of the file in memory, as becomes a process that stays and mostly waits."""
        self._db.keep_few_pages()

    def counts(self) -> Counts:
        """How much the index holds."""
        from semsearch.store.status import counts

        return counts(self._db)

    def count_vectors(self) -> int:
        """How many vectors the index holds, of all models."""
        return int(self._db.value("SELECT count(*) FROM vector"))

    def status(self) -> IndexStatus:
        """What is indexed, by which model, and what it cost; `missing` is left to the caller."""
        from semsearch.store.status import status

        return status(self._db, self)

    def files_at(self, path: bytes) -> list[HeldFile]:
        """Every file at or below an absolute path, also a skipped or failed one."""
        from semsearch.store.status import files_at

        return files_at(self._db, path)

    def troubles(self, limit: int = 1000) -> list[Problem]:
        """Files that failed, and files some passages of which the active model has no vector of."""
        from semsearch.store.troubles import troubles

        return troubles(self._db, limit)

    def forget(self, path: bytes) -> Forgotten:
        """Remove a file, or everything below a folder, from the index and from its file.

        Text, tokens, vectors and marks go; then the keyword tables are merged, freed pages are
        given back and the log is emptied, so that no trace is left in the file or beside it.

        Raises:
            BusyError: another process is reading, so the log could not be emptied; what is shown
                is gone already, and running it again removes the last traces.
        """
        from semsearch.store.forgetting import forget

        return forget(self._db, self, path)

    def give_back(self) -> bool:
        """Return freed pages to the disk; False when a reader keeps the file from shrinking now."""
        from semsearch.store.forgetting import give_back

        return give_back(self._db)

    def compact(self) -> None:
        """Merge the keyword tables, give freed pages back to the disk and empty the log.

        Raises:
            BusyError: another process is reading, so the log could not be emptied.
        """
        from semsearch.store.forgetting import compact

        compact(self._db)

    def find_damage(self, tell: Tell | None = None, *, quick: bool = False) -> Damage:
        """Read everything and say what is not whole; changes nothing.

        Args:
            tell: told `(what is being read, rows done, rows in all)` as it goes on.
            quick: leave out comparing the keyword tables with the texts word by word.
        """
        from semsearch.store.check import find_damage

        return find_damage(self._db, self, tell, quick=quick)

    def check(self) -> list[Finding]:
        """`find_damage`, as one line for each thing that was looked at."""
        from semsearch.store.check import findings

        return findings(self.find_damage())

    def losses(self, damage: Damage) -> tuple[list[bytes], list[Loss]]:
        """What `repair` would have to leave: files to be read again, vectors to be made again."""
        from semsearch.store.repair import losses

        return losses(self._db, self, damage)

    def repair(self, damage: Damage | None = None) -> list[Finding]:
        """Make derived tables again and remove what cannot be; says what had been wrong.

        Sign codes, keyword tables and counts come from what is stored. A damaged text takes its
        files with it and a damaged vector itself, so that the next indexing run, which shows its
        cost first, brings exactly those back.

        Args:
            damage: what `find_damage` said, when nobody has indexed since; None: look now.

        Raises:
            DamagedError: SQLite's own structures cannot be mended; nothing has been changed.
        """
        from semsearch.store.check import findings
        from semsearch.store.repair import repair

        return findings(repair(self._db, self, damage))

    def sent_texts(self, path: bytes) -> list[SentText]:
        """What left of each file at or below an absolute `path`, by file, host and model."""
        from semsearch.store.outbound import sent_texts

        return sent_texts(self._db, path)

    def interrupt(self) -> None:
        """Make the statement running now raise `Cancelled`; from any thread."""
        self._db.connection.interrupt()

    def close(self) -> None:
        """Close the file; an open transaction is rolled back."""
        self._db.close()

    def close_untouched(self) -> None:
        """Close, and leave the file and its log as they are: for a damaged one."""
        self._db.close_untouched()


def open_index(
    path: str | bytes,
    *,
    create: bool = False,
    read_only: bool = False,
    extension: bool = True,
    wal: bool | None = None,
) -> SqliteStore:
    """Open the index at `path`; one store per thread.

    A file on a read-only disk, or one we may only read, opens for searching.

    Args:
        path: the database file.
        create: make it, with its folder, where there is none (or an empty file).
        read_only: open without the means to write.
        extension: use sqlite-vec where it loads; False: the slower functions in Python.
        wal: keep a write-ahead log, so that readers and the writer never wait for each other. None:
            as the index was made, which on network disks and in folders a service synchronises is
            without one.

    Raises:
        UsageError: there is no index, or something else is there; it is left as it is.
        NewerIndexError: a newer semsearch wrote it.
        DamagedError: not readable as an index.
        StorageError: it cannot be read, or not be made.
        BusyError: another process kept it locked.
    """
    name = absolute_path(path)
    if os.path.isdir(name):
        raise UsageError(
            f"The index path {printable(name)} is a folder.",
            hint="Name a file, such as index.db in it.",
        )
    if create and not read_only:
        _make_file(name)
    elif not os.path.exists(name):
        raise missing(name)
    db = Database(name, read_only=read_only)
    try:
        prepare(db, create=create, wal=wal)
    except SemsearchError:
        db.close_untouched()
        raise
    return SqliteStore(db, extension=extension)


def versions() -> tuple[str, str]:
    """SQLite with its driver, and the vector functions a connection gets here.

    Raises:
        StorageError: this SQLite is too old.
    """
    check_sqlite()
    functions = VectorFunctions(apsw.Connection(":memory:"), allowed=True)
    return f"{apsw.sqlite_lib_version()} (apsw {apsw.apsw_version()})", functions.name


def _make_file(name: str) -> None:
    """An empty file that only its owner can read, for SQLite to fill; an existing one stays."""
    from semsearch.paths import make_private_folder

    make_private_folder(os.path.dirname(name))
    try:
        # Exclusively: to open and close a database that is in use drops this process's locks.
        os.close(os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StorageError(
            f"The index {printable(name)} cannot be made: {error.strerror}.",
            hint="Choose another place with --index.",
            code="storage.create",
        ) from error
