"""Fill one space for everything the index holds; the files themselves are not looked at.

It can end anywhere: a batch is committed with its cost, what is missing is found by its passages,
and the space that answers stays the same until the last vector is in.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from semsearch.indexing.derive import derive
from semsearch.indexing.filling import FillingRun
from semsearch.indexing.finish import finish_space
from semsearch.indexing.tally import Tally
from semsearch.records import Estimate

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from semsearch.indexing.filling import Event, RunOptions
    from semsearch.protocols import Embedder, Store
    from semsearch.records import IndexReport, Passage, Space


class BuildPlan(NamedTuple):
    """What is special about one build."""

    first: tuple[Passage, ...] = ()
    """Passages worth more than the others."""
    source: Space | None = None
    """A wider space of the same model, whose vectors are cut to this one's width."""
    use: bool = False
    """Let the space answer when it is complete, also if `models use` did not ask for it."""


class BuildRun(FillingRun):
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
        tally = Tally(_root_paths(store), 0, time.monotonic())
        super().__init__(store, embedder, space, options, stop, tally)
        self._space = space
        self._plan = plan

    def steps(self) -> Iterator[Event]:
        """Cut what can be cut, embed what matters most, then the rest; flip if that is wanted."""
        yield from self._ticks(self._derive(), "deriving")
        yield from self._ticks(self._feed.embed(self._still_wanted()))
        yield from self._ticks(self._feed.fill())
        self._finish()

    def _still_wanted(self) -> list[Passage]:
        have = self._store.embedded(self._space.id, [one.digest for one in self._plan.first])
        return [one for one in self._plan.first if one.digest not in have]

    def _derive(self) -> Iterator[None]:
        source = self._plan.source
        if source is None:
            return
        for count in derive(self._store, source, self._space):
            self._tally.reused += count
            self._feed.check_stop()
            yield

    def _finish(self) -> None:
        if not self._store.pending(self._space.id, self._feed.withholds)[0]:
            gained = self._tally.embedded + self._tally.reused
            finish_space(self._store, self._space, embedded=gained, use=self._plan.use)


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
