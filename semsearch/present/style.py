"""Colour, width and links of terminal output.

Only the sixteen colours a terminal's own theme defines are used, so output is readable on every
background. Outside text is made printable before it is painted: what is painted here last may hold
escape sequences, and they are ours.
"""

from __future__ import annotations

import os

from semsearch.record import Record
from semsearch.text import cell_width, display_path, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final, Literal

    Role = Literal["path", "line", "match", "quiet", "score", "good", "warning", "error", "title"]


_SGR: Final[dict[Role, str]] = {
    "path": "36",
    "line": "32",
    "match": "1;33",
    "quiet": "2",
    "score": "35",
    "good": "32",
    "warning": "33",
    "error": "1;31",
    "title": "1",
}
_UNRESERVED: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"
)


class Style(Record):
    """What the terminal can do and the user wants."""

    color: bool = False
    width: int = 100
    """Cells in a line."""
    hyperlinks: bool = False
    """Wrap paths in OSC 8 links to the file."""


PLAIN: Final = Style()
"""No escape sequence at all."""


def paint(text: str, role: Role, style: Style) -> str:
    """Text that is printable already, in the colour of its role."""
    return f"\x1b[{_SGR[role]}m{text}\x1b[0m" if style.color and text else text


def highlight(text: str, spans: Sequence[tuple[int, int]], style: Style) -> str:
    """Outside text with the spans painted as matches.

    Making it printable keeps every character's position, so the spans stay right.
    """
    text = printable(text)
    if not style.color:
        return text
    parts = []
    position = 0
    for start, end in spans:
        parts += [text[position:start], paint(text[start:end], "match", style)]
        position = end
    return "".join((*parts, text[position:]))


def shown_path(path: bytes, cwd: bytes | None) -> bytes:
    """The path relative to `cwd` where that is shorter, else absolute.

    A relative path never starts with a hyphen, so it cannot be taken for an option.
    """
    if cwd is None:
        return path
    try:
        relative = os.path.relpath(path, cwd)
    except ValueError:  # another drive
        return path
    if relative.startswith(b"-"):
        relative = os.path.join(b".", relative)
    return relative if relative != b"." and len(relative) < len(path) else path


def link(label: str, path: bytes, style: Style) -> str:
    """A printable label that opens the file where the terminal knows OSC 8."""
    if not style.hyperlinks:
        return label
    target = "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in path)
    return f"\x1b]8;;file://{target}\x1b\\{label}\x1b]8;;\x1b\\"


def path_text(path: bytes, cwd: bytes | None, style: Style) -> str:
    """A path for people: short, printable, painted, linked."""
    return link(paint(display_path(shown_path(path, cwd)), "path", style), path, style)


def pad(text: str, width: int) -> str:
    """Printable text filled with spaces to `width` cells."""
    return text + " " * (width - cell_width(text))


def wrap(text: str, width: int, lines: int) -> list[tuple[int, int]]:
    """Spans of at most `lines` pieces of one-line text, each within `width` cells.

    Breaks at spaces, or inside a word that is longer than a line.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    while start < len(text) and len(spans) < lines:
        end = _fitting(text, start, width)
        if end < len(text):
            space = text.rfind(" ", start + 1, end + 1)
            end = space if space > start else end
        spans.append((start, end))
        start = end
        while start < len(text) and text[start] == " ":
            start += 1
    return spans


def _fitting(text: str, start: int, width: int) -> int:
    """The end of the longest piece from `start` that fits; at least one character."""
    end = min(start + width, len(text))
    used = cell_width(text[start:end])
    while used > width and end > start + 1:
        end -= 1
        used -= cell_width(text[end])
    return end
