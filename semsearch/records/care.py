"""What a check found, what a repair did, and what only money or the disk can bring back."""

from typing import NamedTuple

from semsearch.records.reports import Finding
from semsearch.records.storage import Space


class Loss(NamedTuple):
    """Vectors of one space that are damaged; only its model can make them again."""

    space: Space
    passages: int
    tokens: int
    """Estimated."""
    host: str = ""
    """Where their texts would be sent again; empty for a model of this machine."""
    cost_usd: float | None = None


class Health(NamedTuple):
    """The state of an index, before or after a repair."""

    path: bytes
    findings: tuple[Finding, ...]
    chunks: int
    passages: int
    vectors: int
    size_bytes: int
    elapsed_s: float
    files: tuple[bytes, ...] = ()
    """Files whose text or places are damaged: they have to be read again, which costs nothing
    where their text is as it was."""
    losses: tuple[Loss, ...] = ()
    """What has to be embedded again."""

    @property
    def damaged(self) -> bool:
        """Whether anything was found."""
        return any(one.state != "ok" for one in self.findings)


class Saved(NamedTuple):
    """What a new index holds of one that could not be mended."""

    files: int
    passages: int
    vectors: int


class Aside(NamedTuple):
    """An index that cannot be opened, moved out of the way; nothing of it was deleted."""

    path: bytes
    """Where it was."""
    moved: tuple[bytes, ...]
    """Where its files are now."""
    reason: str
    saved: Saved | None = None
    """What the index in its place holds of it; None: there is none."""
