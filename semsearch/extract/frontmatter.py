"""Front matter at the beginning of a note: where it ends, and the title it gives.

Only `title:` (YAML) and `title =` (TOML) are understood: plain, quoted and folded scalars. There
are no anchors, aliases, tags or types, so there is nothing to blow up.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from semsearch.extract.lines import unify_line_ends

_LONGEST: Final = 1 << 16
"""Characters searched for the closing fence; a rule far below is not one."""
_YAML_TITLE: Final = re.compile(r"^title[ \t]*:(?:[ \t]+(.*))?$", re.M | re.I)
_TOML_TITLE: Final = re.compile(r"^title[ \t]*=[ \t]*(.*)$", re.M | re.I)
_BLOCK_SCALAR: Final = re.compile(r"[>|][+-]?\d?[+-]?")
_COMMENT: Final = re.compile(r"[ \t]#")
_KEY_OR_COMMENT: Final = re.compile(r"[\w\"'-][\w \"'.-]*[ \t]*[:=]|#|\[|-|\s|$")


class FrontMatter(NamedTuple):
    """Title (empty: none given) and the offset where the document proper begins."""

    title: str
    end: int


def read_front_matter(text: str) -> FrontMatter:
    """Find YAML (`---`) or TOML (`+++`) front matter; `end` is 0 when there is none."""
    fence = text[:3]
    if fence not in ("---", "+++"):
        return FrontMatter("", 0)
    head = unify_line_ends(text[:_LONGEST])
    first_line = head.find("\n")
    if first_line < 0 or head[3:first_line].strip():
        return FrontMatter("", 0)
    closing = re.compile(r"^(?:---|\.\.\.)[ \t]*$" if fence == "---" else r"^\+\+\+[ \t]*$", re.M)
    close = closing.search(head, first_line + 1)
    if close is None:
        return FrontMatter("", 0)
    inside = head[first_line + 1 : close.start()]
    if _KEY_OR_COMMENT.match(inside) is None:  # text between two rules
        return FrontMatter("", 0)
    title = _yaml_title(inside) if fence == "---" else _toml_title(inside)
    return FrontMatter(" ".join(title.split()), close.start() + 3)


def _yaml_title(inside: str) -> str:
    match = _YAML_TITLE.search(inside)
    if match is None:
        return ""
    value = (match[1] or "").strip()
    if not value or _BLOCK_SCALAR.fullmatch(value):
        return _indented_lines(inside[match.end() + 1 :])
    if value[0] in "\"'":
        return _unquoted(value)
    if value[0] in "&*!{[|>%@`#":
        return ""
    comment = _COMMENT.search(value)
    return value[: comment.start()] if comment else value


def _toml_title(inside: str) -> str:
    match = _TOML_TITLE.search(inside)
    value = match[1].strip() if match else ""
    return _unquoted(value) if value[:1] in ("'", '"') else ""


def _indented_lines(text: str) -> str:
    lines: list[str] = []
    for line in text.split("\n")[:20]:
        if not line[:1].isspace():
            break
        lines.append(line)
    return " ".join(lines)


def _unquoted(value: str) -> str:
    """A quoted scalar of one line; of escapes only the quotes themselves are known."""
    quote = value[0]
    end = value.find(quote, 1)
    while end > 0 and (
        (quote == "'" and value[end + 1 : end + 2] == "'")
        or (quote == '"' and value[end - 1] == "\\")
    ):
        end = value.find(quote, end + (2 if quote == "'" else 1))
    content = value[1:end] if end > 0 else value[1:]
    return content.replace("''", "'") if quote == "'" else content.replace('\\"', '"')
