"""Is everything there and whole, and what can be made again without asking anyone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from semsearch.errors import DamagedError
from semsearch.records import Finding
from semsearch.store.base import BATCH, PASSAGE_BITS, PASSAGE_MASK, batches, id_list
from semsearch.store.vectors import checksum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.store.driver import Database
    from semsearch.store.sqlite import SqliteStore

_HINT = "Run: semsearch repair"


class Damage(NamedTuple):
    """What is wrong with the contents; row ids, so that a repair need not search again."""

    texts: list[int]
    """Passages whose text is not what was hashed."""
    vectors: list[int]
    """Keys of vectors that do not match their checksum or their space, or hang on nothing."""
    codes: list[int]
    """Keys whose sign code is missing, wrong, or without a vector."""
    lexical: bool
    """The keyword tables do not hold exactly the chunks and files there are."""
    coverage: bool
    """A space's count of covered chunks is wrong."""


def check(db: Database, store: SqliteStore) -> list[Finding]:
    """Read everything and say what is whole and what is not; changes nothing.

    Where SQLite finds its own structures damaged, the contents are not looked at: what would be
    read could be anything.
    """
    with db.snapshot():
        structure = _structure(db)
        return _findings(structure, None if structure else _damage(db, store))


def repair(db: Database, store: SqliteStore) -> list[Finding]:
    """Make derived tables again and remove what cannot be; says what had been wrong."""
    with db.write():
        structure = _structure(db)
        if structure:
            db.run("REINDEX")
            left = _structure(db)
            if left:
                raise DamagedError(
                    f"The index cannot be repaired: {left[0]}.",
                    hint="Move the file away with its -wal and -shm files and index again.",
                )
        damage = _damage(db, store)
        _drop_texts(db, store, damage.texts)
        _drop_vectors(db, damage.vectors)
        _make_codes(db, store, damage.codes)
        if damage.lexical or structure:
            _make_lexical(db, store)
        db.run(f"UPDATE space SET covered = {_COVERED}")
    return _findings(structure, damage)


# --- finding ---------------------------------------------------------------------------------


def _damage(db: Database, store: SqliteStore) -> Damage:
    vectors, codes = _damaged_vectors(db, store)
    return Damage(
        list(_damaged_texts(db)),
        vectors,
        codes,
        any(db.rows(statement) for statement in _LEXICAL_DIFFERENCES),
        bool(db.rows(f"SELECT 1 FROM space WHERE covered <> {_COVERED}")),
    )


def _structure(db: Database) -> list[str]:
    problems = [str(row[0]) for row in db.rows("PRAGMA integrity_check") if row[0] != "ok"]
    return problems + [
        f"row {row[1]} of {row[0]} refers to nothing" for row in db.rows("PRAGMA foreign_key_check")
    ]


def _damaged_texts(db: Database) -> Iterator[int]:
    last = 0
    while rows := db.rows(
        "SELECT id, digest, CAST(text AS BLOB) FROM passage WHERE id > ? ORDER BY id LIMIT ?",
        (last, BATCH),
    ):
        for id, digest, text in rows:
            if hashlib.sha256(text).digest() != digest:
                yield id
        last = rows[-1][0]


def _damaged_vectors(db: Database, store: SqliteStore) -> tuple[list[int], list[int]]:
    """Keys of damaged vectors, and keys whose code does not follow from its vector."""
    vectors: list[int] = []
    codes = [
        key
        for (key,) in db.rows(
            "SELECT key FROM code WHERE NOT EXISTS "
            "(SELECT 1 FROM vector WHERE vector.key = code.key)"
        )
    ]
    widths = {space.id: space.key.dimensions for space in store.spaces()}
    last = 0
    while rows := db.rows(
        "SELECT vector.key, value, checksum, bits, digest FROM vector "
        "LEFT JOIN code ON code.key = vector.key "
        f"LEFT JOIN passage ON passage.id = vector.key & {PASSAGE_MASK} "
        "WHERE vector.key > ? ORDER BY vector.key LIMIT ?",
        (last, BATCH),
    ):
        for key, value, stored, bits, digest in rows:
            space = key >> PASSAGE_BITS
            width = widths.get(space, 0)
            if (
                not width
                or digest is None
                or len(value) != 2 * width
                or checksum(space, digest, value) != stored
            ):
                vectors.append(key)
            elif bits != store.code_of_stored(value, width):
                codes.append(key)
        last = rows[-1][0]
    return vectors, codes


# --- mending ---------------------------------------------------------------------------------


def _drop_texts(db: Database, store: SqliteStore, passages: list[int]) -> None:
    for batch in batches(passages):
        files = db.rows(
            "SELECT DISTINCT file FROM chunk WHERE passage IN (SELECT value FROM json_each(?))",
            (id_list(batch),),
        )
        store.remove_files(file for (file,) in files)
        store.delete_orphans(batch)


def _drop_vectors(db: Database, keys: list[int]) -> None:
    for batch in batches(keys):
        for table in ("code", "vector"):
            db.run(
                f"DELETE FROM {table} WHERE key IN (SELECT value FROM json_each(?))",
                (id_list(batch),),
            )


def _make_codes(db: Database, store: SqliteStore, keys: list[int]) -> None:
    widths = {space.id: space.key.dimensions for space in store.spaces()}
    for batch in batches(keys):
        rows = db.rows(
            "SELECT key, value FROM vector WHERE key IN (SELECT value FROM json_each(?))",
            (id_list(batch),),
        )
        db.run("DELETE FROM code WHERE key IN (SELECT value FROM json_each(?))", (id_list(batch),))
        db.many(
            "INSERT INTO code(key, bits) VALUES(?, ?)",
            [
                (key, store.code_of_stored(value, widths[key >> PASSAGE_BITS]))
                for key, value in rows
            ],
        )


def _make_lexical(db: Database, store: SqliteStore) -> None:
    for table in ("lexical_chunk", "lexical_file"):
        db.run(f"INSERT INTO {table}({table}) VALUES('delete-all')")
    for (file,) in db.rows("SELECT DISTINCT file FROM chunk ORDER BY file"):
        store.rebuild_lexical(file)


_COVERED = (
    "(SELECT count(*) FROM chunk CROSS JOIN code ON code.key = (space.id << 40 | chunk.passage))"
)

_LEXICAL_DIFFERENCES = (
    "SELECT id FROM chunk EXCEPT SELECT id FROM lexical_chunk_docsize",
    "SELECT id FROM lexical_chunk_docsize EXCEPT SELECT id FROM chunk",
    "SELECT file FROM chunk EXCEPT SELECT id FROM lexical_file_docsize",
    "SELECT id FROM lexical_file_docsize EXCEPT SELECT file FROM chunk",
)


def _findings(structure: list[str], damage: Damage | None) -> list[Finding]:
    findings = [_finding("database", "; ".join(structure[:3]))]
    if damage is not None:
        findings += [
            _finding("texts", _counted(damage.texts, "texts are not what was indexed")),
            _finding("vectors", _counted(damage.vectors, "vectors are damaged")),
            _finding("sign codes", _counted(damage.codes, "sign codes do not match their vectors")),
            _finding("keyword index", "is out of step with the texts" if damage.lexical else ""),
            _finding("coverage", "a count of covered chunks is wrong" if damage.coverage else ""),
        ]
    return findings


def _finding(name: str, problem: str) -> Finding:
    if not problem:
        return Finding(name, "ok", "whole")
    return Finding(name, "failed", problem, _HINT)


def _counted(rows: list[int], what: str) -> str:
    return f"{len(rows)} {what}" if rows else ""
