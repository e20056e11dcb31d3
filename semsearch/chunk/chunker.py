"""Documents to chunks: structure first, then whole sentences up to what a model reads at once."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from semsearch.chunk.options import DEFAULT_OPTIONS
from semsearch.chunk.pack import pack
from semsearch.chunk.passage import breadcrumb_line, is_blank
from semsearch.chunk.sections import sections
from semsearch.chunk.tokens import WEIGHT_OF_TOKEN, weigh
from semsearch.chunk.units import CODE, Limits
from semsearch.records import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.chunk.options import ChunkOptions
    from semsearch.chunk.sections import Section
    from semsearch.records import Document


def chunk_document(document: Document, options: ChunkOptions = DEFAULT_OPTIONS) -> list[Chunk]:
    """Cut a document into overlapping chunks that never cross a heading.

    A list as long as `options.max_chunks` may have been cut short.
    """
    chunks: list[Chunk] = []
    lines = _Lines(document)
    for section in sections(document):
        breadcrumb = _breadcrumb(document.title, section.breadcrumb)
        for start, end in _spans(document.text, section, breadcrumb, options):
            if len(chunks) == options.max_chunks:
                return chunks
            part = document.text[start:end]
            if is_blank(part):
                continue
            first, last = lines.of(start, end)
            chunks.append(Chunk(len(chunks), start, end, first, last, None, breadcrumb, part))
    return chunks


def _breadcrumb(title: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """Title and headings, leaving out what only repeats the step before."""
    steps: list[str] = []
    for step in (title, *path):
        if step and (not steps or steps[-1] != step):
            steps.append(step)
    return tuple(steps)


def _spans(
    text: str, section: Section, breadcrumb: tuple[str, ...], options: ChunkOptions
) -> Iterator[tuple[int, int]]:
    most = options.max_tokens * WEIGHT_OF_TOKEN
    room = max(most // 2, most - weigh(breadcrumb_line(breadcrumb)))
    blocks = section.blocks
    start, end = blocks[0].start, blocks[-1].end
    if end - start <= options.max_chars and weigh(text[start:end]) <= room:
        part = text[start:end]
        if blocks[0].kind not in CODE:
            start += len(part) - len(part.lstrip())
        end -= len(part) - len(part.rstrip())
        return iter(((start, end),)) if start < end else iter(())
    return pack(text, blocks, Limits(room, options.max_chars, options.overlap))


class _Lines:
    """Line numbers of chunks, asked for in ascending order of their starts."""

    def __init__(self, document: Document) -> None:
        self._text = document.text
        self._returns = "\r" in document.text
        self._offsets = [offset for offset, _ in document.source_lines]
        self._numbers = [line for _, line in document.source_lines]
        self._at = 0
        self._line = 1

    def of(self, start: int, end: int) -> tuple[int, int]:
        """First and last line of a span, counted as an editor does."""
        if self._offsets:
            first = max(0, bisect_right(self._offsets, start) - 1)
            last = max(0, bisect_right(self._offsets, end - 1) - 1)
            return self._numbers[first], self._numbers[last]
        first = self._line + self._line_ends(self._at, start)
        self._at, self._line = start, first
        return first, first + self._line_ends(start, end)

    def _line_ends(self, start: int, end: int) -> int:
        """CRLF counts once; no span begins or ends between its two characters."""
        count = self._text.count
        ends = count("\n", start, end)
        if self._returns:
            ends += count("\r", start, end) - count("\r\n", start, end)
        return ends
