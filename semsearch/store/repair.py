"""Mending an index: what can be made again is, what cannot is removed so that it is noticed.

Sign codes, keyword tables, counts and SQLite's own indexes come from what is stored. A damaged
text takes its files with it and a damaged vector itself: the next indexing run brings exactly
those back, and shows its cost first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.errors import DamagedError, SemsearchError
from semsearch.records import Loss
from semsearch.store.base import PASSAGE_BITS, PASSAGE_MASK, absolute, batches, id_list
from semsearch.store.check import COVERED, Damage, find_damage, structure
from semsearch.store.schema import FULL_TEXT_OPTIONS, FULL_TEXT_TABLES, TABLES
from semsearch.store.seals import mend_rows
from semsearch.vectors import Rotation, widen_many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semsearch.store.driver import Database
    from semsearch.store.sqlite import SqliteStore


def repair(db: Database, store: SqliteStore, damage: Damage | None = None) -> Damage:
    """Mend in one transaction; returns what had been wrong.

    Args:
        db: the open database.
        store: the store over it.
        damage: what a check has found, when nobody has indexed since; None: look now.

    Raises:
        DamagedError: SQLite's own structures stay damaged; nothing has been changed.
    """
    with db.write():
        try:
            return _mend(db, store, damage or find_damage(db, store))
        except SemsearchError as error:
            if error.code != "bug":
                raise
            # Rows that are there twice, or without what they need: no statement gets past them.
            raise DamagedError(f"The index cannot be repaired in place: {error.message}") from error


def _mend(db: Database, store: SqliteStore, damage: Damage) -> Damage:
    if damage.structure:
        damage = _mend_structure(db, store)._replace(structure=damage.structure)
    elif damage.words:
        _empty_words(db)  # first: what is removed below is removed from them as well
    # Their passages stay, with their vectors: the files come back without being paid for.
    store.remove_files(damage.files)
    _drop_texts(db, store, damage.texts)
    _drop_rows(db, "vector", "key", damage.vectors)
    _drop_rows(db, "code", "key", damage.vectors)
    _drop_rows(db, "query_vector", "id", damage.queries)
    _make_codes(db, store, damage.codes)
    if damage.words:
        _empty_words(db)  # removing from empty ones has spoiled their totals
        _make_words(db, store)
    db.run(f"UPDATE space SET covered = {COVERED}")
    if damage.rows:
        mend_rows(db)
    return damage


def losses(db: Database, store: SqliteStore, damage: Damage) -> tuple[list[bytes], list[Loss]]:
    """What `repair` cannot make again: files to be read, and vectors each space has to get anew."""
    passages = id_list(damage.texts)
    files = db.rows(
        "SELECT DISTINCT root.path, relative FROM file CROSS JOIN root ON root.id = file.root "
        "WHERE file.id IN (SELECT value FROM json_each(?1)) OR file.id IN "
        "(SELECT file FROM chunk WHERE passage IN (SELECT value FROM json_each(?2)))",
        (id_list(damage.files), passages),
    )
    lost = []
    for space in store.spaces():
        keys = [key for key in damage.vectors if key >> PASSAGE_BITS == space.id]
        count, tokens = db.rows(
            "SELECT count(*), coalesce(sum(tokens), 0) FROM passage WHERE EXISTS "
            "(SELECT 1 FROM chunk WHERE chunk.passage = passage.id) AND (id IN "
            f"(SELECT value & {PASSAGE_MASK} FROM json_each(?1)) OR id IN (SELECT texts.value "
            "FROM json_each(?2) AS texts CROSS JOIN code ON code.key = (?3 << 40 | texts.value)))",
            (id_list(keys), passages, space.id),
        )[0]
        if count:
            lost.append(Loss(space, count, tokens))
    return sorted(absolute(root, relative) for root, relative in files), lost


def _mend_structure(db: Database, store: SqliteStore) -> Damage:
    """Make everything again that SQLite can make; returns what is wrong with the contents then."""
    _empty_words(db)
    db.run("REINDEX")
    _drop_dangling(db, store)
    left = structure(db)
    if left:
        raise DamagedError(f"The index cannot be repaired in place: {left[0]}.")
    return find_damage(db, store)


def _drop_dangling(db: Database, store: SqliteStore) -> None:
    """Remove rows that refer to rows that are gone."""
    db.run("DELETE FROM consent WHERE root NOT IN (SELECT id FROM root)")
    db.run("DELETE FROM share WHERE ledger NOT IN (SELECT id FROM ledger)")
    files = db.rows(
        "SELECT id FROM file WHERE root NOT IN (SELECT id FROM root) UNION "
        "SELECT file FROM chunk WHERE passage NOT IN (SELECT id FROM passage)"
    )
    # A damaged row may hold anything in place of an id.
    store.remove_files(file for (file,) in files if isinstance(file, int))
    db.run("DELETE FROM chunk WHERE file NOT IN (SELECT id FROM file)")


def _drop_texts(db: Database, store: SqliteStore, passages: list[int]) -> None:
    for batch in batches(passages):
        files = db.rows(
            "SELECT DISTINCT file FROM chunk WHERE passage IN (SELECT value FROM json_each(?))",
            (id_list(batch),),
        )
        store.remove_files(file for (file,) in files)
        store.delete_orphans(batch)


def _drop_rows(db: Database, table: str, column: str, ids: Iterable[int]) -> None:
    for batch in batches(ids):
        db.run(
            f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))",
            (id_list(batch),),
        )


def _make_codes(db: Database, store: SqliteStore, keys: list[int]) -> None:
    rotations = {
        space.id: Rotation(space.key.dimensions) for space in store.spaces() if space.key.dimensions
    }
    for batch in batches(keys):
        rows = db.rows(
            "SELECT key >> 40, key, value FROM vector "
            "WHERE key IN (SELECT value FROM json_each(?))",
            (id_list(batch),),
        )
        _drop_rows(db, "code", "key", batch)
        for space, rotation in rotations.items():
            held = [(key, value) for owner, key, value in rows if owner == space]
            if not held:
                continue
            width = len(held[0][1]) // 2
            codes = rotation.sign_codes(widen_many(b"".join(value for _, value in held), width))
            db.many(
                "INSERT INTO code(key, bits) VALUES(?, ?)",
                [(key, code) for (key, _), code in zip(held, codes, strict=True)],
            )


def _empty_words(db: Database) -> None:
    """Make the keyword tables anew, whatever has become of them."""
    for table in FULL_TEXT_TABLES:
        db.run(f"DROP TABLE {table}")
        db.run(next(sql for sql in TABLES if f"VIRTUAL TABLE {table} " in sql))
        for option, value in FULL_TEXT_OPTIONS:
            db.run(f"INSERT INTO {table}({table}, rank) VALUES(?, ?)", (option, value))


def _make_words(db: Database, store: SqliteStore) -> None:
    for (file,) in db.rows("SELECT DISTINCT file FROM chunk ORDER BY file"):
        store.rebuild_lexical(file)
