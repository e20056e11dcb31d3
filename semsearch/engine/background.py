"""Learn what unrelated text reaches in a space, so that a search can say: nothing close."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from semsearch.protocols import Embedder
    from semsearch.records import Space
    from semsearch.store import SqliteStore


def learn_background(store: SqliteStore, space: Space, embedder: Callable[[], Embedder]) -> float:
    """Ask a space questions that no text answers, unless that was done; returns what was paid.

    A model of this machine is asked after every run that needs it. A server is asked only by an
    evaluation, which says what it sends.

    Raises:
        AccessError, EmbeddingError: the questions cannot be embedded.
    """
    from semsearch.searching.closeness import (
        ABSURD_QUESTIONS,
        measure_background,
        needs_background,
    )
    from semsearch.searching.question_vectors import query_vectors

    if not needs_background(store, space):
        return 0.0
    vectors, cost = query_vectors(
        store, space, ABSURD_QUESTIONS, embedder, offline=False, tell=_nobody
    )
    measure_background(store, space, [vectors[one] for one in ABSURD_QUESTIONS])
    return cost


def learn_after_run(store: SqliteStore, space: Space | None, embedder: Embedder | None) -> None:
    """As `learn_background` where that is free."""
    if space is None or embedder is None or embedder.host:
        return
    filled = next((one for one in store.spaces() if one.id == space.id), None)
    if filled is not None and filled.key.dimensions:
        learn_background(store, filled, partial(_same, embedder))


def _same(embedder: Embedder) -> Embedder:
    return embedder


def _nobody(_done: int) -> None:
    pass
