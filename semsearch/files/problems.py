"""Errors of this room: what the system said about a root or a file, in words and stable reasons."""

from __future__ import annotations

from errno import EACCES, ELOOP, ENOENT, ENOTDIR, ENXIO, EPERM
from typing import Final

from semsearch.errors import FileProblem
from semsearch.text import display_path, printable

_PERMISSIONS: Final = "Check the permissions of the file and of the folders above it."
_REASONS: Final = {
    ENOENT: ("vanished", "Index again to bring the index up to date."),
    ELOOP: ("symlink", "Symlinks are followed only when a setting asks for it."),
    ENOTDIR: ("symlink", "A folder on its path is a symlink, or no folder any more."),
    EACCES: ("unreadable", _PERMISSIONS),
    EPERM: ("unreadable", _PERMISSIONS),
    ENXIO: ("special file", "Only regular files are read."),
}


def shown(root: bytes, relative: bytes) -> str:
    """A file's path for a message."""
    return display_path(root + b"/" + relative if relative else root)


def root_problem(root: bytes, error: OSError) -> FileProblem:
    """The error for a root that cannot be read, so that it never looks empty."""
    if error.errno in (ENOENT, ENOTDIR):
        return FileProblem(
            "root missing",
            f"{shown(root, b'')} does not exist (any more).",
            hint="Check that its disk is mounted. To drop it from the index: semsearch forget.",
        )
    return FileProblem(
        "root unreadable",
        f"{shown(root, b'')} cannot be read: {_words(error)}.",
        hint="Check the permissions of the folder and of those above it.",
    )


def file_problem(root: bytes, relative: bytes, error: OSError) -> FileProblem:
    """The error for one file that cannot be opened or read."""
    reason, hint = _REASONS.get(error.errno or 0, ("unreadable", "Check the disk it lies on."))
    return FileProblem(
        reason, f"{shown(root, relative)} cannot be read: {_words(error)}.", hint=hint
    )


def outside_root(root: bytes, relative: bytes) -> FileProblem:
    """The error for a relative path that is not one: it climbs, is absolute, or holds a NUL."""
    return FileProblem(
        "outside root",
        f"{shown(root, relative)} is not a path below its root.",
        hint="The index may be damaged: semsearch check.",
    )


def _words(error: OSError) -> str:
    return printable(error.strerror or type(error).__name__)
