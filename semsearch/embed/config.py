"""What an API embedder is made from, and the space its vectors belong to.

Cheap to import: a search answered from the cache asks for the space and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from semsearch.embed import catalog
from semsearch.embed.endpoints import normalise_base_url
from semsearch.embed.profiles import profile_for, word_for
from semsearch.records import SpaceKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semsearch.keys import Secret
    from semsearch.records import Purpose


class ApiConfig(NamedTuple):
    """One model on one server, and how to use it."""

    base_url: str
    """As the user gave it; normalised when the embedder is made."""
    model: str
    key: Secret | None = None
    """The key for this very server; see `endpoints.key_for`."""
    key_source: str = ""
    """Where the key came from, for messages: `OPENROUTER_API_KEY`, `the key file`."""
    dimensions: int = 0
    """Vector size to ask for; 0: the model's own."""
    known_dimensions: int = 0
    """The model's own size where an index already has vectors of it; a reply of another size
    then means that the model behind the name has changed. 0: take what comes."""
    profile: str = "auto"
    provider: Mapping[str, object] | None = None
    """OpenRouter's routing preferences; left out for servers that know none."""
    user: str = ""
    extra: Mapping[str, object] | None = None
    """Further request members, for servers other than OpenRouter."""
    concurrency: int = 4
    batch_inputs: int = 64
    batch_tokens: int = 60_000
    attribution: str = ""
    """Address OpenRouter publishes as the origin of the requests; empty: it is told nothing."""


def space_key(config: ApiConfig) -> SpaceKey:
    """Identity of the space an embedder of this configuration fills.

    Forms name the hint and the template that are meant to be used, also when a server turns out to
    refuse the hint. Dimensions are those asked for, else known, else the catalog's, else 0.

    Raises:
        SettingsError: the address or the profile is not usable.
    """
    base_url = normalise_base_url(config.base_url)
    profile = profile_for(base_url, config.profile)
    entry = catalog.lookup(config.model)

    def form(purpose: Purpose) -> str:
        prefix = catalog.prefix(entry, purpose)
        parts = []
        if profile.hint is not None:
            parts.append(f"{profile.hint.field}={word_for(profile.hint, purpose)}")
        if prefix:
            parts.append(f"template={prefix}{{text}}")
        return "; ".join(parts) or "plain"

    native = 0 if entry is None else entry.dimensions
    dimensions = config.dimensions or config.known_dimensions or native
    return SpaceKey(base_url, config.model, dimensions, form("document"), form("query"))
