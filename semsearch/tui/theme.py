"""Colours: a dark and a light theme of our own, and what is derived from any theme.

Every pair of text and ground that we paint is derived so that it reaches WCAG's contrast for
text, whatever the theme; the tests compute it for every theme offered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

if TYPE_CHECKING:
    from collections.abc import Mapping

DARK: Final = "semsearch-dark"
LIGHT: Final = "semsearch-light"
CONTRAST: Final = 4.5
"""WCAG 2.2 AA for text (success criterion 1.4.3)."""

OWN: Final = (
    Theme(
        name=DARK,
        primary="#7aa2f7",
        secondary="#9d7cd8",
        accent="#e0af68",
        foreground="#d5d9e6",
        background="#14161d",
        surface="#1b1e28",
        panel="#232735",
        success="#9ece6a",
        warning="#e0af68",
        error="#f7768e",
        dark=True,
    ),
    Theme(
        name=LIGHT,
        primary="#2a5db0",
        secondary="#7a3e9d",
        accent="#9a5b00",
        foreground="#1f2430",
        background="#fbfaf7",
        surface="#f1efe9",
        panel="#e7e4dc",
        success="#3b7a1a",
        warning="#9a5b00",
        error="#b3261e",
        dark=False,
    ),
)

PAIRS: Final = (
    ("ink", "paper"),
    ("quiet", "paper"),
    ("title", "paper"),
    ("path", "paper"),
    ("score", "paper"),
    ("match", "paper"),
    ("good", "paper"),
    ("warn", "paper"),
    ("bad", "paper"),
    ("passage", "paper"),
    ("syntax-comment", "paper"),
    ("syntax-keyword", "paper"),
    ("syntax-string", "paper"),
    ("syntax-number", "paper"),
    ("syntax-name", "paper"),
    ("syntax-heading", "paper"),
    ("step-ink", "step-ground"),
    ("cursor-ink", "cursor-ground"),
    ("cursor-quiet", "cursor-ground"),
    ("cursor-match", "cursor-ground"),
    ("key-ink", "key-ground"),
    ("block-cursor-foreground", "block-cursor-background"),
    ("block-cursor-blurred-foreground", "block-cursor-blurred-background"),
    ("input-cursor-foreground", "input-cursor-background"),
)
"""Text and ground variables that are painted on each other; what the contrast test reads."""


def offered() -> list[Theme]:
    """Our themes, then Textual's; those that leave colours to the terminal are left out.

    Nothing can be promised about the contrast of colours we do not know.
    """
    return [*OWN, *(theme for theme in BUILTIN_THEMES.values() if not theme.ansi)]


def derived(theme: Theme, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables our style sheet uses, from a theme's colours.

    Args:
        theme: the theme.
        variables: what Textual generated from it.
    """
    paper = Color.parse(variables["background"])
    ink = legible(_color(variables, "foreground"), paper, 7.0)
    primary, accent = _color(variables, "primary"), _color(variables, "accent")
    cursor = paper.blend(primary, 0.28)
    step = legible(accent, paper)
    key = paper.blend(primary, 0.12)
    secondary = _color(variables, "secondary")
    success, error = _color(variables, "success"), _color(variables, "error")
    warning = _color(variables, "warning")
    colours = {
        "paper": paper,
        "ink": ink,
        "quiet": legible(ink.blend(paper, 0.42), paper),
        "frame": legible(paper.blend(ink, 0.3), paper, 1.6),
        "frame-focus": legible(primary, paper),
        "title": legible(primary, paper),
        "path": legible(primary, paper),
        "score": legible(success, paper),
        "match": legible(accent, paper),
        "good": legible(success, paper),
        "warn": legible(warning, paper),
        "bad": legible(error, paper),
        "passage": legible(accent, paper),
        "step-ground": step,
        "step-ink": legible(paper, step),
        "cursor-ground": cursor,
        "cursor-ink": legible(ink, cursor),
        "cursor-quiet": legible(ink.blend(cursor, 0.3), cursor),
        "cursor-match": legible(accent, cursor),
        "key-ground": key,
        "key-ink": legible(primary, key),
        "syntax-comment": legible(ink.blend(paper, 0.42), paper),
        "syntax-keyword": legible(secondary, paper),
        "syntax-string": legible(success, paper),
        "syntax-number": legible(warning, paper),
        "syntax-name": legible(primary, paper),
        "syntax-heading": legible(primary, paper),
    }
    values = {name: color.hex6 for name, color in colours.items()}
    for block in ("block-cursor", "block-cursor-blurred"):
        values[f"{block}-background"] = values["cursor-ground"]
        values[f"{block}-foreground"] = values["cursor-ink"]
    values["input-cursor-background"] = values["ink"]
    values["input-cursor-foreground"] = values["paper"]
    values["scrollbar"] = values["frame"]
    values["scrollbar-background"] = values["paper"]
    values["scrollbar-corner-color"] = values["paper"]
    return values


def legible(color: Color, ground: Color, wanted: float = CONTRAST) -> Color:
    """The colour, moved towards black or white until it can be read on the ground."""
    towards = max((Color(255, 255, 255), Color(0, 0, 0)), key=lambda end: contrast(end, ground))
    for step in range(21):
        moved = color.blend(towards, step / 20)
        if contrast(moved, ground) >= wanted:
            return moved
    return towards


def contrast(one: Color, other: Color) -> float:
    """WCAG's contrast ratio, 1 to 21, of the colours as they are sent: 8 bits a channel."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in color.rgb)
    ]
    red, green, blue = channels
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _color(variables: Mapping[str, str], name: str) -> Color:
    return Color.parse(variables[name])
