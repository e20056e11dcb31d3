"""What the index holds: roots, spaces, file versions."""

from __future__ import annotations

from semsearch.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    SpaceState = Literal["building", "ready", "retired"]

    FileState = Literal["indexed", "partial", "skipped", "failed"]
    """`partial`: searchable by keyword, but some passages have no vector (see the reason)."""


class Root(Record):
    """A folder (or single file) the user chose to index."""

    id: int
    path: bytes
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class SpaceKey(Record):
    """What makes two vectors comparable; vectors of two spaces never meet in one ranking."""

    endpoint: str
    """Normalised base URL, or `local` for a model that runs in this process."""
    model: str
    dimensions: int
    """0 while unknown: native size, learned from the first reply."""
    document_form: str
    """Input type or template used for documents, e.g. `input_type=search_document`."""
    query_form: str


class Space(Record):
    """A row of the `space` table: one model's vectors in this index."""

    id: int
    key: SpaceKey
    state: SpaceState
    candidates: int
    """m: how many nearest sign codes are re-scored exactly; calibrated per space."""
    alpha: float
    """Weight of the semantic side in hybrid fusion; belongs to the model."""
    native: bool = False
    """Its width is the model's own, learned from the first vectors, not one that was asked for."""


class StoredFile(Record):
    """A row of the `file` table."""

    id: int
    root: int
    relative: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    digest: bytes
    """SHA-256 of the content that is indexed (or that was refused)."""
    kind: str
    title: str
    state: FileState
    reason: str
