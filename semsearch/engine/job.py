"""One index run from the outside: lock, roots, plan, estimate, consent, run."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from semsearch.engine import choice as choices
from semsearch.engine import model_list
from semsearch.engine.costs import calibrated
from semsearch.engine.widths import wider_space
from semsearch.errors import UsageError
from semsearch.indexing import IndexRun, PlanOptions, RunOptions, Spending, estimate, make_plan
from semsearch.paths import is_below
from semsearch.records import IndexReport, Root
from semsearch.store import open_index
from semsearch.store.lock import indexer_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from semsearch.engine.choice import Choice
    from semsearch.engine.facade import Engine
    from semsearch.indexing import Event, Plan
    from semsearch.protocols import Embedder
    from semsearch.records import Space, SpaceKey
    from semsearch.settings import Settings
    from semsearch.store import SqliteStore


class JobOptions(NamedTuple):
    """What the user asked of this run."""

    rehash: bool = False
    """Read every file again, whatever its stat says."""
    retry_failed: bool = False
    """Try files and passages again that failed before."""
    remove_many: bool = False
    """Believe that most files of a root are gone."""
    dry_run: bool = False
    """Only estimate: no root is added, nothing is locked or written."""
    wait: Callable[[], bool] | None = None
    """Asked ten times a second while another process indexes; True goes on waiting."""


class Job:
    """A run that has been prepared: where text would go, and whether that was agreed to.

    Args:
        store: the index.
        embedder: the model; None: keywords only.
        roots: whose text it may send.
    """

    def __init__(
        self, store: SqliteStore, embedder: Embedder | None, roots: tuple[Root, ...]
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._roots = roots
        self.stop = threading.Event()
        """Set it from anywhere, a signal handler too: the run ends soon and keeps its work."""

    @property
    def host(self) -> str:
        """Where text would be sent; empty when nothing leaves."""
        return "" if self._embedder is None else self._embedder.host

    @property
    def needs_consent(self) -> bool:
        """Whether some root's text has never been allowed to go to this host."""
        return bool(self.host) and bool(self._unconsented())

    def grant_consent(self) -> None:
        """Record that the user agreed, for every root of this run."""
        for root in self._unconsented():
            self._store.grant_consent(root.id, self.host)

    def _unconsented(self) -> list[Root]:
        return [root for root in self._roots if not self._store.has_consent(root.id, self.host)]

    def _learning(self, events: Iterator[Event], space: Space | None) -> Iterator[Event]:
        """The events; before the report of a whole run, what unrelated text reaches is learned."""
        for event in events:
            if isinstance(event, IndexReport) and not (event.interrupted or event.stopped_by):
                from semsearch.engine.background import learn_after_run

                learn_after_run(self._store, space, self._embedder)
            yield event


class Target(NamedTuple):
    """Where the vectors of a run come from and go to; nothing at all for keywords alone."""

    choice: Choice | None = None
    embedder: Embedder | None = None
    space: Space | None = None
    """None in a dry run whose space is not there yet."""
    source: Space | None = None
    """A wider space of the same model, whose vectors can be cut."""


class IndexJob(Job):
    """An index run; made by `Engine.index_job`, which holds the index's lock."""

    def __init__(
        self,
        store: SqliteStore,
        roots: tuple[Root, ...],
        target: Target,
        settings: Settings,
        options: JobOptions,
        run_options: RunOptions,
    ) -> None:
        super().__init__(store, target.embedder, roots)
        self._settings = settings
        self._choice = target.choice
        self._space = target.space
        self._source = target.source
        self._options = options
        self._run_options = run_options
        self._plan: Plan | None = None

    def estimate(self) -> IndexReport:
        """A dry run: every file that changed is read and chunked, nothing is written or sent.

        The server is asked for its list of models where nothing here knows what it charges.
        """
        options = self._run_options
        if options.spending.usd_per_million_tokens is None:
            options = options._replace(spending=_spending(self._settings, self._choice, ask=True))
        report = estimate(self._store, self._make_plan(), self._embedder, self._space, options)
        if report.estimate is None:
            return report
        return report._replace(estimate=calibrated(self._store, self._space, report.estimate))

    def run(self) -> Iterator[Event]:
        """Bring the index up to date; the last event is the report."""
        if self._options.retry_failed and self._space is not None:
            self._store.forget_failures(self._space.id)
        plan = self._plan or self._make_plan()
        run = IndexRun(self._store, plan, self._embedder, self._space, self._run_options, self.stop)
        return self._learning(self._deriving(run), self._space)

    def _deriving(self, run: IndexRun) -> Iterator[Event]:
        """What can be cut from wider vectors of the model is cut first, so that it is not sent."""
        if self._source is not None and self._space is not None:
            from semsearch.indexing.derive import derive

            for _ in derive(self._store, self._source, self._space):
                if self.stop.is_set():
                    break
        yield from run.events()

    def _make_plan(self) -> Plan:
        options = plan_options(self._settings, self._store)._replace(
            rehash=self._options.rehash,
            retry_failed=self._options.retry_failed,
            remove_many=self._options.remove_many,
        )
        return make_plan(self._store, self._roots, options)


def plan_options(settings: Settings, store: SqliteStore) -> PlanOptions:
    """What is to be indexed, by the settings."""
    return PlanOptions(
        max_file_bytes=_max_file_bytes(settings),
        hidden=settings.flag("index.hidden"),
        follow_symlinks=settings.flag("index.follow_symlinks"),
        own=_own_places(store.path),
    )


def _max_file_bytes(settings: Settings) -> int:
    return int(settings.number("index.max_file_mb") * 1_000_000)


@contextmanager
def prepare_job(
    engine: Engine, paths: Sequence[bytes], choice: Choice | None, options: JobOptions
) -> Iterator[IndexJob]:
    """Open the index, take its lock (not for a dry run) and settle roots and model.

    Raises:
        BusyError: another process is indexing.
        UsageError: there is nothing to index yet.
        AccessError, ModelUnavailable, EmbeddingError: the model cannot be used.
    """
    settings = engine.settings
    embedder = None if choice is None else engine.embedder(choice, for_query=False)
    with ExitStack() as stack:
        if options.dry_run:
            store = engine.store_if_any() or stack.enter_context(_unwritten_store())
        else:
            store = engine.store(create=bool(paths))
        if not options.dry_run:
            stack.enter_context(
                indexer_lock(
                    engine.index_path,
                    wait=options.wait is not None,
                    keep_waiting=options.wait,
                )
            )
        roots = _roots(store, paths, dry_run=options.dry_run)
        space = source = None
        if choice is not None and embedder is not None:
            key = choices.space_key(choice, embedder)
            source = wider_space(store, choice, key) if choice.dimensions else None
            if options.dry_run:
                space = choices.matching_space(store.spaces(), key)
            else:
                space = settled_space(store, choice, key)
        run_options = RunOptions(
            max_file_bytes=_max_file_bytes(settings),
            spending=_spending(settings, choice, ask=False),
            send_secrets=settings.flag("index.send_secrets"),
            follow_symlinks=settings.flag("index.follow_symlinks"),
        )
        target = Target(choice, embedder, space, source)
        yield IndexJob(store, roots, target, settings, options, run_options)


def _spending(settings: Settings, choice: Choice | None, *, ask: bool) -> Spending:
    """The cap, and the price that makes it hold: to keep one the server is asked in any case."""
    cap_usd = settings.number("index.max_cost")
    if choice is None:
        return Spending(cap_usd)
    return Spending(cap_usd, model_list.price(settings, choice, ask=ask or cap_usd > 0))


def settled_space(store: SqliteStore, choice: Choice, key: SpaceKey) -> Space:
    """The space a run fills; it answers searches at once where no other one can."""
    with store.write():
        space = choices.matching_space(store.spaces(), key)
        if space is None:
            space = store.ensure_space(key, choices.alpha(choice))
        active = store.active_space()
        # Not a vector: a model that was mistyped, say. It must not stand in the way for ever.
        if active is None or not store.coverage(active.id)[0]:
            store.activate_space(space.id)
        if choice.local and choice.model != choices.EMBEDDED_MODEL:
            folder = os.path.abspath(os.path.expanduser(choice.model.removeprefix("local:")))
            store.set_note(choices.folder_note(space), folder)
    return space


def _roots(store: SqliteStore, paths: Sequence[bytes], *, dry_run: bool) -> tuple[Root, ...]:
    """The roots of a run: those that hold the paths, new ones for the others, or all there are."""
    known = store.roots()
    if not paths:
        if not known:
            raise UsageError(
                "Nothing is indexed yet, and no folder was named.",
                hint="Name one: semsearch index ~/notes",
                code="usage.no_root",
            )
        return tuple(known)
    roots: dict[bytes, Root] = {}
    for path in paths:
        holding = [root for root in known if is_below(path, root.path)]
        if holding:
            root = max(holding, key=lambda one: len(one.path))
        elif dry_run:
            root = Root(0, path)
        else:
            root = store.add_root(path)
        roots[root.path] = root
    return tuple(roots.values())


def _own_places(path: str) -> frozenset[tuple[int, int]]:
    """`(st_dev, st_ino)` of the index's files: opening and closing one would drop its locks."""
    found = set()
    for name in (path, path + "-wal", path + "-shm", path + ".lock"):
        try:
            status = os.stat(name)
        except FileNotFoundError:
            continue
        found.add((status.st_dev, status.st_ino))
    return frozenset(found)


@contextmanager
def _unwritten_store() -> Iterator[SqliteStore]:
    """An index in a folder that vanishes: a dry run on a new machine leaves nothing behind."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="semsearch-") as folder:
        store = open_index(os.path.join(folder, "index.db"), create=True)
        try:
            yield store
        finally:
            store.close()
