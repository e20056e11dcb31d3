"""Spaces of vectors, replies of a model, models on offer."""

from typing import Literal, NamedTuple

Purpose = Literal["document", "query"]
"""What a text is embedded for; the API's `input_type` derives from it."""


class Embeddings(NamedTuple):
    """One reply: `vectors[i]` belongs to input `i`; width is equal, values are not yet gated."""

    vectors: tuple[bytes, ...]
    dimensions: int
    model: str
    """As the server spelled it."""
    provider: str = ""
    tokens: int | None = None
    cost_usd: float | None = None
    request_id: str = ""
    requests: int = 1
    """HTTP requests it took, retries included; 0 for a local model."""


class ModelInfo(NamedTuple):
    """One embedding model on offer, from the server's list completed by the built-in catalog."""

    id: str
    dimensions: int | None = None
    matryoshka: tuple[int, ...] = ()
    """Allowed smaller sizes; empty: native size only (or unknown, see `dimensions`)."""
    context_tokens: int | None = None
    usd_per_million_tokens: float | None = None
    modalities: tuple[str, ...] = ("text",)
    name: str = ""
    max_inputs: int | None = None


class KeyStatus(NamedTuple):
    """What the server says about the key; unknown fields are None."""

    label: str
    usage_usd: float | None
    limit_usd: float | None
    remaining_usd: float | None
    free_tier: bool | None
