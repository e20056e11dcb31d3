"""What the parts of the store share: the connection, and small codings of values in columns."""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Final

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

DIGESTS: Final = "json_each(?) CROSS JOIN passage ON passage.digest = unhex(json_each.value)"
"""The passages of a `digest_list`; one statement for many is cheaper than one for each."""

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
    _hold_from: int | None
    """Vectors from which on a space's codes are held once it is searched; None: when asked."""

    @property
    def _functions(self) -> VectorFunctions:
        """The vector functions of the connection, loaded when first asked for."""
        raise NotImplementedError


@lru_cache(maxsize=256)
def joined(parts: tuple[str, ...]) -> str:
    """A tuple of strings as one column; see `split`."""
    return _SEPARATOR.join([part.replace(_SEPARATOR, " ") for part in parts])


def split(column: str) -> tuple[str, ...]:
    """What `joined` was given; a tuple of one empty string becomes empty."""
    return tuple(column.split(_SEPARATOR)) if column else ()


def id_list(ids: Iterable[int]) -> str:
    """Row ids as the JSON array that `json_each` takes, made without importing `json`."""
    return f"[{','.join(map(str, ids))}]"


def count_chunks(db: Database) -> int:
    """How many chunks the index holds, as FTS5 counts the rows of their keyword table.

    Its record of averages begins with that number (`fts5_index.c`, averages record), while
    counting the chunks themselves reads an index as long as they are many. Inside a transaction
    FTS5 has not written it yet.
    """
    if not db.writing:
        averages = db.value("SELECT block FROM lexical_chunk_data WHERE id = 1")
        if isinstance(averages, bytes) and (rows := _first_number(averages)):
            return rows
    return int(db.value("SELECT count(*) FROM chunk"))


def _first_number(record: bytes) -> int:
    """SQLite's number of variable length: seven bits a byte, high ones first, all of the ninth."""
    number = 0
    for byte in record[:8]:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number
    return number << 8 | record[8] if len(record) > 8 else 0


def digest_list(digests: Iterable[bytes]) -> str:
    """Digests as a JSON array of hexadecimal strings, for `DIGESTS`."""
    listed = '","'.join([digest.hex() for digest in digests])
    return f'["{listed}"]'


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
