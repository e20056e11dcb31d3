"""Is everything there and whole, and what can be made again without asking anyone.

Finding damage and mending it are two steps, so that a repair can be shown before it is done; see
`repair.py` for the second. SQLite's own check sees what breaks its structures; row by row
checksums see the rest, and the keyword tables are compared with what the stored texts give.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.errors import MalformedReply
from semsearch.records import Finding
from semsearch.store.base import BATCH, PASSAGE_BITS, PASSAGE_MASK
from semsearch.store.check_words import words_problem
from semsearch.store.checksums import vector_checksum
from semsearch.store.seals import broken, damaged_files, damaged_rows
from semsearch.vectors import Rotation, gate, widen_many

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from semsearch.store.driver import Database
    from semsearch.store.sqlite import SqliteStore

    Tell = Callable[[str, int, int], None]
    """Told `(what is being read, rows done, rows in all)` as a check goes on."""

_HINT: Final = "Run: semsearch repair"

_STEPS: Final = 200_000
"""Steps of SQLite's machine between two looks at signals: a few milliseconds."""


class Damage(NamedTuple):
    """What is wrong; row ids, so that a repair need not search again."""

    structure: list[str]
    """What SQLite says of its own tables and indexes; the rest is empty where it says anything."""
    texts: list[int]
    """Passages whose text is not what was hashed."""
    files: list[int]
    """Files whose passages are out of order or overrun."""
    vectors: list[int]
    """Keys of vectors that do not match their checksum or their space, or hang on nothing."""
    codes: list[int]
    """Keys whose sign code is missing, wrong, or without a vector."""
    queries: list[int]
    """Cached queries whose vector does not go with its code or its space."""
    words: str
    """How the keyword tables differ from the texts; empty when they do not."""
    coverage: bool
    """A space's count of covered chunks is wrong."""
    rows: dict[str, int] = {}  # noqa: RUF012 - a NamedTuple's default, never written to
    """How many rows of the small tables are not what was written, by table."""

    @property
    def any(self) -> bool:
        """Whether anything is wrong at all."""
        return any(self)


def find_damage(
    db: Database, store: SqliteStore, tell: Tell | None = None, *, quick: bool = False
) -> Damage:
    """Read everything; changes nothing, and sees one state of the file.

    Where SQLite finds its own structures damaged, the contents are not looked at: what would be
    read could be anything.

    Args:
        db: the open database.
        store: the store over it.
        tell: told how far it is.
        quick: leave out indexing every passage once more to compare the words.
    """
    tell = tell or _silence
    with db.snapshot(), heard_signals(db):
        tell("structure", 0, 1)
        problems = structure(db)
        if problems:
            return Damage(problems, [], [], [], [], [], "", False)
        texts = list(_damaged_texts(db, tell))
        vectors, codes = _damaged_vectors(db, store, tell)
        return Damage(
            problems,
            texts,
            sorted({*_damaged_files(db), *damaged_files(db)}),
            vectors,
            codes,
            _damaged_queries(db, store),
            words_problem(db, tell, quick=quick),
            bool(db.rows(f"SELECT 1 FROM space WHERE covered <> {COVERED}")),
            damaged_rows(db),
        )


def findings(damage: Damage) -> list[Finding]:
    """One line for each thing that was looked at."""
    lines = [_finding("database", "; ".join(damage.structure[:3]))]
    if damage.structure:
        return lines
    return [
        *lines,
        _finding("texts", _counted(damage.texts, "texts are not what was indexed")),
        _finding("files", _counted(damage.files, "files are not what was written")),
        _finding("vectors", _counted(damage.vectors, "vectors are damaged")),
        _finding("sign codes", _counted(damage.codes, "sign codes do not match their vectors")),
        _finding("cached queries", _counted(damage.queries, "cached queries are damaged")),
        _finding("keyword index", damage.words),
        _finding("coverage", "a count of covered chunks is wrong" if damage.coverage else ""),
        _finding(
            "other rows",
            ", ".join(f"{count} of {table}" for table, count in damage.rows.items()),
        ),
    ]


COVERED: Final = (
    "(SELECT count(*) FROM chunk CROSS JOIN code ON code.key = (space.id << 40 | chunk.passage))"
)
"""How many chunks a space really covers."""


# --- what is looked at -------------------------------------------------------------------------


def structure(db: Database) -> list[str]:
    """What SQLite says of its own tables and indexes, the keyword tables included."""
    lines = [line for (told,) in db.rows("PRAGMA integrity_check") for line in told.splitlines()]
    return [line for line in lines if line != "ok" and not line.startswith("*** in database")] + [
        f"row {row[1]} of {row[0]} refers to nothing" for row in db.rows("PRAGMA foreign_key_check")
    ]


def _damaged_texts(db: Database, tell: Tell) -> Iterator[int]:
    last = done = 0
    total = int(db.value("SELECT count(*) FROM passage"))
    while rows := db.rows(
        f"SELECT id, digest, CAST(text AS BLOB), {broken('passage')} FROM passage WHERE id > ? "
        "ORDER BY id LIMIT ?",
        (last, BATCH),
    ):
        for id, digest, text, row_broken in rows:
            if row_broken or hashlib.sha256(text).digest() != digest:
                yield id
        last, done = rows[-1][0], done + len(rows)
        tell("texts", done, total)


def _damaged_files(db: Database) -> list[int]:
    """Files without the passages they should have, or with places that run backwards."""
    rows = db.rows(
        "SELECT id FROM file WHERE state IN ('indexed', 'partial') AND reason <> 'empty' "
        "AND NOT EXISTS (SELECT 1 FROM chunk WHERE chunk.file = file.id) UNION "
        "SELECT file FROM chunk GROUP BY file HAVING min(ordinal) <> 0 "
        "OR max(ordinal) <> count(*) - 1 OR count(DISTINCT ordinal) <> count(*) "
        "OR min(start_char) < 0 OR max(start_char > end_char) OR min(start_line) < 1 "
        "OR max(start_line > end_line) ORDER BY 1"
    )
    return [file for (file,) in rows]


def _damaged_vectors(db: Database, store: SqliteStore, tell: Tell) -> tuple[list[int], list[int]]:
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
    rotations = {width: Rotation(width) for width in widths.values() if width}
    last, done, total = -1, 0, int(db.value("SELECT count(*) FROM vector"))
    while rows := db.rows(
        "SELECT vector.key, value, vector.checksum, bits, digest FROM vector "
        "LEFT JOIN code ON code.key = vector.key "
        f"LEFT JOIN passage ON passage.id = vector.key & {PASSAGE_MASK} "
        "WHERE vector.key > ? ORDER BY vector.key LIMIT ?",
        (last, BATCH),
    ):
        whole: dict[int, list[tuple[int, bytes, bytes | None]]] = {}
        for key, value, stored, bits, digest in rows:
            space = key >> PASSAGE_BITS
            width = widths.get(space, 0)
            if (
                not width
                or digest is None
                or len(value) != 2 * width
                or vector_checksum(space, digest, value) != stored
            ):
                vectors.append(key)
            else:
                whole.setdefault(width, []).append((key, value, bits))
        for width, held in whole.items():
            values = widen_many(b"".join(value for _, value, _ in held), width)
            made = rotations[width].sign_codes(values)
            codes += [key for (key, _, bits), code in zip(held, made, strict=True) if bits != code]
        last, done = rows[-1][0], done + len(rows)
        tell("vectors", done, total)
    return vectors, codes


def _damaged_queries(db: Database, store: SqliteStore) -> list[int]:
    """Cached queries of another width than their space, or with the code of something else."""
    widths = {space.id: space.key.dimensions for space in store.spaces()}
    rotations = {width: Rotation(width) for width in widths.values() if width}
    damaged = []
    for id, space, value, bits in db.rows("SELECT id, space, value, bits FROM query_vector"):
        width = widths.get(space, 0)
        try:
            if not width or rotations[width].sign_code(gate(value, width)) != bits:
                damaged.append(id)
        except MalformedReply:
            damaged.append(id)
    return damaged


# --- small things ------------------------------------------------------------------------------


@contextmanager
def heard_signals(db: Database) -> Iterator[None]:
    """Let Ctrl-C end a statement that reads the whole file: Python looks at signals in between."""
    db.connection.set_progress_handler(lambda: False, _STEPS)
    try:
        yield
    finally:
        db.connection.set_progress_handler(None)


def _silence(_what: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def _finding(name: str, problem: str) -> Finding:
    if not problem:
        return Finding(name, "ok", "whole")
    return Finding(name, "failed", problem, _HINT)


def _counted(rows: list[int], what: str) -> str:
    return f"{len(rows)} {what}" if rows else ""
