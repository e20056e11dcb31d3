"""Cuts a block into the units a chunk is packed from: sentences, items, rows, lines, pieces.

A splitter yields where the parts of a span end, the last at the end of the span. A part too heavy
for one unit goes to the next finer splitter, down to pieces that always fit.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

from semsearch.chunk.sentences import sentence_ends
from semsearch.chunk.tokens import weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from semsearch.records import Block

    Unit = tuple[int, int, int]
    """`(start, end, weight)` of a span that is never divided between chunks."""
    Splitter = Callable[[str, int, int], Iterator[int]]


class Limits(NamedTuple):
    """How much a chunk and its parts may hold; weights are eighths of a token."""

    chunk: int
    """Weight of a whole chunk."""
    chars: int
    """Characters of a whole chunk."""
    overlap: float
    """Share of a chunk's weight that the next one may repeat."""


CODE: Final = frozenset({"code", "definition"})

_LARGEST_UNIT: Final = 0.8
"""Share of a chunk above which a sentence, item, row or line is cut."""
_SMALLEST_UNIT: Final = 24
"""Characters below which a sentence or line is taken together with the next."""
_PIECE: Final = 0.2
"""Share of a chunk one piece of an over-long line takes; small enough to be repeated."""
_ANY_LINE_END: Final = r"(?>\r\n|\r|\n)"
"""Atomic: the halves of CRLF are no two line ends with a blank line between them."""
_LINE_END: Final = r"\n"
_BLANK_LINES: Final = r"\n(?:[ \t]*+\n)+"
_ITEM: Final = r"\n(?=[ \t]*+(?:[-*+•‣◦–]|\(?(?:\d{1,9}|[A-Za-z]|#)[.)])[ \t])"
_SPACE: Final = re.compile(r"\s")
_CLAUSE_END: Final = re.compile(r"[,;:、，；：)\]}>]")
_INSIDE_CLUSTER: Final = frozenset(
    # Joiners, variation selectors and skin tones modify the character before them.
    "\u200c\u200d\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
)


def units(text: str, blocks: list[Block], limits: Limits) -> Iterator[Unit]:
    """Cut the blocks of a section; blank units are left out, ends are without trailing space.

    What stands between two blocks outside of both is weighed with the unit behind it.
    """
    end = blocks[0].start
    for block in blocks:
        found = _units_of_block(text, block, limits)
        if block.start - end > 2:
            first = next(found, None)
            if first is not None:
                yield first[0], first[1], first[2] + weigh(text[end : block.start])
        yield from found
        end = block.end


def _units_of_block(text: str, block: Block, limits: Limits) -> Iterator[Unit]:
    start, end, kind, _ = block
    if kind not in CODE:
        if end - start <= limits.chars // 4:
            weight = weigh(text[start:end])
            if weight <= limits.chunk * limits.overlap:  # can be repeated as a whole
                return iter(((start, end, weight),))
        return _split(text, start, end, _SPLITTERS.get(kind, _PROSE), limits)
    if end - start <= limits.chars:
        weight = weigh(text[start:end])
        if weight <= limits.chunk:
            return iter(((start, end, weight),))
    return _split(text, start, end, _CODE_SPLITTERS, limits, keep_indent=True)


def _split(
    text: str,
    start: int,
    end: int,
    splitters: tuple[Splitter, ...],
    limits: Limits,
    *,
    keep_indent: bool = False,
) -> Iterator[Unit]:
    """Split by the first splitter, what is too heavy still by the next, at last into pieces."""
    largest, widest = int(limits.chunk * _LARGEST_UNIT), limits.chars
    for stop in splitters[0](text, start, end):
        if stop - start < _SMALLEST_UNIT and stop < end:
            continue
        begin, start = start, stop
        if stop - begin <= widest:
            body = text[begin:stop].rstrip()
            if not body:
                continue
            if not keep_indent and body[0].isspace():
                body = body.lstrip()
                begin = text.index(body[0], begin)
            weight = weigh(body)
            if weight <= largest:
                yield begin, begin + len(body), weight
                continue
        if len(splitters) > 1:
            yield from _split(text, begin, stop, splitters[1:], limits, keep_indent=keep_indent)
        else:
            yield from _pieces(text, begin, stop, limits)


def content_key(text: str, at: int) -> int:
    """A number that depends only on the text that begins at `at`.

    Choosing the smallest among places where a cut would do makes cuts follow the content, as in
    content-defined chunking: after an edit the old cuts are found again a little further on.
    """
    return crc32(text[at : at + 32].encode("utf-8", "surrogatepass"))


def _pieces(text: str, start: int, end: int, limits: Limits) -> Iterator[Unit]:
    largest = int(limits.chunk * _PIECE)
    while start < end:
        stop = min(end, start + limits.chars // 4)
        weight = weigh(text[start:stop])
        while weight > largest and stop - start > 1:
            stop = start + max(1, (stop - start) * largest // weight)
            weight = weigh(text[start:stop])
        if stop < end:
            stop = _cut(text, start, stop)
        body = text[start:stop].strip()
        if body:
            first = text.index(body[0], start)
            yield first, first + len(body), weigh(body)
        start = stop


def _cut(text: str, start: int, stop: int) -> int:
    """A place shortly before `stop` to cut: at a space, after a clause, between characters."""
    earliest = start + (stop - start) * 3 // 5
    for pattern in (_SPACE, _CLAUSE_END):
        places = [match.end() for match in pattern.finditer(text, earliest, stop)]
        if places:
            return min(places, key=lambda place: content_key(text, place))
    at = stop
    while at > earliest + 1 and (text[at] in _INSIDE_CLUSTER or unicodedata.combining(text[at])):
        at -= 1
    return at if at > earliest + 1 else stop


def _at_matches(pattern: str) -> Splitter:
    """Splits behind every match; what the pattern says of LF holds for CRLF and CR too."""
    newlines = re.compile(pattern)
    line_ends = re.compile(pattern.replace(r"\n", _ANY_LINE_END))

    def ends(text: str, start: int, end: int) -> Iterator[int]:
        # One character to look for is found several times as fast as one of a set.
        regex = newlines if text.find("\r", start, end) < 0 else line_ends
        for match in regex.finditer(text, start, end):
            yield match.end()
        yield end

    return ends


_lines = _at_matches(_LINE_END)
_PROSE: Final[tuple[Splitter, ...]] = (sentence_ends, _lines)
_CODE_SPLITTERS: Final[tuple[Splitter, ...]] = (_at_matches(_BLANK_LINES), _lines)
_SPLITTERS: Final[dict[str, tuple[Splitter, ...]]] = {
    "list": (_at_matches(_ITEM), sentence_ends, _lines),
    "table": (_lines, sentence_ends),
}
