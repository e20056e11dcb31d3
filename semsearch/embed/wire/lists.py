"""The models list and the key's status, read from OpenRouter and from servers that know less."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from semsearch.errors import MalformedReply
from semsearch.records import KeyStatus, ModelInfo
from semsearch.text import printable

_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class _Rows(Struct):
    data: list[msgspec.Raw]


class _Architecture(Struct):
    input_modalities: list[str] = []
    output_modalities: list[str] = []


class _Pricing(Struct):
    prompt: str


class _Model(Struct):
    """A row as OpenRouter documents it."""

    id: str
    architecture: _Architecture
    pricing: _Pricing
    name: str = ""
    context_length: int | None = None


class _PlainModel(Struct):
    """A row of any other server: an id, and what vLLM and infinity add."""

    id: str
    max_model_len: int | None = None


class _Key(Struct):
    label: str
    usage: float
    limit: float | None
    limit_remaining: float | None
    is_free_tier: bool


class _KeyBody(Struct):
    data: _Key


def decode_models(body: bytes, *, openrouter: bool) -> list[ModelInfo]:
    """Embedding models of a list; rows that are not readable, or do something else, are left out.

    Args:
        body: the reply.
        openrouter: rows must carry modalities and a price; otherwise an id is enough.

    Raises:
        MalformedReply: no list, or one with rows of which none is readable.
    """
    try:
        rows = msgspec.json.decode(body, type=_Rows).data
    except _UNREADABLE as error:
        raise MalformedReply("The models list is not readable.") from error
    read = _openrouter_row if openrouter else _any_row
    models: list[ModelInfo] = []
    readable = 0
    for row in rows:
        try:
            model = read(row)
        except _UNREADABLE:
            continue  # one odd row must not hide the others
        readable += 1
        if model is not None:
            models.append(model)
    if rows and not readable:
        raise MalformedReply(f"None of the {len(rows)} rows of the models list is readable.")
    return models


def _openrouter_row(raw: msgspec.Raw) -> ModelInfo | None:
    row = msgspec.json.decode(raw, type=_Model)
    outputs = row.architecture.output_modalities
    if outputs and "embeddings" not in outputs:
        return None
    return ModelInfo(
        id=printable(row.id)[:200],
        context_tokens=row.context_length or None,
        usd_per_million_tokens=_price(row.pricing.prompt),
        modalities=tuple(printable(word)[:20] for word in row.architecture.input_modalities)
        or ("text",),
        name=printable(row.name)[:200],
    )


def _any_row(raw: msgspec.Raw) -> ModelInfo | None:
    try:
        return _openrouter_row(raw)
    except _UNREADABLE:
        return _plain_row(raw)


def _plain_row(raw: msgspec.Raw) -> ModelInfo | None:
    row = msgspec.json.decode(raw, type=_PlainModel)
    return ModelInfo(id=printable(row.id)[:200], context_tokens=row.max_model_len or None)


def _price(per_token: str) -> float | None:
    """Per million tokens; None for `-1`, which stands for a router's changing price."""
    try:
        price = float(per_token)
    except ValueError:
        return None
    # Twelve digits undo the error of the multiplication: 0.00000002 is 0.02, not 0.019999999999.
    return round(price * 1e6, 12) if 0 <= price < 1 else None


def decode_key_status(body: bytes) -> KeyStatus:
    """What `GET /key` says.

    Raises:
        MalformedReply: the reply is not what OpenRouter documents.
    """
    try:
        key = msgspec.json.decode(body, type=_KeyBody).data
    except _UNREADABLE as error:
        raise MalformedReply("The reply about the key is not readable.") from error
    return KeyStatus(
        printable(key.label)[:80], key.usage, key.limit, key.limit_remaining, key.is_free_tier
    )
