"""Ways to spoil an index file: bytes, pages, rows, the schema, the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import apsw

from semsearch.store.checksums import row_checksum

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

PAGE: Final = 16384
NOT_CONTENT: Final = ("sqlite_sequence", "vocabulary")
_ODD_VALUES: Final = (
    None, 0, 1, -1, 1 << 62, 3.5, "", "x", "\0", b"", b"\0", b"\xff" * 7, bytes(128), "x" * 70_000,
)  # fmt: skip
_MISSED: Final = ("root", "file", "passage", "chunk", "space", "vector", "code")
"""Tables from which no row can go unnoticed, because others refer to it."""


def _edit(path: Path, edit: Callable[[bytearray], str]) -> str:
    data = bytearray(path.read_bytes())
    told = edit(data)
    path.write_bytes(data)
    return told


def _flip(path: Path, chance: random.Random) -> str:
    def edit(data: bytearray) -> str:
        places = [chance.randrange(len(data)) for _ in range(chance.choice((1, 1, 1, 2, 8)))]
        for place in places:
            data[place] ^= 1 << chance.randrange(8)
        return f"bytes {places}"

    return _edit(path, edit)


def _flip_in_content(path: Path, chance: random.Random) -> str:
    """Where something is written: single flips mostly hit unused space otherwise."""

    def edit(data: bytearray) -> str:
        while True:
            place = chance.randrange(len(data))
            if any(data[max(0, place - 8) : place + 8]):
                data[place] ^= 1 << chance.randrange(8)
                return f"byte {place} of page {place // PAGE + 1}"

    return _edit(path, edit)


def _spoil_page(path: Path, chance: random.Random) -> str:
    def edit(data: bytearray) -> str:
        page = chance.randrange(len(data) // PAGE)
        here = slice(page * PAGE, (page + 1) * PAGE)
        kind = chance.choice(("zeroed", "random", "of another", "half zeroed"))
        if kind == "zeroed":
            data[here] = bytes(PAGE)
        elif kind == "random":
            data[here] = chance.randbytes(PAGE)
        elif kind == "of another":
            other = chance.randrange(len(data) // PAGE)
            data[here] = data[other * PAGE : (other + 1) * PAGE]
        else:
            data[here.start + PAGE // 2 : here.stop] = bytes(PAGE // 2)
        return f"page {page + 1} {kind}"

    return _edit(path, edit)


def _cut(path: Path, chance: random.Random) -> str:
    def edit(data: bytearray) -> str:
        size = chance.choice((0, 1, 100, 511, 512, PAGE, chance.randrange(len(data))))
        del data[size:]
        return f"cut to {size}"

    return _edit(path, edit)


def _tail(path: Path, chance: random.Random) -> str:
    def edit(data: bytearray) -> str:
        data += chance.randbytes(chance.choice((1, 700, PAGE, 3 * PAGE)))
        return "something behind the end"

    return _edit(path, edit)


def _change_row(path: Path, chance: random.Random) -> str:
    """A value of some row is replaced, past every rule."""
    connection = _unguarded(path)
    try:
        table = chance.choice(_tables(connection))
        columns = [
            name for (name,) in connection.execute(f"SELECT name FROM pragma_table_info('{table}')")
        ]
        column = chance.choice(columns)
        value = chance.choice(_ODD_VALUES)
        where = f"({', '.join(columns)}) IN (SELECT {', '.join(columns)} FROM {table} "
        rows = int(connection.execute(f"SELECT count(*) FROM {table}").get)
        where += f"LIMIT 1 OFFSET {chance.randrange(max(1, rows))})"
        try:
            if chance.random() < 0.3 and table in _MISSED:
                connection.execute(f"DELETE FROM {table} WHERE {where}")
                return f"a row of {table} deleted"
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value,))
        except apsw.Error as error:
            return f"nothing ({table}: {error})"
        return f"{table}.{column} = {value!r:.30}"
    finally:
        connection.close()


def _change_schema(path: Path, chance: random.Random) -> str:
    """Tables missing, renamed, replaced by views, or with triggers on them."""
    connection = _unguarded(path)
    names = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    ]
    name = chance.choice(names)
    statements = (
        f"DELETE FROM sqlite_schema WHERE name = '{name}'",
        f"UPDATE sqlite_schema SET sql = 'CREATE TABLE {name}(a)' WHERE name = '{name}'",
        f"UPDATE sqlite_schema SET rootpage = rootpage + 1 WHERE name = '{name}'",
        f"UPDATE sqlite_schema SET rootpage = 999999 WHERE name = '{name}'",
        f"CREATE TRIGGER t AFTER INSERT ON {name} BEGIN DELETE FROM chunk; END",
        "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) "
        "SELECT x FROM c",
        f"DROP TABLE {name}",
        "PRAGMA user_version = 999",
        "PRAGMA application_id = 0",
    )
    statement = chance.choice(statements)
    try:
        connection.execute(statement)
    except apsw.Error as error:
        return f"nothing ({error})"
    else:
        return statement
    finally:
        connection.close()


def _spoil_log(path: Path, chance: random.Random) -> str:
    """A write-ahead log that was not merged, cut or spoiled: what is before the damage counts."""
    connection = apsw.Connection(str(path))
    connection.pragma("journal_mode", "wal")
    connection.pragma("wal_autocheckpoint", 0)
    for number in range(5):
        row = ("spoiled", str(number))
        connection.execute(
            "INSERT OR REPLACE INTO meta VALUES(?, ?, ?)", (*row, row_checksum(*row))
        )
    log = Path(f"{path}-wal").read_bytes()
    data = path.read_bytes()
    connection.close()
    path.write_bytes(data)
    spoiled = bytearray(log)
    if chance.random() < 0.5:
        del spoiled[chance.randrange(len(spoiled)) :]
    else:
        spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
    Path(f"{path}-wal").write_bytes(spoiled)
    return f"{len(log)} bytes of log, {len(spoiled)} left"


def _unguarded(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    connection.config(apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1)
    connection.pragma("journal_mode", "delete")
    connection.pragma("foreign_keys", 0)
    connection.pragma("ignore_check_constraints", 1)
    return connection


def _tables(connection: apsw.Connection) -> list[str]:
    return [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
        )
        if name not in NOT_CONTENT
    ]


WAYS: Final[dict[str, Callable[[Path, random.Random], str]]] = {
    "flip": _flip,
    "flip in content": _flip_in_content,
    "page": _spoil_page,
    "cut": _cut,
    "tail": _tail,
    "row": _change_row,
    "schema": _change_schema,
    "log": _spoil_log,
}
