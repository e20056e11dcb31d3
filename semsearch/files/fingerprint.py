"""One number that tells whether a file may have changed since it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.records import FileRef

if TYPE_CHECKING:
    import os

UNTRUSTED: Final = 0
"""Stored instead of a fingerprint it equals none, so the file is looked at again."""

RACY_NS: Final = 2_000_000_000
"""Coarsest step of a file time that is common (FAT: 2 s)."""

# Three primes below 2**30: one machine digit of a Python integer, so a product stays cheap, and
# far larger than the differences of size and inode that come with small differences of time.
_TIME: Final = 872_415_239
_INODE: Final = 1_015_567_801
_SIZE: Final = 740_000_117
_MASK: Final = (1 << 63) - 1


def mix(size: int, mtime_ns: int, ctime_ns: int, inode: int) -> int:
    """Fingerprint of four numbers of a file's status: 64 bits signed, never 0, same everywhere."""
    return (ctime_ns * _TIME + mtime_ns + inode * _INODE + size * _SIZE) & _MASK or -1


def file_ref(relative: bytes, status: os.stat_result) -> FileRef:
    """A file's record from its status."""
    return FileRef(
        relative,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_dev,
        status.st_ino,
    )


def fingerprint(ref: FileRef) -> int:
    """Fingerprint of a file as the walk saw it; never `UNTRUSTED`."""
    return mix(ref.size, ref.mtime_ns, ref.ctime_ns, ref.inode)


def racy(ref: FileRef, scan_started_ns: int) -> bool:
    """Whether the file was written so recently that a later write might leave the same times.

    Git's rule for its index: such a file is not trusted as unchanged at the next run; store
    `UNTRUSTED` for it. `scan_started_ns` is the clock when the scan began.
    """
    return max(ref.mtime_ns, ref.ctime_ns) >= scan_started_ns - RACY_NS
