"""What the SQLite driver raises, turned into the project's errors; the only place that does so."""

from __future__ import annotations

import apsw

from semsearch.errors import (
    BusyError,
    Cancelled,
    DamagedError,
    SemsearchError,
    StorageError,
    UsageError,
)
from semsearch.text import printable

_KEYWORDS_DAMAGED = ("invalid fts5 file format", "vtable constructor failed")
_KEPT = "Everything committed so far is kept."
REPAIR = "Run `semsearch repair`: it mends or saves what can be read, and deletes nothing."


def translate(error: apsw.Error | ValueError, path: str) -> SemsearchError:
    """The error a caller should see for `error`, raised while working on the index at `path`."""
    name = f"The index {printable(path)}"
    if _is_bad_value(error):
        return _damaged(error, path)
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return BusyError(
            f"{name} stayed locked by another process.",
            hint="Wait until the other run is finished, or use --wait.",
        )
    if isinstance(error, (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)):
        return _damaged(error, path)
    if isinstance(error, apsw.FullError):
        return StorageError(
            f"{name} cannot grow: the disk is full. {_KEPT}",
            hint="Free some space and run the command again; it continues where it stopped.",
            code="storage.full",
        )
    if isinstance(error, apsw.ReadOnlyError):
        return read_only(path)
    if isinstance(error, (apsw.IOError, apsw.CantOpenError, apsw.PermissionsError)):
        return StorageError(
            f"{name} cannot be read or written: {_detail(error)}. {_KEPT}",
            hint="Check the disk, the permissions of the file and those of its folder.",
            code="storage.io",
        )
    if isinstance(error, apsw.InterruptError):
        return Cancelled("The database work was interrupted.")
    return SemsearchError(f"{name} refused a statement: {_detail(error)}.")


def read_only(path: str) -> StorageError:
    """The error for a change to an index that cannot be written."""
    return StorageError(
        f"The index {printable(path)} is on a read-only disk or closed to writing; "
        "searching it works.",
        hint="Make the file and its folder writable, or choose another place with --index.",
        code="storage.read_only",
    )


def not_understood(error: apsw.SQLError | UnicodeEncodeError, expression: str) -> UsageError:
    """The error for a full-text expression FTS5 cannot parse, or that is no Unicode text."""
    return UsageError(
        f"The search expression {printable(expression[:200])!a} is not valid: {_detail(error)}.",
        hint="Put special characters inside double quotes.",
        code="usage.query",
    )


def keywords_damaged(error: Exception) -> bool:
    """Whether FTS5 cannot work with its own tables, whatever it was asked."""
    return any(words in str(error) for words in _KEYWORDS_DAMAGED)


def _is_bad_value(error: Exception) -> bool:
    """Whether a stored value cannot be read: text that is not UTF-8, a vector cut short."""
    if isinstance(error, apsw.SQLError):
        # What sqlite-vec says about its arguments, or FTS5 about its own settings and tables.
        return "vector" in str(error).lower() or keywords_damaged(error)
    return isinstance(error, ValueError) and not isinstance(error, UnicodeEncodeError)


def _damaged(error: Exception, path: str) -> DamagedError:
    from semsearch.store.aside import was_index

    if was_index(path):
        what = f"The index {printable(path)} is damaged: {_detail(error)}."
        return DamagedError(what, hint=REPAIR)
    return DamagedError(
        f"{printable(path)} is not an index of semsearch: {_detail(error)}.",
        hint="Choose another file with --index; this one is left as it is.",
    )


def _detail(error: Exception) -> str:
    return printable(str(error).rstrip("."))
