"""The vectors of many queries at once, for evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.searching.vector import ask, never_embedded, prove_same_model
from semsearch.vectors import gate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semsearch.protocols import Embedder, Store
    from semsearch.records import Space


def query_vectors(
    store: Store,
    space: Space,
    texts: Sequence[str],
    embedder: Callable[[], Embedder],
    *,
    offline: bool,
    tell: Callable[[int], None],
) -> tuple[dict[str, bytes], float]:
    """The unit vector of each text, and what was paid: what is not cached is embedded in batches.

    Args:
        store: the index.
        space: the space to search.
        texts: what will be looked for, each once.
        embedder: makes the model's client; called only when the cache lacks something.
        offline: never ask a server.
        tell: called with how many are there.

    Raises:
        AccessError: no key, consent or credit.
        EmbeddingError: no model, a different one, or it failed.
        Cancelled: the embedder was told to stop.
    """
    cached = {text: store.cached_query(space.id, text) for text in texts}
    units = {text: vector for text, vector in cached.items() if vector is not None}
    missing = [text for text in texts if text not in units]
    cost = 0.0
    while missing:
        if offline and space.key.endpoint != "local":
            raise never_embedded(space, len(missing))
        client = embedder()
        prove_same_model(client.key, space.key)
        batch = _batch(missing, client)
        reply, _ = ask(store, client, batch)
        for text, raw in zip(batch, reply.vectors, strict=True):
            units[text] = gate(raw, space.key.dimensions)
            store.cache_query(space.id, text, units[text])
        cost += reply.cost_usd or 0.0
        missing = missing[len(batch) :]
        tell(len(units))
    return units, cost


def _batch(texts: Sequence[str], client: Embedder) -> list[str]:
    """As many of the texts as one call may hold, at least one."""
    batch: list[str] = []
    tokens = 0
    for text in texts[: max(1, client.max_inputs)]:
        tokens += len(text) // 3 + 8
        if batch and tokens > client.max_tokens:
            break
        batch.append(text)
    return batch
