"""The models one could use, and what the index holds of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.engine import choice as choices
from semsearch.engine import model_list
from semsearch.errors import UsageError
from semsearch.records import ModelChoice, ModelInfo

if TYPE_CHECKING:
    from semsearch.engine.facade import Engine
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
    infos = [_EMBEDDED, *model_list.offered(settings, warnings)]
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


def use_model(engine: Engine, name: str) -> Space:
    """Make a model order searches; one transaction, nothing is sent.

    A space that does not cover the index yet orders what the other one finds, and becomes the
    active one when a build completes it.

    Raises:
        UsageError: the index has no vectors of it.
    """
    from semsearch.engine import switching
    from semsearch.indexing.finish import flip
    from semsearch.indexing.notes import MODEL_WANTED

    store = engine.store()
    choice, space = choices.named_choice(engine.settings, store, name)
    if space is None:
        raise UsageError(
            f"The index has no vectors of {choice.model!a}.",
            hint=f"Make them with: semsearch models build {choice.model!a}; "
            f"or try it first: semsearch models compare {choice.model!a} QUERY",
            code="model.no_vectors",
        )
    active = store.active_space()
    if active is None or active.id == space.id or switching.is_complete(engine, space):
        flip(store, space)
    else:
        store.set_note(MODEL_WANTED, str(space.id))
    return switching.reread(store, space)


def drop_model(engine: Engine, name: str) -> int:
    """Delete a model's vectors; returns how many.

    Raises:
        UsageError: the index has none of it, or it is the model that answers.
        BusyError: another process is indexing.
    """
    from semsearch.engine.canaries import named_space
    from semsearch.indexing.notes import MODEL_WANTED
    from semsearch.store import indexer_lock

    store = engine.store()
    with indexer_lock(engine.index_path):
        space = named_space(engine, name)
        if space == store.active_space():
            raise UsageError(
                f"{space.key.model!a} is the model that answers; its vectors stay.",
                hint="Switch first: semsearch models use M",
            )
        with store.write():
            if store.note(MODEL_WANTED) == str(space.id):
                store.set_note(MODEL_WANTED, None)
            return store.drop_space(space.id)
