"""A file turned into text, blocks, chunks and passages."""

from typing import NamedTuple


class Block(NamedTuple):
    """A structural unit of a document; the chunker never crosses a change of breadcrumb."""

    start: int
    end: int
    kind: str
    """`heading`, `paragraph`, `list`, `quote`, `code`, `table`, `definition`."""
    breadcrumb: tuple[str, ...]
    """Headings (or code scopes) this block stands under, outermost first, title excluded."""


class Document(NamedTuple):
    """A file turned into text with structure."""

    text: str
    """For text formats the decoded source, unchanged; for others what the extractor read out."""
    kind: str
    """`markdown`, `text`, `rst`, `org`, `html`, `python`, `code`, ..."""
    title: str
    """From front matter or the first heading; empty when the document names none."""
    blocks: tuple[Block, ...]
    """In order of `start`, not overlapping; text outside every block is not indexed."""
    encoding: str
    warnings: tuple[str, ...] = ()
    source_lines: tuple[tuple[int, int], ...] = ()
    """`(offset, line)` pairs, ascending: for formats whose text is not the source, the line of
    the source file where the text from `offset` on comes from. Empty: count lines in `text`."""


class Chunk(NamedTuple):
    """A passage of a document; `document.text[start:end] == text`, always."""

    ordinal: int
    start: int
    end: int
    start_line: int
    end_line: int
    page: int | None
    breadcrumb: tuple[str, ...]
    """The document's title, then the headings above the chunk, without repetition."""
    text: str


class Passage(NamedTuple):
    """A chunk as it is embedded and stored: breadcrumb, newline, text. Content-addressed."""

    digest: bytes
    """SHA-256 of `text` in UTF-8."""
    text: str
    body: int
    """Characters of `text` before the chunk's own words begin (0: no breadcrumb in front)."""
    tokens: int
    """Estimate; see `chunk.tokens`."""
    withheld: str = ""
    """Why this text must not leave for a remote host (a secret's kind); empty: it may."""
