"""The two seams of the system: whatever embeds text, and whatever keeps the index.

Everything else is concrete. `Embedder` is satisfied by the API client, the embedded model and
the deterministic fake of the tests; `Store` by SQLite, and by a distributed engine one day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from semsearch.records import (
        ChunkRow,
        Embeddings,
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

    def embed(self, texts: Sequence[str], purpose: Purpose) -> Embeddings:
        """Embed non-empty texts in one call, retrying what is worth retrying.

        Raises `AccessError`, `ModelUnavailable`, `RequestRefused`, `MalformedReply`,
        `EmbeddingError` or `Cancelled`.
        """

    def cancel(self) -> None:
        """Make every waiting or future call raise `Cancelled` soon; from any thread."""

    def close(self) -> None:
        """Release sockets and threads."""


class Store(Protocol):
    """The index. One instance per thread; readers never wait for the writer."""

    # lifecycle ---------------------------------------------------------------
    def close(self) -> None: ...

    def write(self) -> AbstractContextManager[None]:
        """A `BEGIN IMMEDIATE` transaction; nests as a savepoint; never masks the first error."""

    # roots and consent -------------------------------------------------------
    def roots(self) -> list[Root]: ...

    def add_root(
        self, path: bytes, include: Sequence[str] = (), exclude: Sequence[str] = ()
    ) -> Root: ...

    def remove_root(self, root: int) -> None:
        """Remove the root and its files; passages go with `collect_garbage`."""

    def grant_consent(self, root: int, host: str) -> None: ...

    def has_consent(self, root: int | None, host: str) -> bool:
        """Whether text of `root` (None: of any root) may go to `host`."""

    # files -------------------------------------------------------------------
    def fingerprints(self, root: int) -> dict[bytes, int]:
        """`relative -> fingerprint(ref)` of every file row of the root; made for 100k rows."""

    def file(self, root: int, relative: bytes) -> StoredFile | None: ...

    def files(self, root: int | None = None, state: str | None = None) -> Iterator[StoredFile]: ...

    def files_with_digest(self, digest: bytes) -> list[StoredFile]: ...

    def publish(self, new: NewFile) -> int:
        """Replace whatever the path held by this version (chunks, lexical rows, state) and
        return the file's row id. Passages must exist (see `add_passages`).
        """

    def move_file(self, file: int, root: int, relative: bytes, ref_fingerprint: int) -> None:
        """Give a file row a new path; its chunks and vectors stay as they are."""

    def touch(self, file: int, size: int, mtime_ns: int, ctime_ns: int, inode: int) -> None:
        """Same content, new stat."""

    def remove_files(self, files: Iterable[int]) -> int:
        """Remove file rows with their chunks and lexical rows; returns chunks removed."""

    def collect_garbage(self) -> int:
        """Delete passages no chunk refers to, with their vectors and codes; returns how many."""

    # spaces ------------------------------------------------------------------
    def spaces(self) -> list[Space]: ...

    def active_space(self) -> Space | None: ...

    def ensure_space(self, key: SpaceKey, alpha: float) -> Space:
        """The space with this identity, made in state `building` when it is new."""

    def set_space_state(self, space: int, state: SpaceState) -> None: ...

    def activate_space(self, space: int) -> None: ...

    def coverage(self, space: int) -> tuple[int, int]:
        """`(chunks with a vector in the space, chunks)`."""

    def calibrate(self, space: int, progress: Callable[[], bool] | None = None) -> int:
        """Choose and store the candidate count m for recall@10 >= 0.99 on the space's own
        vectors; returns m. `progress` returning False stops early and keeps the old value.
        """

    # passages and vectors ----------------------------------------------------
    def embedded(self, space: int, digests: Sequence[bytes]) -> set[bytes]:
        """Which of these passages already have a vector in the space."""

    def add_passages(self, passages: Sequence[Passage]) -> None:
        """Store texts that are new; a known digest is left alone."""

    def add_vectors(
        self, space: int, passages: Sequence[Passage], vectors: Sequence[bytes], sent: Sent | None
    ) -> None:
        """Gate, normalise and store one paid batch with its ledger entry, passages included,
        in one transaction. Raises `MalformedReply` before anything is written.
        """

    def unembedded(self, space: int, limit: int, remote: bool) -> list[Passage]:
        """Passages of visible chunks without a vector in the space and without a recorded
        failure; with `remote`, withheld ones are left out too.
        """

    def record_failures(self, space: int, failures: Iterable[tuple[bytes, str]]) -> None:
        """Remember `(digest, reason)` of passages the model refuses, so nobody pays again."""

    def forget_failures(self, space: int) -> int: ...

    def record_sent(self, sent: Sent) -> None:
        """A ledger entry for a call that stored no passage vectors (a query, a failure)."""

    # questions ---------------------------------------------------------------
    def nearest(
        self, space: int, vector: bytes, limit: int, where: Filter | None = None
    ) -> list[tuple[int, float]]:
        """`(chunk id, cosine)` by descending cosine, ties by chunk id; two-stage (sign codes,
        then exact cosine on the stored vectors), exact when the candidates cover the filtered
        set; exactly `limit` rows when there are that many. `where` applies before the cut.
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

    def cached_query(self, space: int, text: str) -> bytes | None: ...

    def cache_query(self, space: int, text: str, vector: bytes) -> None:
        """Keep a query's vector; does nothing when the index cannot be written now."""
