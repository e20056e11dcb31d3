"""Opening files and folders one name at a time, so that a swapped symlink leads nowhere.

A handle stands for an open folder: a descriptor, or, on a system that cannot open relative to a
descriptor, the folder's path. Nothing here follows a symlink except `open_root`.
"""

from __future__ import annotations

import os
import stat
import sys
from errno import ENOTDIR
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

Handle = int | str

BY_DESCRIPTOR: Final = (
    os.open in os.supports_dir_fd
    and os.stat in os.supports_dir_fd
    and os.scandir in os.supports_fd
    and hasattr(os, "O_NOFOLLOW")
)
"""False on Windows, where a path is used and checked instead."""

ENCODING: Final = sys.getfilesystemencoding()
ENCODING_ERRORS: Final = sys.getfilesystemencodeerrors()

_CLOEXEC: Final = getattr(os, "O_CLOEXEC", 0)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _CLOEXEC
# Opening a FIFO or a device must neither wait nor make it our terminal.
_FILE: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
    | _CLOEXEC
)


def open_root(root: bytes) -> Handle:
    """Open the folder a user named; the name itself may be a symlink."""
    if BY_DESCRIPTOR:
        return os.open(root, _FOLDER)
    path = os.fsdecode(root)
    if not stat.S_ISDIR(os.stat(path).st_mode):
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))
    return path


def open_folder(parent: Handle, name: str) -> Handle:
    """Open a folder that is not a symlink."""
    if isinstance(parent, int):
        return os.open(name, _FOLDER | _NO_FOLLOW, dir_fd=parent)
    path = os.path.join(parent, name)
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))
    return path


def open_file(parent: Handle, name: str) -> int:
    """Open for reading, never waiting; the caller checks that it is a regular file."""
    if isinstance(parent, int):
        return os.open(name, _FILE | _NO_FOLLOW, dir_fd=parent)
    path = os.path.join(parent, name)
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))
    return os.open(path, _FILE)


def open_root_file(root: bytes) -> int:
    """Open a root that is a single file."""
    return os.open(root, _FILE)


def open_path(root: Handle, names: Iterable[str]) -> Handle:
    """Open the folder `names` lead to, one at a time; without names a second handle of `root`."""
    handle = duplicate(root)
    for name in names:
        try:
            following = open_folder(handle, name)
        finally:
            close(handle)
        handle = following
    return handle


def split(relative: bytes) -> tuple[str, ...]:
    """The names of a relative path.

    Raises:
        ValueError: the path is absolute, empty, climbs with `..`, or holds a NUL.
    """
    names = relative.split(b"/")
    if b"\0" in relative or not {b"", b".", b".."}.isdisjoint(names):
        raise ValueError("not a path below a folder")
    return tuple(map(os.fsdecode, names))


def duplicate(handle: Handle) -> Handle:
    """A second handle for the same folder."""
    return os.dup(handle) if isinstance(handle, int) else handle


def close(handle: Handle) -> None:
    """Release a handle."""
    if isinstance(handle, int):
        os.close(handle)


def folder_status(handle: Handle) -> os.stat_result:
    """Status of the folder a handle stands for."""
    return os.stat(handle)


def status(parent: Handle, name: str) -> os.stat_result:
    """Status of a name in a folder, not following a symlink."""
    if isinstance(parent, int):
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    return os.lstat(os.path.join(parent, name))


def begins_with(parent: Handle, name: str, data: bytes) -> bool:
    """Whether a regular file begins with `data`; False when it cannot be read."""
    try:
        descriptor = open_file(parent, name)
    except OSError:
        return False
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return regular and read_capped(descriptor, len(data)) == data
    except OSError:
        return False
    finally:
        os.close(descriptor)


def read_capped(descriptor: int, limit: int) -> bytes:
    """Read to the end of the file, at most `limit` bytes whatever its size claims."""
    parts: list[bytes] = []
    left = limit
    while left > 0 and (part := os.read(descriptor, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
