"""Progress, problems and outcomes of an index run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from semsearch.errors import SemsearchError
    from semsearch.records.documents import Chunk, Passage
    from semsearch.records.files import FileRef
    from semsearch.records.storage import FileState, Space


class Problem(NamedTuple):
    """Something about one path the user should know."""

    path: bytes
    reason: str
    hint: str = ""


class Estimate(NamedTuple):
    """What an index run would send; shown before consent is asked."""

    files: int
    chunks: int
    inputs: int
    """Passages without a vector in the space: what would be embedded."""
    tokens: int
    cost_usd: float | None
    host: str


class Progress(NamedTuple):
    """A running count; every number only grows within a run."""

    files_done: int
    files_total: int
    chunks_done: int
    chunks_total: int
    tokens: int
    cost_usd: float
    elapsed_s: float
    note: str = ""


class IndexReport(NamedTuple):
    """The outcome of an index run (or, with `plan`, of a dry run)."""

    plan: bool
    roots: tuple[bytes, ...]
    seen: int
    new: int
    changed: int
    moved: int
    gone: int
    unchanged: int
    skipped: dict[str, int]
    failed: int
    chunks_total: int
    chunks_added: int
    chunks_removed: int
    embedded: int
    reused: int
    requests: int
    inputs: int
    tokens: int
    cost_usd: float
    space: Space | None
    problems: tuple[Problem, ...]
    interrupted: bool
    elapsed_s: float
    estimate: Estimate | None = None
    stopped_by: SemsearchError | None = None
    """What ended the run early, when something did; the report counts what was kept."""


class NewFile(NamedTuple):
    """A file version to publish: what `Store.publish` makes visible in one transaction."""

    root: int
    ref: FileRef
    digest: bytes
    kind: str
    title: str
    state: FileState
    reason: str
    text: str
    """Whole text for the file-level lexical index."""
    chunks: tuple[tuple[Chunk, Passage], ...]
    fingerprint: int = 0
    """`files.fingerprint` of the ref, or 0: look at the file again next time."""
