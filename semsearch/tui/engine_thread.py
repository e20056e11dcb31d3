"""An engine of its own in a thread of its own, so that the screen never waits for a disk.

An `Engine` belongs to one thread. Work is a function that gets that engine; it runs in the order
it was handed in, and work nobody waits for any more is dropped before it starts.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from semsearch.engine import Engine

T = TypeVar("T")

_CLOSING_SECONDS: Final = 3.0
"""Longest wait for the thread when the person leaves; it is a daemon and dies with the process."""


class EngineThread:
    """Runs work on one engine, one piece after the other."""

    def __init__(self, name: str, make: Callable[[], Engine]) -> None:
        self._make = make
        self._engine: Engine | None = None
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[Engine], Any]] | None] = (
            queue.SimpleQueue()
        )
        self._lock = threading.Lock()
        self._current: Future[Any] | None = None
        self._thread = threading.Thread(target=self._serve, name=f"semsearch-{name}", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Engine], T]) -> Future[T]:
        """Hand in a piece of work; cancelling the future before it starts drops it."""
        future: Future[T] = Future()
        self._work.put((future, work))
        return future

    async def run(self, work: Callable[[Engine], T], *, interrupt: bool = False) -> T:
        """Wait for a piece of work without blocking the screen.

        Args:
            work: what to do with the engine; what it raises is raised here.
            interrupt: when the waiting task is cancelled, stop the SQL statement that is running
                for it.
        """
        future = self.submit(work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if interrupt:
                self.interrupt(future)
            raise

    def interrupt(self, future: Future[Any]) -> None:
        """Stop the statement of this piece of work, and of no other."""
        with self._lock:
            if self._current is future and self._engine is not None:
                self._engine.interrupt()

    def close(self, *, wait: bool = True) -> None:
        """Stop what runs and close the engine; with `wait`, give the thread a moment for it."""
        with self._lock:
            if self._engine is not None:
                self._engine.cancel()
        self._work.put(None)
        if wait:
            self._thread.join(_CLOSING_SECONDS)

    def _serve(self) -> None:
        while (job := self._work.get()) is not None:
            future, work = job
            if not future.set_running_or_notify_cancel():
                continue
            with self._lock:
                if self._engine is None:
                    self._engine = self._make()
                self._current = future
            try:
                result = work(self._engine)
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for it
                self._finish()
                future.set_exception(error)
            else:
                self._finish()
                future.set_result(result)
            del future, work
        if self._engine is not None:
            self._engine.close()

    def _finish(self) -> None:
        with self._lock:
            self._current = None
