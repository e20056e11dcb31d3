"""A batch that always comes to an end: what can be embedded is, what cannot has a reason.

One poisoned text makes a server refuse the whole request it is in. Halving finds it: every other
text of the batch gets its vector. Nothing that was paid for is lost, whatever ends the batch.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.embed.halves import halves, joined, may_be_too_long
from semsearch.errors import (
    EmbeddingError,
    MalformedReply,
    ModelUnavailable,
    RequestRefused,
    SemsearchError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from semsearch.protocols import Embedder
    from semsearch.records import Embeddings, Purpose


class IncompleteReply(MalformedReply):
    """A reply in which some vectors are unusable; the others are good, and paid for.

    Args:
        embeddings: the reply; unusable vectors are empty.
        faults: reason by input.
    """

    def __init__(self, embeddings: Embeddings, faults: Mapping[int, str]) -> None:
        position, reason = next(iter(faults.items()))
        super().__init__(
            f"{len(faults)} of {len(embeddings.vectors)} vectors are unusable; "
            f"number {position}: {reason}"
        )
        self.embeddings = embeddings
        self.faults = faults
        self.requests = embeddings.requests
        self.tokens, self.cost_usd = embeddings.tokens, embeddings.cost_usd


class BatchResult(NamedTuple):
    """What became of every text, and what it cost."""

    outcomes: tuple[bytes | EmbeddingError | None, ...]
    """By text: its vector; or why it has none (`retryable` says whether later may be better); or
    None when it was not tried because of `stopped`."""
    stopped: SemsearchError | None
    """Set when nothing further should be sent: raise it once the vectors are stored."""
    dimensions: int
    """0 when there is no vector."""
    model: str
    provider: str
    tokens: int | None
    cost_usd: float | None
    request_ids: tuple[str, ...]
    requests: int


_STOP_CODES: Final = frozenset(
    {
        "api.circuit",
        "api.endpoint",
        "api.paused",
        "api.proxy",
        "api.quota",
        "api.redirect",
        "api.tls",
    }
)
"""Errors that every further request would meet as well."""

_BLAME_A_TEXT: Final = frozenset({408, 413, 424, 499, 500, 504, 524})
"""Statuses that one text, or too many at once, can cause for a whole batch."""

_SUSPICIOUS_FAILURES: Final = 3


class _Run:
    """The bookkeeping of one batch."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.outcomes: list[bytes | EmbeddingError | None] = [None] * len(texts)
        self.stopped: SemsearchError | None = None
        self.dimensions = 0
        self.model = ""
        self.provider = ""
        self.tokens: int | None = None
        self.cost: float | None = None
        self.ids: list[str] = []
        self.requests = 0
        self.failures = 0
        self.succeeded = False

    def keep(self, group: Sequence[int], reply: Embeddings) -> None:
        """Take over the vectors of a reply; empty ones are left for another attempt."""
        for position, vector in zip(group, reply.vectors, strict=True):
            if vector:
                self.outcomes[position] = vector
        self.succeeded = True
        self.dimensions = reply.dimensions
        self.model, self.provider = reply.model, reply.provider
        if reply.request_id:
            self.ids.append(reply.request_id)
        self.charge(reply.requests, reply.tokens, reply.cost_usd)

    def charge(self, requests: int, tokens: int | None, cost: float | None) -> None:
        self.requests += requests
        if tokens is not None:
            self.tokens = (self.tokens or 0) + tokens
        if cost is not None:
            self.cost = (self.cost or 0.0) + cost

    def result(self) -> BatchResult:
        if self.stopped is not None and not self.succeeded:
            # With nothing accepted at all, a refusal says more about the request than the text.
            self.outcomes = [None] * len(self.texts)
        return BatchResult(
            outcomes=tuple(self.outcomes),
            stopped=self.stopped,
            dimensions=self.dimensions,
            model=self.model,
            provider=self.provider,
            tokens=self.tokens,
            cost_usd=self.cost,
            request_ids=tuple(self.ids),
            requests=self.requests,
        )


def embed_resilient(embedder: Embedder, texts: Sequence[str], purpose: Purpose) -> BatchResult:
    """Embed texts, halving a batch that is refused until each bad text stands alone.

    Never raises for what the server does; see `BatchResult.stopped`. A batch larger than the
    embedder takes is split first.
    """
    run = _Run(texts)
    sendable = []
    for position, text in enumerate(texts):
        if text.strip():
            sendable.append(position)
        else:
            run.outcomes[position] = RequestRefused("An empty text has no vector.")
    queue = deque([tuple(sendable)] if sendable else [])
    while queue and run.stopped is None:
        group = queue.popleft()
        if len(group) > embedder.max_inputs:
            queue.extendleft(reversed(_split(group, embedder.max_inputs)))
            continue
        queue.extend(_attempt(embedder, run, group, purpose))
        if run.failures == _SUSPICIOUS_FAILURES and not run.succeeded:
            _shortest_first(run, queue)
    return run.result()


def _attempt(
    embedder: Embedder, run: _Run, group: tuple[int, ...], purpose: Purpose
) -> list[tuple[int, ...]]:
    """One call; returns the groups that remain to be tried in its place."""
    try:
        run.keep(group, embedder.embed([run.texts[position] for position in group], purpose))
    except IncompleteReply as error:
        run.keep(group, error.embeddings)
        return [tuple(group[position] for position in sorted(error.faults))]
    except EmbeddingError as error:
        run.failures += 1
        run.charge(error.requests, error.tokens, error.cost_usd)
        if isinstance(error, ModelUnavailable) or error.code in _STOP_CODES:
            run.stopped = error
        elif len(group) > 1 and _may_be_one_text(error):
            middle = len(group) // 2
            return [group[:middle], group[middle:]]
        elif len(group) == 1:
            run.outcomes[group[0]] = _in_halves(embedder, run, group[0], purpose, error)
        else:
            for position in group:
                run.outcomes[position] = error
    except SemsearchError as error:
        run.charge(error.requests, error.tokens, error.cost_usd)
        run.stopped = error  # access, cancellation: every further request would meet it too
    return []


def _in_halves(
    embedder: Embedder, run: _Run, position: int, purpose: Purpose, refusal: EmbeddingError
) -> bytes | EmbeddingError | None:
    """The vector of a text that was refused as too long, tried once more as two halves.

    What both calls cost is charged; where the halves fail too, the first refusal stands. None
    where something else ended the run meanwhile.
    """
    parts = None
    if may_be_too_long(refusal, others_passed=run.succeeded):
        parts = halves(run.texts[position])
    if parts is None:
        return refusal
    vectors: list[bytes] = []
    size = min(2, embedder.max_inputs)
    try:
        for start in range(0, 2, size):
            reply = embedder.embed(parts[start : start + size], purpose)
            run.keep((), reply._replace(vectors=()))
            vectors += reply.vectors
        return joined(vectors, parts)
    except IncompleteReply as error:
        run.keep((), error.embeddings._replace(vectors=()))
    except EmbeddingError as error:
        run.charge(error.requests, error.tokens, error.cost_usd)
    except SemsearchError as error:
        run.charge(error.requests, error.tokens, error.cost_usd)
        run.stopped = error
        return None
    return refusal


def _may_be_one_text(error: EmbeddingError) -> bool:
    return (
        isinstance(error, (RequestRefused, MalformedReply))
        or error.code == "api.timeout"
        or error.status in _BLAME_A_TEXT
    )


def _shortest_first(run: _Run, queue: deque[tuple[int, ...]]) -> None:
    """Try the shortest text alone: if even that fails, it is not the texts.

    The embedder's circuit then has the last word after two or three requests more, rather than
    after as many as there are texts.
    """
    waiting = [position for group in queue for position in group]
    if not waiting:
        return
    probe = min(waiting, key=lambda position: len(run.texts[position]))
    groups = [tuple(item for item in group if item != probe) for group in queue]
    queue.clear()
    queue.append((probe,))
    queue.extend(group for group in groups if group)


def _split(group: tuple[int, ...], size: int) -> list[tuple[int, ...]]:
    return [group[start : start + size] for start in range(0, len(group), size)]
