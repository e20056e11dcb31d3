"""Between two models: whose vectors order a search, what is filled on demand, what it may cost."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from semsearch.engine import choice as choices
from semsearch.engine import model_list
from semsearch.engine.costs import calibrated_tokens
from semsearch.engine.job import settled_space
from semsearch.errors import (
    AccessError,
    BusyError,
    EmbeddingError,
    ModelUnavailable,
    SemsearchError,
    StorageError,
)
from semsearch.indexing.notes import MODEL_WANTED
from semsearch.records import Filled, FullSwitch
from semsearch.text import one_line

if TYPE_CHECKING:
    from semsearch.engine.choice import Choice
    from semsearch.engine.facade import Engine
    from semsearch.protocols import Embedder
    from semsearch.records import Passage, Query, Root, SearchResult, Space
    from semsearch.searching import Options
    from semsearch.searching.rerank import Shortlist
    from semsearch.store import SqliteStore


class Switch(NamedTuple):
    """A model that is to order results although its vectors do not cover the index."""

    base: Space | None
    """The space that answers meanwhile and finds candidates."""
    choice: Choice
    space: Space | None
    """None: the index has no vector of it yet."""


def pending_switch(engine: Engine) -> Switch | None:
    """The switch a search has to make do with now; None when one space covers the question.

    A model named by a flag or the environment goes before the one `models use` chose.
    """
    store, settings = engine.store(), engine.settings
    active = store.active_space()
    name, origin = settings.text("model.name"), settings.origin("model.name")
    if name and origin != "file":
        choice = choices.choose(settings, store)
        space = choices.named_space(store.spaces(), choice)
        if space is None and (origin != "flag" or active is None):
            return None
        if space is not None:
            choice = choices.of_space(space, store)
    else:
        space = wanted_space(store)
        if space is None:
            return None
        choice = choices.of_space(space, store)
    if space is not None and (space == active or is_complete(engine, space)):
        return None
    return Switch(active, choice, space)


def wanted_space(store: SqliteStore) -> Space | None:
    """The space `models use` chose before it was complete."""
    noted = store.note(MODEL_WANTED)
    if noted is None:
        return None
    return next((space for space in store.spaces() if str(space.id) == noted), None)


def is_complete(engine: Engine, space: Space) -> bool:
    """Whether every passage that may have a vector of the space has one."""
    store = engine.store()
    covered, chunks = store.coverage(space.id)
    return covered >= chunks or not store.pending(space.id, withholds(engine, space))[0]


def withholds(engine: Engine, space: Space) -> bool:
    """Whether passages that look like secrets stay out of the space."""
    remote = space.key.endpoint != choices.LOCAL
    return remote and not engine.settings.flag("index.send_secrets")


def full_switch(engine: Engine, choice: Choice, space: Space | None) -> FullSwitch:
    """What is left to embed before the model covers the index."""
    remote = not choice.local and not engine.settings.flag("index.send_secrets")
    filled = _source(engine, choice, space) or space
    passages, tokens = engine.store().pending(0 if filled is None else filled.id, remote)
    tokens = calibrated_tokens(engine.store(), space, tokens)
    return FullSwitch(passages, tokens, cost(engine, choice, tokens))


def cost(engine: Engine, choice: Choice, tokens: int) -> float | None:
    """US dollars for this many tokens; None without a known price."""
    price = model_list.price(engine.settings, choice, ask=True)
    return None if price is None else tokens * price / 1e6


def missing_passages(
    engine: Engine, choice: Choice, space: Space | None, chunks: tuple[int, ...]
) -> list[Passage]:
    """Passages of these chunks that the model would have to embed; cut vectors cost nothing."""
    missing = _without_vector(engine, choice, space, chunks)
    source = _source(engine, choice, space)
    if source is None or not missing:
        return missing
    have = engine.store().embedded(source.id, [passage.digest for passage in missing])
    return [passage for passage in missing if passage.digest not in have]


def _without_vector(
    engine: Engine, choice: Choice, space: Space | None, chunks: tuple[int, ...]
) -> list[Passage]:
    remote = not choice.local and not engine.settings.flag("index.send_secrets")
    return engine.store().unembedded_of(0 if space is None else space.id, chunks, remote)


def _source(engine: Engine, choice: Choice, space: Space | None) -> Space | None:
    """The wider space a narrower one of the same model is cut from, if there is one."""
    if not choice.dimensions:
        return None
    from semsearch.engine.widths import wider_space

    key = engine.embedder(choice, for_query=True).key if space is None else space.key
    return wider_space(engine.store(), choice, key)


def roots_without_consent(engine: Engine, host: str) -> list[Root]:
    """Roots whose text was never allowed to go to this host."""
    store = engine.store()
    return [root for root in store.roots() if host and not store.has_consent(root.id, host)]


def grant_consent(engine: Engine, host: str) -> None:
    """Record that the user agreed, for every root."""
    for root in roots_without_consent(engine, host):
        engine.store().grant_consent(root.id, host)


def fill(
    engine: Engine, choice: Choice, space: Space | None, chunks: tuple[int, ...], cap_usd: float
) -> tuple[Space, Filled]:
    """Give these chunks their vectors of a model where they have none.

    A space is made with the first vectors, and taken back when none came.

    Raises:
        AccessError: no key, no consent, no credit, or the cap is reached.
        BusyError: another process is filling the index; what it is paying for is not known yet.
        EmbeddingError: the model cannot be had.
    """
    from semsearch.indexing import Spending
    from semsearch.indexing.derive import derive_chunks
    from semsearch.indexing.on_demand import embed_passages
    from semsearch.store.lock import indexer_lock

    if space is not None and not _without_vector(engine, choice, space, chunks):
        return space, Filled(0, 0, 0.0)
    store, made = engine.store(), space is None
    source = _source(engine, choice, space)
    embedder = engine.embedder(choice, for_query=True)
    if missing_passages(engine, choice, space, chunks):
        require_consent(engine, embedder)
    with indexer_lock(engine.index_path):
        if space is None:
            space = settled_space(store, choice, choices.space_key(choice, embedder))
        if source is not None:
            derive_chunks(store, source, space, chunks)
        price = model_list.price(engine.settings, choice, ask=cap_usd > 0)
        missing = missing_passages(engine, choice, space, chunks)
        filled = embed_passages(
            store,
            embedder,
            space,
            missing,
            Spending(cap_usd, price),
            send_withheld=engine.settings.flag("index.send_secrets"),
        )
        if made and filled.fault is not None and not store.coverage(space.id)[0]:
            store.drop_space(space.id)
    if filled.fault is not None:
        raise filled.fault
    if missing_passages(engine, choice, space, chunks):
        raise EmbeddingError(
            f"{one_line(choice.model)} left some passages without a vector.",
            hint="Try again later; what came is kept.",
        )
    return reread(store, space), filled


def reread(store: SqliteStore, space: Space) -> Space:
    """The space as it is now: its width may have been learned meanwhile."""
    return next(one for one in store.spaces() if one.id == space.id)


def require_consent(engine: Engine, embedder: Embedder) -> None:
    """Refuse to send text of a folder to a host the user was never asked about.

    Raises:
        AccessError: there is such a folder.
    """
    if roots_without_consent(engine, embedder.host):
        raise AccessError(
            f"Text of this index was never allowed to go to {embedder.host}.",
            hint="`semsearch models compare` and `semsearch models build` ask for it.",
            code="consent.needed",
        )


# --- searching while a model's space fills ---------------------------------------------------


def search(engine: Engine, query: Query, switch: Switch, options: Options) -> SearchResult:
    """Candidates of the complete space in the order of the other model.

    When the model cannot be asked, the complete space answers alone, and the result says why.

    Raises:
        UsageError: there is nothing to look for.
        ModelUnavailable: a model the index knows nothing of does not exist.
    """
    started = time.perf_counter()
    cap = engine.settings.number("search.max_cost")
    try:
        listed, space, filled = _candidates(engine, query, switch, options, cap)
        result = _ordered(engine, query, listed, space, options)
    except (AccessError, BusyError, EmbeddingError, StorageError) as error:
        if isinstance(error, ModelUnavailable) and switch.space is None:
            raise
        return _without(engine, query, switch, options, error)
    spent_ms = (time.perf_counter() - started) * 1e3
    return result._replace(
        cost_usd=result.cost_usd + filled.cost_usd,
        timing_ms={"total": spent_ms},
    )


def shortlist(engine: Engine, query: Query, base: Space | None, options: Options) -> Shortlist:
    """The candidates of a query: the same for a preview and for the search after it."""
    from semsearch.searching.rerank import shortlist as find

    size = engine.settings.integer("search.shortlist")
    embedder = None if base is None else lambda: engine.query_embedder(base)
    return find(engine.store(), query, base, embedder, size, options)


def _candidates(
    engine: Engine, query: Query, switch: Switch, options: Options, cap_usd: float
) -> tuple[Shortlist, Space, Filled]:
    listed = shortlist(engine, query, switch.base, options)
    space, filled = fill(engine, switch.choice, switch.space, listed.chunks, cap_usd)
    return listed, space, filled


def _ordered(
    engine: Engine, query: Query, listed: Shortlist, space: Space, options: Options
) -> SearchResult:
    from semsearch.searching.rerank import rerank
    from semsearch.searching.vector import query_vector

    store = engine.store()
    asked = query_vector(
        store, space, query.text, lambda: engine.query_embedder(space), offline=options.offline
    )
    result = rerank(store, query, listed, space, asked.unit, options)
    return result._replace(
        cost_usd=result.cost_usd + asked.cost_usd,
        notices=(*result.notices, *filter(None, [asked.notice])),
    )


def _without(
    engine: Engine, query: Query, switch: Switch, options: Options, error: SemsearchError
) -> SearchResult:
    from semsearch.searching import search as plain_search

    base = switch.base
    embedder = None if base is None else lambda: engine.query_embedder(base)
    result = plain_search(engine.store(), query, base, embedder, options)
    answering = "words" if base is None else one_line(base.key.model)
    notice = (
        f"{one_line(switch.choice.model)} could not order these, so {answering} did: "
        f"{error.message} {error.hint}"
    ).rstrip()
    return result._replace(notices=(notice, *result.notices))


def parse(engine: Engine, raw: str) -> Query:
    """A question typed by a person.

    Raises:
        UsageError: a bad filter.
    """
    from semsearch.searching import parse_query

    roots = [root.path for root in engine.store().roots()]
    return parse_query(raw, cwd=os.getcwdb(), now=time.time(), roots=roots)
