"""The two seams of the system: whatever embeds text, and whatever keeps the index.

Everything else is concrete. `Embedder` is satisfied by the API client, the embedded model and
the deterministic fake of the tests; `Store` by SQLite, and by a distributed engine one day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from semsearch.records import (
        ChunkRow,
        Embeddings,
        FileRef,
        Filter,
        NewFile,
        Passage,
        Purpose,
        Root,
        Sent,
        Space,
        SpaceKey,
        SpaceState,
        StoredFile,
    )

__all__ = ["Embedder", "Store"]


class Embedder(Protocol):
    """Turns text into vectors. Thread-safe: one instance serves all workers of a run."""

    @property
    def key(self) -> SpaceKey:
        """Identity of the space the vectors belong to; `dimensions` is 0 until known."""

    @property
    def host(self) -> str:
        """Host name text is sent to, for consent and the ledger; empty when nothing leaves."""

    @property
    def concurrency(self) -> int:
        """How many `embed` calls are worth having in flight."""

    @property
    def max_inputs(self) -> int:
        """Inputs a call may hold at most; may shrink as limits are learned."""

    @property
    def max_tokens(self) -> int:
        """Estimated tokens a call may hold at most; may shrink as limits are learned."""

    @property
    def latency_ms(self) -> float | None:
        """What the last request that was answered took; None where there are no requests."""

    def embed(self, texts: Sequence[str], purpose: Purpose) -> Embeddings:
        """Embed non-empty texts in one call, retrying what is worth retrying.

        Raises `AccessError`, `ModelUnavailable`, `RequestRefused`, `MalformedReply`,
        `EmbeddingError` or `Cancelled`.
        """

    def wind_down(self) -> None:
        """Make every waiting or future call raise `Cancelled`; from any thread.

        A request that is in flight may still be answered: it may have been paid for.
        """

    def cancel(self) -> None:
        """Make every waiting or future call raise `Cancelled` soon; from any thread."""

    def close(self) -> None:
        """Release sockets and threads."""


class Store(Protocol):
    """The index. One instance per thread; readers never wait for the writer."""

    # lifecycle ---------------------------------------------------------------

    def close(self) -> None:
        """Close the index; an open transaction is rolled back."""

    def write(self) -> AbstractContextManager[None]:
        """A `BEGIN IMMEDIATE` transaction; nests as a savepoint; never masks the first error."""

    def checkpoint(self) -> bool:
        """Empty the write-ahead log; False when a reader prevents it."""

    def note(self, key: str) -> str | None:
        """A small value some flow left with `set_note`."""

    def set_note(self, key: str, value: str | None) -> None:
        """Keep a small value with the index; None removes it."""

    # roots and consent -------------------------------------------------------

    def roots(self) -> list[Root]:
        """Every root, in the order they were added."""

    def add_root(
        self, path: bytes, include: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> Root:
        """Add a root, or give the one at `path` new rules."""

    def grant_consent(self, root: int, host: str) -> None:
        """Record that text of `root` may go to `host`."""

    def has_consent(self, root: int | None, host: str) -> bool:
        """Whether text of `root` (None: of any root) may go to `host`."""

    # files -------------------------------------------------------------------

    def fingerprints(self, root: int) -> dict[bytes, int]:
        """`relative -> fingerprint` of every file row of the root; made for 100k rows."""

    def file(self, root: int, relative: bytes) -> StoredFile | None:
        """The row of this path, also of a skipped or failed file."""

    def files(self, root: int | None = None, state: str | None = None) -> Iterator[StoredFile]:
        """File rows by id."""

    def files_with_digest(self, digest: bytes) -> list[StoredFile]:
        """Files whose indexed content has this SHA-256."""

    def publish(self, new: NewFile) -> int:
        """Replace whatever the path held by this version and return the file's row id.

        Passages that are not stored yet are.
        """

    def publish_all(self, versions: Sequence[NewFile]) -> list[int]:
        """`publish` of versions of different paths, in one transaction and cheaper together."""

    def mark_failed(self, root: int, ref: FileRef, reason: str, fingerprint: int = 0) -> int:
        """Record that a file cannot be read now; what the index holds of it stays searchable."""

    def touch(self, file: int, ref: FileRef, fingerprint: int) -> None:
        """Same content, new stat."""

    def remove_files(self, files: Iterable[int]) -> int:
        """Remove file rows with their chunks and lexical rows; returns chunks removed."""

    def paths_of(self, digest: bytes) -> list[bytes]:
        """Absolute paths of the files that show a passage."""

    def collect_garbage(self) -> int:
        """Delete passages no chunk refers to, with their vectors; returns how many."""

    # spaces ------------------------------------------------------------------

    def spaces(self) -> list[Space]:
        """Every space, oldest first."""

    def active_space(self) -> Space | None:
        """The space searches use unless told otherwise."""

    def ensure_space(self, key: SpaceKey, alpha: float) -> Space:
        """The space with this identity, made in state `building` when it is new."""

    def set_space_state(self, space: int, state: SpaceState) -> None:
        """Say whether the space is being filled, complete, or kept only for going back."""

    def activate_space(self, space: int) -> None:
        """Make this the space that answers; the flip is one transaction."""

    def coverage(self, space: int) -> tuple[int, int]:
        """`(chunks with a vector in the space, chunks)`; `(0, chunks)` for no such space."""

    def calibrate(self, space: int, progress: Callable[[], bool] | None = None) -> int:
        """Choose and store the candidate count m for recall@10 >= 0.99 on the space's vectors.

        Returns m; `progress` returning False stops early and keeps the old value.
        """

    # passages and vectors ----------------------------------------------------

    def embedded(self, space: int, digests: Sequence[bytes]) -> set[bytes]:
        """Which of these passages already have a vector in the space."""

    def add_passages(self, passages: Sequence[Passage]) -> None:
        """Store texts that are new; a known digest is left alone."""

    def add_vectors(
        self,
        space: int,
        passages: Sequence[Passage],
        vectors: Sequence[bytes],
        sent: Sent | None,
        entry: int | None = None,
    ) -> None:
        """Gate, normalise and store one paid batch with its ledger entry in one transaction.

        With `entry`, `sent` completes a call that was announced.

        Raises:
            MalformedReply: a vector is unusable; nothing has been written.
        """

    def unembedded(self, space: int, limit: int, remote: bool) -> list[Passage]:
        """Passages of visible chunks without a vector in the space and without a failure.

        With `remote`, withheld ones are left out too.
        """

    def unembedded_of(self, space: int, chunks: Sequence[int], remote: bool) -> list[Passage]:
        """The passages of these chunks that `unembedded` would return, each once, in order."""

    def vectors_beyond(
        self, space: int, other: int, limit: int, after: int = 0
    ) -> list[tuple[int, Passage, bytes]]:
        """`(passage id, passage, float32 vector)` of what `space` has and `other` has not.

        By ascending passage id, those above `after`.
        """

    def pending(self, space: int, remote: bool) -> tuple[int, int]:
        """`(passages, estimated tokens)` of everything `unembedded` would return without limit."""

    def record_failures(self, space: int, failures: Iterable[tuple[bytes, str]]) -> None:
        """Remember `(digest, reason)` of passages the model refuses, so nobody pays again."""

    def forget_failures(self, space: int) -> int:
        """Let refused passages be tried again; returns how many."""

    def passages_of_chunks(self, chunks: Sequence[int]) -> dict[int, Passage]:
        """The passage of each chunk, by chunk id; vanished ids are left out."""

    def roots_of(self, digests: Sequence[bytes]) -> dict[bytes, tuple[int, ...]]:
        """Ids of the roots each of these passages stands in, by digest; those in none left out."""

    def announce_sent(self, sent: Sent, shares: Mapping[int, float] | None = None) -> int:
        """Enter a call before it is made, its cost unknown; returns the entry to settle.

        `shares`: how much of it is text of which root, adding up to 1; none for a question.
        """

    def settle_sent(self, entry: int, sent: Sent | None) -> None:
        """What came of an announced call that stored no vectors; None: it was never made."""

    def record_sent(self, sent: Sent, shares: Mapping[int, float] | None = None) -> None:
        """A ledger entry for a call that stored no passage vectors (a query, a failure)."""

    def providers(self, host: str, model: str) -> list[str]:
        """Who answered for a model at a host when texts were embedded, in order of appearance."""

    # questions ---------------------------------------------------------------

    def nearest(
        self,
        space: int,
        vector: bytes,
        limit: int,
        where: Filter | None = None,
        *,
        oversampling: int = ...,
    ) -> list[tuple[int, float]]:
        """`(chunk id, cosine)` by descending cosine, ties by chunk id.

        Two stages (sign codes, then exact cosine on the stored vectors), exact when the candidates
        cover the filtered set; exactly `limit` rows when there are that many. `where` applies
        before the cut.
        """

    def match_chunks(
        self, expression: str, limit: int, where: Filter | None = None
    ) -> list[tuple[int, float]]:
        """`(chunk id, BM25 score, higher is better)` for an FTS5 expression."""

    def match_files(
        self, expression: str, limit: int, where: Filter | None = None
    ) -> list[tuple[int, float]]:
        """`(file id, BM25 score)` over whole files."""

    def document_frequencies(self, terms: Sequence[str]) -> dict[str, float]:
        """Share of chunks (0..1) that hold each word, after the index's own stemming."""

    def cosines(self, space: int, vector: bytes, chunks: Sequence[int]) -> dict[int, float]:
        """Exact cosine for these chunks, leaving out those without a vector."""

    def chunk_rows(self, chunks: Sequence[int]) -> list[ChunkRow]:
        """Everything shown about these chunks, in the order asked; vanished ids are left out."""

    def chunks_of_file(self, file: int) -> list[int]:
        """Chunk ids in document order."""

    def chunk_vectors(self, space: int, chunks: Sequence[int]) -> dict[int, bytes]:
        """Stored unit vectors, float32."""

    def cached_query(self, space: int, text: str) -> bytes | None:
        """The vector of a query asked before."""

    def cache_query(self, space: int, text: str, vector: bytes) -> None:
        """Keep a query's vector; does nothing when the index cannot be written now."""
