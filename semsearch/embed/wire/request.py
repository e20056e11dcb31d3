"""Requests: the five forms of `input`, routing preferences, and their encoding.

Structs are closed: a misspelt member is an error here rather than a 400 from the server, which
closes the same objects. Sources: OpenRouter's OpenAPI file and generated SDK, November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from semsearch.errors import SettingsError
from semsearch.text import printable

NonEmpty = Annotated[str, Meta(min_length=1)]
TokenId = Annotated[int, Meta(ge=0)]
TokenIds = Annotated[list[TokenId], Meta(min_length=1)]


class _Closed(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything we send."""


# --- multimodal input ------------------------------------------------------------------------


class ImageUrl(_Closed):
    """An `https` URL or a `data:image/...;base64,` URL."""

    url: NonEmpty


class Media(_Closed):
    """Audio, video or a file as data URL or base64."""

    data: NonEmpty
    format: NonEmpty | None = None


class TextPart(_Closed, tag_field="type", tag="text"):
    """Words within a multimodal input."""

    text: NonEmpty


class ImagePart(_Closed, tag_field="type", tag="image_url"):
    """A picture within a multimodal input."""

    image_url: ImageUrl


class AudioPart(_Closed, tag_field="type", tag="input_audio"):
    """Sound within a multimodal input."""

    input_audio: Media


class VideoPart(_Closed, tag_field="type", tag="input_video"):
    """Film within a multimodal input."""

    input_video: Media


class FilePart(_Closed, tag_field="type", tag="input_file"):
    """A document (PDF) within a multimodal input."""

    input_file: Media


ContentPart = TextPart | ImagePart | AudioPart | VideoPart | FilePart


class MultimodalInput(_Closed):
    """One input of several parts; they share one vector."""

    content: Annotated[list[ContentPart], Meta(min_length=1)]


EmbeddingInput = (
    str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]] | Sequence[MultimodalInput]
)
"""One text, texts, one token sequence, token sequences, or multimodal inputs."""

_FORMS: Final[tuple[tuple[type, Any], ...]] = (
    (str, Annotated[list[NonEmpty], Meta(min_length=1)]),
    (int, TokenIds),
    (list, Annotated[list[TokenIds], Meta(min_length=1)]),
    (dict, Annotated[list[MultimodalInput], Meta(min_length=1)]),
)


def check_input(value: object) -> EmbeddingInput:
    """`value` in one of the five forms, told apart by its first element.

    Raises:
        ValueError: none of the forms, or an empty text, list, token sequence or content.
    """
    if isinstance(value, str):
        return msgspec.convert(value, NonEmpty)
    if isinstance(value, (list, tuple)) and value:
        plain = msgspec.to_builtins(value)
        for kind, form in _FORMS:
            if isinstance(plain[0], kind) and not isinstance(plain[0], bool):
                checked: EmbeddingInput = msgspec.convert(plain, form)
                return checked
    raise ValueError("`input` must be a text, or a list of texts, token ids or contents")


def count_inputs(value: EmbeddingInput) -> int:
    """How many vectors the reply must have."""
    if isinstance(value, str) or isinstance(value[0], int):
        return 1
    return len(value)


# --- routing preferences ---------------------------------------------------------------------

Slugs = list[NonEmpty]
SortKey = Literal["price", "throughput", "latency", "exacto"]
Quantization = Literal[
    "int4",
    "int8",
    "fp4",
    "mxfp4",
    "nvfp4",
    "fp6",
    "fp8",
    "mxfp8",
    "fp16",
    "bf16",
    "fp32",
    "unknown",
]
Price = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?$")] | Annotated[float, Meta(ge=0)]
Above0 = Annotated[float, Meta(gt=0)]


class Sort(_Closed):
    """How to rank providers, and within what."""

    by: SortKey | None = None
    partition: Literal["model", "none"] | None = None


class Percentiles(_Closed):
    """Soft limits per percentile of the last half hour."""

    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    p99: float | None = None


class MaxPrice(_Closed):
    """US dollars per million tokens, or per request, image or second of audio."""

    prompt: Price | None = None
    completion: Price | None = None
    request: Price | None = None
    image: Price | None = None
    audio: Price | None = None


class ProviderPreferences(_Closed):
    """Which hosts may serve the model; None leaves a member out."""

    order: Slugs | None = None
    only: Slugs | None = None
    ignore: Slugs | None = None
    allow_fallbacks: bool | None = None
    require_parameters: bool | None = None
    data_collection: Literal["allow", "deny"] | None = None
    zdr: bool | None = None
    enforce_distillable_text: bool | None = None
    quantizations: list[Quantization] | None = None
    sort: SortKey | Sort | None = None
    max_price: MaxPrice | None = None
    preferred_min_throughput: Above0 | Percentiles | None = None
    preferred_max_latency: Above0 | Percentiles | None = None
    options: dict[str, dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        for name in ("order", "only", "ignore", "quantizations"):
            values = getattr(self, name)
            if values is not None and len(set(values)) < len(values):
                raise ValueError(f"`{name}` names something twice")


def provider_preferences(preferences: Mapping[str, object]) -> dict[str, object]:
    """Preferences proven against the closed contract, without empty members, prices as strings.

    Raises:
        SettingsError: an unknown member or a value it cannot have.
    """
    try:
        checked = msgspec.convert(dict(preferences), ProviderPreferences)
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"The provider preferences are not valid: {printable(str(error))[:200]}.",
            hint="See the provider.* settings: `semsearch config list`.",
        ) from error
    plain: dict[str, object] = msgspec.to_builtins(checked)
    prices = plain.get("max_price")
    if isinstance(prices, dict):
        # The OpenAPI file types prices as strings; numbers are only seen in prose.
        plain["max_price"] = {name: _decimal(price) for name, price in prices.items()}
    return plain


def _decimal(price: str | float) -> str:
    if isinstance(price, str):
        return price
    return f"{price:.12f}".rstrip("0").rstrip(".")


# --- the whole request -----------------------------------------------------------------------


class EmbeddingsRequest(_Closed):
    """The body of `POST /embeddings` as OpenRouter documents it."""

    model: NonEmpty
    input: Any
    """One of the forms of `EmbeddingInput`; proven by `check_input`."""
    dimensions: Annotated[int, Meta(ge=1)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    input_type: NonEmpty | None = None
    provider: ProviderPreferences | None = None
    user: NonEmpty | None = None
    session_id: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    trace: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        check_input(self.input)


def parse_request(body: object) -> EmbeddingsRequest:
    """A request from plain values.

    Raises:
        ValueError: it breaks the contract.
    """
    return msgspec.convert(body, EmbeddingsRequest)


def check_members(members: Mapping[str, object]) -> None:
    """Hold what every request to OpenRouter carries beside model and input to the contract.

    Raises:
        SettingsError: OpenRouter has no such member, or not with this value.
    """
    try:
        parse_request({**members, "model": "m", "input": "text"})
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"OpenRouter takes no such request: {printable(str(error))[:200]}.",
            hint="Name the profile of the server if it is another one: api.profile.",
        ) from error


_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def encode(body: Mapping[str, object]) -> bytes:
    """A request body as JSON; lone surrogates, which no encoder can write, become U+FFFD."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return msgspec.json.encode(_without_surrogates(msgspec.to_builtins(body)))


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_surrogates(item) for key, item in value.items()}
    return value
