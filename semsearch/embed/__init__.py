"""Text to vectors: the API client, and the model that runs in this process (`embed.local`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch import lazily

if TYPE_CHECKING:
    from semsearch.embed.batch import BatchResult, IncompleteReply, embed_resilient
    from semsearch.embed.catalog import fusion_alpha, known_models
    from semsearch.embed.client import ApiEmbedder
    from semsearch.embed.config import ApiConfig, space_key
    from semsearch.embed.endpoints import host_of, key_for, normalise_base_url
    from semsearch.embed.retry import INDEX, QUERY, Policy

__all__ = [
    "INDEX",
    "QUERY",
    "ApiConfig",
    "ApiEmbedder",
    "BatchResult",
    "IncompleteReply",
    "Policy",
    "embed_resilient",
    "fusion_alpha",
    "host_of",
    "key_for",
    "known_models",
    "normalise_base_url",
    "open_api",
    "space_key",
]

_HOMES = {
    "INDEX": "retry",
    "QUERY": "retry",
    "ApiConfig": "config",
    "ApiEmbedder": "client",
    "BatchResult": "batch",
    "IncompleteReply": "batch",
    "Policy": "retry",
    "embed_resilient": "batch",
    "fusion_alpha": "catalog",
    "host_of": "endpoints",
    "key_for": "endpoints",
    "known_models": "catalog",
    "normalise_base_url": "endpoints",
    "space_key": "config",
}


def open_api(config: ApiConfig, policy: Policy | None = None) -> ApiEmbedder:
    """An embedder for a model on an OpenAI-compatible server; connects on its first request.

    Args:
        config: server, model and key.
        policy: `INDEX` (patient, the default) or `QUERY` (a person waits).

    Raises:
        SettingsError: the address, the profile or an extra member is not usable.
    """
    from semsearch.embed.client import ApiEmbedder
    from semsearch.embed.retry import INDEX

    return ApiEmbedder(config, INDEX if policy is None else policy)


__getattr__ = lazily(__name__, _HOMES)
