"""Past queries, stepped through like a shell's."""

from __future__ import annotations

from typing import Final

KEPT: Final = 200


class History:
    """Queries, the latest first, and where one stands among them."""

    def __init__(self) -> None:
        self._queries: list[str] = []
        self._at = -1
        self._typed = ""

    @property
    def recent(self) -> list[str]:
        """Every query once, the latest first."""
        return list(self._queries)

    def load(self, queries: list[str]) -> None:
        """Begin with the queries of earlier sessions."""
        self._queries = [*self._queries, *(one for one in queries if one not in self._queries)]

    def add(self, query: str) -> bool:
        """Remember a query as the latest; says whether it was another one before."""
        self._at = -1
        if not query.strip() or self._queries[:1] == [query]:
            return False
        self._queries = [query, *(one for one in self._queries if one != query)][:KEPT]
        return True

    def step(self, by: int, typed: str) -> str | None:
        """The query `by` steps earlier; later than the latest is what had been typed."""
        target = self._at + by
        if not -1 <= target < len(self._queries):
            return None
        if self._at == -1:
            self._typed = typed
        self._at = target
        return self._typed if target == -1 else self._queries[target]
