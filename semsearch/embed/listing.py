"""Which embedding models a server has, asked in the way its kind tells most.

OpenRouter's list has prices and contexts. Of the others' OpenAI-compatible list an id is all one
can count on, and chat models stand in it too, so Ollama, LM Studio and TEI are asked at their own
routes, which name sizes and say what a model is for.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from semsearch.embed import catalog
from semsearch.embed.wire.lists import (
    decode_info,
    decode_lmstudio,
    decode_models,
    decode_show,
    decode_tags,
)
from semsearch.errors import EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.embed.profiles import Profile
    from semsearch.embed.service import Service
    from semsearch.records import ModelInfo

_SHOWN: Final = 100
"""Models of an Ollama that are asked about one by one; they are on this machine as a rule."""

_EMBEDS: Final = r"(?i)embed|minilm|\bbge\b|\bgte\b|\be5\b|nomic|arctic|sentence"
"""Names of embedding models, where nothing but a name tells."""

_ELSEWHERE: Final = frozenset(
    {"api.endpoint", "model.unavailable", "model.unknown", "api.malformed"}
)
"""Errors of a route that is not there."""


def list_models(service: Service, profile: Profile) -> list[ModelInfo]:
    """Embedding models the server offers, completed from the catalog.

    Raises:
        EmbeddingError: the list cannot be had; `api.no_list` when there is none.
    """
    own = {"ollama": _ollama, "lmstudio": _lmstudio, "tei": _tei, "openrouter": _openrouter}
    try:
        rows = own.get(profile.name, _plain)(service, profile)
    except EmbeddingError as error:
        if profile.name not in {"ollama", "lmstudio"} or error.code not in _ELSEWHERE:
            raise
        rows = _plain(service, profile)  # an older one, or a proxy: the common list is there
    rows = catalog.complete_all(rows)
    return rows if profile.priced else [row._replace(usd_per_million_tokens=0.0) for row in rows]


def _openrouter(service: Service, profile: Profile) -> list[ModelInfo]:
    path = profile.models_path or ""
    try:
        return service.get(path, lambda body: decode_models(body, openrouter=True))
    except EmbeddingError as error:
        if error.code not in {"api.endpoint", "model.unavailable", "model.unknown"}:
            raise
    # A proxy may know only the general list, which leaves embeddings out unless asked.
    path = "/models?output_modalities=embeddings"
    return service.get(path, lambda body: decode_models(body, openrouter=False))


def _plain(service: Service, profile: Profile) -> list[ModelInfo]:
    if profile.models_path is None:
        raise EmbeddingError(
            f"{service.server.host} has no list of models.",
            hint="Name the model with --model.",
            code="api.no_list",
        )
    rows = service.get(profile.models_path, lambda body: decode_models(body, openrouter=False))
    return _that_embed(rows)


def _that_embed(rows: Sequence[ModelInfo]) -> list[ModelInfo]:
    """Rows that are known or named as embedding models; all of them where none is."""
    known = [row for row in rows if catalog.lookup(row.id) or re.search(_EMBEDS, row.id)]
    return known or list(rows)


def _ollama(service: Service, _profile: Profile) -> list[ModelInfo]:
    names = service.get("/api/tags", decode_tags, at_root=True)
    rows = []
    for name in names[:_SHOWN]:
        row = service.post("/api/show", {"model": name}, partial(decode_show, name=name))
        if row is not None:
            rows.append(row)
    return rows


def _lmstudio(service: Service, _profile: Profile) -> list[ModelInfo]:
    return service.get("/api/v0/models", decode_lmstudio, at_root=True)


def _tei(service: Service, _profile: Profile) -> list[ModelInfo]:
    return [service.get("/info", decode_info, at_root=True)]
