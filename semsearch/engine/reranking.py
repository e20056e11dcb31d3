"""A rerank model puts the hits of a search in order: it reads the question and each passage.

What a search has found is sent once more, so the rules for text that leaves hold: consent for
every folder it comes from, passages that look like secrets stay here, the call is in the ledger.
Whenever the model cannot be asked, the search keeps the order it had and says why.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.engine import choice as choices
from semsearch.engine import receipts, rerank_cache
from semsearch.errors import (
    AccessError,
    BusyError,
    EmbeddingError,
    SemsearchError,
    SettingsError,
    StorageError,
)
from semsearch.text import one_line

if TYPE_CHECKING:
    from semsearch.embed.reranker import ApiReranker, Scores
    from semsearch.engine.facade import Engine
    from semsearch.records import Hit, ModelInfo, Query, Root, SearchResult, Sent
    from semsearch.searching import Options
    from semsearch.store import SqliteStore

QUERY_CHARACTERS: Final = 4_000
PASSAGE_CHARACTERS: Final = 8_000
"""About two thousand tokens, more than rerank models read of one text."""


class RerankOutlay(NamedTuple):
    """What re-ranking one search may send."""

    host: str
    passages: int
    """At most."""
    needs_consent: bool
    """Text of some folder was never allowed to go to this host."""
    usd: float
    """What the dearest such call has cost so far; 0 where there was none."""


class _Asked(NamedTuple):
    """What a rerank model was asked, and its answer."""

    hits: tuple[Hit, ...]
    scores: tuple[float | None, ...]
    """By hit; None where the model gave none."""
    cost_usd: float
    withheld: int
    notices: tuple[str, ...] = ()


def outlay(engine: Engine, model: str) -> RerankOutlay:
    """What re-ranking a search by this model may send, and whether it was agreed to.

    Raises:
        EmbeddingError: offline, or the server offers no reranking.
        AccessError: there is no key.
    """
    client = choices.open_reranker(engine.settings, model)
    return RerankOutlay(
        client.host,
        engine.settings.integer("search.shortlist"),
        bool(_roots_without_consent(engine, client.host)),
        engine.store().dearest_call(client.host, model, "rerank"),
    )


def offered(engine: Engine) -> list[ModelInfo]:
    """Rerank models of the configured server.

    Raises:
        EmbeddingError: offline, or the server does not tell.
        AccessError: there is no key.
    """
    client = choices.open_reranker(engine.settings, "any")
    try:
        return client.list_models()
    finally:
        client.close()


def search(engine: Engine, query: Query, options: Options, model: str) -> SearchResult:
    """The hits of a search in the order a rerank model gives them.

    Candidates are the first `search.shortlist` hits (or as many as are wanted, if that is more).

    Raises:
        UsageError, EmbeddingError, AccessError: as the search itself does.
    """
    wanted = options.limit
    size = max(wanted, engine.settings.integer("search.shortlist"))
    found = engine.answer(query, options._replace(limit=size))
    if not found.hits:
        return found
    started = time.perf_counter()
    try:
        asked = _ask(engine, query, found.hits, model)
    except (AccessError, BusyError, EmbeddingError, SettingsError, StorageError) as error:
        notice = (
            f"{one_line(model)} could not order these; they stand as the search found them: "
            f"{error.message} {error.hint}"
        ).rstrip()
        return found._replace(
            hits=found.hits[:wanted],
            notices=(notice, *found.notices),
            cost_usd=found.cost_usd + (error.cost_usd or 0.0),
        )
    spent_ms = (time.perf_counter() - started) * 1e3
    laps = dict(found.timing_ms)
    total_ms = laps.pop("total", 0.0) + spent_ms
    return found._replace(
        hits=_ordered(found.hits, asked)[:wanted],
        notices=(*found.notices, *asked.notices, *_remarks(model, len(found.hits), asked)),
        cost_usd=found.cost_usd + asked.cost_usd,
        timing_ms={**laps, "rerank": spent_ms, "total": total_ms},
        reranked_by=model,
    )


def _ask(engine: Engine, query: Query, hits: tuple[Hit, ...], model: str) -> _Asked:
    """Send what may be sent and enter it in the ledger.

    Raises:
        AccessError: no key, no consent, no credit, or it would cost too much.
        EmbeddingError: offline, nothing to send, or the model cannot be had.
    """
    text = (query.text or " ".join(query.phrases)).strip()[:QUERY_CHARACTERS]
    if not text:
        raise EmbeddingError("The question has no words a model could read.", code="query.empty")
    store, host = engine.store(), choices.host(choices.reranker(engine.settings, model))
    sent, documents, withheld = _documents(engine, hits)
    call = receipts.receipt(host, model, "rerank", (text, *documents))
    call = call._replace(inputs=len(documents))
    known = rerank_cache.kept(store, call)
    if known is not None and len(known) == len(documents):
        return _Asked(sent, known, 0.0, withheld)
    client = choices.open_reranker(engine.settings, model)
    try:
        _check_consent(engine, host)
        _check_cost(engine, host, model)
        parts = _shares(engine, sent, documents)
        scores, notices = _score(store, client, call, parts, (text, documents))
    finally:
        client.close()
    rerank_cache.keep(store, call, scores.scores)
    return _Asked(sent, scores.scores, scores.cost_usd or 0.0, withheld, notices)


def _documents(engine: Engine, hits: tuple[Hit, ...]) -> tuple[tuple[Hit, ...], list[str], int]:
    """The hits that are sent with their texts as they were embedded, and how many stay here.

    Raises:
        EmbeddingError: none may be sent.
    """
    from semsearch.chunk import estimate_tokens
    from semsearch.embed.reranker import MAX_DOCUMENTS

    passages = engine.store().passages_of_chunks([hit.chunk for hit in hits])
    may_send_all = engine.settings.flag("index.send_secrets")
    room = engine.settings.integer("api.batch_tokens")
    sent: list[Hit] = []
    documents: list[str] = []
    withheld = 0
    for hit in hits:
        passage = passages.get(hit.chunk)
        if passage is None or not passage.text.strip():
            continue
        if passage.withheld and not may_send_all:
            withheld += 1
            continue
        text = passage.text[:PASSAGE_CHARACTERS]
        room -= estimate_tokens(text)
        if (room < 0 and sent) or len(sent) == MAX_DOCUMENTS:
            break
        sent.append(hit)
        documents.append(text)
    if not sent:
        raise EmbeddingError("Every passage found stays on this machine.", code="api.withheld")
    return tuple(sent), documents, withheld


def _shares(engine: Engine, sent: tuple[Hit, ...], documents: list[str]) -> dict[int, float]:
    """How much of the request is text of which root."""
    from semsearch.indexing.spending import shares

    ids = {root.path: root.id for root in engine.store().roots()}
    return shares(
        ((ids[hit.root],) if hit.root in ids else (), len(text))
        for hit, text in zip(sent, documents, strict=True)
    )


def _score(
    store: SqliteStore,
    client: ApiReranker,
    call: Sent,
    parts: dict[int, float],
    asked: tuple[str, list[str]],
) -> tuple[Scores, tuple[str, ...]]:
    """One call, in the ledger before it is made, whatever becomes of it; what to tell beside."""
    entry: int | None = None
    notices: tuple[str, ...] = ()
    try:
        entry = store.announce_sent(call, parts)
    except (BusyError, StorageError) as error:
        notices = (f"This call is missing from the ledger: {error.message}",)
    try:
        scores = client.score(*asked)
    except SemsearchError as error:
        if entry is not None:
            store.settle_sent(entry, receipts.failed(call, error))
        raise
    if entry is not None:
        store.settle_sent(entry, receipts.answered(call, scores))
    return scores, notices


def _ordered(hits: tuple[Hit, ...], asked: _Asked) -> tuple[Hit, ...]:
    """Scored hits by score, the others behind them in the order they had; ranks anew."""
    given = {
        hit.chunk: score
        for hit, score in zip(asked.hits, asked.scores, strict=True)
        if score is not None
    }
    best = sorted((hit for hit in hits if hit.chunk in given), key=lambda hit: -given[hit.chunk])
    rest = [hit for hit in hits if hit.chunk not in given]
    return tuple(
        hit._replace(rank=rank, rerank_score=given.get(hit.chunk))
        for rank, hit in enumerate((*best, *rest), 1)
    )


def _remarks(model: str, found: int, asked: _Asked) -> list[str]:
    remarks = []
    if asked.withheld:
        remarks.append(
            f"{asked.withheld:,} passages that look like secrets were not sent to "
            f"{one_line(model)} and come last."
        )
    unscored = found - asked.withheld - len(asked.hits) + asked.scores.count(None)
    if unscored:
        remarks.append(f"{unscored:,} candidates got no score of {one_line(model)} and come last.")
    return remarks


# --- may it be sent --------------------------------------------------------------------------


def _roots_without_consent(engine: Engine, host: str) -> list[Root]:
    store = engine.store()
    return [root for root in store.roots() if not store.has_consent(root.id, host)]


def _check_consent(engine: Engine, host: str) -> None:
    if _roots_without_consent(engine, host):
        raise AccessError(
            f"Passages of this index were never allowed to go to {host}.",
            hint="Add --yes to agree, for every folder of the index.",
            code="consent.needed",
        )


def _check_cost(engine: Engine, host: str, model: str) -> None:
    """No list tells what re-ranking costs, so the dearest call so far stands for the next one."""
    cap = engine.settings.number("search.max_cost")
    usd = engine.store().dearest_call(host, model, "rerank")
    if cap and usd > cap:
        raise AccessError(
            f"Such a call has cost ${usd:.6f}, more than the cap of ${cap:g} for a search.",
            hint="Raise the setting search.max_cost, or lower search.shortlist.",
            code="cost.cap",
        )
