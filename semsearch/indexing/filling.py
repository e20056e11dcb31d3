"""What every run that fills a space has in common: its steps, its progress, its end, its report."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from semsearch.errors import Cancelled, SemsearchError
from semsearch.indexing.embedding import VectorFeed
from semsearch.indexing.spending import Spending
from semsearch.records import IndexReport, Problem, Progress

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from semsearch.indexing.tally import Tally
    from semsearch.protocols import Embedder, Store
    from semsearch.records import Space

Event = Progress | Problem | IndexReport
"""What a run tells; the report comes last, and once."""

_TELL_S = 0.03
"""How often progress is told; whoever listens may hold the run back for a moment each time."""


class RunOptions(NamedTuple):
    """What a run may do."""

    max_file_bytes: int
    spending: Spending = Spending()
    send_secrets: bool = False
    follow_symlinks: bool = False


class FillingRun:
    """One run; `events` is consumed once. A subclass says in `steps` what is done.

    Args:
        store: the index.
        embedder: the model; None: no vectors are made.
        space: where they go; None exactly when there is no embedder.
        options: what the run may do.
        stop: set from anywhere, it ends the run soon with its work kept.
        tally: counts what is done.
        clock: seconds that never jump.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder | None,
        space: Space | None,
        options: RunOptions,
        stop: threading.Event,
        tally: Tally,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._options = options
        self._clock = clock
        self._told_s = clock()
        self._tally = tally
        self._feed = VectorFeed(
            store,
            embedder,
            space,
            options.spending,
            tally,
            stop,
            send_withheld=options.send_secrets,
        )

    def steps(self) -> Iterator[Event]:
        """Do the work; whatever it raises of ours ends the run in order."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what the run holds."""
        self._feed.close()

    def events(self) -> Iterator[Event]:
        """Run to the end; the last event is the report, also after a failure or a stop."""
        stopped_by: SemsearchError | None = None
        try:
            yield from self.steps()
        except SemsearchError as error:
            stopped_by = error
            self._feed.salvage()
        finally:
            self.close()
        space = self._feed.space
        yield self._tally.report(
            self._clock(),
            plan=False,
            chunks_total=self._store.coverage(0)[1],
            space=next((one for one in self._store.spaces() if space and one.id == space.id), None),
            interrupted=isinstance(stopped_by, Cancelled),
            stopped_by=stopped_by,
        )

    def _ticks(self, ticks: Iterator[None], note: str = "embedding") -> Iterator[Event]:
        """Progress, now and then, while something goes on."""
        for _ in ticks:
            yield from self._progress(note)

    def _progress(self, note: str) -> Iterator[Event]:
        now = self._clock()
        if now - self._told_s >= _TELL_S:
            self._told_s = now
            yield self._tally.progress(now, note)
