"""Faults of the log and of its index beside the database, and of whoever shares them."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import apsw
import pytest

from semsearch.errors import NewerIndexError, SemsearchError, StorageError
from semsearch.store import connect, open_index
from tests.store.invariants import invariants
from tests.store.material import KEY, ROOT, fresh, put, vector_of, version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EDITIONS = 12


def copied_with_log(tmp_path: Path) -> Path:
    """A copy of an index most of which is still in its log, as a crash would leave it."""
    store = fresh(tmp_path)
    root, space = store.add_root(ROOT).id, store.ensure_space(KEY, 0.5).id
    store.checkpoint()
    for number in range(EDITIONS):
        put(store, space, version(root, b"%d.md" % number, [f"edition {number} of the text"]))
    place = tmp_path / "copy"
    place.mkdir()
    for name in ("index.db", "index.db-wal"):
        shutil.copy(tmp_path / name, place / name)
    store.close()
    return place


def cut(log: bytearray, chance: random.Random) -> bytearray:
    return log[: chance.randrange(len(log))]


def flip(log: bytearray, chance: random.Random) -> bytearray:
    log[chance.randrange(len(log))] ^= 1 << chance.randrange(8)
    return log


def blank(log: bytearray, chance: random.Random) -> bytearray:
    start = chance.randrange(len(log) // 4096) * 4096
    log[start : start + 4096] = bytes(4096)
    return log


@pytest.mark.parametrize("mutate", [cut, flip, blank], ids=lambda one: one.__name__)
def test_a_damaged_log_leaves_the_beginning_of_what_was_done(
    tmp_path: Path, mutate: Callable[[bytearray, random.Random], bytearray]
) -> None:
    """E6: a prefix of the transactions, each whole or not there at all."""
    place = copied_with_log(tmp_path)
    log = (place / "index.db-wal").read_bytes()
    whole = (place / "index.db").read_bytes()
    lost = 0
    for seed in range(12):
        for left in place.iterdir():
            left.unlink()
        (place / "index.db").write_bytes(whole)
        (place / "index.db-wal").write_bytes(mutate(bytearray(log), random.Random(seed)))
        store = open_index(str(place / "index.db"))
        names = {file.relative for file in store.files()}
        store.close()
        assert names == {b"%d.md" % number for number in range(len(names))}
        lost += len(names) < EDITIONS
        invariants(place / "index.db")
    assert lost, "no mutation was felt"


def test_a_missing_log_is_a_shorter_past(tmp_path: Path) -> None:
    """E6."""
    place = copied_with_log(tmp_path)
    (place / "index.db-wal").unlink()
    store = open_index(str(place / "index.db"))
    assert list(store.files()) == []
    store.close()
    invariants(place / "index.db")


@pytest.mark.parametrize("content", [b"", b"\xff" * 32768, b"stale" * 9999])
def test_the_index_of_the_log_is_made_again(tmp_path: Path, content: bytes) -> None:
    """E7: it is scratch, and whoever opens the file first makes it anew."""
    place = copied_with_log(tmp_path)
    (place / "index.db-shm").write_bytes(content)
    store = open_index(str(place / "index.db"))
    assert len(list(store.files())) == EDITIONS
    store.close()
    invariants(place / "index.db")


def test_the_log_does_not_grow_without_end_under_a_long_lived_reader(tmp_path: Path) -> None:
    """D5: no answer keeps a snapshot open, so the log begins anew again and again."""
    writer, reader = fresh(tmp_path), open_index(str(tmp_path / "index.db"), read_only=True)
    root, space = writer.add_root(ROOT).id, writer.ensure_space(KEY, 0.5).id
    largest = 0
    written = 0
    for number in range(80):
        texts = [f"{number} {part} " + "words " * 4000 for part in range(4)]
        put(writer, space, version(root, b"%d.md" % (number % 5), texts))
        reader.nearest(space, vector_of("words"), 5)
        reader.match_chunks("words", 5)
        largest = max(largest, (tmp_path / "index.db-wal").stat().st_size)
        written += sum(map(len, texts))
    assert written > 7_000_000
    assert largest < 24_000_000, largest  # a thousand pages, and what one transaction adds
    assert writer.checkpoint()
    assert (tmp_path / "index.db-wal").stat().st_size == 0
    reader.close()
    writer.close()


def test_answers_go_on_while_the_index_is_changed_in_every_way(tmp_path: Path) -> None:
    """D4: published to, forgotten from, switched, compacted; each answer is of one moment."""
    writer = fresh(tmp_path)
    root, space = writer.add_root(ROOT).id, writer.ensure_space(KEY, 0.5).id
    other = writer.ensure_space(KEY._replace(model="other"), 0.5).id
    for number in range(30):
        put(writer, space, version(root, b"%d.md" % number, [f"apple {number}"]))
    done = threading.Event()
    faults: list[str] = []
    answers = [0]

    def read() -> None:
        store = open_index(str(tmp_path / "index.db"), read_only=True)
        try:
            while not done.is_set():
                with store._db.snapshot():
                    hits = store.nearest(space, vector_of("apple"), 50)
                    rows = store.chunk_rows([chunk for chunk, _ in hits])
                    covered, chunks = store.coverage(space)
                if not len(rows) == len(hits) == covered == chunks:
                    faults.append(f"{len(rows)} {len(hits)} {covered} {chunks}")
                answers[0] += 1
        except SemsearchError as error:
            faults.append(str(error))
        finally:
            store.close()

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(8):
        put(writer, space, version(root, b"%d.md" % number, [f"apple {number} again"]))
        writer.activate_space((space, other)[number % 2])
        with writer.write():
            ids = [file.id for file in writer.files() if file.relative == b"%d.md" % (29 - number)]
            writer.remove_files(ids)
            writer.collect_garbage()
    done.set()
    thread.join()
    assert faults == []
    assert answers[0] > 0
    writer.close()


def test_an_index_of_another_machine_is_searched_and_changed(tmp_path: Path) -> None:
    """E9: nothing in the file depends on the machine; its mark is only told."""
    store = fresh(tmp_path)
    root, space = store.add_root(ROOT).id, store.ensure_space(KEY, 0.5).id
    put(store, space, version(root, b"a.md", ["an apple"]))
    store.set_note("platform", "elsewhere big-endian")
    store.close()
    store = open_index(str(tmp_path / "index.db"))
    assert store.nearest(space, vector_of("an apple"), 1)[0][1] == pytest.approx(1.0, abs=1e-2)
    put(store, space, version(root, b"b.md", ["a pear"]))
    assert [one.state for one in store.check()] == ["ok"] * len(store.check())
    store.close()
    invariants(tmp_path / "index.db")


BOMB = """
import sys, time
from semsearch.errors import DamagedError
from semsearch.store import open_index
started = time.process_time()
try:
    open_index(sys.argv[1])
except DamagedError as error:
    print(error.code, time.process_time() - started < 2)
"""


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW note AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT max(i) FROM n",
        "CREATE TRIGGER t AFTER INSERT ON file BEGIN DELETE FROM passage; END",
        "ALTER TABLE file ADD COLUMN x INTEGER AS (abs(-9223372036854775807))",
        "DROP TABLE code",
        "CREATE VIRTUAL TABLE extra USING fts5(x)",
    ],
    ids=lambda one: " ".join(one.split()[:2]).lower(),
)
def test_a_schema_that_would_run_something_is_refused_before_it_can(
    tmp_path: Path, statement: str
) -> None:
    """E12, E5: the tables must be ours word for word before the first query."""
    fresh(tmp_path).close()
    connection = apsw.Connection(str(tmp_path / "index.db"))
    connection.execute(statement)
    connection.close()
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(tmp_path / "index.db")],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        timeout=30,
    )
    assert done.stdout == "index.schema True\n"


def test_a_newer_version_in_the_log_is_seen_by_whoever_writes(tmp_path: Path) -> None:
    """D7: read inside the transaction, not when the file was opened."""
    store = fresh(tmp_path)
    newer = apsw.Connection(str(tmp_path / "index.db"))
    newer.execute("PRAGMA user_version = 999")
    with pytest.raises(NewerIndexError):
        store.add_root(ROOT)
    assert store.roots() == []
    newer.close()
    store.close()


def test_names_from_outside_are_values_and_never_sql(tmp_path: Path) -> None:
    """F17."""
    hostile = "x'; DROP TABLE file; -- \" ) \x00 \\"
    store = fresh(tmp_path)
    root = store.add_root(b"/'; DROP TABLE root; --", [hostile], [hostile])
    space = store.ensure_space(KEY._replace(model=hostile, endpoint=hostile), 0.5)
    put(store, space.id, version(root.id, hostile.encode(), [hostile], title=hostile))
    store.set_note(hostile, hostile)
    store.cache_query(space.id, hostile, vector_of("x"))
    store.remember_query(hostile, hostile, 1)
    assert store.note(hostile) == hostile
    assert store.recent_queries(5) == [hostile]
    assert store.cached_query(space.id, hostile) == vector_of("x")
    assert [file.relative for file in store.files()] == [hostile.encode()]
    assert store.spaces()[0].key.model == hostile
    store.close()
    invariants(tmp_path / "index.db")


def test_an_sqlite_that_is_too_old_is_refused_before_it_touches_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F25: older ones have faults that a hostile file could use."""
    monkeypatch.setattr(connect, "MINIMUM_SQLITE", (99, 0, 0))
    with pytest.raises(StorageError, match="too old") as caught:
        open_index(str(tmp_path / "index.db"), create=True)
    assert caught.value.code == "install.sqlite"
    assert "apsw" in caught.value.hint
