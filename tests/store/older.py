"""An index as older versions of the program left it, made from one of today."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import apsw

from semsearch.store.schema import CURRENT, PLAIN, SEALED, table_of

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = tuple(range(1, CURRENT.version))
"""Every version before today's."""


def downgrade(path: str | Path, version: int) -> None:
    """Take out of an index what later versions than this one have put into it.

    The tables read word for word as that version wrote them.
    """
    with closing(apsw.Connection(str(path))) as connection:
        connection.pragma("foreign_keys", 0)
        if version < 3:
            for table in SEALED:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN checksum")
        if version < 2:
            connection.execute("DROP TABLE share")
        connection.pragma("user_version", version)
        connection.config(apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1)
        for statement in PLAIN if version < 3 else ():
            connection.execute(
                "UPDATE sqlite_schema SET sql = ? WHERE name = ?", (statement, table_of(statement))
            )
        connection.pragma("wal_checkpoint(TRUNCATE)")
