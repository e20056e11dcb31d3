"""A real index over real files, filled without the other rooms: a paragraph is a passage."""

from __future__ import annotations

import hashlib
import os
import re
import time
from typing import TYPE_CHECKING

from semsearch.records import Chunk, FileRef, NewFile, Passage
from semsearch.searching import Options, parse_query, search
from semsearch.store import open_index
from tests.fakes.embedder import FakeEmbedder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from semsearch.records import SearchResult, Space

ALPHA = 0.5
_PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\n]+)*")


class Corpus:
    """Files below `folder`, their index, and the embedder that filled it."""

    def __init__(self, tmp_path: Path, *, extension: bool = True) -> None:
        self.folder = tmp_path / "notes"
        self.folder.mkdir()
        self.embedder = FakeEmbedder()
        self.store = open_index(str(tmp_path / "index.db"), create=True, extension=extension)
        self.root = self.store.add_root(bytes(self.folder))
        self.asked = 0
        """How often an embedder was wanted."""

    @property
    def space(self) -> Space | None:
        return self.store.active_space()

    def add(
        self, relative: str, text: str, *, embed: bool = True, title: str = "", overlap: int = 0
    ) -> int:
        """Write and publish a file; returns its row id.

        Args:
            relative: path below the folder.
            text: the content; paragraphs are the passages.
            embed: store vectors of its passages.
            title: stands in front of every passage.
            overlap: characters every passage but the first begins earlier.
        """
        path = self.folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        chunks = tuple(_chunks(text, title, overlap))
        passages = [passage for _, passage in chunks]
        self.store.add_passages(passages)
        if embed and passages:
            space = self.store.ensure_space(self.embedder.key, ALPHA)
            self.store.activate_space(space.id)
            unique = list({passage.digest: passage for passage in passages}.values())
            for start in range(0, len(unique), self.embedder.max_inputs):
                batch = unique[start : start + self.embedder.max_inputs]
                reply = self.embedder.embed([one.text for one in batch], "document")
                self.store.add_vectors(space.id, batch, reply.vectors, None)
        status = os.stat(path)
        ref = FileRef(
            relative.encode(), status.st_size, status.st_mtime_ns, status.st_ctime_ns, 0, 0
        )
        digest = hashlib.sha256(text.encode()).digest()
        kind = "python" if relative.endswith(".py") else "markdown"
        new = NewFile(self.root.id, ref, digest, kind, title, "indexed", "", text, chunks, 0)
        return self.store.publish(new)

    def add_all(self, files: Mapping[str, str]) -> None:
        """Write, embed and publish many files in one transaction."""
        with self.store.write():
            for relative, text in files.items():
                self.add(relative, text)

    def client(self) -> FakeEmbedder:
        """The factory searches are given."""
        self.asked += 1
        return self.embedder

    def search(self, raw: str, **options: object) -> SearchResult:
        """Parse and answer, from the folder of the notes."""
        query = parse_query(raw, cwd=bytes(self.folder), now=time.time(), roots=[self.root.path])
        chosen = Options()._replace(**options)
        return search(self.store, query, self.space, self.client, chosen)

    def found(self, raw: str, **options: object) -> list[str]:
        """`name:line` of every hit, in order."""
        return names(self.search(raw, **options))

    def path(self, relative: str) -> bytes:
        return bytes(self.folder / relative)


def names(result: SearchResult) -> list[str]:
    return [
        f"{os.fsdecode(os.path.relpath(hit.path, hit.root))}:{hit.start_line}"
        for hit in result.hits
    ]


def _chunks(text: str, title: str, overlap: int) -> list[tuple[Chunk, Passage]]:
    made = []
    for ordinal, match in enumerate(_PARAGRAPH.finditer(text)):
        start, end = max(0, match.start() - overlap), match.end()
        body = text[start:end]
        line = text.count("\n", 0, start) + 1
        crumb = (title,) if title else ()
        front = f"{title}\n" if title else ""
        whole = front + body
        chunk = Chunk(ordinal, start, end, line, line + body.count("\n"), None, crumb, body)
        digest = hashlib.sha256(whole.encode()).digest()
        made.append((chunk, Passage(digest, whole, len(front), len(whole) // 4)))
    return made
