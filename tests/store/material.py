"""Files, passages and vectors to fill an index with."""

from __future__ import annotations

import hashlib
import math
import struct
from typing import TYPE_CHECKING

from semsearch.records import Chunk, FileRef, NewFile, Passage, Sent, SpaceKey
from semsearch.store import SqliteStore, open_index
from tests.fakes.vectors import embed_text, pack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DIMENSIONS = 48
KEY = SpaceKey("https://api.example/v1", "fake/model", DIMENSIONS, "document", "query")
ROOT = b"/home/me/notes"


def fresh(folder: Path) -> SqliteStore:
    return open_index(str(folder / "index.db"), create=True)


def vector_of(text: str, dimensions: int = DIMENSIONS) -> bytes:
    """A unit vector that depends on the text alone; texts that share words are alike."""
    return pack(embed_text(text, dimensions))


def cosine(a: bytes, b: bytes) -> float:
    left = struct.unpack(f"<{len(a) // 4}f", a)
    right = struct.unpack(f"<{len(b) // 4}f", b)
    lengths = math.sqrt(sum(x * x for x in left) * sum(y * y for y in right))
    return sum(x * y for x, y in zip(left, right, strict=True)) / lengths


def passage_of(text: str, *, title: str = "", withheld: str = "") -> Passage:
    whole = f"{title}\n{text}" if title else text
    digest = hashlib.sha256(whole.encode()).digest()
    return Passage(digest, whole, len(whole) - len(text), len(whole) // 4, withheld)


def ref_of(relative: bytes, *, mtime_ns: int = 1_000, size: int = 10) -> FileRef:
    return FileRef(relative, size, mtime_ns, mtime_ns + 1, 1, 77)


def version(
    root: int,
    relative: bytes,
    texts: Sequence[str],
    *,
    title: str = "",
    mtime_ns: int = 1_000,
    fingerprint: int = 5,
    withheld: str = "",
) -> NewFile:
    """A file version whose chunks are `texts`, one after the other."""
    chunks = []
    start = 0
    for ordinal, text in enumerate(texts):
        breadcrumb = (title,) if title else ()
        line = 10 * ordinal + 1
        chunk = Chunk(ordinal, start, start + len(text), line, line + 9, None, breadcrumb, text)
        chunks.append((chunk, passage_of(text, title=title, withheld=withheld)))
        start += len(text) + 1
    whole = "\n".join(texts)
    return NewFile(
        root,
        ref_of(relative, mtime_ns=mtime_ns, size=len(whole)),
        hashlib.sha256(whole.encode()).digest(),
        "markdown",
        title,
        "indexed",
        "" if texts else "empty",
        whole,
        tuple(chunks),
        fingerprint,
    )


def sent(inputs: int = 1, *, cost: float | None = 0.25, host: str = "api.example") -> Sent:
    return Sent(host, "fake/model", "", "document", inputs, 10 * inputs, cost, "r-1", b"d" * 32)


def put(store: SqliteStore, space: int | None, new: NewFile) -> int:
    """Publish a version, with vectors for its passages when a space is given."""
    passages = [passage for _, passage in new.chunks]
    with store.write():
        if space is None:
            store.add_passages(passages)
        elif passages:
            vectors = [vector_of(passage.text) for passage in passages]
            store.add_vectors(space, passages, vectors, sent(len(passages)))
        return store.publish(new)
