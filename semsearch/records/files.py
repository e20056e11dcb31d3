"""Files as the walk and the reader see them."""

from typing import NamedTuple


class FileRef(NamedTuple):
    """A regular file as the walk saw it."""

    relative: bytes
    """Path below the root, with `/` between components."""
    size: int
    mtime_ns: int
    ctime_ns: int
    device: int
    inode: int


class SkippedPath(NamedTuple):
    """A file or folder the walk passed over, with a reason worth telling."""

    relative: bytes
    reason: str
    """A stable word: `binary`, `too large`, `secret`, `unreadable`, `special file`, ..."""


class FileContent(NamedTuple):
    """Bytes read in one piece from a file that did not change meanwhile."""

    ref: FileRef
    """The stat of the descriptor that was read, not of the name."""
    data: bytes
