"""What is at the path: nothing, an index, an older or newer one, something else, a trap."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from semsearch.errors import (
    DamagedError,
    NewerIndexError,
    SemsearchError,
    StorageError,
    UsageError,
)
from semsearch.store import open_index
from semsearch.store.driver import Database
from semsearch.store.schema import CURRENT, Definition, prepare
from tests.harness.logical import content
from tests.store.invariants import invariants
from tests.store.material import KEY, ROOT, fresh, put, vector_of, version
from tests.store.older import VERSIONS, downgrade


def test_a_missing_index_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_index(str(tmp_path / "index.db"))
    assert caught.value.code == "index.missing"
    assert "semsearch index PATH" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_new_index_and_its_folder_are_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "index.db"
    old = os.umask(0o022)
    try:
        store = open_index(str(path), create=True)
        store.add_root(ROOT)
        modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in path.parent.iterdir()}
        store.close()
    finally:
        os.umask(old)
    assert modes == {"index.db": 0o600, "index.db-wal": 0o600, "index.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_file_has_the_layout_that_was_measured(tmp_path: Path) -> None:
    fresh(tmp_path).close()
    connection = apsw.Connection(str(tmp_path / "index.db"))
    assert connection.pragma("page_size") == 16384
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("auto_vacuum") == 2
    connection.close()


def test_without_wal_the_rollback_journal_is_used(tmp_path: Path) -> None:
    store = open_index(str(tmp_path / "index.db"), create=True, wal=False)
    store.add_root(ROOT)
    assert not (tmp_path / "index.db-wal").exists()
    store.close()
    invariants(tmp_path / "index.db")


def test_an_empty_file_becomes_an_index_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    path.touch()
    with pytest.raises(UsageError, match="no index"):
        open_index(str(path))
    assert path.stat().st_size == 0
    open_index(str(path), create=True).close()
    assert open_index(str(path)).roots() == []


def test_a_folder_is_not_an_index(tmp_path: Path) -> None:
    for create in (True, False):
        with pytest.raises(UsageError, match="is a folder"):
            open_index(str(tmp_path), create=create)


@pytest.mark.parametrize(
    "content",
    [b"x", b"# Notes\n" * 2000, b"SQLite format 3\0" + bytes(4000), os.urandom(20_000)],
    ids=["short", "text", "header only", "random"],
)
@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database_is_refused_and_kept(
    tmp_path: Path, content: bytes, create: bool
) -> None:
    path = tmp_path / "notes.md"
    path.write_bytes(content)
    with pytest.raises(DamagedError) as caught:
        open_index(str(path), create=create)
    assert caught.value.exit_status == 6
    assert "not an index" in caught.value.message
    assert "another file" in caught.value.hint
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("application_id", [0, 1234])
@pytest.mark.parametrize("create", [True, False])
def test_another_applications_database_is_left_as_it_is(
    tmp_path: Path, application_id: int, create: bool
) -> None:
    path = tmp_path / "other.db"
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE precious(value)")
    other.pragma("application_id", application_id)
    other.close()
    before = path.read_bytes()
    with pytest.raises(UsageError, match="another application"):
        open_index(str(path), create=create)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_truncated_index_is_damaged(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    put(store, None, version(store.add_root(ROOT).id, b"a.md", ["text " * 100]))
    store.close()
    path = tmp_path / "index.db"
    os.truncate(path, 3 * 16384 + 100)
    with pytest.raises(DamagedError) as caught:
        open_index(str(path))
    assert "semsearch repair" in caught.value.hint


def test_an_index_whose_beginning_is_lost_is_to_be_repaired(tmp_path: Path) -> None:
    fresh(tmp_path).close()
    path = tmp_path / "index.db"
    path.write_bytes(b"x" * 20 + path.read_bytes()[20:])
    with pytest.raises(DamagedError) as caught:
        open_index(str(path))
    assert "is damaged" in caught.value.message
    assert "semsearch repair" in caught.value.hint
    assert "--index" not in caught.value.hint


# --- versions ----------------------------------------------------------------------------------


def test_a_newer_index_is_refused_and_not_changed(tmp_path: Path) -> None:
    fresh(tmp_path).close()
    path = tmp_path / "index.db"
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    before = path.read_bytes()
    for options in ({}, {"create": True}, {"read_only": True}):
        with pytest.raises(NewerIndexError) as caught:
            open_index(str(path), **options)
        assert caught.value.exit_status == 7
    assert path.read_bytes() == before


EXTRA = "CREATE TABLE extra(id INTEGER PRIMARY KEY) STRICT"


def migrated(migration: object) -> Definition:
    return Definition(
        (*CURRENT.tables, EXTRA),
        (*CURRENT.migrations, migration),  # type: ignore[arg-type]
    )


def test_an_older_index_is_copied_aside_and_migrated(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    store.add_root(ROOT)
    store.close()
    db = Database(str(tmp_path / "index.db"))
    prepare(db, create=False, definition=migrated(lambda db: db.run(EXTRA)))
    assert db.pragma("user_version") == CURRENT.version + 1
    db.close()
    backup = tmp_path / f"index.db.version-{CURRENT.version}"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert [root.path for root in open_index(str(backup)).roots()] == [ROOT]
    with pytest.raises(NewerIndexError):
        open_index(str(tmp_path / "index.db"))


def test_an_index_of_version_1_learns_which_folder_its_calls_were_for(tmp_path: Path) -> None:
    old = fresh(tmp_path)
    space = old.ensure_space(KEY, 0.6)
    for path, texts in ((b"/a", ["of a only", "of both"]), (b"/b", ["of both", "of b", "of b!"])):
        put(old, space.id, version(old.add_root(path).id, b"x.md", texts))
    calls = len(old.sent())
    total = sum(one.cost_usd for one in old.spend())
    old.close()
    downgrade(tmp_path / "index.db", 1)
    store = open_index(str(tmp_path / "index.db"))
    spent = {one.path: one.cost_usd for one in store.spend_by_root(1)}
    store.close()
    assert calls == 2
    assert spent.keys() == {b"/a", b"/b"}
    assert sum(spent.values()) == pytest.approx(total)
    assert min(spent.values()) > 0


@pytest.mark.parametrize("older", VERSIONS)
def test_an_index_of_every_older_version_becomes_one_of_today(tmp_path: Path, older: int) -> None:
    store = fresh(tmp_path)
    space = store.ensure_space(KEY, 0.6)
    put(store, space.id, version(store.add_root(ROOT).id, b"x.md", ["some text", "more of it"]))
    store.judge("text", 1, 2)
    store.cache_query(space.id, "text", vector_of("text"))
    store.remember_query("text", "hybrid", 1)
    store.grant_consent(1, "api.example")
    said = content(tmp_path / "index.db")
    store.close()
    downgrade(tmp_path / "index.db", older)
    store = open_index(str(tmp_path / "index.db"))
    assert [one for one in store.check() if one.state != "ok"] == []
    assert content(tmp_path / "index.db") == said
    assert (tmp_path / f"index.db.version-{older}").exists()
    store.forget(ROOT)
    store.close()
    assert not (tmp_path / f"index.db.version-{older}").exists()


def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path) -> None:
    fresh(tmp_path).close()

    def broken(db: Database) -> None:
        db.run(EXTRA)
        db.run("INSERT INTO nowhere VALUES(1)")

    db = Database(str(tmp_path / "index.db"))
    with pytest.raises(SemsearchError, match="nowhere"):
        prepare(db, create=False, definition=migrated(broken))
    db.close()
    assert open_index(str(tmp_path / "index.db")).roots() == []


def test_a_migration_in_another_process_stops_this_one_from_writing(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    connection = apsw.Connection(str(tmp_path / "index.db"))
    connection.pragma("user_version", CURRENT.version + 1)
    connection.close()
    with pytest.raises(NewerIndexError):
        store.add_root(ROOT)
    assert store.roots() == []
    store.close()


# --- traps -------------------------------------------------------------------------------------

TRAPS = {
    "view over a table": "ALTER TABLE file RENAME TO real; CREATE VIEW file AS SELECT * FROM real",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON root BEGIN DELETE FROM root; END",
    "generated column": "ALTER TABLE root ADD COLUMN bomb INTEGER AS (length(path))",
    "extra table": "CREATE TABLE more(x)",
    "missing table": "DROP TABLE ledger",
    "missing index": "DROP INDEX chunk_by_file",
    "other full-text table": (
        "DROP TABLE lexical_chunk; CREATE VIRTUAL TABLE lexical_chunk USING fts5(title, body)"
    ),
    "view as shadow table": (
        "DROP TABLE lexical_chunk_docsize; CREATE VIEW lexical_chunk_docsize AS SELECT 1 AS id"
    ),
    "changed constraint": "DROP TABLE history; CREATE TABLE history(id INTEGER PRIMARY KEY)",
}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS.keys())
def test_a_schema_that_is_not_ours_word_for_word_is_refused(tmp_path: Path, trap: str) -> None:
    fresh(tmp_path).close()
    connection = apsw.Connection(str(tmp_path / "index.db"))
    connection.execute(trap)
    connection.close()
    with pytest.raises(DamagedError) as caught:
        open_index(str(tmp_path / "index.db"))
    assert caught.value.code == "index.schema"


def test_names_in_a_hostile_schema_cannot_drive_the_terminal(tmp_path: Path) -> None:
    fresh(tmp_path).close()
    connection = apsw.Connection(str(tmp_path / "index.db"))
    connection.execute('CREATE TABLE "\x1b]0;owned\x07"(x)')
    connection.close()
    with pytest.raises(DamagedError) as caught:
        open_index(str(tmp_path / "index.db"))
    assert "\x1b" not in caught.value.message


# --- read-only and odd places ------------------------------------------------------------------

READ_ONLY = """
import os, sys
from semsearch.errors import StorageError
from semsearch.store import SqliteStore, open_index
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
store = open_index(sys.argv[1])
assert store.read_only
print([hit for hit, _ in store.match_chunks("apple", 5)])
store.cache_query(1, "q", b"")
try:
    store.add_root(b"/other")
except StorageError as error:
    print(error.code)
"""


def as_nobody(folder: Path, program: str) -> str:
    """Run a program that can only read `folder`, even where the tests run as root."""
    for parent in folder.parents:
        if Path(tempfile.gettempdir()) in parent.parents:
            parent.chmod(parent.stat().st_mode | 0o055)
    folder.chmod(0o555)
    (folder / "index.db").chmod(0o444)
    try:
        return subprocess.run(
            [sys.executable, "-c", program, str(folder / "index.db")],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
        ).stdout
    finally:
        folder.chmod(0o700)


def test_search_works_where_nothing_can_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "medium"
    store = open_index(str(folder / "index.db"), create=True)
    put(store, None, version(store.add_root(ROOT).id, b"a.md", ["an apple a day"]))
    store.checkpoint()
    store.close()
    assert not (folder / "index.db-wal").exists()
    assert as_nobody(folder, READ_ONLY) == "[1]\nstorage.read_only\n"


def test_a_log_beside_which_nothing_can_be_made_is_read_all_the_same(tmp_path: Path) -> None:
    """A full disk has no room for the -shm file of a log."""
    store = fresh(tmp_path)
    put(store, None, version(store.add_root(ROOT).id, b"a.md", ["apple"]))
    full = tmp_path / "full"
    full.mkdir()
    for suffix in ("", "-wal"):
        (full / f"index.db{suffix}").write_bytes((tmp_path / f"index.db{suffix}").read_bytes())
    store.close()
    (full / "index.db-shm").mkdir()
    for read_only in (False, True):
        with closing(open_index(str(full / "index.db"), read_only=read_only)) as found:
            assert [hit for hit, _ in found.match_chunks("apple", 5)] == [1]


def test_a_log_that_cannot_be_read_is_not_ignored(tmp_path: Path) -> None:
    """`immutable` would show the file without what its log holds."""
    folder = tmp_path / "medium"
    store = open_index(str(folder / "index.db"), create=True)
    put(store, None, version(store.add_root(ROOT).id, b"a.md", ["an apple a day"]))
    log = (folder / "index.db-wal").read_bytes()
    store.close()
    (folder / "index.db-wal").write_bytes(log)
    (folder / "index.db-wal").chmod(0o444)
    program = READ_ONLY.replace("store = open_index", "open_index", 1)
    with pytest.raises(subprocess.CalledProcessError) as caught:
        as_nobody(folder, program.partition("assert")[0])
    assert "StorageError" in caught.value.stderr


def test_a_read_only_store_reads_and_refuses_to_write(tmp_path: Path) -> None:
    writer = fresh(tmp_path)
    reader = open_index(str(tmp_path / "index.db"), read_only=True)
    put(writer, None, version(writer.add_root(ROOT).id, b"a.md", ["an apple a day"]))
    assert len(reader.match_chunks("apple", 5)) == 1
    with pytest.raises(StorageError) as caught, reader.write():
        pass
    assert caught.value.code == "storage.read_only"
    reader.close()
    writer.close()


@pytest.mark.parametrize("name", ["a b.db", "50%25.db", "what?.db", "a#b.db", "ümläut.db"])
def test_odd_names_open(tmp_path: Path, name: str) -> None:
    open_index(str(tmp_path / name), create=True).close()
    assert open_index(os.fsencode(tmp_path / name), read_only=True).roots() == []
    assert sorted(path.name for path in tmp_path.iterdir() if path.name == name) == [name]


def test_a_path_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not valid UTF-8"):
        open_index(os.fsencode(tmp_path) + b"/\xff.db", create=True)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be made"):
        open_index(str(tmp_path / "file" / "index.db"), create=True)


# --- many at once ------------------------------------------------------------------------------

COLD = """
import sys
from semsearch.store import SqliteStore, open_index
sys.stdin.readline()
store = open_index(sys.argv[1], create=True)
store.add_root(b"/" + sys.argv[2].encode())
store.close()
"""


def test_six_processes_open_an_older_index_and_one_migrates_it(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    fresh(tmp_path).close()
    downgrade(path, VERSIONS[0])
    children = [
        subprocess.Popen(
            [sys.executable, "-c", COLD, str(path), str(number)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        for number in range(6)
    ]
    errors = [child.communicate(b"go\n")[1].decode() for child in children]
    assert [child.returncode for child in children] == [0] * 6, errors
    assert len(open_index(str(path)).roots()) == 6
    assert sorted(one.name for one in tmp_path.glob("*version*")) == ["index.db.version-1"]
    invariants(path)


def test_six_processes_open_a_cold_index(tmp_path: Path) -> None:
    path = tmp_path / "new" / "index.db"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", COLD, str(path), str(number)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        for number in range(6)
    ]
    errors = [child.communicate(b"go\n")[1].decode() for child in children]
    assert [child.returncode for child in children] == [0] * 6, errors
    assert len(open_index(str(path)).roots()) == 6
    invariants(path)
