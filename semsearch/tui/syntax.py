"""Colours of code and markup: which characters of a few lines are which kind of token.

Only a window of lines is ever looked at, and for a bounded time: lexers are regular expressions
over text from anywhere.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pygments.lexer import Lexer
    from pygments.token import _TokenType

Span = tuple[int, int, str]
"""Start, end, and the class of token: a component class of the preview without its prefix."""

MAX_LINES: Final = 240
MAX_CHARACTERS: Final = 24_000
_SECONDS: Final = 0.15

_LEXERS: Final = {
    "csharp": "csharp",
    "ini": "ini",
    "make": "makefile",
    "objective-c": "objective-c",
    "protobuf": "protobuf",
    "assembly": "nasm",
    "shell": "bash",
    "vim": "vim",
}
"""Kinds whose lexer has another name."""

_PLAIN: Final = frozenset({"text", "log", "csv", "tsv", "code", "html", "org", ""})
"""Kinds shown without colours; HTML is shown as the text that was read out of it."""


def colours(lines: Sequence[str], kind: str, start: int, end: int) -> dict[int, list[Span]]:
    """Token spans by line, for lines `start` to `end`; lines without colours are left out."""
    if kind in _PLAIN:
        return {}
    lexer = _lexer(kind)
    if lexer is None:
        return {}
    from pygments.token import Token

    end = min(end, start + MAX_LINES)
    text = "\n".join(lines[start:end])[:MAX_CHARACTERS]
    deadline = perf_counter() + _SECONDS
    found: dict[int, list[Span]] = {}
    line, column = start, 0
    for _, token, value in lexer.get_tokens_unprocessed(text):
        name = _class_of(token, Token)
        for number, piece in enumerate(value.split("\n")):
            if number:
                line, column = line + 1, 0
            if name and piece:
                found.setdefault(line, []).append((column, column + len(piece), name))
            column += len(piece)
        if perf_counter() > deadline:
            break
    return found


def _lexer(kind: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer: Lexer = get_lexer_by_name(_LEXERS.get(kind, kind))
    except ClassNotFound:
        return None
    return lexer


def _class_of(token: _TokenType, top: _TokenType) -> str:
    """The nearest class among the token's ancestors; empty for plain text."""
    classes = {
        top.Comment: "comment",
        top.Keyword: "keyword",
        top.Operator.Word: "keyword",
        top.Literal.String: "string",
        top.Literal.Number: "literal",
        top.Name.Function: "name",
        top.Name.Class: "name",
        top.Name.Tag: "name",
        top.Name.Attribute: "literal",
        top.Name.Decorator: "literal",
        top.Generic.Heading: "heading",
        top.Generic.Subheading: "heading",
        top.Generic.Strong: "strong",
        top.Generic.Emph: "emph",
    }
    step: _TokenType | None = token
    while step is not None and step is not top:
        if step in classes:
            return classes[step]
        step = step.parent
    return ""
