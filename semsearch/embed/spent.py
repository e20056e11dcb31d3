"""What one call has cost so far: retries, and replies that were billed and of no use, included."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semsearch.embed.wire.reply import Usage
    from semsearch.errors import SemsearchError


class Spent:
    """Adds up over the attempts of a call; None while nothing was said."""

    __slots__ = ("cost", "requests", "tokens")

    def __init__(self) -> None:
        self.requests = 0
        self.tokens: int | None = None
        self.cost: float | None = None

    def add(self, usage: Usage) -> None:
        """A reply came, and this is what it says it cost."""
        if usage.tokens is not None:
            self.tokens = (self.tokens or 0) + usage.tokens
        if usage.cost_usd is not None:
            self.cost = (self.cost or 0.0) + usage.cost_usd

    def charge(self, error: SemsearchError) -> None:
        """Let the error that ends the call tell what it cost all the same."""
        error.requests, error.tokens, error.cost_usd = self.requests, self.tokens, self.cost
