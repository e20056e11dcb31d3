"""Collect passages into requests that are as full as the server allows."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semsearch.protocols import Embedder
    from semsearch.records import Passage


class Batcher:
    """A queue of passages cut into batches across file borders.

    The limits are read from the embedder each time, because it learns smaller ones as it goes.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._waiting: deque[Passage] = deque()
        self._tokens = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, passage: Passage) -> None:
        """Queue one passage behind the others."""
        self._waiting.append(passage)
        self._tokens += passage.tokens

    @property
    def full(self) -> bool:
        """Whether a batch would now be filled to one of the limits."""
        return (
            len(self._waiting) >= self._embedder.max_inputs
            or self._tokens >= self._embedder.max_tokens
        )

    def take(self) -> list[Passage]:
        """The next batch: at least one passage, at most what the limits allow."""
        batch: list[Passage] = []
        tokens = 0
        while self._waiting and len(batch) < self._embedder.max_inputs:
            if batch and tokens + self._waiting[0].tokens > self._embedder.max_tokens:
                break
            passage = self._waiting.popleft()
            tokens += passage.tokens
            batch.append(passage)
        self._tokens -= tokens
        return batch
