"""Text measured and cut as the terminal's own layout measures it."""

from __future__ import annotations

from typing import Final

from rich import cells

__all__ = ["cell_len", "cut", "cut_left", "fit"]

_FIRST_COMBINING: Final = "\u0300"
"""Below it, every printable character takes one cell."""


def _simple(text: str) -> bool:
    return text.isprintable() and (text.isascii() or max(text) < _FIRST_COMBINING)


def cell_len(text: str) -> int:
    """How many cells the text takes."""
    return len(text) if _simple(text) else cells.cell_len(text)


def cut(text: str, width: int) -> str:
    """The longest beginning that fits, ending in an ellipsis when something is missing."""
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    head = text[: width - 1] if _simple(text) else cells.set_cell_size(text, width - 1)
    return head.rstrip() + "…"


def cut_left(text: str, width: int) -> str:
    """The end of the text, which says most of a path, when the whole does not fit."""
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    start = max(len(text) - width, 0)
    while start < len(text) and cell_len(text[start:]) >= width:
        start += 1
    return "…" + text[start:]


def fit(text: str, width: int) -> str:
    """Cut or padded to exactly this many cells."""
    shown = cut(text, width)
    return shown + " " * max(width - cell_len(shown), 0)
