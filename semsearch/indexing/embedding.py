"""From file versions to committed vectors: batch across files, embed, store, publish.

A file version becomes visible in the transaction that stores the last vector it waits for; its old
version answers searches until then. A passage that several files share is embedded once.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from semsearch.errors import Cancelled
from semsearch.indexing.batcher import Batcher
from semsearch.indexing.pool import Announced, EmbeddingPool
from semsearch.indexing.spending import Budget, shares
from semsearch.records import Sent

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator, Sequence

    from semsearch.embed.batch import BatchResult
    from semsearch.errors import EmbeddingError
    from semsearch.indexing.pool import Answer
    from semsearch.indexing.spending import Spending
    from semsearch.indexing.tally import Tally
    from semsearch.protocols import Embedder, Store
    from semsearch.records import NewFile, Passage, Space

TICK_S = 0.1
"""How long a wait for an answer lasts before a stop is looked for and progress is told."""

_GROUP_CHUNKS = 512
"""Versions that wait for nothing are published together until they hold this many chunks."""

_FILL_PAGE = 2048

_GATHER_S = 0.25
"""How long answers may wait for others to be stored with; they count as in flight until then."""

_PATIENCE_S = 3.0
"""How long a failed run waits for requests already in flight: they may have been paid for."""

_GRACE_S = 0.6
"""The same when somebody waits for the run to stop."""

_FAREWELL_S = 0.2
"""How long a request that was called off may take to say what it had cost by then."""


class _Waiting:
    """A file version and the passages it still waits for."""

    __slots__ = ("missing", "new", "path")

    def __init__(self, path: bytes, new: NewFile, missing: set[bytes]) -> None:
        self.path = path
        self.new = new
        self.missing = missing


class VectorFeed:
    """Takes file versions in, publishes them when their vectors are in the store.

    Without an embedder every version is published at once, for keyword search. All methods run on
    the thread that owns the store.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder | None,
        space: Space | None,
        spending: Spending,
        tally: Tally,
        stop: threading.Event,
        *,
        send_withheld: bool,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._budget = Budget(spending)
        self._tally = tally
        self._stop = stop
        self.space = space
        """The space vectors go to; None exactly when there is no embedder."""
        self.remote = embedder is not None and bool(embedder.host)
        self.withholds = self.remote and not send_withheld
        self._ready: list[NewFile] = []
        self._ready_chunks = 0
        self._stored_s = time.monotonic()
        self._waiters: dict[bytes, list[_Waiting]] = {}
        self._failed: dict[bytes, EmbeddingError] = {}
        """Passages that failed in this run: to try them again is for the next one."""
        self._batcher = None if embedder is None else Batcher(embedder)
        self._pool = None if embedder is None else EmbeddingPool(embedder)

    def add(self, path: bytes, new: NewFile) -> None:
        """Queue a version of the file at `path`; it is published when it waits for nothing."""
        missing = self._missing(new)
        for digest in missing.keys() & self._failed.keys():
            self._tell_failure(path, self._failed[digest])
            del missing[digest]
        if not missing:
            self._make_ready(new)
            return
        assert self._batcher is not None
        waiting = _Waiting(path, new, set(missing))
        for digest, passage in missing.items():
            if digest not in self._waiters:
                self._waiters[digest] = []
                self._batcher.add(passage)
                self._tally.to_embed += 1
            self._waiters[digest].append(waiting)

    def pump(self, *, flush: bool = False) -> Iterator[None]:
        """Submit every full batch (with `flush` the last one too); yields while it waits."""
        if self._pool is None or self._batcher is None:
            return
        if time.monotonic() - self._stored_s > _GATHER_S:
            self._collect(0)
        while self._batcher.full or (flush and len(self._batcher)):
            if not self._pool.busy:
                self._submit(self._batcher.take())
                continue
            self._collect(TICK_S)
            self.check_stop()
            yield

    def drain(self) -> Iterator[None]:
        """Embed and publish everything that was added; yields while it waits."""
        yield from self.pump(flush=True)
        while self._pool is not None and self._pool.in_flight:
            self._collect(TICK_S)
            self.check_stop()
            yield
        self.publish_ready()

    def fill(self) -> Iterator[None]:
        """Embed passages of files that did not change but have no vector in this space yet."""
        if self._batcher is None:
            return
        done_before = -1
        while self.space is not None and self._tally.embedded != done_before:
            done_before = self._tally.embedded
            page = self._store.unembedded(self.space.id, _FILL_PAGE, self.withholds)
            yield from self.embed(page)

    def embed(self, passages: Iterable[Passage]) -> Iterator[None]:
        """Embed passages of the index that have no vector in this space; yields while it waits."""
        if self._batcher is None:
            return
        for passage in passages:
            if passage.digest not in self._failed:
                self._batcher.add(passage)
                self._tally.to_embed += 1
        yield from self.drain()

    def publish_ready(self) -> None:
        """Publish every version that waits for nothing, in one transaction."""
        if not self._ready:
            return
        with self._store.write():
            self._publish()

    def _publish(self) -> None:
        """Publish within the open transaction: a savepoint would cost FTS5 what it has gathered."""
        self._store.publish_all(self._ready)
        self._tally.chunks_added += sum(len(new.chunks) for new in self._ready)
        self._ready, self._ready_chunks = [], 0

    def salvage(self) -> None:
        """After a failure: keep answers that have arrived, and publish new files for keywords.

        A version that replaces an older one is left out, because the older one still has all its
        vectors; the next run finds every vector that was paid for by its passage's digest.
        """
        if self._pool is not None and self._embedder is not None:
            stopped = self._stop.is_set()
            self._await_answers(self._pool, _GRACE_S if stopped else _PATIENCE_S)
            if stopped and self._pool.in_flight:
                self._embedder.cancel()
                self._await_answers(self._pool, _FAREWELL_S)
        for waiting in {id(one): one for group in self._waiters.values() for one in group}.values():
            if self._store.file(waiting.new.root, waiting.new.ref.relative) is None:
                self._make_ready(waiting.new)
        self._waiters.clear()
        self.publish_ready()

    def close(self) -> None:
        """Stop the worker threads without waiting for them."""
        if self._pool is not None:
            self._pool.close()

    def check_stop(self) -> None:
        """Raise `Cancelled` once a stop was asked for."""
        if self._stop.is_set():
            if self._embedder is not None:
                self._embedder.wind_down()
            raise Cancelled(
                "Stopped; everything embedded so far is kept.",
                hint="Run the same command again to go on.",
            )

    # --- inside ------------------------------------------------------------------------------

    def _missing(self, new: NewFile) -> dict[bytes, Passage]:
        """The passages of a version that need a vector, by digest."""
        if self._embedder is None:
            return {}
        wanted = {
            passage.digest: passage
            for _, passage in new.chunks
            if not (self.withholds and passage.withheld)
        }
        if self.space is not None and wanted:
            for digest in self._store.embedded(self.space.id, list(wanted)):
                self._tally.reused += 1
                del wanted[digest]
        return wanted

    def _make_ready(self, new: NewFile) -> None:
        self._ready.append(new)
        self._ready_chunks += len(new.chunks)
        if self._ready_chunks >= _GROUP_CHUNKS:
            self.publish_ready()

    def _submit(self, batch: list[Passage]) -> None:
        assert self._pool is not None
        self._budget.promise(batch)
        self._pool.submit(batch, self._announce(batch))

    def _await_answers(self, pool: EmbeddingPool, seconds: float) -> None:
        """Commit whatever is answered until nothing is in flight, or until time is up."""
        deadline = time.monotonic() + seconds
        while pool.in_flight:
            left = deadline - time.monotonic()
            for answer in pool.answers(left):
                if answer.bug is None:
                    self._commit([answer])
            if left <= 0:
                return

    def _collect(self, timeout: float) -> None:
        assert self._pool is not None
        answers = list(self._pool.answers(timeout))
        self._stored_s = time.monotonic()
        self._commit([answer for answer in answers if answer.bug is None])
        for answer in answers:
            if answer.bug is not None:
                raise answer.bug
            if answer.result.stopped is not None:
                raise answer.result.stopped

    def _commit(self, answers: Sequence[Answer]) -> None:
        """Store answers, their ledger entries and the versions they complete: one transaction."""
        if answers:
            with self._store.write():
                for answer in answers:
                    self._keep(answer)
                self._publish()

    def _keep(self, answer: Answer) -> None:
        assert self.space is not None
        result = answer.result
        good: list[Passage] = []
        vectors: list[bytes] = []
        failed: list[tuple[Passage, EmbeddingError]] = []
        for passage, outcome in zip(answer.passages, result.outcomes, strict=True):
            if isinstance(outcome, bytes):
                good.append(passage)
                vectors.append(outcome)
            elif outcome is not None:
                failed.append((passage, outcome))
        announced = answer.announced
        sent = None if announced is None else _completed(announced, result)
        entry = None if announced is None else announced.entry
        if good:
            self._store.add_vectors(self.space.id, good, vectors, sent, entry)
        elif entry is not None:
            self._store.settle_sent(entry, sent if result.requests else None)
        self._record_failures(failed)
        for passage in good:
            self._resolve(passage.digest)
        self._budget.settle(answer.passages, result.cost_usd)
        self._tally.embedded += len(good)
        self._tally.inputs += len(good) + len(failed)
        self._tally.requests += result.requests
        self._tally.tokens += (
            sum(passage.tokens for passage in good) if result.tokens is None else result.tokens
        )
        self._tally.cost_usd += result.cost_usd or 0.0

    def _record_failures(self, failed: Sequence[tuple[Passage, EmbeddingError]]) -> None:
        """Publish what waits for a passage without a vector; a refusal for good is remembered."""
        assert self.space is not None
        refused = [(passage, error) for passage, error in failed if not error.retryable]
        self._store.add_passages([passage for passage, _ in refused])
        self._store.record_failures(
            self.space.id, [(passage.digest, error.message) for passage, error in refused]
        )
        for passage, error in failed:
            self._failed[passage.digest] = error
            paths = [waiting.path for waiting in self._waiters.get(passage.digest, ())]
            for path in paths or self._store.paths_of(passage.digest):
                self._tell_failure(path, error)
            self._resolve(passage.digest)

    def _tell_failure(self, path: bytes, error: EmbeddingError) -> None:
        self._tally.failed += 1
        self._tally.problem(path, f"a passage has no vector: {error.message}", error.hint)

    def _resolve(self, digest: bytes) -> None:
        for waiting in self._waiters.pop(digest, ()):
            waiting.missing.discard(digest)
            if not waiting.missing:
                self._ready.append(waiting.new)

    def _announce(self, batch: Sequence[Passage]) -> Announced | None:
        """Enter a call in the ledger before it is made; nothing for a model in this process."""
        if not self.remote or self._embedder is None:
            return None
        digest = hashlib.sha256()
        for passage in batch:
            text = passage.text.encode("utf-8")
            digest.update(len(text).to_bytes(8, "little") + text)
        sent = Sent(
            host=self._embedder.host,
            model=self._embedder.key.model,
            served_by="",
            purpose="document",
            inputs=len(batch),
            tokens=None,
            cost_usd=None,
            request_id="",
            digest=digest.digest(),
        )
        return Announced(self._store.announce_sent(sent, self._shares(batch)), sent)

    def _shares(self, batch: Sequence[Passage]) -> dict[int, float]:
        """How much of a call is text of which root; files that wait are in the index later."""
        groups = [self._waiters.get(passage.digest, ()) for passage in batch]
        roots = {waiting.new.root for group in groups for waiting in group}
        if len(roots) == 1 and all(groups):  # nearly always
            return dict.fromkeys(roots, 1.0)
        standing = self._store.roots_of(
            [passage.digest for passage, group in zip(batch, groups, strict=True) if not group]
        )
        return shares(
            (
                {waiting.new.root for waiting in group} or standing.get(passage.digest, ()),
                passage.tokens,
            )
            for passage, group in zip(batch, groups, strict=True)
        )


def _completed(announced: Announced, result: BatchResult) -> Sent:
    """The entry of a call, with what is known of it once it has come back."""
    return announced.sent._replace(
        served_by=result.provider,
        tokens=result.tokens,
        cost_usd=result.cost_usd,
        request_id=" ".join(result.request_ids),
    )
