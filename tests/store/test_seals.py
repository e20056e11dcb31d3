"""Whatever value changes in whatever row without the program, `check` sees it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import apsw
import pytest

from semsearch.errors import DamagedError
from semsearch.store import SqliteStore, open_index
from semsearch.store.schema import SEALED
from tests.store.invariants import invariants
from tests.store.material import KEY, ROOT, fresh, put, sent, vector_of, version

if TYPE_CHECKING:
    from pathlib import Path

_COUNTED = frozenset({("space", "covered"), ("passage", "text"), ("ledger", "id"), ("file", "id")})
"""Proven otherwise, or the number of a row that others refer to: see `test_check.py`."""


def everything(folder: Path) -> SqliteStore:
    """An index with a row in every table."""
    store = fresh(folder)
    root = store.add_root(ROOT, ("*.md",), ("*.tmp",))
    space = store.ensure_space(KEY, 0.5)
    store.activate_space(space.id)
    store.set_space_state(space.id, "ready")
    store.grant_consent(root.id, "api.example")
    put(store, space.id, version(root.id, b"a.md", ["one apple", "two pears"], title="Fruit"))
    put(store, None, version(root.id, b"b.md", ["no vector"], withheld="key"))
    store.record_sent(sent(), {root.id: 1.0})
    store.settle_sent(store.announce_sent(sent()), sent())
    failed = version(root.id, b"c.md", ["refused"])
    put(store, None, failed)
    store.record_failures(space.id, [(failed.chunks[0][1].digest, "too odd")])
    store.mark_failed(root.id, failed.ref, "unreadable")
    store.touch(1, failed.ref, 9)
    store.cache_query(space.id, "fruit", vector_of("fruit"))
    store.remember_query("fruit", "hybrid", 2)
    store.judge("fruit", 1, 2)
    store.set_note("a.note", "1")
    return store


def columns(path: Path, table: str) -> list[tuple[str, str]]:
    with closing(apsw.Connection(str(path))) as connection:
        rows = connection.execute(f"SELECT name, type, pk FROM pragma_table_info('{table}')")
        return [
            (name, kind)
            for name, kind, key in rows
            if (table, name) not in _COUNTED and not (name == "id" and key)
        ]


def change(path: Path, table: str, column: str, kind: str) -> None:
    changed = {
        "TEXT": f"{column} || 'x'",
        "BLOB": f"CAST({column} || x'00' AS BLOB)",
        "INTEGER": f"coalesce({column}, 0) + 1",
        "REAL": f"{column} / 2",
    }[kind]
    with closing(apsw.Connection(str(path))) as connection:
        connection.pragma("ignore_check_constraints", 1)
        connection.pragma("foreign_keys", 0)
        last = f"SELECT max({column}) FROM {table}"
        connection.execute(f"UPDATE {table} SET {column} = {changed} WHERE {column} IS ({last})")
        assert connection.changes()


def test_a_whole_index_with_every_kind_of_row_has_nothing_to_find(tmp_path: Path) -> None:
    with closing(everything(tmp_path)) as store:
        assert [one for one in store.check() if one.state != "ok"] == []
        for table in SEALED:
            assert store._db.value(f"SELECT count(*) FROM {table}"), table
    invariants(tmp_path / "index.db")


@pytest.mark.parametrize("table", SEALED)
def test_a_changed_value_is_found(tmp_path: Path, table: str) -> None:
    path = tmp_path / "index.db"
    everything(tmp_path).close()
    whole = path.read_bytes()
    for column, kind in columns(path, table):
        path.write_bytes(whole)
        change(path, table, column, kind)
        with closing(open_index(str(path))) as store:
            assert [one.name for one in store.check() if one.state != "ok"], column


@pytest.mark.parametrize("table", [one for one in SEALED if one != "root"])
def test_a_changed_value_is_mended(tmp_path: Path, table: str) -> None:
    path = tmp_path / "index.db"
    everything(tmp_path).close()
    column, kind = next(one for one in reversed(columns(path, table)) if one[0] != "checksum")
    change(path, table, column, kind)
    with closing(open_index(str(path))) as store:
        store.repair()
        assert [one for one in store.check() if one.state != "ok"] == []
    invariants(path)


def test_an_empty_index_is_whole(tmp_path: Path) -> None:
    with closing(fresh(tmp_path)) as store:
        assert [one for one in store.check() if one.state != "ok"] == []


def test_what_hangs_on_a_root_that_is_gone_is_removed(tmp_path: Path) -> None:
    everything(tmp_path).close()
    with closing(apsw.Connection(str(tmp_path / "index.db"))) as connection:
        connection.execute("DELETE FROM root")
    with closing(fresh(tmp_path)) as store:
        assert next(one.name for one in store.repair() if one.state != "ok") == "database"
        assert [one for one in store.check() if one.state != "ok"] == []
        assert list(store.files()) == []
    invariants(tmp_path / "index.db")


def edit_past_every_rule(path: Path, edit: str) -> None:
    """Run a statement on the tables of FTS5, or on ours without their rules."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
        connection.execute(edit)


def test_a_keyword_table_of_an_unknown_format_is_damage(tmp_path: Path) -> None:
    everything(tmp_path).close()
    edit_past_every_rule(
        tmp_path / "index.db", "UPDATE lexical_chunk_config SET v = 9 WHERE k = 'version'"
    )
    with closing(open_index(str(tmp_path / "index.db"))) as store, pytest.raises(DamagedError):
        store.match_chunks("apple", 5)


def test_a_table_of_fts5_without_its_columns_is_damage_that_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    everything(tmp_path).close()
    edit_past_every_rule(
        path,
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
        "sql = 'CREATE TABLE lexical_chunk_docsize(a)' WHERE name = 'lexical_chunk_docsize'",
    )
    with closing(open_index(str(path))) as store:
        assert [one.name for one in store.check() if one.state != "ok"]
        store.repair()
        assert [one for one in store.check() if one.state != "ok"] == []
        assert len(store.match_chunks("apple", 5)) == 1
    invariants(path)


def test_a_passage_without_its_text_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    everything(tmp_path).close()
    edit_past_every_rule(
        path,
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
        "sql = replace(sql, 'text TEXT NOT NULL', 'text TEXT') WHERE name = 'passage'; "
        "PRAGMA writable_schema = RESET; UPDATE passage SET text = NULL; "
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
        "sql = replace(sql, 'text TEXT', 'text TEXT NOT NULL') WHERE name = 'passage'",
    )
    with closing(open_index(str(path))) as store:
        with pytest.raises(DamagedError):
            store.chunk_rows([1])
        assert [one.name for one in store.check() if one.state != "ok"] == ["database"]


def without(rule: str, instead: str, name: str, edit: str) -> str:
    """Statements that take a rule out of the schema, break it, and put it back."""
    change = "UPDATE sqlite_schema SET sql = replace(sql, '{}', '{}') WHERE name = '{}'"
    return (
        f"PRAGMA writable_schema = ON; {change.format(rule, instead, name)}; "
        f"PRAGMA writable_schema = RESET; {edit}; "
        f"PRAGMA writable_schema = ON; {change.format(instead, rule, name)}"
    )


def test_rows_that_are_there_twice_cannot_be_repaired_in_place(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    everything(tmp_path).close()
    twice = without(
        "CREATE UNIQUE INDEX",
        "CREATE INDEX",
        "file_by_path",
        "UPDATE file SET relative = CAST('a.md' AS BLOB)",
    )
    edit_past_every_rule(path, twice)
    before = path.read_bytes()
    with closing(open_index(str(path))) as store:
        assert [one.name for one in store.check() if one.state != "ok"] == ["database"]
        with pytest.raises(DamagedError, match="cannot be repaired in place"):
            store.repair()
    assert path.read_bytes() == before


def test_a_cached_query_of_another_type_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    everything(tmp_path).close()
    text = without(") STRICT", ") ", "query_vector", "UPDATE query_vector SET value = 'text'")
    edit_past_every_rule(path, text)
    with closing(open_index(str(path))) as store:
        assert store.cached_query(1, "fruit") is None
