"""The models one could use, and what the index holds of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.engine import choice as choices
from semsearch.errors import SemsearchError, UsageError
from semsearch.records import ModelChoice, ModelInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semsearch.records import Space
    from semsearch.settings import Settings
    from semsearch.store import SqliteStore


_EMBEDDED: Final = ModelInfo(
    choices.EMBEDDED_MODEL,
    dimensions=384,
    context_tokens=256,
    usd_per_million_tokens=0.0,
    name="embedded default",
)


def models(settings: Settings, store: SqliteStore | None) -> tuple[list[ModelChoice], list[str]]:
    """The embedded model, the index's models, and those the server (or the catalog) offers."""
    from semsearch.embed import catalog

    warnings: list[str] = []
    spaces = () if store is None else store.status().spaces
    infos = [_EMBEDDED, *_offered(settings, warnings)]
    listed = {info.id for info in infos}
    infos += [
        catalog.complete(ModelInfo(model))
        for model in dict.fromkeys(one.space.key.model for one in spaces)
        if model not in listed
    ]
    rows: list[ModelChoice] = []
    for info in infos:
        mine = [one for one in spaces if one.space.key.model == info.id]
        rows += [ModelChoice(info, one) for one in mine] or [ModelChoice(info)]
    return sorted(rows, key=_order), warnings


def _order(row: ModelChoice) -> tuple[bool, bool, str]:
    active = row.space is not None and row.space.active
    return not active, row.space is None, row.info.id


def _offered(settings: Settings, warnings: list[str]) -> Iterable[ModelInfo]:
    """The server's list, or the built-in catalog where the server cannot be asked."""
    from semsearch.embed import catalog

    if not settings.flag("offline"):
        try:
            listed = choices.list_models(settings)
        except SemsearchError as error:
            warnings.append(f"{error.message} The built-in list is shown.")
        else:
            if listed:
                return listed
    return catalog.known_models()


def use_model(settings: Settings, store: SqliteStore, name: str) -> Space:
    """Make the vectors of a model the ones that answer; one transaction, nothing is sent.

    Raises:
        UsageError: the index has no vectors of it.
    """
    choice = choices.named(settings, name, "models use")
    space = choices.named_space(store.spaces(), choice)
    if space is None:
        raise UsageError(
            f"The index has no vectors of {choice.model!a}.",
            hint=f"Make them with: semsearch index --model {choice.model!a}",
            code="model.no_vectors",
        )
    if space.state == "building":
        covered, chunks = store.coverage(space.id)
        raise UsageError(
            f"The index has vectors of {choice.model!a} for {covered:,} of {chunks:,} passages.",
            hint=f"Finish them with: semsearch index --model {choice.model!a}",
            code="model.incomplete",
        )
    store.activate_space(space.id)
    return space
