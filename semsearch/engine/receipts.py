"""Ledger entries for calls the engine makes itself: checks of a model, and re-ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.records import Sent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semsearch.embed.reranker import Scores
    from semsearch.errors import SemsearchError
    from semsearch.records import Embeddings
    from semsearch.records.books import SentFor


def receipt(host: str, model: str, purpose: SentFor, texts: Iterable[str]) -> Sent:
    """What is known of a call before it is made."""
    import hashlib

    digest, inputs = hashlib.sha256(), 0
    for text in texts:
        data = text.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
        inputs += 1
    return Sent(host, model, "", purpose, inputs, None, None, "", digest.digest())


def answered(announced: Sent, reply: Embeddings | Scores) -> Sent:
    """What a call that was answered is entered as."""
    return announced._replace(
        served_by=reply.provider,
        tokens=reply.tokens,
        cost_usd=reply.cost_usd,
        request_id=reply.request_id,
    )


def failed(announced: Sent, error: SemsearchError) -> Sent | None:
    """What a call that failed is entered as; None when it never reached a server."""
    if not error.requests:
        return None
    return announced._replace(tokens=error.tokens, cost_usd=error.cost_usd)
