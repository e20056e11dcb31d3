"""From a file, or a line of it, to the stored passages and vectors there."""

from __future__ import annotations

import math
import os
import struct
from typing import TYPE_CHECKING, NamedTuple

from semsearch.errors import UsageError
from semsearch.text import display_path, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from semsearch.protocols import Store
    from semsearch.records import ChunkRow, Place, Space


class Passages(NamedTuple):
    """Stored passages a place stands for."""

    chunks: tuple[int, ...]
    """What to look for more of."""
    same: frozenset[int]
    """Chunks that are, or overlap, the place: never an answer to it."""


def passages_at(store: Store, place: Place, *, same_file: bool = True) -> Passages:
    """The passages of a file, or the one that holds a line of it.

    A line between passages means the next one, the last line the last one.

    Args:
        store: the index.
        place: where to look.
        same_file: whether other passages of the file may be answers to the line.

    Raises:
        UsageError: the file is not in the index, or none of its text is.
    """
    chunks = _chunks_of(store, place.path)
    if place.line is None:
        return Passages(tuple(chunks), frozenset(chunks))
    rows = store.chunk_rows(chunks)
    chosen = _row_at(rows, place.line)
    if not same_file:
        return Passages((chosen.chunk,), frozenset(chunks))
    overlapping = (row.chunk for row in rows if row.start < chosen.end and chosen.start < row.end)
    return Passages((chosen.chunk,), frozenset(overlapping))


def mean_vector(store: Store, space: Space, chunks: Sequence[int]) -> bytes:
    """Unit vector in the middle of these chunks' stored vectors; no model is asked.

    Raises:
        UsageError: none of them has a vector in the space.
    """
    layout = struct.Struct(f"<{space.key.dimensions}f")
    vectors = [layout.unpack(raw) for raw in store.chunk_vectors(space.id, chunks).values()]
    sums = [math.fsum(column) for column in zip(*vectors, strict=True)]
    norm = math.hypot(*sums)
    if norm < 1e-6:
        raise UsageError(
            f"That passage has no vector of {one_line(space.key.model)}.",
            hint="`semsearch index` embeds what is missing.",
            code="query.no_vector",
        )
    return layout.pack(*(value / norm for value in sums))


def indexed_chunks(store: Store, path: bytes) -> list[int]:
    """Chunk ids of the file at an absolute path; none where nothing of it is indexed."""
    for relative, root in _candidates(path, ((root.path, root.id) for root in store.roots())):
        file = store.file(root, relative)
        if file is not None:
            return store.chunks_of_file(file.id)
    return []


def _chunks_of(store: Store, path: bytes) -> list[int]:
    for relative, root in _candidates(path, ((root.path, root.id) for root in store.roots())):
        file = store.file(root, relative)
        if file is None:
            continue
        chunks = store.chunks_of_file(file.id)
        if chunks:
            return chunks
        raise UsageError(
            f"No text of {display_path(path)} is in the index ({one_line(file.reason)}).",
            hint="`semsearch index --retry-failed` tries it again.",
            code="query.not_indexed",
        )
    raise UsageError(
        f"{display_path(path)} is not in the index.",
        hint="`semsearch index` with its folder adds it.",
        code="query.not_indexed",
    )


def _candidates(path: bytes, roots: Iterable[tuple[bytes, int]]) -> list[tuple[bytes, int]]:
    """How each root that covers a path would name it; links in the path are looked through too."""
    found = []
    names = dict.fromkeys((path, os.path.realpath(path)))
    for root, id_ in roots:
        folder = root.rstrip(b"/") + b"/"
        for name in names:
            if name == root:
                found += [(b"", id_), (os.path.basename(name), id_)]
            elif name.startswith(folder):
                found.append((name[len(folder) :], id_))
    return found


def _row_at(rows: Sequence[ChunkRow], line: int) -> ChunkRow:
    holding = [row for row in rows if row.start_line <= line <= row.end_line]
    if holding:
        # Neighbours overlap: the line belongs to the one it lies deepest in.
        return max(
            holding,
            key=lambda row: (min(line - row.start_line, row.end_line - line), -row.ordinal),
        )
    return next((row for row in rows if row.start_line > line), rows[-1])
