"""Spaces: one row per model whose vectors the index holds, and which one answers."""

from __future__ import annotations

import time

from semsearch.errors import UsageError
from semsearch.records import Space, SpaceKey
from semsearch.store.base import KEYS_OF_SPACE, Part, count_chunks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from semsearch.records import SpaceState
    from semsearch.store.driver import Row

_SPACE: Final = (
    "id, endpoint, model, dimensions, document_form, query_form, state, candidates, alpha, native"
)

_FIRST_CANDIDATES: Final = 320
"""m until a space is calibrated; twice as much for short codes, which tell less apart."""


class Spaces(Part):
    """Which models have vectors here, in what state, and which of them is active."""

    def spaces(self) -> list[Space]:
        """Every space, oldest first."""
        return [_space(row) for row in self._db.rows(f"SELECT {_SPACE} FROM space ORDER BY id")]

    def active_space(self) -> Space | None:
        """The space searches use unless told otherwise."""
        row = self._db.row(f"SELECT {_SPACE} FROM space WHERE active")
        return _space(row) if row else None

    def ensure_space(self, key: SpaceKey, alpha: float) -> Space:
        """The space with this identity, made in state `building` when it is new.

        With `key.dimensions` 0 it is the space of the model's native size, whose width is learned
        from the first vectors stored in it.
        """
        identity = (key.endpoint, key.model, key.document_form, key.query_form)
        find = (
            f"SELECT {_SPACE} FROM space WHERE endpoint = ? AND model = ? AND document_form = ? "
            "AND query_form = ? AND "
        )
        width = "dimensions = ?" if key.dimensions else "native AND ? = 0"
        if row := self._db.row(find + width, (*identity, key.dimensions)):
            return _space(row)
        with self._db.change():
            if row := self._db.row(find + width, (*identity, key.dimensions)):
                return _space(row)
            candidates = _FIRST_CANDIDATES * (2 if 0 < key.dimensions < 512 else 1)
            self._db.run(
                "INSERT INTO space(endpoint, model, document_form, query_form, dimensions, native, "
                "state, active, candidates, alpha, covered, created_ns) "
                "VALUES(?, ?, ?, ?, ?, ?, 'building', 0, ?, ?, 0, ?)",
                (
                    *identity,
                    key.dimensions,
                    int(not key.dimensions),
                    candidates,
                    alpha,
                    time.time_ns(),
                ),
            )
            row = self._db.row(find + width, (*identity, key.dimensions))
            assert row is not None
            self._seal_space(row[0])
            return _space(row)

    def set_space_state(self, space: int, state: SpaceState) -> None:
        """Say whether the space is being filled, complete, or kept only for going back."""
        with self._db.change():
            self._db.run("UPDATE space SET state = ? WHERE id = ?", (state, space))
            self._seal_space(space)

    def set_space_endpoint(self, space: int, endpoint: str) -> None:
        """Move a space to another server that was shown to give the same vectors.

        Raises:
            UsageError: the other endpoint has a space of the same model already.
        """
        with self._db.change():
            row = self._space_row(space)
            taken = self._db.row(
                "SELECT 1 FROM space WHERE endpoint = ? AND model = ? AND dimensions = ? "
                "AND document_form = ? AND query_form = ? AND id <> ?",
                (endpoint, *_space(row).key[1:], space),
            )
            if taken:
                raise UsageError("That endpoint already has a space of the same model here.")
            self._db.run("UPDATE space SET endpoint = ? WHERE id = ?", (endpoint, space))
            self._seal_space(space)

    def activate_space(self, space: int) -> None:
        """Make this the space that answers; the flip is one transaction."""
        with self._db.change():
            self._space_row(space)
            before = self._db.rows("SELECT id FROM space WHERE active")
            self._db.run("UPDATE space SET active = 0 WHERE active")
            self._db.run("UPDATE space SET active = 1 WHERE id = ?", (space,))
            for changed in {space, *(id for (id,) in before)}:
                self._seal_space(changed)

    def drop_space(self, space: int) -> int:
        """Delete a space with everything stored for it; returns how many vectors that were."""
        with self._db.change():
            removed = self._db.run(f"DELETE FROM vector WHERE {KEYS_OF_SPACE}", (space,))
            self._db.run(f"DELETE FROM code WHERE {KEYS_OF_SPACE}", (space,))
            for table in ("refusal", "query_vector"):
                self._db.run(f"DELETE FROM {table} WHERE space = ?", (space,))
            self._db.run("DELETE FROM space WHERE id = ?", (space,))
            self._held.pop(space, None)
            return removed

    def coverage(self, space: int) -> tuple[int, int]:
        """`(chunks with a vector in the space, chunks)`; `(0, chunks)` for no such space."""
        covered = self._db.value("SELECT covered FROM space WHERE id = ?", (space,))
        return int(covered or 0), count_chunks(self._db)

    def calibrate(self, space: int, progress: Callable[[], bool] | None = None) -> int:
        """Choose and store m, the number of codes re-scored exactly; returns it.

        Searches of the space go on meanwhile.

        Args:
            space: the space to calibrate, for recall@10 >= 0.99 on its own vectors.
            progress: asked about ten times; returning False stops and keeps the old value.
        """
        from semsearch.store.calibration import needed_candidates

        row = self._space_row(space)
        candidates = needed_candidates(self._db, space, row[3], progress) if row[3] else None
        if candidates is None:
            return int(row[7])
        with self._db.change():
            self._db.run("UPDATE space SET candidates = ? WHERE id = ?", (candidates, space))
            self._seal_space(space)
        return candidates

    def _seal_space(self, space: int) -> None:
        from semsearch.store.seals import seal

        seal(self._db, "space", "id = ?", (space,))

    def _space_row(self, space: int) -> Row:
        row = self._db.row(f"SELECT {_SPACE} FROM space WHERE id = ?", (space,))
        if row is None:
            raise UsageError(f"The index has no space {space}.", code="usage.space")
        return row


def _space(row: Row) -> Space:
    id, endpoint, model, dimensions, document_form, query_form, state, m, alpha, native = row
    key = SpaceKey(endpoint, model, dimensions, document_form, query_form)
    return Space(id, key, state, m, alpha, bool(native))
