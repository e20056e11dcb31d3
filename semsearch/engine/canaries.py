"""Is a model behind its name still the one whose vectors are stored? A dozen passages tell.

The canaries are passages the space holds already: nothing is paid when it is made, and a check
embeds them once more.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final

from semsearch.engine import choice as choices
from semsearch.engine import model_list, receipts, switching
from semsearch.engine.costs import host_of
from semsearch.errors import (
    AccessError,
    EmbeddingError,
    ModelUnavailable,
    SemsearchError,
    UsageError,
)
from semsearch.indexing.spending import shares
from semsearch.records import Drift
from semsearch.text import one_line

if TYPE_CHECKING:
    from semsearch.engine.facade import Engine
    from semsearch.protocols import Embedder
    from semsearch.records import Embeddings, Passage, Space
    from semsearch.store import SqliteStore

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
    return _check_space(engine, named_space(engine, name))


def _check_space(engine: Engine, space: Space) -> Drift:
    drift = _embed_again(engine, space, engine.query_embedder(space))
    _remember(engine.store(), drift)
    return drift


def unchecked_providers(store: SqliteStore, space: Space) -> tuple[str, ...]:
    """Who has answered for a model beside the first, without a check that it is the same.

    Routing services choose a provider for each call, and not all run a model alike.
    """
    providers = store.providers(host_of(space), space.key.model)[1:]
    if not providers:
        return ()
    checked = _checked(store, space)
    return tuple(name for name in providers if name not in checked)


def drift_notices(engine: Engine) -> list[str]:
    """What to say, after text was sent, about models that more than one provider answers for.

    Where a check costs nothing it is made at once; where it costs something the user is told how.
    """
    store = engine.store()
    notices = []
    for space in store.spaces():
        names = unchecked_providers(store, space)
        if names and _costs_nothing(engine, space):
            notices += _checked_for_nothing(engine, space)
        elif names:
            listed = ", ".join(one_line(name) for name in names)
            notices.append(
                f"{one_line(space.key.model)} was answered by {listed} too. `semsearch models "
                f"check {one_line(space.key.model)}` tells whether its vectors are the same."
            )
    return notices


def _costs_nothing(engine: Engine, space: Space) -> bool:
    choice = choices.of_space(space, engine.store())
    return model_list.price(engine.settings, choice, ask=False) == 0.0


def _checked_for_nothing(engine: Engine, space: Space) -> list[str]:
    name = one_line(space.key.model)
    try:
        drift = _check_space(engine, space)
    except (AccessError, EmbeddingError) as error:
        return [
            f"{name} is answered by several providers and could not be checked: {error.message}"
        ]
    if drift.same:
        return []
    return [
        f"{name} is not the same at {one_line(drift.served_by)}: of {drift.sampled} stored "
        f"passages the one least alike has a cosine of {drift.lowest:.4f} to its new vector."
    ]


def _remember(store: SqliteStore, drift: Drift) -> None:
    """Note that a provider has passed, or has failed after it had passed."""
    if not drift.served_by or not drift.sampled:
        return
    checked = set(_checked(store, drift.space))
    checked = checked | {drift.served_by} if drift.same else checked - {drift.served_by}
    store.set_note(_note(drift.space), json.dumps(sorted(checked)))


def _checked(store: SqliteStore, space: Space) -> list[str]:
    noted = store.note(_note(space))
    return [] if noted is None else [str(name) for name in json.loads(noted)]


def _note(space: Space) -> str:
    return f"space.{space.id}.checked_providers"


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
    passages = [passage for passage, _ in kept]
    reply = _ask(store, embedder, passages)
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
        served_by=reply.provider,
    )


def _ask(store: SqliteStore, embedder: Embedder, passages: list[Passage]) -> Embeddings:
    """Embed passages, in the ledger before they leave, whatever becomes of the call."""
    texts = [passage.text for passage in passages]
    if not embedder.host:
        return embedder.embed(texts, "document")
    announced = receipts.receipt(embedder.host, embedder.key.model, "document", texts)
    roots = store.roots_of([passage.digest for passage in passages])
    parts = shares((roots.get(one.digest, ()), one.tokens) for one in passages)
    entry = store.announce_sent(announced, parts)
    try:
        reply = embedder.embed(texts, "document")
    except SemsearchError as error:
        store.settle_sent(entry, receipts.failed(announced, error))
        raise
    store.settle_sent(entry, receipts.answered(announced, reply))
    return reply


def _cosine(one: bytes, other: bytes) -> float:
    a, b = memoryview(one).cast("f"), memoryview(other).cast("f")
    product = math.fsum(x * y for x, y in zip(a, b, strict=True))
    norms = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(math.fsum(y * y for y in b))
    return product / norms if norms else 0.0
