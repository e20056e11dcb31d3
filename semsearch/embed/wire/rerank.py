"""Replies of a rerank endpoint: a score for each text that was sent, or why there is none.

OpenRouter, Cohere, Jina, vLLM and llama.cpp answer `{"results": [{"index", "relevance_score"}]}`,
Voyage calls the list `data`, TEI sends a bare list with `score`. All three are read.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import msgspec

from semsearch.embed.wire.error import ErrorBody, parse_error
from semsearch.embed.wire.reply import UnreadableReply, Usage, short_text, usage_of
from semsearch.errors import MalformedReply

_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class RerankReply(NamedTuple):
    """Scores whose texts are proven."""

    scores: tuple[float | None, ...]
    """By text sent, higher is better; None for texts the server left out."""
    model: str
    provider: str
    request_id: str
    usage: Usage


def decode_rerank(body: bytes, documents: int) -> RerankReply | ErrorBody:
    """The scores of a reply, or the error a 200 carried instead.

    Args:
        body: decoded of any content encoding.
        documents: how many texts were sent.

    Raises:
        UnreadableReply: not JSON, or JSON without a list of results.
        MalformedReply: a result for no text, two for one, a score that is no number, or none.
    """
    try:
        parsed = msgspec.json.decode(body)
    except _UNREADABLE as error:
        raise UnreadableReply(
            "The reply is no rerank reply." if body else "The reply is empty."
        ) from error
    head = parsed if isinstance(parsed, dict) else {}
    results = parsed if isinstance(parsed, list) else head.get("results", head.get("data"))
    if head.get("error") is not None:
        return parse_error(body) or ErrorBody()
    if not isinstance(results, list):
        found = parse_error(body)
        if found is not None:
            return found
        raise UnreadableReply("The reply is no rerank reply.")
    return RerankReply(
        _scores(results, documents),
        short_text(head.get("model")),
        short_text(head.get("provider")),
        short_text(head.get("id")),
        usage_of(head.get("usage")),
    )


def _scores(results: list[Any], documents: int) -> tuple[float | None, ...]:
    scores: list[float | None] = [None] * documents
    for result in results:
        row = result if isinstance(result, dict) else {}
        index, score = row.get("index"), row.get("relevance_score", row.get("score"))
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < documents:
            raise MalformedReply("The reply has a result that belongs to no text.")
        if scores[index] is not None:
            raise MalformedReply(f"The reply has two results for text {index}.")
        scores[index] = _finite(score, index)
    if all(score is None for score in scores):
        raise MalformedReply("The reply has no result.")
    return tuple(scores)


def _finite(score: object, index: int) -> float:
    if isinstance(score, (int, float)) and not isinstance(score, bool):
        try:
            number = float(score)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise MalformedReply(f"The score of text {index} is no number.")
