"""Execute a plan: read, chunk, embed, store; resumable, and safe to kill anywhere.

The coordinator is one thread that owns the store. Whatever was committed before a kill is found
again by content: unchanged files by their stat, passages by their digest, so the next run goes on
where this one ended and pays for nothing twice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from semsearch.errors import Cancelled, SemsearchError
from semsearch.indexing.embedding import VectorFeed
from semsearch.indexing.finish import finish_space
from semsearch.indexing.notes import RUN_ENDED, RUN_PROBLEMS, write_problems
from semsearch.indexing.plan import settle_root
from semsearch.indexing.prepare import Unreadable, build_version, content_digest, read_version
from semsearch.indexing.spending import Spending
from semsearch.indexing.tally import Tally
from semsearch.records import IndexReport, Problem, Progress

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from semsearch.indexing.plan import Plan, RootPlan
    from semsearch.protocols import Embedder, Store
    from semsearch.records import FileRef, Space

Event = Progress | Problem | IndexReport
"""What a run tells; the report comes last, and once."""

_TELL_S = 0.1
"""How often progress is told."""


class RunOptions(NamedTuple):
    """What a run may do."""

    max_file_bytes: int
    spending: Spending = Spending()
    send_secrets: bool = False
    follow_symlinks: bool = False


class IndexRun:
    """One execution of a plan; `events` is consumed once."""

    def __init__(
        self,
        store: Store,
        plan: Plan,
        embedder: Embedder | None,
        space: Space | None,
        options: RunOptions,
        stop: threading.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._plan = plan
        self._options = options
        self._clock = clock
        self._told_s = clock()
        self._tally = Tally(plan.root_paths, plan.files_changed, clock())
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
            yield from self._tell_plan()
            for root_plan in self._plan.roots:
                yield from self._index_root(root_plan)
            yield from self._ticks(self._feed.drain())
            yield from self._ticks(self._feed.fill())
            self._complete()
        except SemsearchError as error:
            stopped_by = error
            self._feed.salvage()
        finally:
            self._feed.close()
        space = self._feed.space
        yield self._tally.report(
            self._clock(),
            plan=False,
            chunks_total=self._store.coverage(0)[1],
            space=next((one for one in self._store.spaces() if space and one.id == space.id), None),
            interrupted=isinstance(stopped_by, Cancelled),
            stopped_by=stopped_by,
        )

    def _tell_plan(self) -> Iterator[Event]:
        for root_plan in self._plan.roots:
            self._tally.add_plan(root_plan)
            yield from root_plan.problems

    def _index_root(self, plan: RootPlan) -> Iterator[Event]:
        for ref in plan.changed:
            self._feed.check_stop()
            problem = self._index_file(plan, ref)
            if problem is not None:
                yield problem
            self._tally.files_done += 1
            yield from self._ticks(self._feed.pump())
            if self._due():
                yield self._tally.progress(self._clock(), "indexing")
        self._feed.publish_ready()

    def _index_file(self, plan: RootPlan, ref: FileRef) -> Problem | None:
        """Read one file and queue its new version; returns what is worth telling about it."""
        path = plan.absolute(ref.relative)
        version = read_version(
            plan.root,
            ref,
            limit=self._options.max_file_bytes,
            follow_symlinks=self._options.follow_symlinks,
        )
        if isinstance(version, Unreadable):
            self._tally.failed += 1
            self._store.mark_failed(plan.root.id, ref, version.reason)
            return self._tally.problem(path, version.message, version.hint)
        ref, data = version
        digest = content_digest(data)
        stored = self._store.file(plan.root.id, ref.relative)
        if stored is not None and stored.digest == digest and not plan.rebuild:
            self._store.touch(stored.id, ref, plan.fingerprint(ref))
            self._tally.unchanged += 1
            return None
        self._tally.count_version(self._store, self._plan, stored, digest)
        new = build_version(plan.root, ref, data, digest)
        self._feed.add(path, new._replace(fingerprint=plan.fingerprint(ref)))
        return self._tally.tell_version(path, new, remote=self._feed.withholds)

    def _complete(self) -> None:
        """Everything is in: drop what is gone, and make the space fit to search."""
        for root_plan in self._plan.roots:
            files, chunks = settle_root(self._store, root_plan)
            self._tally.gone += files - len(root_plan.moved_away)
            self._tally.chunks_removed += chunks
        self._store.collect_garbage()
        space = self._feed.space
        if space is not None:
            finish_space(self._store, space, embedded=self._tally.embedded)
        self._store.set_note(RUN_ENDED, str(time.time_ns()))
        self._store.set_note(RUN_PROBLEMS, write_problems(self._tally.problems))

    def _ticks(self, ticks: Iterator[None]) -> Iterator[Event]:
        for _ in ticks:
            if self._due():
                yield self._tally.progress(self._clock(), "embedding")

    def _due(self) -> bool:
        now = self._clock()
        if now - self._told_s < _TELL_S:
            return False
        self._told_s = now
        return True
