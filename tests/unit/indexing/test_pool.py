"""The threads that embed: fewer than wanted will do, and one that dies is noticed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from semsearch.errors import StorageError
from semsearch.indexing.pool import EmbeddingPool
from tests.fakes.embedder import FakeEmbedder
from tests.store.material import passage_of

if TYPE_CHECKING:
    from collections.abc import Callable


def starting(allowed: int) -> Callable[[threading.Thread], None]:
    """`Thread.start` on a system that gives so many threads."""
    real, given = threading.Thread.start, [0]

    def start(thread: threading.Thread) -> None:
        if given[0] == allowed:
            raise RuntimeError("can't start new thread")
        given[0] += 1
        real(thread)

    return start


def test_fewer_threads_than_wanted_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", starting(1))
    pool = EmbeddingPool(FakeEmbedder(concurrency=4))
    pool.submit([passage_of("a text")], None)
    assert pool.busy
    (answer,) = pool.answers(30)
    assert len(answer.result.outcomes) == 1
    pool.close()


def test_none_at_all_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", starting(0))
    with pytest.raises(StorageError) as caught:
        EmbeddingPool(FakeEmbedder())
    assert caught.value.code == "storage.threads"


class Dying(EmbeddingPool):
    """Its threads end without a word, as when there is no memory left to say it with."""

    def _work(self) -> None:
        self._todo.get()


@pytest.mark.timeout(30)
def test_a_worker_that_dies_is_not_waited_for() -> None:
    pool = Dying(FakeEmbedder(concurrency=1))
    pool.submit([passage_of("a text")], None)
    pool._threads[0].join()
    with pytest.raises(MemoryError):
        list(pool.answers(0.1))
