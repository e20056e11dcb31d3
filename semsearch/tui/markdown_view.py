"""Markdown as one reads it: headings without hashes, paragraphs in one piece, tables in columns.

Not a parser of all of Markdown: a window of a file rarely begins where its blocks do. Every line
is looked at once, inline marks within bounds, and nothing becomes markup, a link one can follow
or a control character: the result is lines of text and the kinds of their parts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.tui.cells import cell_len, fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.tui.syntax import Span

MAX_CHARACTERS: Final = 65_536
"""Of a file that are rendered; the rest is left out, farthest from the passage first."""

_PARAGRAPH: Final = 4000
"""Characters of a paragraph that are joined into one line; inline marks end there."""
_DEPTH: Final = 3
_COLUMN: Final = 40
"""Cells of a table's column at most."""

FENCE: Final = re.compile(r" {0,3}(```+|~~~+)")
HEADING: Final = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
RULE: Final = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
UNDERLINE: Final = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
ITEM: Final = re.compile(r"([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(?:\[([ xX])\][ \t]+)?(.*)$")
QUOTE: Final = re.compile(r" {0,3}>[ ]?(.*)$")
_TABLE_RULE: Final = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
INLINE: Final = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<tick>`+)(?P<code>.{1,500}?)(?P=tick)(?!`)"
    r"|!\[(?P<picture>[^\]]{0,300})\]\([^)]{0,1000}\)"
    r"|\[(?P<link>[^\]]{1,300})\](?:\([^)]{0,1000}\)|\[[^\]]{0,300}\])"
    r"|<(?P<address>https?://[^>\s]{1,1000})>"
    r"|(?P<two>\*\*|__)(?=\S)(?P<strong>.{1,1000}?)(?<=\S)(?P=two)"
    r"|(?<![\w*_])(?P<one>[*_])(?=[^\s*_])(?P<emph>[^*_]{1,500}?)(?<=\S)(?P=one)(?!\w)"
)


class Rendered(NamedTuple):
    """Lines as they are read, and where each came from."""

    lines: tuple[str, ...]
    spans: dict[int, list[Span]]
    sources: tuple[tuple[int, int], ...]
    """For each line the half-open range of source lines it was made from."""


def rendered(lines: Sequence[str]) -> Rendered:
    """The lines of a Markdown file, or of a window of it, as one reads them."""
    page = _Page(lines)
    page.read()
    return Rendered(tuple(page.lines), page.spans, tuple(page.sources))


def window(lines: Sequence[str], passage: tuple[int, int]) -> tuple[int, int]:
    """The lines around a passage that are rendered: at most `MAX_CHARACTERS`, the passage first."""
    start, end = passage
    room = MAX_CHARACTERS - sum(len(line) + 1 for line in lines[start:end])
    while room > 0 and (start > 0 or end < len(lines)):
        if start > 0:
            start -= 1
            room -= len(lines[start]) + 1
        if end < len(lines) and room > 0:
            room -= len(lines[end]) + 1
            end += 1
    return start, end


def front_matter(lines: Sequence[str]) -> int:
    """How many lines at the beginning are front matter, with the lines that enclose it."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    ends = (i for i, line in enumerate(lines[1:60], 1) if line.rstrip() in {"---", "..."})
    return next(ends, -1) + 1


class _Page:
    """Reads block after block; a block adds its lines."""

    def __init__(self, source: Sequence[str]) -> None:
        self._source = source
        self._at = 0
        self.lines: list[str] = []
        self.spans: dict[int, list[Span]] = {}
        self.sources: list[tuple[int, int]] = []

    def read(self) -> None:
        """The whole page."""
        self._front_matter()
        while self._at < len(self._source):
            line = self._source[self._at]
            if not line.strip():
                self._blank()
            elif fence := FENCE.match(line):
                self._code(fence[1])
            elif heading := HEADING.match(line):
                self._take(1, *_marked(heading[2] or "", "heading"))
            elif RULE.match(line):
                self._take(1, "─" * 24, [(0, 24, "quiet")])
            elif "|" in line and _TABLE_RULE.match(self._peek(1)) and "|" in self._peek(1):
                self._table()
            elif item := ITEM.match(line):
                self._item(item)
            elif quote := QUOTE.match(line):
                text, spans = _marked(quote[1])
                self._take(1, f"▎ {text}", [(0, 1, "quiet"), *_moved(spans, 2)])
            else:
                self._paragraph()

    def _peek(self, by: int) -> str:
        at = self._at + by
        return self._source[at] if at < len(self._source) else ""

    def _take(self, count: int, text: str, spans: list[Span]) -> None:
        """Add a line made from the next `count` source lines."""
        if spans:
            self.spans[len(self.lines)] = spans
        self.lines.append(text)
        self.sources.append((self._at, self._at + count))
        self._at += count

    def _blank(self) -> None:
        if self.lines and not self.lines[-1]:
            start, _ = self.sources[-1]
            self._at += 1
            self.sources[-1] = (start, self._at)
        else:
            self._take(1, "", [])

    def _front_matter(self) -> None:
        for _ in range(front_matter(self._source)):
            line = self._source[self._at]
            self._take(1, line, [(0, len(line), "quiet")] if line else [])

    def _code(self, fence: str) -> None:
        self._at += 1
        while self._at < len(self._source):
            line = self._source[self._at]
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                self._at += 1
                return
            self._take(1, f"  {line}", [(2, 2 + len(line), "code")] if line else [])

    def _item(self, item: re.Match[str]) -> None:
        indent, mark, box, text = item.groups()
        bullet = mark if mark[0].isdigit() else "•"
        if box is not None:
            bullet += " ☐" if box == " " else " ☑"
        head = f"{' ' * min(len(indent.expandtabs(4)), 40)}{bullet} "
        count, pieces = self._continued(text, deeper=True)
        shown, spans = _marked(pieces)
        self._take(count, head + shown, [(0, len(head), "title"), *_moved(spans, len(head))])

    def _paragraph(self) -> None:
        count, text = self._continued(self._source[self._at].strip(), deeper=False)
        kind = ""
        if UNDERLINE.match(self._peek(count)):
            count, kind = count + 1, "heading"
        self._take(count, *_marked(text, kind))

    def _continued(self, first: str, *, deeper: bool) -> tuple[int, str]:
        """How many lines a paragraph or an item takes, and its text in one piece."""
        count, pieces, length = 1, [first], len(first)
        while (line := self._peek(count)).strip() and length < _PARAGRAPH:
            if _begins_block(line) or (not deeper and UNDERLINE.match(line)):
                break
            pieces.append(line.strip())
            length += len(line)
            count += 1
        return count, " ".join(pieces)

    def _table(self) -> None:
        rows, at = [], self._at
        while at < len(self._source) and "|" in self._source[at]:
            rows.append(_cells(self._source[at]))
            at += 1
        columns = max(map(len, rows))
        shown = [row for number, row in enumerate(rows) if number != 1]  # the second is the rule
        widths = [
            min(max(cell_len(row[i]) if i < len(row) else 0 for row in shown), _COLUMN)
            for i in range(columns)
        ]
        for number, row in enumerate(rows):
            if number == 1:
                rule = "─┼─".join("─" * width for width in widths)
                self._take(1, rule, [(0, len(rule), "quiet")])
                continue
            padded = [*row, *[""] * (columns - len(row))]
            text = " │ ".join(fit(cell, width) for cell, width in zip(padded, widths, strict=True))
            bars = [(m.start(), m.end(), "quiet") for m in re.finditer(" │ ", text)]
            self._take(1, text.rstrip(), [(0, len(text), "strong")] if number == 0 else bars)


def _begins_block(line: str) -> bool:
    blocks = (FENCE, HEADING, RULE, ITEM, QUOTE)
    return any(block.match(line) for block in blocks)


def _cells(row: str) -> list[str]:
    """The cells of a table's row, each as it is read."""
    inner = row.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [_marked(cell.strip().replace("\\|", "|"))[0] for cell in re.split(r"(?<!\\)\|", inner)]


def _marked(text: str, kind: str = "", depth: int = 0) -> tuple[str, list[Span]]:
    """A text without its inline marks, and the kinds of its parts; `kind` where there is none."""
    parts: list[str] = []
    spans: list[Span] = []
    length = at = 0

    def add(piece: str, name: str, inner: list[Span] | None = None) -> None:
        nonlocal length
        if piece:
            parts.append(piece)
            if inner:
                spans.extend(_moved(inner, length))
            elif name:
                spans.append((length, length + len(piece), name))
            length += len(piece)

    for found in INLINE.finditer(text):
        add(text[at : found.start()], kind)
        at = found.end()
        if found["escaped"]:
            add(found["escaped"], kind)
        elif found["code"]:
            add(found["code"].strip() or found["code"], "code")
        elif found["picture"] is not None:
            add(f"[picture: {found['picture'] or 'without a name'}]", "quiet")
        elif found["address"]:
            add(found["address"], "link")
        else:
            group = next(name for name in ("link", "strong", "emph") if found[name])
            if depth < _DEPTH:
                add(*_inner(found[group], group, depth + 1))
            else:
                add(found[group], group)
    add(text[at:], kind)
    return "".join(parts), spans


def _inner(text: str, kind: str, depth: int) -> tuple[str, str, list[Span]]:
    plain, spans = _marked(text, kind, depth)
    return plain, kind, spans


def _moved(spans: list[Span], by: int) -> list[Span]:
    return [(start + by, end + by, name) for start, end, name in spans]
