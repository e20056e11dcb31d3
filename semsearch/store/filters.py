"""A `Filter` as a condition on the `file` table."""

from __future__ import annotations

from semsearch.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from semsearch.records import Filter
    from semsearch.store.driver import Database

    _Bind = Callable[[object], str]


class Restriction(Record):
    """SQL over the columns of `file`, with the values of its numbered parameters."""

    sql: str
    bindings: tuple[Any, ...]


def restriction(db: Database, where: Filter, first: int) -> Restriction | None:
    """The condition files must meet, its parameters numbered from `first`; None for no filter."""
    bindings: list[Any] = []

    def bind(value: object) -> str:
        bindings.append(value)
        return f"?{first + len(bindings) - 1}"

    conditions: list[str] = []
    if where.folders:
        roots = db.rows("SELECT id, path FROM root")
        inside = [
            condition
            for folder in where.folders
            for root, path in roots
            if (condition := _inside(folder, root, path, bind))
        ]
        conditions.append(f"({' OR '.join(inside)})" if inside else "FALSE")
    if where.suffixes:
        endings = [_ending(suffix, bind) for suffix in where.suffixes]
        conditions.append(f"({' OR '.join(endings)})")
    if where.after_ns is not None:
        conditions.append(f"file.mtime_ns >= {bind(where.after_ns)}")
    if where.before_ns is not None:
        conditions.append(f"file.mtime_ns < {bind(where.before_ns)}")
    return Restriction(" AND ".join(conditions), tuple(bindings)) if conditions else None


def suffix_of(name: bytes) -> str:
    """What stands behind the last dot of a file's name, lower case; empty without a dot."""
    _, dot, suffix = name.rpartition(b"/")[2].rpartition(b".")
    return suffix.decode("utf-8", "replace").lower() if dot else ""


def below(folder: bytes) -> tuple[bytes, bytes]:
    """The half-open range of paths that lie below `folder`: `/` comes just before `0`."""
    return folder + b"/", folder + b"0"


def _inside(folder: bytes, root: int, path: bytes, bind: _Bind) -> str:
    """Condition for the files of one root that lie in `folder`; empty when none can."""
    folder, path = folder.rstrip(b"/"), path.rstrip(b"/")
    if path == folder or path.startswith(folder + b"/"):
        return f"file.root = {bind(root)}"
    if not folder.startswith(path + b"/"):
        return ""
    relative = folder[len(path) + 1 :]
    low, high = below(relative)
    # One range for the index; between the folder and what is below it lie names like `folder-2`.
    return (
        f"(file.root = {bind(root)} AND file.relative >= {bind(relative)} "
        f"AND file.relative < {bind(high)} "
        f"AND (file.relative = {bind(relative)} OR file.relative >= {bind(low)}))"
    )


def _ending(suffix: str, bind: _Bind) -> str:
    last = suffix.rpartition(".")[2]
    condition = f"file.suffix = {bind(last)}"
    if last == suffix:
        return condition
    whole = f".{suffix}"
    tail = f"lower(CAST(substr(file.relative, {bind(-len(whole.encode()))}) AS TEXT))"
    return f"({condition} AND {tail} = {bind(whole)})"
