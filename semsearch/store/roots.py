"""Roots: the folders the user chose, and where their text may go."""

from __future__ import annotations

import time

from semsearch.errors import SemsearchError
from semsearch.records import Root
from semsearch.store.base import Part, joined, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Roots(Part):
    """Chosen folders with their rules, and consents per root and host."""

    def roots(self) -> list[Root]:
        """Every root, in the order they were added."""
        rows = self._db.rows("SELECT id, path, include, exclude FROM root ORDER BY id")
        return [Root(id, path, split(yes), split(no)) for id, path, yes, no in rows]

    def add_root(
        self, path: bytes, include: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> Root:
        """Add a root, or give the one at `path` new rules."""
        with self._db.change():
            from semsearch.store.seals import seal

            self._db.run(
                "INSERT INTO root(path, include, exclude, created_ns) VALUES(?, ?, ?, ?) "
                "ON CONFLICT(path) DO UPDATE "
                "SET include = excluded.include, exclude = excluded.exclude",
                (path, joined(tuple(include)), joined(tuple(exclude)), time.time_ns()),
            )
            seal(self._db, "root", "path = ?", (path,))
            return next(root for root in self.roots() if root.path == path)

    def grant_consent(self, root: int, host: str) -> None:
        """Record that text of `root` may go to `host`."""
        with self._db.change():
            self._db.run(
                "INSERT INTO consent(root, host, granted_ns, checksum) "
                "VALUES(?1, ?2, ?3, row_checksum(?1, ?2, ?3)) ON CONFLICT DO NOTHING",
                (root, host, time.time_ns()),
            )

    def has_consent(self, root: int | None, host: str) -> bool:
        """Whether text of `root` (None: of any root) may go to `host`."""
        found = self._db.row(
            "SELECT 1 FROM consent WHERE host = ?1 AND (?2 IS NULL OR root = ?2)", (host, root)
        )
        return found is not None

    def _root_path(self, root: int) -> bytes:
        path = self._db.value("SELECT path FROM root WHERE id = ?", (root,))
        if path is None:
            raise SemsearchError(f"There is no root {root} in the index.")
        return bytes(path)
