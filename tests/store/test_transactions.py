"""All or nothing, and the first error is the one that is told."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import apsw
import pytest

from semsearch.errors import BusyError, Cancelled, SemsearchError, StorageError
from semsearch.store import open_index
from tests.store.invariants import invariants
from tests.store.material import KEY, ROOT, fresh, passage_of, put, sent, vector_of, version

if TYPE_CHECKING:
    from pathlib import Path

    from semsearch.records import NewFile
    from semsearch.store import SqliteStore
    from tests.store.conftest import Index


class Interruption(Exception):
    pass


def relatives(store: SqliteStore) -> list[bytes]:
    return [file.relative for file in store.files()]


def test_what_is_done_in_one_block_is_visible_to_others_at_once(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    root = store.add_root(ROOT)
    reader = open_index(str(tmp_path / "index.db"))
    with store.write():
        put(store, None, version(root.id, b"a.md", ["one"]))
        put(store, None, version(root.id, b"b.md", ["two"]))
        assert relatives(reader) == []
    assert relatives(reader) == [b"a.md", b"b.md"]
    reader.close()
    store.close()


def test_an_error_takes_everything_back_and_is_raised_as_it_is(index: Index) -> None:
    def interrupted() -> None:
        with index.store.write():
            put(index.store, index.space.id, version(index.root.id, b"a.md", ["one"]))
            raise Interruption

    with pytest.raises(Interruption):
        interrupted()
    assert relatives(index.store) == []
    assert index.store.spend() == []


def test_a_nested_block_is_taken_back_alone(index: Index) -> None:
    store = index.store

    def interrupted() -> None:
        with store.write():
            put(store, None, version(index.root.id, b"b.md", ["two"]))
            raise Interruption

    with store.write():
        put(store, None, version(index.root.id, b"a.md", ["one"]))
        with pytest.raises(Interruption):
            interrupted()
        put(store, None, version(index.root.id, b"c.md", ["three"]))
    assert relatives(store) == [b"a.md", b"c.md"]


def _refused(root: int) -> NewFile:
    """A version whose second passage has a digest that is none, after its file row is written."""
    new = version(root, b"b.md", ["fine", "refused"])
    first, (chunk, passage) = new.chunks
    return new._replace(chunks=(first, (chunk, passage._replace(digest=b"short"))))


def test_a_method_that_fails_half_way_spoils_its_block(index: Index) -> None:
    """Else swallowing its error would commit a file without its chunks."""
    store = index.store

    def careless() -> None:
        with store.write():
            put(store, None, version(index.root.id, b"a.md", ["one"]))
            with pytest.raises(SemsearchError, match="CHECK"):
                store.publish(_refused(index.root.id))

    with pytest.raises(SemsearchError, match="taken back"):
        careless()
    assert relatives(store) == []


def test_a_block_of_its_own_keeps_the_failure_away_from_the_rest(index: Index) -> None:
    store = index.store
    with store.write():
        put(store, None, version(index.root.id, b"a.md", ["one"]))
        with pytest.raises(SemsearchError, match="CHECK"), store.write():
            store.publish(_refused(index.root.id))
    assert relatives(store) == [b"a.md"]


def test_a_full_disk_is_told_and_nothing_is_lost(index: Index) -> None:
    store = index.store
    put(store, index.space.id, version(index.root.id, b"a.md", ["kept"]))
    connection = store._db.connection
    limit = connection.pragma("page_count") + 3
    connection.pragma("max_page_count", limit)

    def too_much() -> None:
        with store.write():
            for number in range(200):
                new = version(index.root.id, b"%d.md" % number, [f"text {number} " * 300])
                put(store, index.space.id, new)

    with pytest.raises(StorageError) as caught:
        too_much()
    assert caught.value.code == "storage.full"
    assert "disk is full" in caught.value.message
    assert relatives(store) == [b"a.md"]
    assert store.nearest(index.space.id, vector_of("kept"), 3)[0][1] == pytest.approx(1, abs=1e-3)
    connection.pragma("max_page_count", 10_000)
    put(store, index.space.id, version(index.root.id, b"b.md", ["goes on"]))
    assert relatives(store) == [b"a.md", b"b.md"]


def test_going_on_after_sqlite_rolled_back_by_itself_is_refused(index: Index) -> None:
    """Statements after a lost transaction would each commit on their own."""
    store = index.store

    def goes_on() -> None:
        with store.write():
            store.add_passages([passage_of("one")])
            store._db.connection.execute("ROLLBACK")
            store.add_passages([passage_of("two")])

    with pytest.raises(StorageError) as caught:
        goes_on()
    assert caught.value.code == "storage.rolled_back"
    assert store.counts().passages == 0


def test_a_transaction_lost_at_its_end_is_told_as_such(index: Index) -> None:
    def loses() -> None:
        with index.store.write():
            index.store._db.connection.execute("ROLLBACK")

    with pytest.raises(StorageError) as caught:
        loses()
    assert caught.value.code == "storage.rolled_back"


def test_a_change_needs_a_transaction(index: Index) -> None:
    with pytest.raises(SemsearchError, match="outside a transaction"):
        index.store._db.run("DELETE FROM root")
    assert len(index.store.roots()) == 1


def test_an_index_that_was_moved_away_is_not_written_to(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    os.rename(tmp_path / "index.db", tmp_path / "moved.db")
    with pytest.raises(StorageError) as caught:
        store.add_root(ROOT)
    assert caught.value.code == "storage.moved"
    store.close()


def test_a_writer_that_never_ends_is_told_as_busy(tmp_path: Path) -> None:
    holder, waiter = fresh(tmp_path), fresh(tmp_path)
    waiter._db.connection.set_busy_timeout(30)
    with holder.write():
        with pytest.raises(BusyError) as caught:
            waiter.add_root(ROOT)
        assert caught.value.exit_status == 5
        assert waiter.roots() == []
    assert waiter.add_root(ROOT).path == ROOT
    holder.close()
    waiter.close()


def test_a_search_does_not_wait_to_remember_its_query(tmp_path: Path) -> None:
    holder, searcher = fresh(tmp_path), fresh(tmp_path)
    space = holder.ensure_space(KEY, 0.5).id
    with holder.write():
        searcher.cache_query(space, "busy", vector_of("busy"))
        searcher.remember_query("busy", "hybrid", 3)
    assert searcher.cached_query(space, "busy") is None
    searcher.cache_query(space, "free", vector_of("free"))
    searcher.remember_query("free", "hybrid", 3)
    assert searcher.cached_query(space, "free") == vector_of("free")
    assert searcher.recent_queries(5) == ["free"]
    # The long patience and the durable commits of other changes are back.
    assert searcher._db.pragma("synchronous") == 2
    assert searcher._db.pragma("busy_timeout") == 10_000
    holder.close()
    searcher.close()


def test_a_running_statement_can_be_interrupted(index: Index) -> None:
    store = index.store
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    )
    stopper = threading.Timer(0.2, store.interrupt)
    stopper.start()
    with pytest.raises(Cancelled):
        store._db.rows(endless)
    stopper.join()
    assert len(store.roots()) == 1


# --- kill and compete --------------------------------------------------------------------------

WRITER = """
import sys
from semsearch.store import open_index
from tests.store.material import KEY, put, version
store = open_index(sys.argv[1])
root = store.roots()[0].id
space = store.ensure_space(KEY, 0.5).id
for number in range(10_000):
    name = f"{sys.argv[2]}-{number % 40}.md"
    texts = [f"{name} version {number} part {part} apple" for part in range(number % 5)]
    put(store, space, version(root, name.encode(), texts))
    if number % 7 == 3:
        print("gone", name, flush=True)
        store.remove_files([store.file(root, name.encode()).id])
        store.collect_garbage()
    else:
        print("done", name, flush=True)
"""


def writer(path: Path, name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )


def follow(child: subprocess.Popen[str], lines: int) -> set[bytes]:
    """What the child has acknowledged after this many lines, and until it was killed."""
    kept: set[bytes] = set()
    with child:
        assert child.stdout is not None
        for number, line in enumerate(child.stdout):
            word, _, name = line.strip().partition(" ")
            (kept.add if word == "done" else kept.discard)(name.encode())
            if number == lines:
                child.kill()
    return kept


def test_after_kill_the_index_is_whole_and_holds_what_was_acknowledged(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    store.add_root(ROOT)
    store.close()
    path = tmp_path / "index.db"
    kept: set[bytes] = set()
    for run, lines in enumerate((1, 8, 23, 57)):
        name = f"run{run}"
        kept |= follow(writer(path, name), lines)
        invariants(path, kept)
    assert kept


def test_two_writers_and_a_reader_do_not_disturb_each_other(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    store.add_root(ROOT)
    path = tmp_path / "index.db"
    children = [writer(path, name) for name in ("left", "right")]
    threads = []
    kept: list[set[bytes]] = []
    for child in children:
        thread = threading.Thread(target=lambda child=child: kept.append(follow(child, 60)))
        thread.start()
        threads.append(thread)
    seen = 0
    while any(thread.is_alive() for thread in threads):
        space = store.ensure_space(KEY, 0.5).id
        hits = store.nearest(space, vector_of("part apple"), 10)
        rows = {row.chunk: row for row in store.chunk_rows([chunk for chunk, _ in hits])}
        for row in rows.values():
            assert row.text.startswith(row.relative.decode())
        seen += len(rows)
    for thread in threads:
        thread.join()
    assert seen
    store.close()
    invariants(path, kept[0] | kept[1])


def test_a_batch_and_its_bill_are_one(index: Index) -> None:
    """A crash between the vectors and the ledger would lose track of money spent."""
    store = index.store
    passages = [passage_of("one")]

    def interrupted() -> None:
        with store.write():
            store.add_vectors(index.space.id, passages, [vector_of("one")], sent())
            raise Interruption

    with pytest.raises(Interruption):
        interrupted()
    assert store.spend() == []
    assert store.embedded(index.space.id, [passages[0].digest]) == set()
    store.add_vectors(index.space.id, passages, [vector_of("one")], sent())
    assert [spend.inputs for spend in store.spend()] == [1]


def test_errors_of_the_driver_have_one_translation(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    with pytest.raises(SemsearchError) as caught:
        store._db.rows("SELECT * FROM nowhere")
    assert isinstance(caught.value.__cause__, apsw.SQLError)
    assert caught.value.exit_status == 70
    store.close()


def test_questions_inside_one_snapshot_see_one_state(index: Index) -> None:
    store = index.store
    put(store, index.space.id, version(index.root.id, b"a.md", ["one"]))
    other = open_index(store.path)
    with store._db.snapshot():
        assert len(store.nearest(index.space.id, vector_of("one"), 9)) == 1
        put(other, index.space.id, version(index.root.id, b"b.md", ["two"]))
        assert len(store.nearest(index.space.id, vector_of("one"), 9)) == 1
    assert len(store.nearest(index.space.id, vector_of("one"), 9)) == 2
    other.close()
