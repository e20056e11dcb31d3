"""From answers to the store: kept together while they come fast, visible with their vectors."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from semsearch.indexing import embedding
from semsearch.indexing.embedding import VectorFeed
from semsearch.indexing.spending import Spending
from semsearch.indexing.tally import Tally
from tests.fakes.embedder import FakeEmbedder
from tests.store.material import ROOT, fresh, put, version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from semsearch.records import Root, Space
    from semsearch.store import SqliteStore


class Feeding(NamedTuple):
    store: SqliteStore
    root: Root
    space: Space
    embedder: FakeEmbedder
    feed: VectorFeed

    def add(self, name: bytes) -> bytes:
        """Queue a file of one passage; returns its digest."""
        new = version(self.root.id, name, [f"a note called {name.decode()}"])
        self.feed.add(name, new)
        return new.chunks[0][1].digest

    def answered(self, calls: int) -> None:
        """Wait until the answers to so many calls are ready."""
        while self.feed._pool is None or self.feed._pool._done.qsize() < calls:
            time.sleep(0.001)


@pytest.fixture
def feeding(tmp_path: Path) -> Iterator[Feeding]:
    store = fresh(tmp_path)
    embedder = FakeEmbedder(concurrency=4, max_inputs=1)
    space = store.ensure_space(embedder.key, 0.5)
    tally = Tally((ROOT,), 3, 0.0)
    feed = VectorFeed(
        store, embedder, space, Spending(), tally, threading.Event(), send_withheld=False
    )
    yield Feeding(store, store.add_root(ROOT), space, embedder, feed)
    feed.close()
    store.close()


@pytest.mark.timeout(30)
def test_answers_that_come_at_once_are_stored_together(
    feeding: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_GATHER_S", 60.0)
    digests = [feeding.add(b"%d.md" % number) for number in range(3)]
    list(feeding.feed.pump())
    feeding.answered(3)
    list(feeding.feed.pump())
    assert feeding.store.embedded(feeding.space.id, digests) == set()
    list(feeding.feed.drain())
    assert feeding.store.embedded(feeding.space.id, digests) == set(digests)


@pytest.mark.timeout(30)
def test_a_file_is_found_as_soon_as_its_last_vector_is_stored(
    feeding: Feeding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_GATHER_S", 0.0)
    digest = feeding.add(b"only.md")
    list(feeding.feed.pump())
    feeding.answered(1)
    list(feeding.feed.pump())
    assert feeding.store.embedded(feeding.space.id, [digest]) == {digest}
    assert feeding.store.file(feeding.root.id, b"only.md") is not None


def test_a_call_is_charged_to_the_folders_of_all_its_texts(feeding: Feeding) -> None:
    """Also of a text that is in the index and of one that a file waits for."""
    feeding.embedder.max_inputs = 2
    other = feeding.store.add_root(b"/srv/other")
    put(feeding.store, None, version(other.id, b"old.md", ["a note called elsewhere"]))
    feeding.add(b"new.md")
    list(feeding.feed.embed(feeding.store.unembedded(feeding.space.id, 9, True)))
    assert [len(texts) for texts, _ in feeding.embedder.calls] == [2]
    spent = feeding.store.spend_of_roots()
    assert spent[feeding.root.id] == spent[other.id] > 0


def test_a_vector_of_another_model_does_not_count(feeding: Feeding) -> None:
    digest = feeding.add(b"only.md")
    list(feeding.feed.drain())
    other = feeding.store.ensure_space(FakeEmbedder(model="other").key, 0.5)
    assert feeding.store.embedded(feeding.space.id, [digest]) == {digest}
    assert feeding.store.embedded(other.id, [digest]) == set()
