"""Threads that embed batches while the indexer reads, chunks and stores.

Daemon threads rather than an executor: quitting must never wait for a slow server, and the
interpreter joins an executor's threads before it exits.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.embed.batch import BatchResult, embed_resilient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.protocols import Embedder
    from semsearch.records import Passage


_NOTHING: Final = BatchResult((), None, 0, "", "", None, None, (), 0)


class Answer(NamedTuple):
    """What became of one batch."""

    passages: list[Passage]
    result: BatchResult
    bug: BaseException | None = None
    """What the worker did not expect; then `result` is empty."""


class EmbeddingPool:
    """Embeds up to `embedder.concurrency` batches at once; answers arrive in any order."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._todo: queue.SimpleQueue[list[Passage] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"embed-{number}", daemon=True)
            for number in range(max(1, embedder.concurrency))
        ]
        self.in_flight = 0
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> bool:
        """Whether another batch would only wait."""
        return self.in_flight >= len(self._threads)

    def submit(self, passages: list[Passage]) -> None:
        """Hand over one batch."""
        self.in_flight += 1
        self._todo.put(passages)

    def answers(self, timeout: float) -> Iterator[Answer]:
        """Every answer that is ready; waits up to `timeout` seconds for the first one."""
        try:
            answer = self._done.get(timeout=timeout) if timeout > 0 else self._done.get_nowait()
        except queue.Empty:
            return
        while True:
            self.in_flight -= 1
            yield answer
            try:
                answer = self._done.get_nowait()
            except queue.Empty:
                return

    def close(self) -> None:
        """Let idle threads end; a thread inside a request ends when the request does."""
        for _ in self._threads:
            self._todo.put(None)

    def _work(self) -> None:
        while (passages := self._todo.get()) is not None:
            try:
                texts = [passage.text for passage in passages]
                result = embed_resilient(self._embedder, texts, "document")
                self._done.put(Answer(passages, result))
            except BaseException as error:  # noqa: BLE001 - a worker's edge: the run re-raises it
                self._done.put(Answer(passages, _NOTHING, error))
