"""The text of a page as it is put together: blocks, white space, and where it came from."""

from __future__ import annotations

from html import unescape
from typing import TYPE_CHECKING, Final

from semsearch.extract.outline import MAX_BLOCKS, Outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.extract.decode import Decoded
    from semsearch.records import Document

_LONGEST_CELL: Final = 300
"""Past this many characters a cell's paragraphs are blocks: the table only serves layout."""
_ENOUGH: Final = 500
"""Characters that make a marked main part credible, however large the rest of the page is."""
_DEEPEST_INDENT: Final = 8
_MANY_LINES: Final = 5000
"""Short lines in one piece of text from which on the source line is kept less exactly."""
_LINES_AT_ONCE: Final = 80
"""Characters that then share a line number."""


def _by_lines(raw: str, number: int) -> Iterator[tuple[int, str]]:
    """Yield `(line number, text)`: single lines, or several at a time where there are too many."""
    least = 0 if raw.count("\n", 0, _MANY_LINES * _LINES_AT_ONCE) < _MANY_LINES else _LINES_AT_ONCE
    start, size = 0, len(raw)
    while start < size:
        end = raw.find("\n", start + least) + 1 or size
        yield number, raw[start:end]
        number += raw.count("\n", start, end)
        start = end


class _Block:
    """A block of the page, before it has a place in the text."""

    __slots__ = ("anchors", "in_main", "joined", "kind", "level", "text")

    def __init__(self, kind: str, text: str, level: int, in_main: bool, joined: bool) -> None:
        self.kind = kind
        self.text = text
        self.level = level
        self.in_main = in_main
        self.joined = joined
        """A further line of the block before it: a list item, a table row."""
        self.anchors: list[tuple[int, int]] = []
        """`(offset in text, offset in the source)`, ascending."""


class PageText:
    """Takes text and structure in reading order; `document` puts it together."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._title = ""
        self._blocks: list[_Block] = []
        self._parts: list[str] = []
        self._length = 0
        self._anchors: list[tuple[int, int]] = []
        self._space = False
        """White space is due before the next word."""
        self._at = 0
        """Offset in the source up to which `_line` has counted."""
        self._line = 1
        self._main_end = 0
        self._heading = 0
        self._pre = False
        self._lists = 0
        self._tables = 0
        self._quotes = 0
        self._in_cell = False
        self._bullet = False
        self._term = False
        self._joinable = False
        """The next line of the same kind continues the block before it."""

    @property
    def in_label(self) -> bool:
        """Whether the text to come is a heading or a term."""
        return self._heading > 0 or self._term

    def is_empty(self) -> bool:
        """Whether no text was found at all."""
        return not self._blocks

    # --- text ------------------------------------------------------------------------------------

    def text(self, raw: str, start: int) -> None:
        """Text without tags, entities still encoded, that stands at `start` in the source."""
        if start > self._at:
            self._line += self._source.count("\n", self._at, start)
            self._at = start
        if "\n" not in raw:
            self._piece(raw, self._line)
            return
        if not self._pre and raw.isspace():
            self._space = True
            return
        for number, lines in _by_lines(raw, self._line):
            self._piece(lines, number)

    def line_break(self) -> None:
        """`<br>`: a line end; two of them end the paragraph."""
        if self._pre:
            self._add("\n", self._line)
        elif self._in_cell or self._heading:
            self._space = True
        elif self._parts:
            if self._parts[-1] == "\n":
                self._flush()
            else:
                self._add("\n", self._line)
                self._space = False

    def _piece(self, raw: str, line: int) -> None:
        if self._pre:
            self._add(unescape(raw) if "&" in raw else raw, line)
            return
        words = raw.split()
        if not words:
            self._space = True
            return
        piece = " ".join(words)
        if "&" in piece:
            piece = " ".join(unescape(piece).split())
            if not piece:
                self._space = True
                return
        if self._parts and (self._space or raw[0].isspace()) and self._parts[-1] != "\n":
            piece = " " + piece
        self._space = raw[-1].isspace()
        self._add(piece, line)

    def _add(self, piece: str, line: int) -> None:
        if not self._anchors or self._anchors[-1][1] != line:
            self._anchors.append((self._length, line))
        self._parts.append(piece)
        self._length += len(piece)

    # --- structure -------------------------------------------------------------------------------

    def boundary(self) -> None:
        """A block element begins or ends."""
        if not self._parts:
            return
        if self._pre:
            if not self._parts[-1].endswith("\n"):
                self._add("\n", self._line)
        elif self._in_cell and not self._heading and self._length <= _LONGEST_CELL:
            self._space = True
        else:
            self._flush()

    def title(self, start: int, end: int) -> None:
        """The content of the title element."""
        if not self._title:
            self._title = " ".join(unescape(self._source[start:end]).split())

    def main_until(self, end: int) -> None:
        """Text before this offset of the source belongs to the main part."""
        self._main_end = end

    def open_heading(self, level: int) -> None:
        """The next block is a heading of this level."""
        self._flush()
        self._heading = level

    def open_item(self) -> None:
        """The next block begins a list item."""
        self._bullet = True

    def open_description(self, *, term: bool) -> None:
        """The next block is a term, which the description behind it joins, or a description."""
        self._term = term

    def list_level(self, step: int) -> None:
        """A list begins (1) or ends (-1)."""
        if step > 0 and not self._lists:
            self._joinable = False
        self._lists = max(0, self._lists + step)
        self._bullet = False

    def quote_level(self, step: int) -> None:
        """A quotation begins (1) or ends (-1)."""
        self._quotes = max(0, self._quotes + step)

    def table_level(self, step: int) -> None:
        """A table begins (1) or ends (-1)."""
        self._flush()
        self._in_cell = self._joinable = False
        self._tables = max(0, self._tables + step)

    def open_cell(self) -> None:
        """A cell begins; cells of a row share a line."""
        if not self._tables:
            self.boundary()
        elif self._in_cell and self._parts:
            self._add(" |", self._line)
            self._space = True
        self._in_cell = self._tables > 0

    def end_row(self) -> None:
        """A table row begins or ends."""
        self._flush()
        self._in_cell = False

    def preformatted(self, opens: bool) -> None:
        """Preformatted text begins or ends: white space counts."""
        self._flush()
        self._pre = opens

    def finish(self) -> None:
        """The end of the page."""
        self._end_block()

    def _flush(self) -> None:
        """End the current block, if it has any text and there is room for one more."""
        if len(self._blocks) >= MAX_BLOCKS:
            self._space = True
        elif self._parts:
            self._end_block()

    def _end_block(self) -> None:
        parts, anchors = self._parts, self._anchors
        kind, prefix = self._kind_and_prefix()
        text = "".join(parts)
        body = text.strip("\n").rstrip() if self._pre else text.strip()
        self._parts, self._anchors, self._length = [], [], 0
        self._space = False
        if not body:
            return
        joined = self._joinable and self._blocks[-1].kind == kind
        shift = len(prefix) - text.index(body)
        block = _Block(kind, prefix + body, self._heading, self._at < self._main_end, joined)
        block.anchors = [(max(0, offset + shift), line) for offset, line in anchors]
        self._blocks.append(block)
        self._joinable = kind in ("list", "table") or self._term
        self._heading, self._bullet, self._term = 0, False, False

    def _kind_and_prefix(self) -> tuple[str, str]:
        if self._heading:
            return "heading", ""
        if self._pre:
            return "code", ""
        if self._in_cell:
            return "table", ""
        if self._lists:
            indent = "  " * min(self._lists - 1, _DEEPEST_INDENT)
            return "list", indent + ("- " if self._bullet else "  ")
        return ("quote" if self._quotes else "paragraph"), ""

    # --- the document ----------------------------------------------------------------------------

    def document(self, decoded: Decoded, kind: str) -> Document:
        """The page as text, one blank line between blocks, with the source line of every part."""
        outline = Outline()
        pieces: list[str] = []
        lines: list[tuple[int, int]] = []
        offset = 0
        for block in self._kept():
            joined = block.joined and bool(pieces)
            if pieces:
                pieces.append("\n" if joined else "\n\n")
                offset += len(pieces[-1])
            end = offset + len(block.text)
            if not joined:
                outline.close()
            if block.kind == "heading":
                outline.heading(block.level, block.text, offset, end)
            else:
                outline.line(block.kind, offset, end)
            for within, line in block.anchors:
                if not lines or lines[-1][1] != line:
                    lines.append((offset + within, line))
            pieces.append(block.text)
            offset = end
        document = outline.document("".join(pieces), kind, decoded, title=self._title)
        return document._replace(source_lines=tuple(lines))

    def _kept(self) -> list[_Block]:
        """The main part where the page marks one that holds a fair share of its text."""
        main = [block for block in self._blocks if block.in_main]
        size = sum(len(block.text) for block in main)
        total = sum(len(block.text) for block in self._blocks)
        return main if size >= min(_ENOUGH, total / 4) and main else self._blocks
