"""Markdown: headings, paragraphs, lists, quotes, code, tables and HTML, by lines of CommonMark.

A line decides by its first character, so plain prose costs one dictionary look-up a line. What the
inline syntax means is left alone, except in headings, whose marks would only disturb breadcrumbs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from semsearch.extract.frontmatter import read_front_matter
from semsearch.extract.lines import iter_lines
from semsearch.extract.outline import Outline

if TYPE_CHECKING:
    from collections.abc import Callable

    from semsearch.extract.decode import Decoded
    from semsearch.records import Document

_CODE_INDENT: Final = 4
_ITEM: Final = re.compile(r"(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)")
_REFERENCE: Final = re.compile(r"\[(?!\^)[^\[\]]{1,200}\]:[ \t]*\S")
_HTML_HEADING: Final = re.compile(r"<h([1-6])(?:\s[^<>]{0,300})?>(.{0,500}?)</h\1>\s*$", re.I)
_RAW: Final = re.compile(r"<(script|style|pre|textarea)(?:[\s>]|$)", re.I)
_LONGEST_HEADING: Final = 1000

_IMAGE_OR_LINK: Final = re.compile(
    r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,1000}(?:[ \t][^()]{0,300})?\)"
)
_ATTRIBUTES: Final = re.compile(r"\s*\{[#.:][^{}]{0,200}\}$")
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_EMPHASIS: Final = re.compile(r"(?<!\\)\*{1,3}|~~|==|`+|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)")
_ESCAPE: Final = re.compile(r"\\([!-/:-@\[-`{-~])")
_MARKS: Final = frozenset("[*`~=_<\\{&")


def extract_markdown(decoded: Decoded, kind: str = "markdown") -> Document:
    """Read Markdown; front matter names the title and is not itself indexed."""
    front = read_front_matter(decoded.text)
    reader = _Reader(decoded.text, front.end)
    reader.read()
    return reader.outline.document(decoded.text, kind, decoded, title=front.title)


def plain_heading(source: str) -> str:
    """A heading's words without links' targets, emphasis, tags, attributes and closing marks."""
    label = source[:_LONGEST_HEADING].strip()
    if _MARKS.isdisjoint(label):
        return label
    label = _ATTRIBUTES.sub("", label)
    label = _IMAGE_OR_LINK.sub(r"\1", _IMAGE_OR_LINK.sub(r"\1", label))  # an image inside a link
    label = _EMPHASIS.sub("", _TAG.sub("", label))
    if "&" in label:
        from html import unescape

        label = unescape(label)
    return _ESCAPE.sub(r"\1", label).strip()


class _Reader:
    """One pass over the lines; what a line means depends on the block that is open."""

    def __init__(self, text: str, start: int) -> None:
        self.outline = Outline()
        self._text = text
        self._from = start
        self._until = ""
        """What ends the fence or raw HTML that is open; empty: none is."""
        self._in_list = False
        """Whether indented lines belong to a list item rather than to indented code."""
        self._blank_before = False
        self._unclosed: set[str] = set()
        """Ends of raw HTML that do not occur in the rest of the text."""
        self._handlers: dict[str, Callable[[int, str], bool]] = {
            "#": self._atx,
            "`": self._open_fence,
            "~": self._open_fence,
            ">": self._quote,
            "-": self._dash,
            "=": self._setext,
            "*": self._item,
            "+": self._item,
            "|": self._table,
            ":": self._table,
            "<": self._html,
            "[": self._reference,
            "_": self._rule,
            **dict.fromkeys("0123456789", self._item),
        }

    def read(self) -> None:
        handlers, begin = self._handlers, self._from
        for offset, line in iter_lines(self._text[begin:] if begin else self._text):
            body = line.strip()
            if self._until:
                self._raw_line(begin + offset, line.rstrip(), body)
            elif not body:
                self._blank_line()
            elif line[0] in " \t":
                self._indented_line(begin + offset, line, body)
            else:
                self._after_blank(0, body)
                handler = handlers.get(body[0])
                if handler is None or not handler(begin + offset, body):
                    self._text_line(begin + offset, body)
        self.outline.close()

    # --- lines without a mark of their own -------------------------------------------------------

    def _blank_line(self) -> None:
        self._blank_before = True
        if self.outline.kind not in ("list", "code"):  # these may go on after blank lines
            self.outline.close()

    def _after_blank(self, indent: int, body: str) -> None:
        """Close what a blank line and this indentation end."""
        outline = self.outline
        if outline.kind == "code" and indent < _CODE_INDENT:
            outline.close()
        if self._blank_before:
            self._blank_before = False
            if self._in_list and indent < 2 and _ITEM.match(body) is None:
                self._in_list = False
                outline.close()

    def _text_line(self, start: int, body: str) -> None:
        outline = self.outline
        if outline.kind == "table" and "|" not in body:
            outline.close()
        kind = outline.kind or ("list" if self._in_list else "paragraph")
        outline.line(kind, start, start + len(body))

    def _indented_line(self, offset: int, line: str, body: str) -> None:
        indent = _indent(line)
        start = offset + line.index(body[0])
        self._after_blank(indent, body)
        handler = self._handlers.get(body[0])
        if self._in_list and indent >= 2:
            if body[0] in "`~" and self._open_fence(offset, body):
                return
        elif indent >= _CODE_INDENT:
            if self.outline.kind in ("", "code"):
                self.outline.line("code", offset, start + len(body))
                return
        elif handler is not None and handler(start, body):
            return
        self._text_line(start, body)

    def _raw_line(self, offset: int, line: str, body: str) -> None:
        """A line inside a fence, a comment or raw HTML."""
        outline, until = self.outline, self._until
        if outline.kind and line:
            outline.line(outline.kind, offset, offset + len(line))
        if until[0] in "`~":
            closes = body.startswith(until) and body.strip(until[0]) == ""
        else:
            closes = until in line
        if closes:
            self._until = ""
            outline.close()

    # --- lines with a mark; each returns False to be read as plain text --------------------------

    def _atx(self, start: int, body: str) -> bool:
        level = len(body) - len(body.lstrip("#"))
        label = body[level:].strip()
        if level > 6 or body[level : level + 1] not in (" ", "\t") or not label:
            return False
        without_close = label.rstrip("#")
        if without_close[-1:] in ("", " ", "\t"):
            label = without_close
        self._heading(level, label, start, start + len(body))
        return True

    def _heading(self, level: int, label: str, start: int, end: int) -> None:
        self._in_list = False
        self.outline.heading(level, plain_heading(label), start, end)

    def _setext(self, start: int, body: str) -> bool:
        outline = self.outline
        if outline.kind != "paragraph" or outline.lines > 2 or len(body) < 2 or body.strip(body[0]):
            return False
        first = outline.start
        outline.discard()
        label = self._text[first : outline.end]
        self._heading(1 if body[0] == "=" else 2, label, first, start + len(body))
        return True

    def _dash(self, start: int, body: str) -> bool:
        return (
            self._setext(start, body)
            or self._rule(start, body)
            or self._item(start, body)
            or self._table(start, body)
        )

    def _rule(self, _start: int, body: str) -> bool:
        """A thematic break, which is no content."""
        if len(body) < 3 or body[2:].strip(body[0] + " \t") or body.count(body[0]) < 3:
            return False
        self._in_list = False
        self.outline.close()
        return True

    def _item(self, start: int, body: str) -> bool:
        if body[0] == "*" and self._rule(start, body):
            return True
        if _ITEM.match(body) is None:
            return False
        if self.outline.kind == "paragraph" and body[0].isdigit() and body[:2] not in ("1.", "1)"):
            return False  # a sentence that wraps before a number
        self._in_list = True
        self.outline.line("list", start, start + len(body))
        return True

    def _open_fence(self, start: int, body: str) -> bool:
        mark = body[0]
        length = len(body) - len(body.lstrip(mark))
        if length < 3 or (mark == "`" and "`" in body[length:]):
            return False
        self.outline.close()
        self._until = mark * length
        self.outline.line("code", start, start + len(body))
        return True

    def _quote(self, start: int, body: str) -> bool:
        self.outline.line("quote", start, start + len(body))
        return True

    def _table(self, start: int, body: str) -> bool:
        """A delimiter row turns the line above it into a table's head."""
        outline = self.outline
        if outline.kind == "table":
            outline.line("table", start, start + len(body))
            return True
        if outline.kind != "paragraph" or "-" not in body or body.strip("|:- \t"):
            return False
        above = self._text.rfind("\n", outline.start, outline.end) + 1 or outline.start
        if "|" not in self._text[above : outline.end]:
            return False
        if above > outline.start:
            head = self._text[outline.start : above].rstrip()
            outline.discard()
            outline.block("paragraph", outline.start, outline.start + len(head))
        outline.discard()
        outline.line("table", above, start + len(body))
        return True

    def _html(self, start: int, body: str) -> bool:
        heading = _HTML_HEADING.match(body)
        if heading is not None and plain_heading(heading[2]):
            self._heading(int(heading[1]), heading[2], start, start + len(body))
            return True
        raw = _RAW.match(body)
        if body.startswith("<!--"):
            kind, until = "", "-->"
        elif raw is not None:
            kind, until = "code" if raw[1] in ("pre", "textarea") else "", f"</{raw[1]}>"
        else:
            return False
        if until in body[4:]:
            self.outline.close()
            return not kind and body.endswith(until)
        if not self._occurs(until, start):
            return False
        self.outline.close()
        self._until = until
        if kind:
            self.outline.line(kind, start, start + len(body))
        return True

    def _occurs(self, until: str, start: int) -> bool:
        if until in self._unclosed:
            return False
        if self._text.find(until, start) < 0:
            self._unclosed.add(until)
            return False
        return True

    def _reference(self, _start: int, body: str) -> bool:
        """A link reference definition, which is no content."""
        return self.outline.kind != "paragraph" and _REFERENCE.match(body) is not None


def _indent(line: str) -> int:
    space = line[: len(line) - len(line.lstrip())]
    return len(space.expandtabs(4)) if "\t" in space else len(space)
