"""From a file's bytes to its passages: extraction and chunking, small files here, large ones apart.

Every extractor is linear in its input, but ten megabytes of markup made to be slow still take
seconds, and a run that is asked to stop must not wait for them. So whatever is larger than
`APART_FROM` is read by a child process with hard limits (see `apart.py`), which is ended at once
when the run is. For the rest a child would cost more than the reading does.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.chunk import chunk_document, to_passages
from semsearch.chunk.options import DEFAULT_OPTIONS
from semsearch.errors import FileProblem, StorageError
from semsearch.extract import extract

if TYPE_CHECKING:
    from collections.abc import Callable

    from semsearch.indexing.apart import ReaderApart
    from semsearch.records import Chunk, FileState, Passage

APART_FROM: Final = 256 * 1024
"""Bytes; a quarter of a second for the slowest text found."""

_CHILDREN: Final = os.name == "posix" and bool(sys.executable)
"""Whether a child can be had: pipes that can be waited for, and a program to start it with."""

_UNINTERESTING: Final = frozenset({"binary", "empty", "not text", "too large"})
"""Reasons that are no fault: the file is simply not something to search in."""


class Reading(NamedTuple):
    """What was made of a file; without chunks where nothing could be."""

    kind: str
    title: str
    state: FileState
    reason: str
    text: str
    chunks: tuple[tuple[Chunk, Passage], ...]


def read_document(data: bytes, name: str) -> Reading:
    """Extract and chunk in this process.

    Args:
        data: the file's content.
        name: its name, which tells its kind.
    """
    try:
        document = extract(data, name)
    except FileProblem as problem:
        return unreadable(problem.reason)
    chunks = chunk_document(document)
    pairs = tuple(zip(chunks, to_passages(document, chunks), strict=True))
    state: FileState = "indexed"
    reason = "" if pairs else "empty"
    if len(pairs) >= DEFAULT_OPTIONS.max_chunks:
        state, reason = "partial", f"only its first {len(pairs):,} passages are indexed"
    return Reading(document.kind, document.title, state, reason, document.text, pairs)


def unreadable(reason: str) -> Reading:
    """A file nothing was made of."""
    return Reading("", "", "skipped" if reason in _UNINTERESTING else "failed", reason, "", ())


class Reader:
    """Reads files for one run, large ones in a child process that lives as long as the run.

    Args:
        check_stop: raises when the run is to end; asked while a child reads.
        apart_from: size in bytes from which a file is read apart.
    """

    def __init__(self, check_stop: Callable[[], None], *, apart_from: int = APART_FROM) -> None:
        self._check_stop = check_stop
        self._apart_from = apart_from
        self._child: ReaderApart | None = None

    def read(self, data: bytes, name: str) -> Reading:
        """Extract and chunk one file; here after all where no child can be started."""
        if len(data) < self._apart_from or not _CHILDREN:
            return read_document(data, name)
        if self._child is None:
            from semsearch.indexing.apart import ReaderApart

            self._child = ReaderApart(self._check_stop)
        try:
            return self._child.read(data, name)
        except StorageError:
            return read_document(data, name)

    def close(self) -> None:
        """End the child, if there is one."""
        if self._child is not None:
            self._child.close()
            self._child = None
