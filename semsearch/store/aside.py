"""Moving a damaged index out of the way, with its log, so that nothing of it is lost."""

from __future__ import annotations

import os
import time
from typing import Final

from semsearch.errors import StorageError
from semsearch.records import Aside
from semsearch.store.connect import absolute_path
from semsearch.store.schema import APPLICATION_ID
from semsearch.text import printable

_MARK: Final = ".damaged-"
_ID_AT: Final = 68
"""Where SQLite's file header keeps the application id, in four bytes, most significant first."""


def move_aside(path: str | bytes, reason: str) -> Aside:
    """Rename an index and its log; nobody may have it open in this process.

    Args:
        path: the index; whether it is one is for the caller to know (see `was_index`).
        reason: what is wrong with it, kept in the result.

    Raises:
        StorageError: a file cannot be renamed.
    """
    name = absolute_path(path)
    moment = time.strftime("%Y%m%d-%H%M%S")
    target = f"{name}{_MARK}{moment}"
    number = 1
    while any(os.path.lexists(target + suffix) for suffix in ("", "-wal", "-shm")):
        number += 1
        target = f"{name}{_MARK}{moment}-{number}"
    moved = []
    # The log first: a log that stayed behind would be taken for that of the next index.
    for suffix in ("-shm", "-wal", ""):
        try:
            os.rename(name + suffix, target + suffix)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StorageError(
                f"The file {printable(name + suffix)} cannot be moved aside: {error.strerror}.",
                hint="Make its folder writable and run the command again.",
                code="storage.move",
            ) from error
        moved.append(os.fsencode(target + suffix))
    return Aside(os.fsencode(name), tuple(reversed(moved)), reason)


def moved_aside(path: str | bytes) -> list[bytes]:
    """What `move_aside` has left beside an index so far."""
    import glob

    found = glob.glob(f"{glob.escape(absolute_path(path))}{_MARK}*")
    return sorted(os.fsencode(name) for name in found if not name.endswith(("-wal", "-shm")))


def was_index(path: str | bytes) -> bool:
    """Whether a file that cannot be opened was an index: its header says so, or its lock file.

    To be asked before the lock is taken, which makes that file. Anything else somebody named by
    mistake must stay where it is.
    """
    name = absolute_path(path)
    # First, because opening and closing an index would drop the locks this process has on it.
    if os.path.exists(name + ".lock"):
        return True
    try:
        with open(name, "rb") as stream:
            header = stream.read(_ID_AT + 4)
    except OSError:
        return False
    return header[_ID_AT:] == APPLICATION_ID.to_bytes(4, "big")
