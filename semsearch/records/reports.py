"""What status, models, forget and doctor have to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from semsearch.records.books import DaySpend, RootSpend
from semsearch.records.embedding import ModelInfo
from semsearch.records.indexing import Problem
from semsearch.records.storage import Root, Space

if TYPE_CHECKING:
    from semsearch.records.storage import FileState


class RootStatus(NamedTuple):
    """What the index holds of one root."""

    root: Root
    files: int
    """Files whose text can be found."""
    chunks: int
    missing: bool = False
    """The folder is not there now; what was indexed still answers."""
    spent_usd: float = 0.0
    """What sending its text has cost so far."""


class SpaceStatus(NamedTuple):
    """One model's vectors in the index."""

    space: Space
    active: bool
    covered: int
    """Chunks with a vector."""
    chunks: int
    """Chunks of the index."""
    size_bytes: int | None = None
    unchecked: tuple[str, ...] = ()
    """Providers that have answered for the model beside the first one, and that no check has shown
    to give the same vectors."""


class IndexStatus(NamedTuple):
    """What is indexed, by which model, how fresh, what it cost."""

    path: bytes
    size_bytes: int
    roots: tuple[RootStatus, ...]
    files: dict[str, int]
    """Number of files by `FileState`."""
    chunks: int
    spaces: tuple[SpaceStatus, ...]
    indexed_ns: int | None
    """When an index run last ended; None: never."""
    spent_usd: float
    """Total of the ledger."""
    tokens: int
    """Tokens sent, over the whole ledger."""
    problems: tuple[Problem, ...] = ()
    days: tuple[DaySpend, ...] = ()
    """The cost book, the latest day first."""
    saved_tokens: int = 0
    """Tokens that were not sent again: text that stands in several places, vectors cut from
    wider ones."""
    saved_usd: float = 0.0
    """The same at what each model has cost so far."""
    calls_without_cost: int = 0
    """Calls in the ledger that `spent_usd` cannot count, because nobody said what they cost."""
    by_root: tuple[RootSpend, ...] = ()
    """The cost book by folder as well; adds up to `days`."""
    wanted: Space | None = None
    """The model `models use` chose before it covered the index; it orders what others find."""


class HeldFile(NamedTuple):
    """A file as the index has it."""

    path: bytes
    """Absolute."""
    size: int
    mtime_ns: int
    state: FileState
    reason: str
    chunks: int


class PathStatus(NamedTuple):
    """What can be found of a file or folder, and what cannot."""

    path: bytes
    """Absolute."""
    files: int
    """Files whose text can be found."""
    chunks: int
    problems: tuple[Problem, ...]
    """What is left out, not whole, or not as the disk has it; where there are very many of one
    reason, its first ones. A folder that is not entered stands for all it holds."""
    reasons: dict[str, int]
    """How many paths by reason, also of those that are not listed."""


class ModelChoice(NamedTuple):
    """A model one can use, and what the index already holds of it."""

    info: ModelInfo
    space: SpaceStatus | None = None
    query_form: str = ""
    """What says to the model that a text is a question: a hint, a template, or `plain`."""
    document_form: str = ""
    latency_ms: float | None = None
    """Of the last request to it from here; None: there was none, or it runs in this process."""


class Forgotten(NamedTuple):
    """What `forget` removed."""

    path: bytes
    files: int
    chunks: int
    passages: int
    """Texts, with their vectors, that no other file holds."""
    roots: int = 0
    """Folders that are not indexed any more."""


class Finding(NamedTuple):
    """One thing `doctor` looked at."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    hint: str = ""
