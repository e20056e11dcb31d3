"""An `Embedder` without a network: same texts, same vectors, counted calls, scripted failures."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from semsearch.errors import Cancelled
from semsearch.records import Embeddings, SpaceKey
from tests.fakes.vectors import embed_text, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semsearch.records import Purpose


class FakeEmbedder:
    """Satisfies `protocols.Embedder`; vectors are unit length and follow the words of the text.

    Args:
        dimensions: width of every vector.
        model: part of the space's identity; two models give unrelated vectors.
        endpoint: normalised base URL, or `local`; decides `host` (empty for `local`).
        usd_per_million_tokens: price of a token; a token is four characters, rounded up.
        on_call: called before each reply with `(texts, purpose)`; whatever it raises is raised.
    """

    def __init__(
        self,
        dimensions: int = 64,
        model: str = "fake",
        *,
        endpoint: str = "https://fake.test/v1",
        usd_per_million_tokens: float = 1.0,
        max_inputs: int = 64,
        max_tokens: int = 60_000,
        concurrency: int = 2,
        on_call: Callable[[Sequence[str], Purpose], None] | None = None,
    ) -> None:
        self.key = SpaceKey(
            endpoint,
            model,
            dimensions,
            "input_type=search_document",
            "input_type=search_query",
        )
        self.host = "" if endpoint == "local" else endpoint.split("//", 1)[-1].split("/", 1)[0]
        self.concurrency = concurrency
        self.max_inputs = max_inputs
        self.max_tokens = max_tokens
        self.on_call = on_call
        self.calls: list[tuple[tuple[str, ...], Purpose]] = []
        """Every call that was answered, in order of arrival."""
        self.closed = False
        self._price = usd_per_million_tokens
        self._lock = threading.Lock()
        self._cancelled = threading.Event()

    @property
    def inputs_sent(self) -> int:
        """Texts over all calls: what an index run paid for."""
        with self._lock:
            return sum(len(texts) for texts, _ in self.calls)

    @property
    def texts_sent(self) -> list[str]:
        """All texts over all calls, in order."""
        with self._lock:
            return [text for texts, _ in self.calls for text in texts]

    @property
    def latency_ms(self) -> None:
        """There are no requests."""
        return

    def embed(self, texts: Sequence[str], purpose: Purpose) -> Embeddings:
        """Vectors of `texts`; an empty list or empty text is a mistake of the caller."""
        if self._cancelled.is_set():
            raise Cancelled("The fake was cancelled.")
        if not texts or not all(text.strip() for text in texts):
            raise ValueError("an embedder is never given an empty text")
        if len(texts) > self.max_inputs:
            raise ValueError(f"{len(texts)} texts in a call that takes {self.max_inputs}")
        if self.on_call is not None:
            self.on_call(texts, purpose)
        seed = self.key.model
        vectors = tuple(pack(embed_text(text, self.key.dimensions, seed)) for text in texts)
        tokens = sum(-(-len(text) // 4) for text in texts)
        with self._lock:
            self.calls.append((tuple(texts), purpose))
            number = len(self.calls)
        local = self.key.endpoint == "local"
        return Embeddings(
            vectors=vectors,
            dimensions=self.key.dimensions,
            model=seed,
            provider="" if local else "Fake",
            tokens=tokens,
            cost_usd=None if local else tokens * self._price / 1e6,
            request_id="" if local else f"gen-emb-{number}",
            requests=0 if local else 1,
        )

    def wind_down(self) -> None:
        """As `cancel`: a call that is being answered is answered in both."""
        self.cancel()

    def cancel(self) -> None:
        """Make later calls raise `Cancelled`."""
        self._cancelled.set()

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True
