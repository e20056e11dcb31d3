"""What the index holds, in numbers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch.records import Counts, Filter, HeldFile, IndexStatus, RootStatus, SpaceStatus
from semsearch.store.base import absolute
from semsearch.store.filters import restriction

if TYPE_CHECKING:
    from semsearch.store.driver import Database
    from semsearch.store.sqlite import SqliteStore

RUN_ENDED = "run.ended_ns"
"""Note an indexing flow leaves when it is done."""


def counts(db: Database) -> Counts:
    """Rows by kind, and the size on disk."""
    return Counts(
        dict(db.rows("SELECT state, count(*) FROM file GROUP BY state")),
        dict(
            db.rows(
                "SELECT reason, count(*) FROM file WHERE state IN ('skipped', 'failed') "
                "GROUP BY reason"
            )
        ),
        int(db.value("SELECT count(*) FROM chunk")),
        int(db.value("SELECT count(*) FROM passage")),
        _size(db.path),
    )


def status(db: Database, store: SqliteStore) -> IndexStatus:
    """What is indexed, by which model, and what it cost; `missing` is left to the caller."""
    total = counts(db)
    per_root = db.rows(
        "SELECT root.id, count(DISTINCT file.id), count(chunk.id) FROM root "
        "LEFT JOIN file ON file.root = root.id AND file.state IN ('indexed', 'partial') "
        "LEFT JOIN chunk ON chunk.file = file.id GROUP BY root.id"
    )
    held = {root: (files, chunks) for root, files, chunks in per_root}
    active = store.active_space()
    spend = store.spend()
    ended = store.note(RUN_ENDED)
    return IndexStatus(
        path=os.fsencode(db.path),
        size_bytes=total.size,
        roots=tuple(RootStatus(root, *held[root.id]) for root in store.roots()),
        files=total.files,
        chunks=total.chunks,
        spaces=tuple(
            SpaceStatus(space, space == active, store.coverage(space.id)[0], total.chunks)
            for space in store.spaces()
        ),
        indexed_ns=int(ended) if ended else None,
        spent_usd=sum(model.cost_usd for model in spend),
        tokens=sum(model.tokens for model in spend),
    )


def files_at(db: Database, path: bytes) -> list[HeldFile]:
    """Every file at or below an absolute path, by root and name."""
    only = restriction(db, Filter(folders=(path,)), first=1)
    assert only is not None
    rows = db.rows(
        "SELECT root.path, relative, size, mtime_ns, state, reason, "
        "(SELECT count(*) FROM chunk WHERE chunk.file = file.id) FROM file "
        f"CROSS JOIN root ON root.id = file.root WHERE {only.sql} ORDER BY file.root, relative",
        only.bindings,
    )
    return [HeldFile(absolute(root, relative), *rest) for root, relative, *rest in rows]


def _size(path: str) -> int:
    total = 0
    for suffix in ("", "-wal"):
        try:
            total += os.stat(path + suffix).st_size
        except FileNotFoundError:
            continue
    return total
