"""The models one could use, and what the index holds of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.engine import choice as choices
from semsearch.engine import model_list
from semsearch.errors import UsageError
from semsearch.records import Dropped, ModelChoice, ModelInfo

if TYPE_CHECKING:
    from semsearch.engine.choice import Choice
    from semsearch.engine.facade import Engine
    from semsearch.records import Space, SpaceStatus
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
        rows += [_of_space(info, one) for one in mine] or [_of_server(settings, info)]
    return sorted(rows, key=_order), warnings


def _of_space(info: ModelInfo, held: SpaceStatus) -> ModelChoice:
    """A model as the index has it: its own width wins over what a list says."""
    key = held.space.key
    if held.space.native and key.dimensions:
        info = info._replace(dimensions=key.dimensions)
    latency = model_list.latencies(key.endpoint).get(key.model)
    return ModelChoice(info, held, key.query_form, key.document_form, latency)


def _of_server(settings: Settings, info: ModelInfo) -> ModelChoice:
    """A model the index has nothing of, as it would be asked."""
    from semsearch.embed import ApiConfig, space_key

    if info.id == choices.EMBEDDED_MODEL:
        return ModelChoice(info, None, "plain", "plain")
    endpoint = choices.endpoint(settings)
    key = space_key(ApiConfig(endpoint, info.id, profile=settings.text("api.profile")))
    latency = model_list.latencies(endpoint).get(info.id)
    return ModelChoice(info, None, key.query_form, key.document_form, latency)


def _order(row: ModelChoice) -> tuple[bool, bool, str]:
    active = row.space is not None and row.space.active
    return not active, row.space is None, row.info.id


def use_model(engine: Engine, name: str) -> Space:
    """Make a model order searches; one transaction, nothing is sent.

    A space that does not cover the index yet, or is only made now, orders what the other one
    finds, and becomes the active one when a build completes it.

    Raises:
        UsageError: the server offers no such model, or the index is empty.
        AccessError, ModelUnavailable, EmbeddingError: the model cannot be used.
    """
    from semsearch.engine import switching
    from semsearch.indexing.finish import flip
    from semsearch.indexing.notes import MODEL_WANTED

    store = engine.store()
    choice, space = choices.named_choice(engine.settings, store, name)
    active = store.active_space()
    if space is None:
        if active is None:
            raise UsageError(
                f"The index has no vectors of {choice.model!a}.",
                hint=f"Make them with: semsearch index --model {choice.model!a}",
                code="model.no_vectors",
            )
        space = _begin(engine, choice)
    if active is None or active.id == space.id or switching.is_complete(engine, space):
        flip(store, space)
    else:
        store.set_note(MODEL_WANTED, str(space.id))
    return switching.reread(store, space)


def _begin(engine: Engine, choice: Choice) -> Space:
    """An empty space for a model the index has nothing of, once it is known to exist.

    Raises:
        UsageError: the server's list has no such model.
    """
    from semsearch.engine.job import settled_space

    embedder = engine.embedder(choice, for_query=True)
    if not choice.local:
        warnings: list[str] = []
        offered = {info.id for info in model_list.offered(engine.settings, warnings)}
        if choice.model not in offered and not warnings:
            import difflib

            near = difflib.get_close_matches(choice.model, offered, n=1)
            raise UsageError(
                f"{choices.host(choice)} offers no model {choice.model!a}.",
                hint=f"Did you mean {near[0]}?" if near else "`semsearch models list` shows them.",
                code="model.unknown",
            )
    return settled_space(engine.store(), choice, choices.space_key(choice, embedder))


def droppable_space(engine: Engine, name: str) -> Space:
    """The space of a model whose vectors can be deleted.

    Raises:
        UsageError: the index has none of it, or it is the model that answers.
    """
    from semsearch.engine.canaries import named_space

    space = named_space(engine, name)
    if space == engine.store().active_space():
        raise UsageError(
            f"{space.key.model!a} is the model that answers; its vectors stay.",
            hint="Switch first: semsearch models use M",
        )
    return space


def drop_model(engine: Engine, name: str) -> Dropped:
    """Delete a model's vectors and give their place on the disk back.

    Raises:
        UsageError: as `droppable_space`.
        BusyError: another process is indexing.
    """
    from semsearch.indexing.notes import MODEL_WANTED
    from semsearch.store.lock import indexer_lock

    store = engine.store()
    with indexer_lock(engine.index_path):
        space = droppable_space(engine, name)
        with store.write():
            if store.note(MODEL_WANTED) == str(space.id):
                store.set_note(MODEL_WANTED, None)
            before = store.counts().size
            removed = store.drop_space(space.id)
        shrunk = store.give_back()
        return Dropped(removed, max(0, before - store.counts().size), shrunk)
