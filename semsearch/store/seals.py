"""Checksums of rows: what was written is what is read, in every table that nothing can rebuild.

Vectors carry a checksum of their own, texts are named by their hash, and sign codes and keyword
tables are compared with what they are made of. Every other row is sealed here: a flipped bit in
a line number, a path, a consent or a cost is neither an error to SQLite nor visible to anyone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from semsearch.store.schema import SEALED, TABLES, table_of

if TYPE_CHECKING:
    from semsearch.store.driver import Bindings, Database

_DISPENSABLE: Final = ("meta", "consent", "refusal", "query_vector", "share", "judgment", "history")
"""A damaged row of these is removed: it is asked for again, or it is better not believed."""

_UNSEALED: Final = frozenset({"id", "covered", "text", "checksum"})
"""Columns proven in another way: by what refers to them, by counting, by their hash."""


@lru_cache(maxsize=16)
def row_sum(table: str) -> str:
    """The SQL expression of a row's checksum."""
    statement = next(sql for sql in TABLES if table_of(sql) == table)
    columns = re.findall(r"[(,]\s*(\w+) (TEXT|BLOB|INTEGER|REAL)\b", statement)
    # As bytes: a damaged text need not be UTF-8, and must not raise.
    values = [
        f"CAST({name} AS BLOB)" if kind == "TEXT" else name
        for name, kind in columns
        if name not in _UNSEALED
    ]
    return f"row_checksum({', '.join(values)})"


def seal(db: Database, table: str, condition: str, bindings: Bindings = ()) -> None:
    """Give rows that were just written their checksum."""
    db.run(f"UPDATE {table} SET checksum = {row_sum(table)} WHERE {condition}", bindings)


def broken(table: str) -> str:
    """The condition that a row of the table is not what was written."""
    return f"checksum IS NOT {row_sum(table)}"


def damaged_files(db: Database) -> list[int]:
    """Files whose own row, or the row of a chunk, is not what was written."""
    rows = db.rows(
        f"SELECT id FROM file WHERE {broken('file')} UNION "
        f"SELECT file FROM chunk WHERE {broken('chunk')} ORDER BY 1"
    )
    return [file for (file,) in rows]


def damaged_rows(db: Database) -> dict[str, int]:
    """How many rows of the small tables are not what was written, by table; whole ones left out."""
    counts = {
        table: int(db.value(f"SELECT count(*) FROM {table} WHERE {broken(table)}"))
        for table in SEALED
        if table not in {"file", "chunk", "passage"}
    }
    # A vector's receipt is not part of its checksum: it must at least be one that exists.
    counts["vector"] = int(
        db.value(
            "SELECT count(*) FROM vector WHERE ledger IS NOT NULL "
            "AND ledger NOT IN (SELECT id FROM ledger)"
        )
    )
    return {table: count for table, count in counts.items() if count}


def mend_rows(db: Database) -> None:
    """Remove damaged rows that can be missed; of the others believe what cannot do harm.

    A root and a space stay as they read, for all that hangs on them; of a call the cost becomes
    unknown.
    """
    for table in _DISPENSABLE:
        db.run(f"DELETE FROM {table} WHERE {broken(table)}")
    db.run(f"UPDATE ledger SET tokens = NULL, cost_usd = NULL WHERE {broken('ledger')}")
    db.run(
        "UPDATE vector SET ledger = NULL WHERE ledger IS NOT NULL "
        "AND ledger NOT IN (SELECT id FROM ledger)"
    )
    for table in ("root", "space", "ledger"):
        seal(db, table, broken(table))


def seal_everything(db: Database) -> None:
    """The migration to version 2: every table gets its column, every row its checksum."""
    for table in SEALED:
        db.run(f"ALTER TABLE {table} ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0")
    for table in SEALED:
        seal(db, table, "TRUE")
