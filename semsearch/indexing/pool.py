"""Threads that embed batches while the indexer reads, chunks and stores.

Daemon threads rather than an executor: quitting must never wait for a slow server, and the
interpreter joins an executor's threads before it exits.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.embed.batch import BatchResult, embed_resilient
from semsearch.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.protocols import Embedder
    from semsearch.records import Passage, Sent


_NOTHING: Final = BatchResult((), None, 0, "", "", None, None, (), 0)


class Announced(NamedTuple):
    """A call that is in the ledger before it is made."""

    entry: int
    sent: Sent


class Answer(NamedTuple):
    """What became of one batch."""

    passages: list[Passage]
    result: BatchResult
    announced: Announced | None
    bug: BaseException | None = None
    """What the worker did not expect; then `result` is empty."""


class EmbeddingPool:
    """Embeds up to `embedder.concurrency` batches at once; answers arrive in any order."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._todo: queue.SimpleQueue[tuple[list[Passage], Announced | None] | None] = (
            queue.SimpleQueue()
        )
        self._done: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"embed-{number}", daemon=True)
            for number in range(max(1, embedder.concurrency))
        ]
        self.in_flight = 0
        self._start()

    def _start(self) -> None:
        """Start as many threads as the system gives; one is enough."""
        for number, thread in enumerate(self._threads):
            try:
                thread.start()
            except RuntimeError as error:
                del self._threads[number:]
                if number:
                    return
                raise StorageError(
                    "The system lets no further thread be started.",
                    hint="Close other programs and run the command again.",
                    code="storage.threads",
                ) from error

    @property
    def busy(self) -> bool:
        """Whether another batch would only wait."""
        return self.in_flight >= len(self._threads)

    def submit(self, passages: list[Passage], announced: Announced | None) -> None:
        """Hand over one batch, and the ledger entry that announces it."""
        self.in_flight += 1
        self._todo.put((passages, announced))

    def answers(self, timeout: float) -> Iterator[Answer]:
        """Every answer that is ready; waits up to `timeout` seconds for the first one."""
        try:
            answer = self._done.get(timeout=timeout) if timeout > 0 else self._done.get_nowait()
        except queue.Empty:
            if self.in_flight and not all(thread.is_alive() for thread in self._threads):
                raise MemoryError from None  # nothing else ends a worker before its answer
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
        while (batch := self._todo.get()) is not None:
            passages, announced = batch
            try:
                texts = [passage.text for passage in passages]
                result = embed_resilient(self._embedder, texts, "document")
                self._done.put(Answer(passages, result, announced))
            except BaseException as error:  # noqa: BLE001 - a worker's edge: the run re-raises it
                self._done.put(Answer(passages, _NOTHING, announced, error))
