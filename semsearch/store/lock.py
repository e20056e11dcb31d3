"""One indexer at a time, by a lock that dies with its process.

The lock file beside the database is never deleted: a process that locks a file another one has
just unlinked would hold a lock nobody sees. What is written in it is for messages only; nobody
decides anything by a process id, which may long belong to another program.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager

from semsearch.errors import BusyError, Cancelled, StorageError
from semsearch.store.connect import absolute_path
from semsearch.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_POLL_S = 0.1

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # locks are mandatory: not where the text is
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def indexer_lock(
    path: str | bytes, *, wait: bool = False, keep_waiting: Callable[[], bool] | None = None
) -> Iterator[None]:
    """Hold the right to change the index at `path`; searches never ask for it.

    Args:
        path: the index, not the lock file.
        wait: wait for another indexer instead of refusing.
        keep_waiting: asked ten times a second; returning False stops the wait.

    Raises:
        BusyError: another process (or thread) is indexing and `wait` is False.
        Cancelled: `keep_waiting` said so.
        StorageError: the lock file cannot be made.
    """
    name = absolute_path(path) + ".lock"
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(
            f"The lock file {printable(name)} cannot be opened: {error.strerror}.",
            hint="Make the folder of the index writable, or choose another place with --index.",
            code="storage.lock",
        ) from error
    try:
        while not _try_lock(descriptor):
            if not wait:
                raise _busy(descriptor)
            if keep_waiting is not None and not keep_waiting():
                raise Cancelled("The wait for the other indexing run was stopped.")
            time.sleep(_POLL_S)
        _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


def _sign(descriptor: int) -> None:
    started = time.strftime("%Y-%m-%d %H:%M:%S")
    try:
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"process {os.getpid()}, since {started}\n".encode())
    except OSError:
        # A full disk: the lock holds without its text, and the first commit tells the cause.
        return


def _busy(descriptor: int) -> BusyError:
    os.lseek(descriptor, 0, os.SEEK_SET)
    holder = printable(os.read(descriptor, 200).decode("utf-8", "replace").strip())
    return BusyError(
        f"Another indexing run is at work ({holder or 'just started'}).",
        hint="Wait until it is finished, or use --wait.",
    )
