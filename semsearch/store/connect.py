"""Opening an index file: found safe to open, hardened, and durable.

The connection settings follow one rule each, in a function of its own, so that a reader can find
why it is there. Finding out what a file is (`schema.py`) comes before any of those that write.
"""

from __future__ import annotations

import os
import time

import apsw

from semsearch.errors import StorageError, UsageError
from semsearch.store.faults import translate
from semsearch.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final, TypeVar

    T = TypeVar("T")


MINIMUM_SQLITE: Final = (3, 54, 0)
"""FTS5 memory-safety fixes (CVE-2026-119373 and -119374) and the WAL-reset fix are in here."""

WRITER_TIMEOUT_MS: Final = 10_000
READER_TIMEOUT_MS: Final = 2_000
HURRIED_TIMEOUT_MS: Final = 50

_SMALLEST_DATABASE: Final = 512


def absolute_path(path: str | bytes) -> str:
    """An index path as the driver takes it."""
    name = os.path.abspath(os.fsdecode(path))
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The index path {printable(name)} is not valid UTF-8.",
            hint="Choose another place with --index.",
        ) from error
    return name


def connect(path: str, *, read_only: bool) -> tuple[apsw.Connection, bool]:
    """A hardened connection to an existing file, and whether it can only read.

    Raises:
        DamagedError: the file is no database, or a damaged one.
        StorageError: it cannot be read.
        BusyError: another process kept it locked.
    """
    check_sqlite()
    if 0 < _size(path) < _SMALLEST_DATABASE:  # SQLite takes a file of one byte for an empty one
        raise translate(apsw.NotADBError("the file is too short"), path)
    try:
        mode = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
        connection = _harden(apsw.Connection(path, flags=mode), read_only=read_only)
        return connection, read_only or connection.readonly("main")
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.IOError) as error:
        # A WAL database cannot be opened where its -shm file cannot be made. Without a log the
        # main file is the whole truth, and it cannot change here: read it as it is.
        if _size(path + "-wal"):
            return _connect_alone(path, error, read_only=read_only)
    except apsw.Error as error:
        raise translate(error, path) from error
    try:
        quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        return _harden(
            apsw.Connection(f"file:{quoted}?immutable=1", flags=flags), read_only=True
        ), True
    except apsw.Error as error:
        raise translate(error, path) from error


def _connect_alone(
    path: str, error: apsw.Error, *, read_only: bool
) -> tuple[apsw.Connection, bool]:
    """A connection that shares its log with nobody, and so needs no -shm file beside it.

    On a full disk none can be made, and that must not take searches away.

    Raises:
        StorageError: that was not the reason; `error` tells it.
    """
    try:
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE)
        connection.pragma("locking_mode", "exclusive")
        connection = _harden(connection, read_only=read_only)
    except apsw.Error:
        raise translate(error, path) from error
    return connection, read_only or connection.readonly("main")


def survive_power_loss(connection: apsw.Connection, *, wal: bool | None) -> str:
    """Choose the journal, and the `synchronous` level at which no commit is lost; returns it.

    With `wal` readers and the writer never wait for each other; it must not be used on network
    disks. None leaves the journal as it is.
    """
    if wal is None:
        wal = connection.pragma("journal_mode") != "delete"
    mode = retry_busy(lambda: connection.pragma("journal_mode", "wal" if wal else "delete"))
    # FULL costs one sync per commit and loses nothing at power loss; NORMAL loses the last
    # transactions. In the rollback journal only EXTRA syncs the folder as well.
    synchronous = "FULL" if mode == "wal" else "EXTRA"
    connection.pragma("synchronous", synchronous)
    connection.pragma("journal_size_limit", 64 << 20)
    connection.pragma("secure_delete", "FAST")
    return synchronous


def _harden(connection: apsw.Connection, *, read_only: bool) -> apsw.Connection:
    try:
        _distrust_schema(connection)
        _wait_when_busy(connection, read_only)
        _keep_in_memory(connection)
        connection.create_scalar_function("row_checksum", _row_checksum, deterministic=True)
        retry_busy(lambda: connection.execute("SELECT 1 FROM sqlite_schema").fetchall())
    except BaseException:
        close_untouched(connection)
        raise
    return connection


def close_untouched(connection: apsw.Connection) -> None:
    """Close a connection to a file that is not what it should be, and leave its log where it is.

    SQLite would write the log into the file and delete it; a damaged file may need it.
    """
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    connection.close()


def check_sqlite() -> None:
    """Raise `StorageError` when this process got an SQLite older than we need."""
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < MINIMUM_SQLITE:
        wanted = ".".join(map(str, MINIMUM_SQLITE))
        raise StorageError(
            f"SQLite {apsw.sqlite_lib_version()} is too old; {wanted} or newer is needed.",
            hint="Run: pip install --upgrade apsw",
            code="install.sqlite",
        )


def _distrust_schema(connection: apsw.Connection) -> None:
    """A hostile file must not run code through its schema, nor we write SQLite's own tables."""
    for option, value in (
        (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),
        (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        (apsw.SQLITE_DBCONFIG_DQS_DML, 0),
        (apsw.SQLITE_DBCONFIG_DQS_DDL, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1),
    ):
        connection.config(option, value)
    connection.pragma("cell_size_check", 1)
    connection.pragma("mmap_size", 0)  # an I/O error under a mapping is a signal, not an error


def _row_checksum(*values: str | bytes | int | float | None) -> int:
    from semsearch.store.checksums import row_checksum

    return row_checksum(*values)


def _wait_when_busy(connection: apsw.Connection, read_only: bool) -> None:
    connection.set_busy_timeout(READER_TIMEOUT_MS if read_only else WRITER_TIMEOUT_MS)


def _keep_in_memory(connection: apsw.Connection) -> None:
    """A scan recycles a few pages; sorting never touches the disk.

    A search reads every code once. A cache that held them all would make a one-shot search fault
    in as much memory as the codes take; who asks often holds the codes themselves (`hold_codes`).
    """
    connection.pragma("cache_size", -8192)
    connection.pragma("temp_store", "MEMORY")


def retry_busy(action: Callable[[], T]) -> T:
    """Repeat `action` while it reports BUSY, for at most ten seconds.

    Switching to a log and recovering one can report BUSY without asking the busy handler.
    """
    deadline = time.monotonic() + WRITER_TIMEOUT_MS / 1000
    while True:
        try:
            return action()
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def private(path: str, flags: int) -> int:
    """An opener for `open` that makes files only their owner can read."""
    return os.open(path, flags, 0o600)


def identity(path: str) -> tuple[int, int]:
    """Device and inode of the file now at `path`; zeros when there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
