"""Plain text: paragraphs between blank lines, underlined headings, a first line that is a title."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from semsearch.extract.kinds import DATA
from semsearch.extract.lines import iter_lines
from semsearch.extract.outline import Outline

if TYPE_CHECKING:
    from semsearch.extract.decode import Decoded
    from semsearch.records import Document

BULLET: Final = re.compile(r"(?:[-*+•‣◦–]|\(?(?:\d{1,4}|[A-Za-z]|#)[.)])[ \t]+\S")
"""The beginning of a list item, after its indentation."""
ADORNMENTS: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
"""Characters a line under a heading may consist of (docutils' set)."""

_TABULAR: Final = frozenset({"csv", "tsv"})
_LONGEST_TITLE: Final = 100
_NOT_A_TITLE: Final = tuple(".,;:!?-–—=*_~/\\|>")


def extract_plain(decoded: Decoded, kind: str) -> Document:
    """Read text without markup; records of data formats become lines of code or table rows."""
    if kind in DATA:
        return _records(decoded, kind)
    text = decoded.text
    outline = Outline()
    styles: list[str] = []
    titled = False
    for start, line in iter_lines(text):
        body = line.strip()
        if not body:
            if not titled and outline.kind:
                titled = True
                if _is_title(outline, text):
                    outline.discard()
                    label = text[outline.start : outline.end]
                    outline.heading(1, label, outline.start, outline.end)
            outline.close()
            continue
        first = start + line.index(body[0])
        end = first + len(body)
        if outline.lines == 1 and outline.kind == "paragraph" and is_adornment(body, outline):
            if body[0] not in styles:
                styles.append(body[0])
            outline.discard()
            label = text[outline.start : outline.end]
            outline.heading(2 + styles.index(body[0]), label, outline.start, end)
            titled = True
        elif outline.kind != "list" and BULLET.match(body) is not None:
            outline.line("list", first, end)
        else:
            outline.line(outline.kind or "paragraph", first, end)
    return outline.document(text, kind, decoded)


def is_adornment(body: str, outline: Outline) -> bool:
    """Whether `body` underlines the single line of the open block."""
    mark = body[0]
    return (
        mark in ADORNMENTS
        and len(body) >= max(3, outline.end - outline.start - 1)
        and body == mark * len(body)
    )


def _is_title(outline: Outline, text: str) -> bool:
    label = text[outline.start : outline.end]
    return (
        outline.lines == 1
        and outline.kind == "paragraph"
        and len(label) <= _LONGEST_TITLE
        and not label.endswith(_NOT_A_TITLE)
        and any(map(str.isalpha, label))
        and not text[outline.end :].isspace()
    )


def _records(decoded: Decoded, kind: str) -> Document:
    outline = Outline()
    block = "table" if kind in _TABULAR else "code"
    for start, line in iter_lines(decoded.text):
        body = line.rstrip()
        if body:
            outline.line(block, start, start + len(body))
        else:
            outline.close()
    return outline.document(decoded.text, kind, decoded)
