"""What makes a filled space fit to search, and which space answers from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.indexing.notes import MODEL_WANTED

if TYPE_CHECKING:
    from semsearch.protocols import Store
    from semsearch.records import Space

_CALIBRATE_FROM: Final = 10_000
"""Vectors from which on the first candidate count may be too small (measured: at 10,000 it still
reaches recall@10 of 1.0)."""

_REFIT_SHARE: Final = 0.2
"""Change in the number of vectors after which the candidate count is fitted again."""


def finish_space(store: Store, space: Space, *, embedded: int, use: bool = False) -> None:
    """Calibrate a space that is filled as far as it can be, and let it answer if that is wanted.

    Args:
        store: the index.
        space: the space.
        embedded: vectors it gained since it was last calibrated, as far as this run knows.
        use: make it the one that answers, also when `models use` did not ask for it.
    """
    if embedded:
        calibrate(store, space)
    if use or store.note(MODEL_WANTED) == str(space.id):
        flip(store, space)
    elif space.state == "building":
        store.set_space_state(space.id, "ready")


def calibrate(store: Store, space: Space) -> None:
    """Fit the candidate count to the vectors, unless their number has hardly changed.

    In a small space the count a space begins with already takes in every true neighbour.
    """
    key = f"space.{space.id}.calibrated_for"
    covered, _ = store.coverage(space.id)
    fitted = int(store.note(key) or 0)
    if covered >= _CALIBRATE_FROM and abs(covered - fitted) > fitted * _REFIT_SHARE:
        store.calibrate(space.id)
        store.set_note(key, str(covered))


def flip(store: Store, space: Space) -> None:
    """Let a space answer in place of the one that does; one transaction, nothing is sent.

    The other one is kept, retired: going back is another flip.
    """
    with store.write():
        before = store.active_space()
        if before is not None and before.id != space.id:
            store.set_space_state(before.id, "retired")
        store.set_space_state(space.id, "ready")
        store.activate_space(space.id)
        store.set_note(MODEL_WANTED, None)
