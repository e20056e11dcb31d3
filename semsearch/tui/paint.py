"""Styles of what is drawn line by line: the hits and the preview.

Not component classes: Textual would style each of them, as if it were a widget, at every change
of a class or of the focus, and that is a good part of the time until the first picture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.style import Style

if TYPE_CHECKING:
    from collections.abc import Mapping

PAINTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "text": ("ink", "paper", ""),
    "quiet": ("quiet", "paper", ""),
    "title": ("title", "paper", "bold"),
    "path": ("path", "paper", ""),
    "score": ("score", "paper", ""),
    "warn": ("warn", "paper", ""),
    "hit-match": ("match", "paper", "bold"),
    "cursor": ("cursor-ink", "cursor-ground", ""),
    "cursor-quiet": ("cursor-quiet", "cursor-ground", ""),
    "cursor-match": ("cursor-match", "cursor-ground", "bold"),
    "passage": ("passage", "paper", "bold"),
    "match": ("match", "paper", "bold underline"),
    "step": ("step-ink", "step-ground", "bold"),
    "comment": ("syntax-comment", "paper", "italic"),
    "keyword": ("syntax-keyword", "paper", ""),
    "string": ("syntax-string", "paper", ""),
    "literal": ("syntax-number", "paper", ""),
    "name": ("syntax-name", "paper", ""),
    "heading": ("syntax-heading", "paper", "bold"),
    "strong": ("ink", "paper", "bold"),
    "emph": ("ink", "paper", "italic"),
    "code": ("syntax-string", "paper", ""),
    "link": ("title", "paper", "underline"),
}
"""Ink and ground, by the theme's variables, and the attributes of each kind of text."""


def styles(variables: Mapping[str, str]) -> dict[str, Style]:
    """The style of every kind of text, with a theme's colours."""
    return {
        name: Style.parse(f"{attributes} {variables[ink]} on {variables[ground]}")
        for name, (ink, ground, attributes) in PAINTS.items()
    }
