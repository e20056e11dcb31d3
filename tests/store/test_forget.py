"""Nothing of a forgotten file stays in the database file or beside it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from semsearch.errors import BusyError
from semsearch.store import open_index
from tests.store.invariants import invariants
from tests.store.material import KEY, ROOT, fresh, put, vector_of, version

if TYPE_CHECKING:
    from pathlib import Path

    from semsearch.store import SqliteStore
    from tests.store.conftest import Index

CANARY = "zqcanary"


def traces(folder: Path) -> int:
    """Occurrences of the canary in every file that belongs to the index."""
    return sum(
        path.read_bytes().lower().count(CANARY.encode())
        for path in folder.iterdir()
        if path.name.startswith("index.db")
    )


def crowd(store: SqliteStore, root: int, space: int) -> None:
    """Many files, every tenth a canary that is published twice, so old versions lie around."""
    generator = random.Random(5)
    for number in range(120):
        words = [f"word{generator.randrange(3000)}" for _ in range(60)]
        put(store, space, version(root, b"n/%d.md" % number, [" ".join(words)]))
        if number % 10 == 0:
            name = b"secret/%s%d.md" % (CANARY.encode(), number)
            for edition in range(2):
                texts = [f"{CANARY}{edition}x{part} " + " ".join(words) for part in range(3)]
                put(store, space, version(root, name, texts, title=f"{CANARY} title"))


def test_no_trace_stays_in_the_files(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    root, space = store.add_root(ROOT).id, store.ensure_space(KEY, 0.5).id
    crowd(store, root, space)
    chunk = store.match_chunks(f"{CANARY}1x1", 1)[0][0]
    store.judge("query", chunk, 1)
    assert traces(tmp_path) > 100
    size = (tmp_path / "index.db").stat().st_size

    forgotten = store.forget(ROOT + b"/secret")
    assert (forgotten.files, forgotten.chunks, forgotten.passages) == (12, 36, 36)
    store.collect_garbage()  # earlier editions
    store.compact()
    assert traces(tmp_path) == 0
    assert (tmp_path / "index.db-wal").stat().st_size == 0
    assert (tmp_path / "index.db").stat().st_size <= size
    assert store.judgments() == []
    assert store.coverage(space) == (120, 120)
    store.close()
    invariants(tmp_path / "index.db")


def test_forgetting_takes_one_file_and_leaves_what_others_share(index: Index) -> None:
    store = index.store
    put(store, index.space.id, version(index.root.id, b"a.md", ["shared", "own"]))
    put(store, index.space.id, version(index.root.id, b"a.md.bak", ["shared"]))
    forgotten = store.forget(ROOT + b"/a.md")
    assert (forgotten.files, forgotten.chunks, forgotten.passages) == (1, 2, 1)
    assert [file.relative for file in store.files()] == [b"a.md.bak"]
    assert len(store.nearest(index.space.id, vector_of("shared"), 5)) == 1


def test_a_root_that_is_forgotten_is_no_root_any_more(index: Index) -> None:
    store = index.store
    inner = store.add_root(ROOT + b"/inner")
    other = store.add_root(ROOT + b"-other")
    for root in (inner, other):
        store.grant_consent(root.id, "api.test")
        put(store, index.space.id, version(root.id, b"a.md", [f"text of root {root.id}"]))
    put(store, index.space.id, version(index.root.id, b"a.md", ["text of the outer root"]))
    assert store.forget(ROOT + b"/inner").roots == 1
    assert [root.path for root in store.roots()] == [ROOT, ROOT + b"-other"]
    assert not store.has_consent(inner.id, "api.test")
    assert store.forget(ROOT + b"/").roots == 1
    assert [root.path for root in store.roots()] == [ROOT + b"-other"]
    assert store.has_consent(other.id, "api.test")
    assert store.counts().chunks == 1


def test_a_path_that_is_not_indexed_is_nothing_to_forget(index: Index) -> None:
    put(index.store, None, version(index.root.id, b"a.md", ["text"]))
    for path in (b"/elsewhere", ROOT + b"/b.md", ROOT[:-1]):
        assert index.store.forget(path)[1:] == (0, 0, 0, 0)
    assert index.store.counts().chunks == 1


def test_a_reader_that_holds_the_log_is_told_and_a_second_try_cleans(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    root, space = store.add_root(ROOT).id, store.ensure_space(KEY, 0.5).id
    crowd(store, root, space)
    reader = open_index(str(tmp_path / "index.db"), read_only=True)
    store._db.connection.set_busy_timeout(30)
    with reader._db.snapshot():
        reader.counts()
        with pytest.raises(BusyError, match="log could not be emptied"):
            store.forget(ROOT + b"/secret")
        assert store.match_chunks(f"{CANARY}1x1", 1) == []
    store.collect_garbage()
    store.forget(ROOT + b"/secret")
    assert traces(tmp_path) == 0
    reader.close()
    store.close()


def test_dropping_a_space_gives_its_room_back(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    root = store.add_root(ROOT).id
    space = store.ensure_space(KEY._replace(dimensions=1024), 0.5).id
    texts = [f"text {n}" for n in range(500)]
    new = version(root, b"a.md", texts)
    vectors = [vector_of(text, 1024) for text in texts]
    store.add_vectors(space, [passage for _, passage in new.chunks], vectors, None)
    store.publish(new)
    store.checkpoint()
    before = (tmp_path / "index.db").stat().st_size
    store.drop_space(space)
    store.compact()
    assert before - (tmp_path / "index.db").stat().st_size > 500 * 2048
    store.close()
    invariants(tmp_path / "index.db")
