"""How wide a model's vectors are: what was asked for, what is known, and what came."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from semsearch.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.embed.catalog import Entry


class Width:
    """Holds every reply of a run to one width.

    Args:
        host: for messages.
        model: for messages.
        wanted: dimensions asked for; 0 for the model's own.
        known: the model's own size as an index already has it; 0 for not known.
        entry: what the catalog says, which a first reply may contradict.
    """

    def __init__(self, host: str, model: str, wanted: int, known: int, entry: Entry | None) -> None:
        self._host = host
        self._model = model
        self._wanted = wanted
        self._proven = known
        self._came = 0
        self._entry = entry
        self._lock = threading.Lock()

    @property
    def dimensions(self) -> int:
        """Of the vectors handed on; the catalog's word until a reply proves it, 0: not known."""
        native = 0 if self._entry is None else self._entry.dimensions
        return self._wanted or self._proven or native

    @property
    def reply_dimensions(self) -> int:
        """Of the vectors replies carry, before any cutting, as far as replies have shown it.

        Not the catalog's word: a server that answers wider must be understood to be told so.
        """
        return self._came or self._proven

    def fit(self, vectors: Sequence[bytes | None], came: int) -> tuple[Sequence[bytes | None], int]:
        """A reply's vectors at the width wanted, and that width.

        Raises:
            ModelUnavailable: the model cannot give that width (`model.dimensions`), or its own
                width is another than before (`model.changed`).
        """
        self._came = came
        if not self._wanted:
            self._prove(came)
            return vectors, came
        entry, wanted = self._entry, self._wanted
        if came == wanted:
            return vectors, came
        if entry is not None and came == entry.dimensions and entry.can_shorten_to(wanted):
            # Matryoshka training makes the beginning of a vector a vector; the store, which
            # normalises, gives it back its length.
            return [vector and vector[: 4 * wanted] for vector in vectors], wanted
        raise ModelUnavailable(
            f"{self._model} on {self._host} answers with {came} dimensions where {wanted} were "
            "asked for.",
            hint="Leave out --dimensions to use the model's own size.",
            code="model.dimensions",
        )

    def _prove(self, came: int) -> None:
        with self._lock:
            self._proven = self._proven or came
            expected = self._proven
        if came != expected:
            raise ModelUnavailable(
                f"{self._model} changed on {self._host}: its vectors had {expected} dimensions "
                f"and now have {came}.",
                hint="Vectors of both cannot be compared: build a new space for the model, or "
                "name the old one if the server still has it.",
                code="model.changed",
            )
