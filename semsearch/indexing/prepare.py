"""One file from disk to the version of it that the store can publish."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from semsearch.errors import FileProblem
from semsearch.files import read_file
from semsearch.records import NewFile

if TYPE_CHECKING:
    from semsearch.indexing.reading import Reader
    from semsearch.records import FileRef, Root


class Unreadable(NamedTuple):
    """A file that could not be read now; what the index holds of it stays."""

    reason: str
    message: str
    hint: str


def read_version(
    root: Root, ref: FileRef, *, limit: int, follow_symlinks: bool = False
) -> tuple[FileRef, bytes] | Unreadable:
    """The bytes of a file, at most `limit`, with the stat they belong to."""
    try:
        content = read_file(root.path, ref.relative, limit, follow_symlinks=follow_symlinks)
    except FileProblem as problem:
        return Unreadable(problem.reason, problem.message, problem.hint)
    return content.ref, content.data


def build_version(root: Root, ref: FileRef, data: bytes, digest: bytes, reader: Reader) -> NewFile:
    """Extract and chunk; a file nothing can be made of becomes a version without chunks.

    Args:
        root: the root the file belongs to.
        ref: the stat of `data`.
        data: the file's content.
        digest: SHA-256 of `data`.
        reader: that of the run.

    Raises:
        Cancelled: the run is to end; asked only while a large file is read.
    """
    name = ref.relative.rsplit(b"/", 1)[-1] or root.path.rsplit(b"/", 1)[-1]
    return NewFile(root.id, ref, digest, *reader.read(data, name.decode("utf-8", "replace")))


def content_digest(data: bytes) -> bytes:
    """SHA-256 of a file's bytes: its identity across renames and touched timestamps."""
    return hashlib.sha256(data).digest()
