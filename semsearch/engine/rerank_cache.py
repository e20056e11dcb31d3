"""What rerank models said lately: the same question on the same passages is not paid for again.

The scores of whole calls are kept, not of single passages: some of these models compare the
passages with each other. A call is known by a hash of all that was sent, so no text is kept.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from semsearch.errors import BusyError, StorageError

if TYPE_CHECKING:
    from semsearch.protocols import Store
    from semsearch.records import Sent

_NOTE: Final = "rerank.kept"
_KEPT: Final = 64
"""Calls; a hundred scores each are about a kilobyte."""

Scored = tuple[float | None, ...]


def kept(store: Store, call: Sent) -> Scored | None:
    """The scores this very call was answered with before; None when it was not, or long ago."""
    found = _read(store).get(_key(call))
    return None if found is None else tuple(found)


def keep(store: Store, call: Sent, scores: Scored) -> None:
    """Remember an answer; nothing is done when the index cannot be written now."""
    rows = _read(store)
    rows.pop(_key(call), None)
    rows[_key(call)] = list(scores)
    latest = dict(list(rows.items())[-_KEPT:])
    try:
        store.set_note(_NOTE, json.dumps(latest))
    except (BusyError, StorageError):
        return  # a cache: nobody waits for it


def _read(store: Store) -> dict[str, list[float | None]]:
    note = store.note(_NOTE)
    rows: dict[str, list[float | None]] = {} if note is None else json.loads(note)
    return rows


def _key(call: Sent) -> str:
    return " ".join((call.host, call.model, call.digest.hex()))
