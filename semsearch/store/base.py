"""What the parts of the store share: the connection, and small codings of values in columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from semsearch.store.driver import Database
    from semsearch.store.extension import VectorFunctions
    from semsearch.store.resident import ResidentCodes
    from semsearch.vectors import Rotation

BATCH: Final = 1000
"""Rows handled by one statement or read at a time, where their number is not bounded."""

PASSAGE_BITS: Final = 40
"""A key of `code` and `vector` is `space << 40 | passage`."""

PASSAGE_MASK: Final = (1 << PASSAGE_BITS) - 1

KEYS_OF_SPACE: Final = f"key BETWEEN ?1 << 40 AND (?1 << 40 | {PASSAGE_MASK})"
"""The rows of one space in `code` or `vector`; parameter 1 is the space."""

_SEPARATOR: Final = "\x1f"
"""Unit separator: in no heading, and nothing to import for reading it."""


class Part:
    """A group of the store's methods over the shared connection."""

    _db: Database
    _codes: dict[bytes, bytes]
    """Sign codes of recent query vectors."""
    _rotations: dict[int, Rotation]
    """By dimensions."""
    _held: dict[int, ResidentCodes]
    """Codes held in memory, by space."""

    @property
    def _functions(self) -> VectorFunctions:
        """The vector functions of the connection, loaded when first asked for."""
        raise NotImplementedError


def joined(parts: Iterable[str]) -> str:
    """A tuple of strings as one column; see `split`."""
    return _SEPARATOR.join([part.replace(_SEPARATOR, " ") for part in parts])


def split(column: str) -> tuple[str, ...]:
    """What `joined` was given; a tuple of one empty string becomes empty."""
    return tuple(column.split(_SEPARATOR)) if column else ()


def id_list(ids: Iterable[int]) -> str:
    """Row ids as the JSON array that `json_each` takes, made without importing `json`."""
    return f"[{','.join(map(str, ids))}]"


def batches(items: Iterable[int]) -> Iterator[list[int]]:
    """Row ids in lists of at most `BATCH`."""
    batch: list[int] = []
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def signed(number: int) -> int:
    """An unsigned 64-bit number (an inode, a hash) as SQLite stores integers."""
    return number - (1 << 64) if number >= 1 << 63 else number


def unsigned(number: int) -> int:
    """The number `signed` was given, for numbers that are never negative."""
    return number + (1 << 64) if number < 0 else number


def absolute(root: bytes, relative: bytes) -> bytes:
    """The path of a file; `relative` is empty where the root itself is a file."""
    return root.rstrip(b"/") + b"/" + relative if relative else root
