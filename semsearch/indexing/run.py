"""Execute a plan: read, chunk, embed, store; resumable, and safe to kill anywhere.

The coordinator is one thread that owns the store. Whatever was committed before a kill is found
again by content: unchanged files by their stat, passages by their digest, so the next run goes on
where this one ended and pays for nothing twice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from semsearch.indexing.filling import FillingRun
from semsearch.indexing.finish import finish_space
from semsearch.indexing.notes import RUN_ENDED, RUN_PROBLEMS, write_problems
from semsearch.indexing.plan import settle_root
from semsearch.indexing.prepare import Unreadable, build_version, content_digest, read_version
from semsearch.indexing.reading import Reader
from semsearch.indexing.tally import Tally

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from semsearch.indexing.filling import Event, RunOptions
    from semsearch.indexing.plan import Plan, RootPlan
    from semsearch.protocols import Embedder, Store
    from semsearch.records import FileRef, Problem, Space


class IndexRun(FillingRun):
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
        tally = Tally(plan.root_paths, plan.files_changed, clock())
        super().__init__(store, embedder, space, options, stop, tally, clock)
        self._plan = plan
        self._reader = Reader(self._feed.check_stop)

    def steps(self) -> Iterator[Event]:
        """Index what differs, fill what else lacks a vector, then drop what is gone."""
        yield from self._tell_plan()
        for root_plan in self._plan.roots:
            yield from self._index_root(root_plan)
        yield from self._ticks(self._feed.drain())
        yield from self._ticks(self._feed.fill())
        self._complete()

    def close(self) -> None:
        """Let go of what the run holds."""
        self._reader.close()
        super().close()

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
            yield from self._progress("indexing")
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
        new = build_version(plan.root, ref, data, digest, self._reader)
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
