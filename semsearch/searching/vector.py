"""The vector of a query: from the index's cache, else from the model, which is then made."""

from __future__ import annotations

from semsearch.errors import (
    BusyError,
    EmbeddingError,
    ModelUnavailable,
    SemsearchError,
    StorageError,
)
from semsearch.record import Record
from semsearch.text import one_line
from semsearch.vectors import gate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semsearch.protocols import Embedder, Store
    from semsearch.records import Embeddings, Space, SpaceKey


class QueryVector(Record):
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
        raise never_embedded(space, 1)
    if embedder is None:
        raise ModelUnavailable(
            f"There is no way to reach {one_line(space.key.model)}.",
            hint="`semsearch doctor` says what is missing.",
        )
    client = embedder()
    prove_same_model(client.key, space.key)
    reply, notice = ask(store, client, [text])
    unit = gate(reply.vectors[0], space.key.dimensions)
    store.cache_query(space.id, text, unit)
    return QueryVector(unit, reply.cost_usd or 0.0, notice)


def never_embedded(space: Space, queries: int) -> EmbeddingError:
    """The error for queries that are not in the cache while nothing may be sent."""
    what = "this query was" if queries == 1 else f"{queries:,} queries were"
    return EmbeddingError(
        f"Offline, and {what} never embedded with {one_line(space.key.model)}.",
        hint="Queries asked before work offline; so does keyword search.",
        code="api.offline",
    )


def prove_same_model(client: SpaceKey, space: SpaceKey) -> None:
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


def ask(store: Store, client: Embedder, texts: Sequence[str]) -> tuple[Embeddings, str]:
    """Embed queries and enter the call in the ledger; what to tell beside the reply.

    Raises:
        AccessError, EmbeddingError, Cancelled: as `Embedder.embed`; what a failed call was billed
            is in the ledger then.
    """
    try:
        reply = client.embed(texts, "query")
    except SemsearchError as error:
        if client.host and error.cost_usd is not None:
            _enter_in_ledger(store, client, texts, ("", error.tokens, error.cost_usd, ""))
        raise
    if not client.host:
        return reply, ""
    outcome = (reply.provider, reply.tokens, reply.cost_usd, reply.request_id)
    return reply, _enter_in_ledger(store, client, texts, outcome)


def _enter_in_ledger(
    store: Store,
    client: Embedder,
    texts: Sequence[str],
    outcome: tuple[str, int | None, float | None, str],
) -> str:
    """Record a call; what to tell when the index cannot be written, as on a read-only disk."""
    import hashlib

    from semsearch.records import Sent

    encoded = [text.encode("utf-8") for text in texts]
    provider, tokens, cost_usd, request_id = outcome
    sent = Sent(
        host=client.host,
        model=client.key.model,
        served_by=provider,
        purpose="query",
        inputs=len(texts),
        tokens=tokens,
        cost_usd=cost_usd,
        request_id=request_id,
        digest=hashlib.sha256(
            b"".join(len(data).to_bytes(8, "little") + data for data in encoded)
        ).digest(),
    )
    try:
        known = store.providers(sent.host, sent.model) if provider else []
        store.record_sent(sent)
    except (BusyError, StorageError) as error:
        return f"This search is missing from the ledger: {error.message}"
    if known and provider not in known:
        return (
            f"{one_line(sent.model)} was answered by {one_line(provider)} for the first time. "
            "`semsearch models check` tells whether its vectors are still the same."
        )
    return ""


def existing(store: Store, space: Space | None) -> Space:
    """The space to search by meaning.

    Raises:
        ModelUnavailable: there is none.
    """
    if space is None:
        raise no_vectors(store)
    return space


def no_vectors(store: Store) -> ModelUnavailable:
    """Why an index cannot be searched by meaning."""
    if not store.coverage(0)[1]:
        return ModelUnavailable(
            "Nothing is indexed here.",
            hint="Index a folder: semsearch index PATH",
            code="index.empty",
        )
    return ModelUnavailable(
        "This index has no vectors to search by meaning.",
        hint="`semsearch index` makes them, with an API key or after `semsearch models install`.",
        code="model.no_vectors",
    )
