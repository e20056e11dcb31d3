"""Spaces of one model in several widths: which of them a narrower one can be cut from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.errors import UsageError

if TYPE_CHECKING:
    from semsearch.engine.choice import Choice
    from semsearch.protocols import Store
    from semsearch.records import Space, SpaceKey


def wider_space(store: Store, choice: Choice, key: SpaceKey) -> Space | None:
    """The space a narrower one can be cut from: of the same model, wider, and best filled.

    Args:
        store: the index.
        choice: the model, with the width that is asked for.
        key: identity of the space that is to be filled.

    Raises:
        UsageError: there is one, but nobody says that the model's vectors can be cut.
    """
    from semsearch.embed import catalog

    wanted = choice.dimensions
    if not wanted:
        return None
    same = key._replace(dimensions=0)
    wider = [
        one
        for one in store.spaces()
        if one.key._replace(dimensions=0) == same and one.key.dimensions > wanted
    ]
    if not wider:
        return None
    entry = catalog.lookup(choice.model)
    if entry is None or not entry.can_shorten_to(wanted):
        raise UsageError(
            f"{choice.model!a} is not known to have vectors that can be cut to {wanted:,} values.",
            hint="Leave out --dimensions to use its own size.",
            code="model.dimensions",
        )
    return max(wider, key=lambda one: store.coverage(one.id)[0])
