"""The vector of a query: from the index's cache, else from the model, which is then made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from semsearch.errors import BusyError, EmbeddingError, ModelUnavailable, StorageError
from semsearch.text import one_line
from semsearch.vectors import gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from semsearch.protocols import Embedder, Store
    from semsearch.records import Embeddings, Space, SpaceKey


class QueryVector(NamedTuple):
    """A query as a point of one space."""

    unit: bytes
    """Float32, unit length, `4 * space.key.dimensions` bytes."""
    cost_usd: float = 0.0
    """What this search paid for it; nothing from the cache or a local model."""
    notice: str = ""
    """What went wrong beside it."""


def query_vector(
    store: Store,
    space: Space,
    text: str,
    embedder: Callable[[], Embedder] | None,
    *,
    offline: bool = False,
) -> QueryVector:
    """The unit vector of `text` in `space`; remembered, and the call entered in the ledger.

    Args:
        store: the index.
        space: the space to search.
        text: what the user is looking for.
        embedder: makes the model's client; called only when the cache has no answer.
        offline: never ask a server; a model of this machine is asked all the same.

    Raises:
        AccessError: no key, consent or credit.
        EmbeddingError: no model, a different one, or it failed.
        Cancelled: the embedder was told to stop.
    """
    cached = store.cached_query(space.id, text)
    if cached is not None:
        return QueryVector(cached)
    if offline and space.key.endpoint != "local":
        raise EmbeddingError(
            f"Offline, and this query was never embedded with {one_line(space.key.model)}.",
            hint="Queries asked before work offline; so does keyword search.",
            code="api.offline",
        )
    if embedder is None:
        raise ModelUnavailable(
            f"There is no way to reach {one_line(space.key.model)}.",
            hint="`semsearch doctor` says what is missing.",
        )
    client = embedder()
    _prove_same_model(client.key, space.key)
    reply = client.embed([text], "query")
    notice = _enter_in_ledger(store, client, text, reply) if client.host else ""
    unit = gate(reply.vectors[0], space.key.dimensions)
    store.cache_query(space.id, text, unit)
    return QueryVector(unit, reply.cost_usd or 0.0, notice)


def _prove_same_model(client: SpaceKey, space: SpaceKey) -> None:
    """Vectors of two models must never meet in one ranking.

    Raises:
        ModelUnavailable: the client's vectors do not belong to the space.
    """
    if client._replace(dimensions=client.dimensions or space.dimensions) != space:
        raise ModelUnavailable(
            f"The index was made with {one_line(space.model)} at {one_line(space.endpoint)}, but "
            f"the settings name {one_line(client.model)} at {one_line(client.endpoint)}.",
            hint="Choose the index's model, or `semsearch index` with the new one.",
            code="model.mismatch",
        )


def _enter_in_ledger(store: Store, client: Embedder, text: str, reply: Embeddings) -> str:
    """Record the call; what to tell when the index cannot be written, as on a read-only disk."""
    import hashlib

    from semsearch.records import Sent

    data = text.encode("utf-8")
    sent = Sent(
        host=client.host,
        model=client.key.model,
        served_by=reply.provider,
        purpose="query",
        inputs=1,
        tokens=reply.tokens,
        cost_usd=reply.cost_usd,
        request_id=reply.request_id,
        digest=hashlib.sha256(len(data).to_bytes(8, "little") + data).digest(),
    )
    try:
        store.record_sent(sent)
    except (BusyError, StorageError) as error:
        return f"This search is missing from the ledger: {error.message}"
    return ""
