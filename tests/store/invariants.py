"""What must be true of an index file after anything that may have happened to it.

Independent of the store's own `check`: plain SQL over the file and the definitions of the design.
Other tests may call `invariants(path)` on any index.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from zlib import crc32

import apsw

from semsearch.vectors import Rotation, widen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PASSAGE = (1 << 40) - 1


def invariants(path: str | Path, published: Iterable[bytes] = ()) -> None:
    """Fail unless the index at `path` is whole and holds every file of `published`.

    Args:
        path: the database file.
        published: relative paths whose publication was acknowledged and not taken back.
    """
    found = problems(path, published)
    assert not found, "\n".join(found)


def problems(path: str | Path, published: Iterable[bytes] = ()) -> list[str]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        with connection:  # one snapshot
            return [
                *_structure(connection),
                *_chunks(connection),
                *_texts(connection),
                *_vectors(connection),
                *_lexical(connection),
                *_spaces(connection),
                *_rows(connection),
                *_published(connection, published),
            ]
    finally:
        connection.close()


def _all(connection: apsw.Connection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def _structure(connection: apsw.Connection) -> list[str]:
    found = [row[0] for row in _all(connection, "PRAGMA integrity_check") if row[0] != "ok"]
    found += [f"dangling reference {row}" for row in _all(connection, "PRAGMA foreign_key_check")]
    return found


def _chunks(connection: apsw.Connection) -> list[str]:
    rows = _all(
        connection,
        "SELECT file, count(*), count(DISTINCT ordinal), min(ordinal), max(ordinal) "
        "FROM chunk GROUP BY file",
    )
    return [
        f"chunks of file {file} are not numbered 0..{count - 1}"
        for file, count, different, first, last in rows
        if (different, first, last) != (count, 0, count - 1)
    ]


def _texts(connection: apsw.Connection) -> list[str]:
    return [
        f"passage {id} is not what was hashed"
        for id, digest, text in _all(connection, "SELECT id, digest, text FROM passage")
        if hashlib.sha256(text.encode()).digest() != digest
    ]


def _vectors(connection: apsw.Connection) -> list[str]:
    found = []
    dimensions = dict(_all(connection, "SELECT id, dimensions FROM space"))
    digests = dict(_all(connection, "SELECT id, digest FROM passage"))
    codes = dict(_all(connection, "SELECT key, bits FROM code"))
    rotations = {space: Rotation(width) for space, width in dimensions.items() if width}
    for key, value, checksum in _all(connection, "SELECT key, value, checksum FROM vector"):
        space, passage = key >> 40, key & PASSAGE
        bits = codes.pop(key, None)
        if space not in rotations or passage not in digests:
            found.append(f"vector {key} belongs to no space or passage")
        elif len(value) != 2 * dimensions[space]:
            found.append(f"vector {key} has the wrong width")
        elif crc32(value, crc32(digests[passage], space)) != checksum:
            found.append(f"vector {key} does not match its checksum")
        elif bits != rotations[space].sign_code(widen(value)):
            found.append(f"vector {key} has a wrong sign code or none")
    return found + [f"code {key} has no vector" for key in codes]


def _lexical(connection: apsw.Connection) -> list[str]:
    found = []
    for table, wanted in (
        ("lexical_chunk", "SELECT id FROM chunk"),
        ("lexical_file", "SELECT DISTINCT file FROM chunk"),
    ):
        have = {row[0] for row in _all(connection, f"SELECT id FROM {table}_docsize")}
        want = {row[0] for row in _all(connection, wanted)}
        if have != want:
            found.append(f"{table}: {len(want - have)} rows missing, {len(have - want)} too many")
    return found


def _spaces(connection: apsw.Connection) -> list[str]:
    found = [
        f"space {space} counts {counted} covered chunks, not {covered}"
        for space, covered, counted in _all(
            connection,
            "SELECT space.id, space.covered, (SELECT count(*) FROM chunk JOIN vector "
            "ON vector.key = (space.id << 40 | chunk.passage)) FROM space",
        )
        if covered != counted
    ]
    if _all(connection, "SELECT count(*) FROM space WHERE active")[0][0] > 1:
        found.append("several spaces are active")
    return found


def _rows(connection: apsw.Connection) -> list[str]:
    """Every row against its checksum, computed here once more from the design's words."""
    found = []
    tables = _all(
        connection, "SELECT name FROM sqlite_schema WHERE sql LIKE '%, checksum INTEGER%'"
    )
    for (table,) in tables:
        names = [
            name
            for (name,) in _all(connection, f"SELECT name FROM pragma_table_info('{table}')")
            if name not in {"id", "covered", "text", "checksum"}
        ]
        for *values, stored in _all(
            connection, f"SELECT {', '.join(names)}, checksum FROM {table}"
        ):
            total = 0
            for value in values:
                raw = value if isinstance(value, bytes) else str(value).encode()
                total = crc32(len(raw).to_bytes(8, "little") + raw, total)
            if total != stored:
                found.append(f"a row of {table} does not match its checksum: {values!r:.200}")
    return found


def _published(connection: apsw.Connection, published: Iterable[bytes]) -> list[str]:
    stored = {row[0] for row in _all(connection, "SELECT relative FROM file")}
    return [f"{relative!r} was published and is gone" for relative in {*published} - stored]
