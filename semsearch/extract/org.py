"""Org: headlines, drawers, blocks, tables and lists, by lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from semsearch.extract.lines import iter_lines
from semsearch.extract.outline import Outline
from semsearch.extract.plain import BULLET

if TYPE_CHECKING:
    from semsearch.extract.decode import Decoded
    from semsearch.records import Document

_STATES: Final = (
    "TODO DONE NEXT WAIT WAITING HOLD STARTED DOING SOMEDAY MAYBE PROJ IDEA STRT KILL"
    " CANCELED CANCELLED DEFERRED DELEGATED BLOCKED REVIEW"
)
_KEYWORDS: Final = frozenset(_STATES.split())
_PRIORITY: Final = re.compile(r"\[#[A-Z0-9]{1,2}\]\s*")
_TAGS: Final = re.compile(r"\s+:(?:[\w@#%]{1,60}:)+$")
_COOKIE: Final = re.compile(r"\s*\[\d*(?:/\d*|%)\]")
_LINK: Final = re.compile(r"\[\[([^\[\]]{1,500})\](?:\[([^\[\]]{1,300})\])?\]")
_TITLE: Final = re.compile(r"#\+title:\s*(.*)", re.I)
_BEGIN: Final = re.compile(r"#\+begin_([a-z]+)", re.I)
_DRAWER: Final = re.compile(r":[\w-]{1,60}:$")
_PLANNING: Final = re.compile(r"(?:SCHEDULED|DEADLINE|CLOSED|CLOCK):")
_VERBATIM: Final = frozenset({"src", "example", "export"})


def extract_org(decoded: Decoded, kind: str = "org") -> Document:
    """Read Org; keywords, drawers, planning lines and comments are not indexed."""
    reader = _Reader(decoded.text)
    for offset, line in iter_lines(decoded.text):
        reader.read_line(offset, line.rstrip())
    reader.finish()
    return reader.outline.document(decoded.text, kind, decoded, title=reader.title)


def headline_label(source: str) -> str:
    """A headline's words without state, priority, statistics, tags and links' targets."""
    label = source[:1000].strip()
    first, _, rest = label.partition(" ")
    if first in _KEYWORDS:
        label = rest.lstrip()
    label = _PRIORITY.sub("", label, count=1)
    label = _COOKIE.sub("", _TAGS.sub("", label))
    return _LINK.sub(lambda match: match[2] or match[1], label).strip()


class _Reader:
    """One pass over the lines."""

    def __init__(self, text: str) -> None:
        self.outline = Outline()
        self.title = ""
        self._text = text
        self._until = ""
        """Lower-case line that ends the block or drawer that is open; empty: none is."""
        self._kind = ""
        """Kind of that block's lines; empty: they are skipped."""
        self._skipped_from = 0
        self._skipped_to = 0

    def read_line(self, offset: int, line: str) -> None:
        if not line:
            if not self._until:
                self.outline.close()
            return
        stars = len(line) - len(line.lstrip("*"))
        if stars and line[stars : stars + 1] == " ":
            self.finish()
            self.outline.heading(stars, headline_label(line[stars:]), offset, offset + len(line))
            return
        body = line.lstrip()
        start = offset + len(line) - len(body)
        if self._until:
            self._block_line(offset, line, body)
        elif body[0] == "#" and self._keyword(start, body):
            return
        elif body[0] == ":" and _DRAWER.fullmatch(body):
            self._open(start, ":end:", "")
        elif not _PLANNING.match(body):
            self._text_line(start, body)

    def finish(self) -> None:
        """Close what is open; a drawer without an end turns out to be text."""
        if self._until and not self._kind:
            self.outline.block("paragraph", self._skipped_from, self._skipped_to)
        self._until = ""
        self.outline.close()

    def _open(self, start: int, until: str, kind: str) -> None:
        self.outline.close()
        self._until, self._kind = until, kind
        self._skipped_from = self._skipped_to = start

    def _block_line(self, offset: int, line: str, body: str) -> None:
        end = offset + len(line)
        self._skipped_to = end
        if self._kind:
            self.outline.line(self._kind, offset, end)
        if body.lower() == self._until:
            self._until = ""
            self.outline.close()

    def _keyword(self, start: int, body: str) -> bool:
        """A `#+…` line or a comment; False for text that begins with a number sign."""
        begin = _BEGIN.match(body)
        if begin is not None:
            name = begin[1].lower()
            kind = "code" if name in _VERBATIM else "" if name == "comment" else "quote"
            self._open(start, f"#+end_{name}", kind)
            if kind:
                self.outline.line(kind, start, start + len(body))
            self._skipped_to = start + len(body)
            return True
        if body.startswith("#+"):
            title = _TITLE.match(body)
            if title is not None and not self.title:
                self.title = title[1]
            return True
        return body == "#" or body.startswith("# ")

    def _text_line(self, start: int, body: str) -> None:
        outline = self.outline
        kind = outline.kind
        if body[0] == "|":
            kind = "table"
        elif body.startswith(": "):
            kind = "code"
        elif kind in ("", "table", "code"):
            kind = "list" if BULLET.match(body) else "paragraph"
        elif kind == "paragraph" and BULLET.match(body):
            kind = "list"
        outline.line(kind, start, start + len(body))
