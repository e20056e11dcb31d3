"""The server's list of models, kept in the cache folder for when there is no network."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.engine import choice as choices
from semsearch.errors import SemsearchError, StorageError
from semsearch.paths import cache_folder, write_private
from semsearch.records import ModelInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semsearch.embed.profiles import Profile
    from semsearch.engine.choice import Choice
    from semsearch.settings import Settings

_VERSION: Final = 1
_FRESH_S: Final = 24 * 3600.0
"""Prices change over weeks; a list of today is as good as a new one."""


class ModelList(NamedTuple):
    """What a server offered, completed by the catalog."""

    models: tuple[ModelInfo, ...]
    fetched_s: float
    """Seconds since the epoch."""

    @property
    def fresh(self) -> bool:
        """Whether asking again is not worth a request."""
        return 0 <= time.time() - self.fetched_s < _FRESH_S


def cached_list(endpoint: str) -> ModelList | None:
    """The list as it was fetched last; None when there is none that can be read."""
    from semsearch.embed import catalog

    try:
        with open(_path(endpoint), "rb") as stream:
            kept = json.loads(stream.read())
        if kept["version"] != _VERSION or kept["endpoint"] != endpoint:
            return None
        rows = [_row(fields) for fields in kept["models"]]
        return ModelList(tuple(catalog.complete_all(rows)), float(kept["fetched_s"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # a cache: whatever is wrong with it, the list is fetched again


def refresh(settings: Settings) -> ModelList:
    """Ask the server and keep what it says.

    Raises:
        SemsearchError: the server has no list, or did not answer.
    """
    fetched = ModelList(tuple(choices.list_models(settings)), time.time())
    endpoint = choices.endpoint(settings)
    kept = {
        "version": _VERSION,
        "endpoint": endpoint,
        "fetched_s": fetched.fetched_s,
        "models": [one._asdict() for one in fetched.models],
    }
    try:
        write_private(_path(endpoint), json.dumps(kept).encode())
    except StorageError:
        return fetched  # a full or read-only disk takes away the cache, not the list
    return fetched


def offered(settings: Settings, warnings: list[str]) -> tuple[ModelInfo, ...]:
    """The models of the configured server: asked, or as it said last, or the built-in catalog."""
    from semsearch.embed import catalog

    kept = cached_list(choices.endpoint(settings))
    if kept is not None and kept.fresh and kept.models:
        return kept.models
    if not settings.flag("offline"):
        try:
            listed = refresh(settings).models
        except SemsearchError as error:
            older = "The list of an earlier day" if kept is not None else "The built-in list"
            warnings.append(f"{error.message} {older} is shown.")
        else:
            if listed:
                return listed
            warnings.append("The server lists no models. The built-in list is shown.")
    if kept is not None and kept.models:
        return kept.models
    return tuple(catalog.known_models(_profile(settings).name))


def _profile(settings: Settings) -> Profile:
    from semsearch.embed.profiles import profile_for

    return profile_for(choices.endpoint(settings), settings.text("api.profile"))


# --- how long the last request took ----------------------------------------------------------


def latencies(endpoint: str) -> dict[str, float]:
    """Milliseconds of the last request to each model of a server, as far as they were kept."""
    try:
        with open(_path(endpoint, "latency"), "rb") as stream:
            kept = json.loads(stream.read())
        return {str(model): float(ms) for model, ms in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # a cache: nothing is lost with it


def keep_latencies(measured: Iterable[tuple[Choice, float]]) -> None:
    """Remember what requests of this run took; nothing is done where that cannot be written."""
    by_endpoint: dict[str, dict[str, float]] = {}
    for choice, ms in measured:
        by_endpoint.setdefault(choice.endpoint, {})[choice.model] = round(ms, 1)
    for endpoint, fresh in by_endpoint.items():
        try:
            data = json.dumps(latencies(endpoint) | fresh).encode()
            write_private(_path(endpoint, "latency"), data)
        except StorageError:
            continue  # a full or read-only disk: then it is not known next time


# --- prices ----------------------------------------------------------------------------------


def price(settings: Settings, choice: Choice, *, ask: bool) -> float | None:
    """US dollars per million tokens: the server's, else the catalog's; None when neither knows.

    Args:
        settings: name the server.
        choice: the model.
        ask: fetch the server's list where its price is not known yet; that costs nothing.
    """
    if choice.local or not _profile(settings).priced:
        return 0.0
    kept = cached_list(choice.endpoint)
    known = _price_in(kept, choice.model)
    if known is None and ask and not (kept is not None and kept.fresh):
        try:
            known = _price_in(refresh(settings), choice.model)
        except SemsearchError:
            known = None  # then the catalog's word is the best there is
    return choices.price(choice.model) if known is None else known


def _price_in(listed: ModelList | None, model: str) -> float | None:
    rows = () if listed is None else listed.models
    return next((one.usd_per_million_tokens for one in rows if one.id == model), None)


def _row(fields: dict[str, object]) -> ModelInfo:
    tuples = ("matryoshka", "modalities")
    values = {name: tuple(fields[name]) if name in tuples else fields[name] for name in fields}  # type: ignore[arg-type]
    return ModelInfo(**values)  # type: ignore[arg-type]


def _path(endpoint: str, kind: str = "models") -> str:
    import hashlib

    name = hashlib.sha256(endpoint.encode()).hexdigest()[:16]
    return os.path.join(cache_folder(), f"{kind}-{name}.json")
