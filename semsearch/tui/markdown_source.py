"""Colours of Markdown's source: marks are quiet, what they mark stands out.

By hand, as Markdown is the commonest kind of file here: the general lexer for it loads those of a
dozen languages first, which takes longer and more memory than all else a preview needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.tui.markdown_view import (
    FENCE,
    HEADING,
    INLINE,
    ITEM,
    QUOTE,
    RULE,
    UNDERLINE,
    front_matter,
)
from semsearch.tui.syntax import MAX_LINES, colours

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from semsearch.tui.syntax import Span

_INLINE_KINDS = {"code": "code", "strong": "strong", "emph": "emph", "address": "link"}


def source_colours(lines: Sequence[str], start: int, end: int) -> dict[int, list[Span]]:
    """Spans by line, for lines `start` to `end`; lines without colours are left out.

    Lines before `start` are looked at too: whether one is in a block of code is decided above it.
    """
    end = min(end, len(lines), start + MAX_LINES)
    head = front_matter(lines)
    found = {n: [(0, len(lines[n]), "quiet")] for n in range(start, min(head, end)) if lines[n]}
    fence: re.Match[str] | None = None
    opened = 0
    for number in range(head, end):
        line = lines[number]
        mark = FENCE.match(line)
        if fence is not None:
            if mark is None or not _closes(line, fence):
                continue
            found.update(_code(lines, (max(opened, start), number), fence))
            fence = None
        elif mark is not None:
            fence, opened = mark, number + 1
        elif number >= start and (spans := _line(line, "".join(lines[number + 1 : number + 2]))):
            found[number] = spans
        if mark is not None and number >= start:
            found[number] = [(0, len(line), "quiet")]
    if fence is not None:
        found.update(_code(lines, (max(opened, start), end), fence))
    return found


def _closes(line: str, fence: re.Match[str]) -> bool:
    mark = line.strip()
    return mark.startswith(fence[1]) and not mark.strip(fence[1][0])


def _code(
    lines: Sequence[str], span: tuple[int, int], fence: re.Match[str]
) -> dict[int, list[Span]]:
    """The lines of a block of code, in the colours of its language where that is known."""
    words = fence.string[fence.end() :].split(maxsplit=1)
    language = words[0].strip("{}.").lower() if words else ""
    found = colours(lines, language, *span) if span[0] < span[1] else {}
    if found:
        return found
    return {n: [(0, len(lines[n]), "code")] for n in range(*span) if lines[n]}


def _line(line: str, after: str) -> list[Span]:
    if HEADING.match(line):
        return [(0, len(line), "heading")]
    if RULE.match(line) or UNDERLINE.match(line):
        return [(0, len(line), "quiet")]
    if item := ITEM.match(line):
        return [(0, item.start(4), "keyword"), *_inline(line, item.start(4))]
    if quote := QUOTE.match(line):
        return [(0, quote.start(1), "quiet"), *_inline(line, quote.start(1))]
    if line.strip() and UNDERLINE.match(after):
        return [(0, len(line), "heading")]
    return _inline(line, 0)


def _inline(line: str, start: int) -> list[Span]:
    """Marked parts of a line, the marks with what they mark; of a link the address is quiet."""
    spans: list[Span] = []
    for mark in INLINE.finditer(line, start):
        for group, name in _INLINE_KINDS.items():
            if mark[group]:
                spans.append((*mark.span(), name))
        text = "link" if mark["link"] else "picture"
        if mark[text]:
            spans.append((mark.start(), mark.end(text) + 1, "link"))
            spans.append((mark.end(text) + 1, mark.end(), "quiet"))
    return spans
