"""reStructuredText: adorned headings, directives, literal blocks, lists and tables, by lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from semsearch.extract.lines import iter_lines
from semsearch.extract.outline import Outline
from semsearch.extract.plain import ADORNMENTS, BULLET, is_adornment

if TYPE_CHECKING:
    from semsearch.extract.decode import Decoded
    from semsearch.records import Document

_DIRECTIVE: Final = re.compile(r"\.\.[ \t]+(?:\|[^|]{1,100}\|[ \t]+)?([\w:.+-]{1,60})::(?=\s|$)")
_CODE_DIRECTIVES: Final = (
    "code code-block sourcecode parsed-literal math productionlist doctest testcode testoutput"
    " testsetup ipython prompt graphviz uml mermaid raw csv-table"
)
_CODE: Final = frozenset(_CODE_DIRECTIVES.split())
_EMPTY_DIRECTIVES: Final = (
    "toctree contents index image include literalinclude highlight currentmodule module meta"
    " default-role role default-domain sectionauthor codeauthor tabularcolumns sectnum unicode"
)
_NO_CONTENT: Final = frozenset(_EMPTY_DIRECTIVES.split())
_FIELD: Final = re.compile(r":[\w -]{1,60}:(?:\s|$)")
_SIMPLE_TABLE: Final = re.compile(r"=+(?: +=+)+")
_ROLE: Final = re.compile(
    r":[\w:+-]{1,40}:`([^`<]{1,200})(?:<[^`]{0,200}>)?`|`{1,2}([^`<]{1,200})(?:<[^`]{0,200}>)?`{1,2}_{0,2}"
)


def extract_rst(decoded: Decoded, kind: str = "rst") -> Document:
    """Read reStructuredText; levels of headings follow the order their adornments first appear."""
    reader = _Reader(decoded.text)
    for offset, line in iter_lines(decoded.text):
        reader.read_line(offset, line.rstrip())
    return reader.outline.document(decoded.text, kind, decoded)


class _Reader:
    """One pass over the lines."""

    def __init__(self, text: str) -> None:
        self.outline = Outline()
        self._text = text
        self._styles: list[tuple[str, bool]] = []
        """Adornments by level: character, and whether the heading has an overline too."""
        self._overline: tuple[str, int] | None = None
        """Character and offset of an adornment that may be the upper one of a heading."""
        self._blank_before = True
        self._literal = False
        """The last line ended in `::`, so an indented block may be literal."""
        self._signature = False
        """The open block is a directive's first line, which its first paragraph joins."""
        self._body: str | None = None
        """Kind of the indented body being read; empty: it is skipped; None: in no body."""
        self._base = 0
        """Indentation a body's lines must exceed."""

    def read_line(self, offset: int, line: str) -> None:
        body = line.lstrip()
        if not body:
            self._blank_before = True
            self._overline = None
            if self._body != "code" and not self._signature:
                self.outline.close()
            return
        blank_before, self._blank_before = self._blank_before, False
        indent = len(line) - len(body)
        if self._signature and blank_before:
            self._signature = False
            if indent <= self._base:
                self.outline.close()
        if self._literal:
            self._literal = False
            if blank_before and indent > self._base:
                self._body = "code"
        if self._body is not None:
            if indent > self._base:
                if self._body:
                    self.outline.line(self._body, offset, offset + len(line))
                return
            self._body = None
            self.outline.close()
        start = offset + indent
        if body[0] not in ADORNMENTS or not self._marked(start, indent, body):
            self._text_line(start, indent, body)

    def _text_line(self, start: int, indent: int, body: str) -> None:
        outline = self.outline
        kind = outline.kind
        if not kind:
            item = BULLET.match(body) or _FIELD.match(body)
            kind = "list" if item else "paragraph"
        outline.line(kind, start, start + len(body))
        if body.endswith("::"):
            self._literal, self._base = True, indent

    def _marked(self, start: int, indent: int, body: str) -> bool:
        """Read a line that begins with punctuation; False when it is text after all."""
        mark, outline = body[0], self.outline
        end = start + len(body)
        if mark == "." and body[1:2] == "." and body[2:3] in ("", " ", "\t"):
            self._explicit_markup(start, indent, body)
            return True
        if outline.kind == "paragraph" and outline.lines == 1 and is_adornment(body, outline):
            self._heading(mark, end)
            return True
        if not outline.kind:
            if len(body) >= 3 and body == mark * len(body):
                self._overline = (mark, start)
                return True
            if body.startswith(("+-", "+=")) or _SIMPLE_TABLE.fullmatch(body):
                outline.line("table", start, end)
                return True
            if body.startswith(">>>"):
                outline.line("code", start, end)
                return True
        return False

    def _heading(self, mark: str, end: int) -> None:
        outline = self.outline
        start, overlined = outline.start, False
        label = self._text[start : outline.end]
        if self._overline is not None and self._overline[0] == mark:
            start, overlined = self._overline[1], True
        self._overline = None
        style = (mark, overlined)
        if style not in self._styles:
            self._styles.append(style)
        outline.discard()
        outline.heading(self._styles.index(style) + 1, _plain_label(label), start, end)

    def _explicit_markup(self, start: int, indent: int, body: str) -> None:
        """A directive, comment, target, footnote or substitution."""
        self.outline.close()
        self._base = indent
        directive = _DIRECTIVE.match(body)
        if directive is None:
            if body[3:4] == "[":
                self.outline.line("paragraph", start, start + len(body))
            else:
                self._body = ""
            return
        name = directive[1].lower()
        if name in _CODE:
            self._body = "code"
        elif name in _NO_CONTENT:
            self._body = ""
        elif len(body) > directive.end():
            self._signature = True
            self.outline.line("paragraph", start, start + len(body))


def _plain_label(source: str) -> str:
    """A heading's words without roles, literals and links' targets."""
    return _ROLE.sub(lambda match: (match[1] or match[2]).strip(), source[:1000])
