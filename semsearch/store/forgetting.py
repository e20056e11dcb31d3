"""Removing text so that no trace of it stays in the database file or beside it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch.errors import BusyError, StorageError
from semsearch.records import Filter, Forgotten
from semsearch.store.base import batches, id_list
from semsearch.store.filters import below, restriction
from semsearch.store.schema import BACKUP
from semsearch.text import display_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semsearch.store.driver import Database
    from semsearch.store.sqlite import SqliteStore


def forget(db: Database, store: SqliteStore, path: bytes) -> Forgotten:
    """Remove a file, or everything below a folder; then clean the file up (see `compact`).

    A root at the path, or below it, is no root any more: a later run would bring it all back.
    """
    only = restriction(db, Filter(folders=(path,)), first=1)
    assert only is not None
    db.pragma("secure_delete", "ON")
    try:
        with db.change():
            rows = db.rows(f"SELECT id FROM file WHERE {only.sql}", only.bindings)
            files = [file for (file,) in rows]
            passages = _passages_of(db, files)
            chunks = store.remove_files(files)
            orphans = sum(store.delete_orphans(batch) for batch in batches(passages))
            _forget_judgments(db, path)
            roots = _forget_roots(db, path)
        _remove_backups(db)
        compact(db)
    finally:
        db.pragma("secure_delete", "FAST")
    return Forgotten(path, len(files), chunks, orphans, roots)


def compact(db: Database) -> None:
    """Merge the keyword tables, give freed pages back to the disk and empty the log.

    Raises:
        BusyError: another process is reading, so the log could not be emptied.
    """
    with db.write():
        for table in ("lexical_file", "lexical_chunk"):
            db.run(f"INSERT INTO {table}({table}) VALUES('optimize')")
    if not give_back(db):
        raise BusyError(
            f"Another process is reading the index {display_path(os.fsencode(db.path))}, "
            "so its log could not be emptied.",
            hint="Close other windows of semsearch and run the command again.",
        )


def give_back(db: Database) -> bool:
    """Return freed pages to the disk; False when a reader keeps the file from shrinking now.

    It shrinks by itself then, with the next write after the reader has gone.
    """
    with db.write():
        db.run("PRAGMA incremental_vacuum")
    return db.checkpoint()


def _remove_backups(db: Database) -> None:
    """Delete the copies from before migrations: they hold everything that was ever indexed."""
    import glob

    for backup in glob.glob(f"{glob.escape(db.path)}{BACKUP}*"):
        try:
            os.unlink(backup)
        except OSError as error:
            raise StorageError(
                f"The old copy {display_path(os.fsencode(backup))} cannot be deleted: "
                f"{error.strerror}.",
                hint="It still holds what was to be forgotten; delete it by hand.",
                code="storage.backup",
            ) from error


def _passages_of(db: Database, files: Iterable[int]) -> list[int]:
    rows = db.rows(
        "SELECT DISTINCT passage FROM chunk WHERE file IN (SELECT value FROM json_each(?))",
        (id_list(files),),
    )
    return [passage for (passage,) in rows]


def _forget_roots(db: Database, path: bytes) -> int:
    path = path.rstrip(b"/")
    rows = db.rows(
        "SELECT id FROM root WHERE path = ? OR (path >= ? AND path < ?)", (path, *below(path))
    )
    roots = id_list(root for (root,) in rows)
    for table, column in (("consent", "root"), ("root", "id")):
        db.run(f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))", (roots,))
    return len(rows)


def _forget_judgments(db: Database, path: bytes) -> None:
    path = path.rstrip(b"/")
    db.run("DELETE FROM judgment WHERE path = ? OR (path >= ? AND path < ?)", (path, *below(path)))
