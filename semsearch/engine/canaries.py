"""Is a model behind its name still the one whose vectors are stored? A dozen passages tell.

The canaries are passages the space holds already: nothing is paid when it is made, and a check
embeds them once more.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Final

from semsearch.engine import choice as choices
from semsearch.engine import switching
from semsearch.errors import ModelUnavailable, UsageError
from semsearch.records import Drift, Sent
from semsearch.text import one_line

if TYPE_CHECKING:
    from semsearch.engine.facade import Engine
    from semsearch.protocols import Embedder
    from semsearch.records import Embeddings, Space

CANARIES: Final = 12
SAME: Final = 0.99
"""Lowest cosine between a stored vector and a new one of the same text that rounding, batching and
another provider's arithmetic explain."""


def check(engine: Engine, name: str | None) -> Drift:
    """Embed a dozen stored passages again and compare.

    Args:
        engine: an open engine.
        name: a model the index has vectors of; None: the one that answers.

    Raises:
        UsageError: the index has no vectors of it.
        AccessError, EmbeddingError: the model cannot be asked.
    """
    space = named_space(engine, name)
    embedder = engine.query_embedder(space)
    return _embed_again(engine, space, embedder)


def adopt(engine: Engine, name: str) -> tuple[Space, Drift]:
    """Move a space to the configured server, once canaries have shown it gives the same vectors.

    Raises:
        UsageError: the index has no such space, or the server has one already.
        ModelUnavailable: the server's vectors are not the same.
        AccessError, EmbeddingError: the server cannot be asked.
    """
    store, settings = engine.store(), engine.settings
    endpoint = choices.endpoint(settings)
    named = choices.named(settings, name, "models adopt")
    elsewhere = [
        space
        for space in store.spaces()
        if space.key.model == named.model and space.key.endpoint not in {endpoint, choices.LOCAL}
    ]
    if len(elsewhere) != 1:
        raise UsageError(
            f"The index has {len(elsewhere)} spaces of {named.model!a} at another server; "
            "one is needed.",
            hint="`semsearch models list` shows what there is.",
            code="model.no_vectors",
        )
    space = elsewhere[0]
    choice = choices.of_space(space, store)._replace(endpoint=endpoint)
    embedder = engine.embedder(choice, for_query=True)
    if embedder.key._replace(dimensions=0) != space.key._replace(endpoint=endpoint, dimensions=0):
        raise ModelUnavailable(
            f"{one_line(endpoint)} is told in another way what is a document and what a query.",
            hint=f"Build it there instead: semsearch models build {named.model!a}",
            code="model.mismatch",
        )
    switching.require_consent(engine, embedder)
    drift = _embed_again(engine, space, embedder)
    if not drift.same:
        raise ModelUnavailable(
            f"{one_line(endpoint)} gives other vectors: the least alike has a cosine of "
            f"{drift.lowest:.4f} to the stored one.",
            hint=f"Build it there instead: semsearch models build {named.model!a}",
            code="model.changed",
        )
    store.set_space_endpoint(space.id, endpoint)
    return switching.reread(store, space), drift


def named_space(engine: Engine, name: str | None) -> Space:
    """The space of a model the index has vectors of.

    Raises:
        UsageError: it has none.
    """
    store = engine.store()
    if name is None:
        space = store.active_space()
    else:
        _, space = choices.named_choice(engine.settings, store, name)
    if space is None:
        what = "" if name is None else f" of {name!a}"
        raise UsageError(
            f"The index has no vectors{what}.",
            hint="`semsearch models list` shows what there is.",
            code="model.no_vectors",
        )
    return space


def _embed_again(engine: Engine, space: Space, embedder: Embedder) -> Drift:
    store = engine.store()
    kept = store.sample_passages(space.id, CANARIES)
    if switching.withholds(engine, space):
        kept = [(passage, vector) for passage, vector in kept if not passage.withheld]
    if not kept:
        return Drift(space, 0, 1.0, 1.0, 0.0, same=True)
    texts = [passage.text for passage, _ in kept]
    reply = embedder.embed(texts, "document")
    if embedder.host:
        store.record_sent(_sent(embedder, texts, reply))
    if reply.dimensions != space.key.dimensions:
        cosines = [0.0]
    else:
        stored = [vector for _, vector in kept]
        cosines = [_cosine(a, b) for a, b in zip(stored, reply.vectors, strict=True)]
    lowest = min(cosines)
    return Drift(
        space,
        len(kept),
        lowest,
        sum(cosines) / len(cosines),
        reply.cost_usd or 0.0,
        same=lowest >= SAME,
    )


def _cosine(one: bytes, other: bytes) -> float:
    a, b = memoryview(one).cast("f"), memoryview(other).cast("f")
    product = math.fsum(x * y for x, y in zip(a, b, strict=True))
    norms = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(math.fsum(y * y for y in b))
    return product / norms if norms else 0.0


def _sent(embedder: Embedder, texts: list[str], reply: Embeddings) -> Sent:
    digest = hashlib.sha256()
    for text in texts:
        data = text.encode("utf-8")
        digest.update(len(data).to_bytes(8, "little") + data)
    return Sent(
        host=embedder.host,
        model=embedder.key.model,
        served_by=reply.provider,
        purpose="document",
        inputs=len(texts),
        tokens=reply.tokens,
        cost_usd=reply.cost_usd,
        request_id=reply.request_id,
        digest=digest.digest(),
    )
