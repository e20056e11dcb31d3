"""How the embedding servers differ: one row per dialect of the OpenAI-compatible route.

Sources: the servers' own documentation and code. What a profile says is where we start; a server
that refuses a field by name has it left out for the rest of the run (see `dialect`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from semsearch.embed.endpoints import is_loopback, is_openrouter
from semsearch.errors import SettingsError
from semsearch.text import printable

if TYPE_CHECKING:
    from semsearch.records import Purpose


class Hint(NamedTuple):
    """The request field that says what a text is embedded for, and its two values."""

    field: str
    document: str
    query: str


class Rerank(NamedTuple):
    """How a server is asked which texts answer a question best."""

    path: str = "/rerank"
    """Below the base URL."""
    documents: str = "documents"
    """The field that holds the texts."""
    limit: str | None = "top_n"
    """The field that says how many results are wanted; None: all come anyway."""
    at_root: bool = False
    """Below the host, not below a base URL that ends in `/v1`."""


class Profile(NamedTuple):
    """What one kind of server understands besides `model` and `input`."""

    name: str
    models_path: str | None = "/models"
    """Below the base URL; None: the server lists no models."""
    dimensions_field: str | None = "dimensions"
    format_field: str | None = "encoding_format"
    """Names the wire form of vectors; `base64` is asked for, lists of numbers are accepted."""
    hint: Hint | None = None
    max_inputs: int | None = None
    provider: bool = False
    """Understands OpenRouter's `provider` routing preferences."""
    user: bool = False
    needs_key: bool = False
    priced: bool = True
    """Calls may cost something; not on the servers people run themselves."""
    rerank: Rerank | None = None
    """None: the server orders no texts."""


SEARCH_HINT: Final = Hint("input_type", "search_document", "search_query")
QUERY_HINT: Final = Hint("input_type", "document", "query")
PASSAGE_HINT: Final = Hint("input_type", "passage", "query")

OPENROUTER: Final = Profile(
    "openrouter",
    models_path="/embeddings/models",
    hint=SEARCH_HINT,
    provider=True,
    user=True,
    needs_key=True,
    rerank=Rerank(),
)
GENERIC: Final = Profile("generic", user=True, rerank=Rerank())

_ALL: Final = (
    OPENROUTER,
    Profile("openai", max_inputs=2048, user=True, needs_key=True),
    Profile("ollama", priced=False),
    Profile("lmstudio", priced=False),
    Profile("llamacpp", dimensions_field=None, priced=False, rerank=Rerank()),
    Profile("vllm", user=True, priced=False, rerank=Rerank()),
    Profile(
        "tei",
        models_path=None,
        max_inputs=32,
        priced=False,
        rerank=Rerank(documents="texts", limit=None, at_root=True),
    ),
    Profile("infinity", max_inputs=2048, priced=False, rerank=Rerank()),
    Profile("litellm", user=True, rerank=Rerank()),
    Profile(
        "voyage",
        models_path=None,
        dimensions_field="output_dimension",
        hint=QUERY_HINT,
        max_inputs=1000,
        needs_key=True,
        rerank=Rerank(limit="top_k"),
    ),
    Profile("cohere", models_path=None, dimensions_field=None, max_inputs=96, needs_key=True),
    Profile(
        "jina",
        models_path=None,
        format_field="embedding_type",
        hint=Hint("task", "retrieval.passage", "retrieval.query"),
        needs_key=True,
        rerank=Rerank(),
    ),
    Profile("mistral", dimensions_field="output_dimension", max_inputs=512, needs_key=True),
    Profile("gemini", format_field=None, max_inputs=100, needs_key=True),
    GENERIC,
)
PROFILES: Final = {profile.name: profile for profile in _ALL}

_HOSTS: Final = {
    "api.openai.com": "openai",
    "api.voyageai.com": "voyage",
    "ai.mongodb.com": "voyage",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.jina.ai": "jina",
    "api.mistral.ai": "mistral",
    "generativelanguage.googleapis.com": "gemini",
}
_LOCAL_PORTS: Final = {
    11434: "ollama",
    1234: "lmstudio",
    8080: "llamacpp",
    8000: "vllm",
    7997: "infinity",
    4000: "litellm",
}


def word_for(hint: Hint, purpose: Purpose) -> str:
    """The hint's value for a purpose."""
    return hint.query if purpose == "query" else hint.document


def profile_for(base_url: str, name: str = "auto") -> Profile:
    """The profile named, or with `auto` the one the address speaks for.

    openrouter.ai hosts and paths that end in `/api/v1` (proxies) are OpenRouter, known hosts and
    the well-known ports of local servers go by table, everything else is `generic`.

    Raises:
        SettingsError: there is no profile of that name.
    """
    if name != "auto":
        profile = PROFILES.get(name)
        if profile is None:
            raise SettingsError(
                f"There is no API profile {printable(name)[:40]!r}.",
                hint="Use auto, or one of: " + ", ".join(PROFILES) + ".",
            )
        return profile
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if is_openrouter(host) or parts.path.endswith("/api/v1"):
        return OPENROUTER
    if host in _HOSTS:
        return PROFILES[_HOSTS[host]]
    if is_loopback(host) and parts.port in _LOCAL_PORTS:
        return PROFILES[_LOCAL_PORTS[parts.port]]
    return GENERIC
