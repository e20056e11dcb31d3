"""A model's vectors for the whole index: prepare, estimate, consent, run, flip."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from semsearch.engine import choice as choices
from semsearch.engine import model_list, switching
from semsearch.engine.costs import calibrated
from semsearch.engine.job import Job, settled_space
from semsearch.engine.widths import wider_space
from semsearch.errors import UsageError
from semsearch.indexing import RunOptions, Spending
from semsearch.indexing.build import BuildPlan, BuildRun, estimate_build
from semsearch.store.lock import indexer_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from semsearch.engine.choice import Choice
    from semsearch.engine.facade import Engine
    from semsearch.indexing import Event
    from semsearch.protocols import Embedder
    from semsearch.records import IndexReport, Passage, Space

_QUERIES_LOOKED_AT: Final = 50
_HITS_OF_EACH: Final = 20


class BuildJob(Job):
    """A build; made by `Engine.build_job`, which holds the index's lock."""

    def __init__(
        self,
        engine: Engine,
        choice: Choice,
        embedder: Embedder,
        space: Space | None,
        source: Space | None,
        options: RunOptions,
        *,
        use: bool,
    ) -> None:
        store = engine.store()
        super().__init__(store, embedder, tuple(store.roots()))
        self._model = embedder
        self._engine = engine
        self._choice = choice
        self._space = space
        self._source = source
        self._options = options
        self._use = use

    def estimate(self) -> IndexReport:
        """What it would send; nothing is written or sent."""
        store = self._store
        report = estimate_build(store, self._model, self._space, self._options, self._source)
        assert report.estimate is not None
        return report._replace(estimate=calibrated(store, self._space, report.estimate))

    def run(self) -> Iterator[Event]:
        """Fill the space; the last event is the report."""
        store, choice = self._store, self._choice
        space = self._space
        if space is None:
            space = settled_space(store, choice, choices.space_key(choice, self._model))
        run = BuildRun(
            store,
            self._model,
            space,
            self._options,
            self.stop,
            BuildPlan(_often_found(self._engine, space), self._source, self._use),
        )
        yield from self._learning(run.events(), space)
        if self._space is None and not store.coverage(space.id)[0] and store.coverage(0)[1]:
            store.drop_space(space.id)  # a name that no server knows leaves nothing behind


@contextmanager
def prepare_build(
    engine: Engine,
    model: str,
    max_cost: float | None,
    *,
    use: bool,
    dry_run: bool,
    wait: Callable[[], bool] | None,
) -> Iterator[BuildJob]:
    """Find the model and its space, and take the index's lock (not for a dry run).

    Raises:
        BusyError: another process is indexing.
        UsageError: the model is not known to have vectors of the width asked for.
        AccessError, ModelUnavailable, EmbeddingError: the model cannot be used.
    """
    settings = engine.settings
    with ExitStack() as stack:
        store = engine.store()
        if not dry_run:
            lock = indexer_lock(engine.index_path, wait=wait is not None, keep_waiting=wait)
            stack.enter_context(lock)
        choice, space = choices.named_choice(settings, store, model)
        embedder = engine.embedder(choice, for_query=False)
        source = wider_space(store, choice, embedder.key if space is None else space.key)
        cap = settings.number("index.max_cost") if max_cost is None else max_cost
        price = model_list.price(settings, choice, ask=True)
        options = RunOptions(
            max_file_bytes=0,
            spending=Spending(cap, price),
            send_secrets=settings.flag("index.send_secrets"),
        )
        yield BuildJob(engine, choice, embedder, space, source, options, use=use)


def _often_found(engine: Engine, space: Space) -> tuple[Passage, ...]:
    """Passages that recent questions found, by vectors that are here already."""
    from semsearch.searching import parse_query

    store = engine.store()
    base = store.active_space()
    if base is None or base.id == space.id:
        return ()
    roots = [root.path for root in store.roots()]
    chunks: dict[int, None] = {}
    for raw in store.recent_queries(_QUERIES_LOOKED_AT):
        try:
            query = parse_query(raw, cwd=os.getcwdb(), now=time.time(), roots=roots)
        except UsageError:
            continue  # a question whose folder or date no longer makes sense
        vector = store.cached_query(base.id, query.text) if query.text else None
        if vector is not None:
            found = store.nearest(base.id, vector, _HITS_OF_EACH, query.where)
            chunks.update(dict.fromkeys(chunk for chunk, _ in found))
    remote = switching.withholds(engine, space)
    return tuple(store.unembedded_of(space.id, list(chunks), remote))
