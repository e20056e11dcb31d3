"""What a run would send: every changed file is read and chunked, nothing is written or embedded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from semsearch.indexing.prepare import Unreadable, build_version, content_digest, read_version
from semsearch.indexing.reading import Reader
from semsearch.indexing.tally import Tally
from semsearch.records import Estimate

if TYPE_CHECKING:
    from semsearch.indexing.filling import RunOptions
    from semsearch.indexing.plan import Plan, RootPlan
    from semsearch.protocols import Embedder, Store
    from semsearch.records import FileRef, IndexReport, Passage, Space

_FILL_PAGE = 100_000


def estimate(
    store: Store,
    plan: Plan,
    embedder: Embedder | None,
    space: Space | None,
    options: RunOptions,
) -> IndexReport:
    """A dry run, with the number of passages, tokens and dollars it would take."""
    survey = _Survey(store, plan, embedder, space, options)
    try:
        for root_plan in plan.roots:
            survey.add_root(root_plan)
    finally:
        survey.reader.close()
    survey.add_unembedded()
    return survey.report()


class _Survey:
    def __init__(
        self,
        store: Store,
        plan: Plan,
        embedder: Embedder | None,
        space: Space | None,
        options: RunOptions,
    ) -> None:
        self._store = store
        self._plan = plan
        self._space = space
        self._options = options
        self._embedder = embedder
        self._host = "" if embedder is None else embedder.host
        self._withholds = bool(self._host) and not options.send_secrets
        self._tally = Tally(plan.root_paths, plan.files_changed, time.monotonic())
        self._wanted: dict[bytes, int] = {}
        """Token estimate of every passage that would be embedded, by digest."""
        self._files = 0
        self.reader = Reader(lambda: None)

    def add_root(self, plan: RootPlan) -> None:
        self._tally.add_plan(plan)
        for ref in plan.changed:
            self._add_file(plan, ref)
        self._tally.gone += len(plan.gone - plan.moved_away)

    def _add_file(self, plan: RootPlan, ref: FileRef) -> None:
        path = plan.absolute(ref.relative)
        version = read_version(
            plan.root,
            ref,
            limit=self._options.max_file_bytes,
            follow_symlinks=self._options.follow_symlinks,
        )
        if isinstance(version, Unreadable):
            self._tally.failed += 1
            self._tally.problem(path, version.message, version.hint)
            return
        ref, data = version
        digest = content_digest(data)
        stored = self._store.file(plan.root.id, ref.relative)
        if stored is not None and stored.digest == digest and not plan.rebuild:
            self._tally.unchanged += 1
            return
        self._tally.count_version(self._store, self._plan, stored, digest)
        new = build_version(plan.root, ref, data, digest, self.reader)
        self._tally.tell_version(path, new, remote=self._withholds)
        self._tally.chunks_added += len(new.chunks)
        before = len(self._wanted)
        self._want([passage for _, passage in new.chunks])
        self._files += len(self._wanted) > before

    def _want(self, passages: list[Passage]) -> None:
        if self._embedder is None:
            return
        fresh = {
            passage.digest: passage.tokens
            for passage in passages
            if not (self._withholds and passage.withheld)
        }
        if self._space is not None and fresh:
            for digest in self._store.embedded(self._space.id, list(fresh)):
                del fresh[digest]
                self._tally.reused += 1
        self._wanted.update(fresh)

    def add_unembedded(self) -> None:
        """Passages of unchanged files that the space does not have yet."""
        if self._embedder is None:
            return
        space = 0 if self._space is None else self._space.id
        for passage in self._store.unembedded(space, _FILL_PAGE, self._withholds):
            self._wanted[passage.digest] = passage.tokens

    def report(self) -> IndexReport:
        tokens = sum(self._wanted.values())
        price = self._options.spending.usd_per_million_tokens
        cost = 0.0 if not self._host else None if price is None else tokens * price / 1e6
        return self._tally.report(
            time.monotonic(),
            plan=True,
            chunks_total=self._store.coverage(0)[1],
            space=self._space,
            interrupted=False,
            estimate=Estimate(
                files=self._files,
                chunks=self._tally.chunks_added,
                inputs=len(self._wanted),
                tokens=tokens,
                cost_usd=cost,
                host=self._host,
            ),
        )
