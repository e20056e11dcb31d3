"""Lines as an editor sees them: LF, CRLF and lone CR end one; VT, FF, NEL, LS and PS do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE: Final = 1 << 18
"""Characters split at a time, so that millions of short lines never exist at once."""


def iter_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield `(offset, line)`; the line comes without its end, CRLF leaving one blank behind."""
    text = unify_line_ends(text)
    offset, size = 0, len(text)
    while offset < size:
        stop = text.find("\n", offset + _PIECE)
        if stop < 0:
            stop = size
        for line in text[offset:stop].split("\n"):
            yield offset, line
            offset += len(line) + 1


def unify_line_ends(text: str) -> str:
    """The text with every line ended by LF, every offset unchanged."""
    if "\r" not in text:
        return text
    return text.replace("\r\n", " \n").replace("\r", "\n")
