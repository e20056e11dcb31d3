"""Fill one space for everything the index holds; the files themselves are not looked at.

It can end anywhere: a batch is committed with its cost, what is missing is found by its passages,
and the space that answers stays the same until the last vector is in.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.errors import Cancelled, SemsearchError
from semsearch.indexing.embedding import VectorFeed
from semsearch.indexing.finish import finish_space
from semsearch.indexing.tally import Tally
from semsearch.records import Estimate

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from semsearch.indexing.run import Event, RunOptions
    from semsearch.protocols import Embedder, Store
    from semsearch.records import IndexReport, Passage, Space

_TELL_S: Final = 0.1
_DERIVED_AT_ONCE: Final = 1024


class BuildPlan(NamedTuple):
    """What is special about one build."""

    first: tuple[Passage, ...] = ()
    """Passages worth more than the others."""
    source: Space | None = None
    """A wider space of the same model, whose vectors are cut to this one's width."""
    use: bool = False
    """Let the space answer when it is complete, also if `models use` did not ask for it."""


class BuildRun:
    """One filling of a space; `events` is consumed once."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        space: Space,
        options: RunOptions,
        stop: threading.Event,
        plan: BuildPlan,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._space = space
        self._plan = plan
        self._told_s = time.monotonic()
        self._tally = Tally(_root_paths(store), 0, self._told_s)
        self._feed = VectorFeed(
            store,
            embedder,
            space,
            options.spending,
            self._tally,
            stop,
            send_withheld=options.send_secrets,
        )

    def events(self) -> Iterator[Event]:
        """Run to the end; the last event is the report, also after a failure or a stop."""
        stopped_by: SemsearchError | None = None
        try:
            yield from self._ticks(self._derive(), "deriving")
            yield from self._ticks(self._feed.embed(self._still_wanted()), "embedding")
            yield from self._ticks(self._feed.fill(), "embedding")
            self._finish()
        except SemsearchError as error:
            stopped_by = error
            self._feed.salvage()
        finally:
            self._feed.close()
        yield self._tally.report(
            time.monotonic(),
            plan=False,
            chunks_total=self._store.coverage(0)[1],
            space=next(one for one in self._store.spaces() if one.id == self._space.id),
            interrupted=isinstance(stopped_by, Cancelled),
            stopped_by=stopped_by,
        )

    def _still_wanted(self) -> list[Passage]:
        have = self._store.embedded(self._space.id, [one.digest for one in self._plan.first])
        return [one for one in self._plan.first if one.digest not in have]

    def _derive(self) -> Iterator[None]:
        source = self._plan.source
        if source is None:
            return
        width, last = 4 * self._space.key.dimensions, 0
        while rows := self._store.vectors_beyond(source.id, self._space.id, _DERIVED_AT_ONCE, last):
            self._feed.check_stop()
            passages = [passage for _, passage, _ in rows]
            cut = [vector[:width] for _, _, vector in rows]
            self._store.add_vectors(self._space.id, passages, cut, None)
            self._tally.reused += len(rows)
            last = rows[-1][0]
            yield

    def _finish(self) -> None:
        if not self._store.pending(self._space.id, self._feed.withholds)[0]:
            gained = self._tally.embedded + self._tally.reused
            finish_space(self._store, self._space, embedded=gained, use=self._plan.use)

    def _ticks(self, ticks: Iterator[None], note: str) -> Iterator[Event]:
        for _ in ticks:
            now = time.monotonic()
            if now - self._told_s >= _TELL_S:
                self._told_s = now
                yield self._tally.progress(now, note)


def estimate_build(
    store: Store, embedder: Embedder, space: Space | None, options: RunOptions, source: Space | None
) -> IndexReport:
    """What a build would send; nothing is written.

    Args:
        store: the index.
        embedder: the model.
        space: its space, if the index has one.
        options: price and secrets.
        source: a wider space whose vectors are cut for nothing.
    """
    withholds = bool(embedder.host) and not options.send_secrets
    filled = source or space
    passages, tokens = store.pending(0 if filled is None else filled.id, withholds)
    price = options.spending.usd_per_million_tokens
    cost = 0.0 if not embedder.host else None if price is None else tokens * price / 1e6
    tally = Tally(_root_paths(store), 0, time.monotonic())
    chunks = store.coverage(0)[1]
    return tally.report(
        time.monotonic(),
        plan=True,
        chunks_total=chunks,
        space=space,
        interrupted=False,
        estimate=Estimate(
            files=0, chunks=chunks, inputs=passages, tokens=tokens, cost_usd=cost,
            host=embedder.host,
        ),
    )  # fmt: skip


def _root_paths(store: Store) -> tuple[bytes, ...]:
    return tuple(root.path for root in store.roots())
