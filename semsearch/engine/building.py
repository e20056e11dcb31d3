"""A model's vectors for the whole index: prepare, estimate, consent, run, flip."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from semsearch.engine import choice as choices
from semsearch.engine import model_list, switching
from semsearch.engine.costs import calibrated
from semsearch.engine.job import settled_space
from semsearch.errors import UsageError
from semsearch.indexing import RunOptions, Spending
from semsearch.indexing.build import BuildPlan, BuildRun, estimate_build
from semsearch.store import indexer_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from semsearch.engine.choice import Choice
    from semsearch.engine.facade import Engine
    from semsearch.indexing import Event
    from semsearch.protocols import Embedder
    from semsearch.records import IndexReport, Passage, Space

_QUERIES_LOOKED_AT: Final = 50
_HITS_OF_EACH: Final = 20


class BuildJob:
    """A build that has been prepared; made by `Engine.build_job`, which holds the index's lock."""

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
        self._engine = engine
        self._choice = choice
        self._embedder = embedder
        self._space = space
        self._source = source
        self._options = options
        self._use = use
        self.stop = threading.Event()
        """Set it from anywhere, a signal handler too: the run ends soon and keeps its work."""

    @property
    def host(self) -> str:
        """Where text would be sent; empty when nothing leaves."""
        return self._embedder.host

    @property
    def needs_consent(self) -> bool:
        """Whether some root's text has never been allowed to go to this host."""
        return bool(switching.roots_without_consent(self._engine, self.host))

    def grant_consent(self) -> None:
        """Record that the user agreed, for every root."""
        switching.grant_consent(self._engine, self.host)

    def estimate(self) -> IndexReport:
        """What it would send; nothing is written or sent."""
        store = self._engine.store()
        report = estimate_build(store, self._embedder, self._space, self._options, self._source)
        assert report.estimate is not None
        return report._replace(estimate=calibrated(store, self._space, report.estimate))

    def run(self) -> Iterator[Event]:
        """Fill the space; the last event is the report."""
        store, choice = self._engine.store(), self._choice
        space = self._space
        if space is None:
            space = settled_space(store, choice, choices.space_key(choice, self._embedder))
        run = BuildRun(
            store,
            self._embedder,
            space,
            self._options,
            self.stop,
            BuildPlan(_often_found(self._engine, space), self._source, self._use),
        )
        yield from run.events()
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
        source = _wider_space(engine, choice, embedder, space)
        cap = settings.number("index.max_cost") if max_cost is None else max_cost
        price = model_list.price(settings, choice, ask=True)
        options = RunOptions(
            max_file_bytes=0,
            spending=Spending(cap, price),
            send_secrets=settings.flag("index.send_secrets"),
        )
        yield BuildJob(engine, choice, embedder, space, source, options, use=use)


def _wider_space(
    engine: Engine, choice: Choice, embedder: Embedder, space: Space | None
) -> Space | None:
    """The space a narrower one can be cut from: of the same model, and wider.

    Raises:
        UsageError: there is one, but nobody says that the model's vectors can be cut.
    """
    from semsearch.embed import catalog

    key = embedder.key if space is None else space.key
    wanted = choice.dimensions
    if not wanted:
        return None
    same = key._replace(dimensions=0)
    wider = [
        one
        for one in engine.store().spaces()
        if one.key._replace(dimensions=0) == same and one.key.dimensions > wanted
    ]
    if not wider:
        return None
    entry = catalog.lookup(choice.model)
    if entry is None or not entry.can_shorten_to(wanted):
        raise UsageError(
            f"{choice.model!a} is not known to have vectors that can be cut to {wanted:,} values.",
            hint="Leave out --dimensions to use its own size.",
            code="model.dimensions",
        )
    return max(wider, key=lambda one: engine.store().coverage(one.id)[0])


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
