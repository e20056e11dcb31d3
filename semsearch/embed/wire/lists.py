"""The models list and the key's status, read from OpenRouter and from servers that know less."""

from __future__ import annotations

from typing import Any, Final

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


class _Meta(Struct):
    """What llama.cpp adds to a row."""

    n_embd: int | None = None
    n_ctx_train: int | None = None


class _PlainModel(Struct):
    """A row of any other server: an id, and what vLLM, llama.cpp and infinity add."""

    id: str
    max_model_len: int | None = None
    meta: _Meta | None = None
    capabilities: Any = None


class _LmStudioModel(Struct):
    """A row of LM Studio's own list."""

    id: str
    type: str = ""
    max_context_length: int | None = None


class _OllamaTag(Struct):
    name: str


class _OllamaTags(Struct):
    models: list[_OllamaTag]


class _OllamaShow(Struct):
    """What Ollama knows of one model; sizes stand under the name of its architecture."""

    capabilities: list[str] | None = None
    model_info: dict[str, Any] = {}


class _TeiInfo(Struct):
    """The one model a TEI serves."""

    model_id: str
    max_input_length: int | None = None
    max_client_batch_size: int | None = None


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


def decode_rerank_models(body: bytes) -> list[ModelInfo]:
    """Rerank models of OpenRouter's general list; what they cost is not counted in tokens.

    Raises:
        MalformedReply: it is no such list.
    """
    try:
        rows = msgspec.json.decode(body, type=_Rows).data
    except _UNREADABLE as error:
        raise MalformedReply("The models list is not readable.") from error
    models = []
    for raw in rows:
        try:
            row = msgspec.json.decode(raw, type=_Model)
        except _UNREADABLE:
            continue  # one odd row must not hide the others
        if "rerank" in row.architecture.output_modalities:
            context = _size(row.context_length)
            name = printable(row.name)[:200]
            models.append(ModelInfo(printable(row.id)[:200], context_tokens=context, name=name))
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
    does = row.capabilities
    if isinstance(does, list) and not any(str(word).startswith("embed") for word in does):
        return None  # infinity says what each of its models does
    meta = row.meta or _Meta()
    return ModelInfo(
        id=printable(row.id)[:200],
        dimensions=_size(meta.n_embd),
        context_tokens=_size(row.max_model_len or meta.n_ctx_train),
    )


def decode_lmstudio(body: bytes) -> list[ModelInfo]:
    """Embedding models of LM Studio's own list.

    Raises:
        MalformedReply: it is no such list.
    """
    try:
        rows = msgspec.json.decode(body, type=_Rows).data
        models = [msgspec.json.decode(row, type=_LmStudioModel) for row in rows]
    except _UNREADABLE as error:
        raise MalformedReply("The models list is not readable.") from error
    return [
        ModelInfo(id=printable(row.id)[:200], context_tokens=_size(row.max_context_length))
        for row in models
        if row.type == "embeddings"
    ]


def decode_tags(body: bytes) -> list[str]:
    """Names of the models an Ollama has.

    Raises:
        MalformedReply: it is no such list.
    """
    try:
        return [row.name[:200] for row in msgspec.json.decode(body, type=_OllamaTags).models]
    except _UNREADABLE as error:
        raise MalformedReply("The models list is not readable.") from error


def decode_show(body: bytes, name: str) -> ModelInfo | None:
    """What an Ollama says of one model; None when the model does something else than embed.

    Raises:
        MalformedReply: it says nothing that can be read.
    """
    try:
        shown = msgspec.json.decode(body, type=_OllamaShow)
    except _UNREADABLE as error:
        raise MalformedReply("The model's description is not readable.") from error
    family = shown.model_info.get("general.architecture")
    if shown.capabilities is not None:
        if "embedding" not in shown.capabilities:
            return None
    elif "bert" not in str(family):
        return None  # an Ollama of before capabilities: nearly all embedding models are BERTs
    return ModelInfo(
        id=printable(name),
        dimensions=_size(shown.model_info.get(f"{family}.embedding_length")),
        context_tokens=_size(shown.model_info.get(f"{family}.context_length")),
    )


def decode_info(body: bytes) -> ModelInfo:
    """The model a TEI serves.

    Raises:
        MalformedReply: it says nothing that can be read.
    """
    try:
        info = msgspec.json.decode(body, type=_TeiInfo)
    except _UNREADABLE as error:
        raise MalformedReply("The server's description is not readable.") from error
    return ModelInfo(
        id=printable(info.model_id)[:200],
        context_tokens=_size(info.max_input_length),
        max_inputs=_size(info.max_client_batch_size),
    )


def _size(value: object) -> int | None:
    """A plausible number of dimensions, tokens or inputs; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9:
        return value
    return None


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
