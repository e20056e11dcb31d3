"""What status, models, forget and doctor have to tell."""

from typing import Literal, NamedTuple

from semsearch.records.books import DaySpend
from semsearch.records.embedding import ModelInfo
from semsearch.records.indexing import Problem
from semsearch.records.storage import Root, Space


class RootStatus(NamedTuple):
    """What the index holds of one root."""

    root: Root
    files: int
    """Files whose text can be found."""
    chunks: int
    missing: bool = False
    """The folder is not there now; what was indexed still answers."""


class SpaceStatus(NamedTuple):
    """One model's vectors in the index."""

    space: Space
    active: bool
    covered: int
    """Chunks with a vector."""
    chunks: int
    """Chunks of the index."""
    size_bytes: int | None = None


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


class ModelChoice(NamedTuple):
    """A model one can use, and what the index already holds of it."""

    info: ModelInfo
    space: SpaceStatus | None = None


class Forgotten(NamedTuple):
    """What `forget` removed."""

    path: bytes
    files: int
    chunks: int
    passages: int
    """Texts, with their vectors, that no other file holds."""


class Finding(NamedTuple):
    """One thing `doctor` looked at."""

    name: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    hint: str = ""
