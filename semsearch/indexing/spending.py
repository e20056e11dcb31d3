"""A cap on cost that holds while requests are in flight and estimates are only estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from semsearch.errors import AccessError
from semsearch.settings import NOTHING_USD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from semsearch.records import Passage


class Spending(NamedTuple):
    """What embedding may cost."""

    cap_usd: float = 0.0
    """0: no cap; `NOTHING_USD`: nothing may be paid, nor asked for at a price nobody knows."""
    usd_per_million_tokens: float | None = None
    """None: unknown, and then nothing can be capped before it is spent."""


def shares(texts: Iterable[tuple[Collection[int], int]]) -> dict[int, float]:
    """What part of a call each root accounts for; a text in several roots counts for each alike.

    Args:
        texts: the roots each text stands in, and its estimated tokens.

    Returns:
        Parts by root that add up to 1; empty when no text stands in a root.
    """
    weights: dict[int, float] = {}
    for roots, tokens in texts:
        for root in roots:
            weights[root] = weights.get(root, 0.0) + max(1, tokens) / len(roots)
    total = sum(weights.values())
    return {root: weight / total for root, weight in sorted(weights.items())}


class Budget:
    """Money spent, money promised to requests in flight, and how far estimates were off."""

    def __init__(self, spending: Spending) -> None:
        self._spending = spending
        self._promised = 0.0
        self._estimated = 0.0
        self._spent = 0.0

    def promise(self, passages: Iterable[Passage]) -> None:
        """Set money aside for a request.

        Raises:
            AccessError: the request could take the total past the cap; nothing is set aside.
        """
        cap = self._spending.cap_usd
        expected = self._estimate(passages)
        committed = self._spent + (self._promised + expected) * self._correction
        unknown = self._spending.usd_per_million_tokens is None
        if 0 < cap <= NOTHING_USD and (unknown or committed > cap):
            raise AccessError(
                "Nothing may be paid, and the next request could cost something.",
                hint="Everything embedded so far is kept; raise --max-cost to go on.",
                code="cost.cap",
            )
        if cap and committed > cap:
            raise AccessError(
                f"The next request could pass the cost cap of ${cap:g}.",
                hint="Everything embedded so far is kept; raise --max-cost to go on.",
                code="cost.cap",
            )
        self._promised += expected

    def settle(self, passages: Iterable[Passage], cost_usd: float | None) -> None:
        """A request that was promised has come back, at this cost (None: as estimated)."""
        expected = self._estimate(passages)
        self._promised -= expected
        self._estimated += expected
        self._spent += expected if cost_usd is None else cost_usd

    @property
    def _correction(self) -> float:
        """How much dearer requests were than estimated; never below 1, to stay on the safe side."""
        return max(1.0, self._spent / self._estimated) if self._estimated else 1.25

    def _estimate(self, passages: Iterable[Passage]) -> float:
        price = self._spending.usd_per_million_tokens
        return sum([passage.tokens for passage in passages]) * price / 1e6 if price else 0.0
