"""The terminal UI: a door onto the engine for people who stay for more than one question."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semsearch.settings import Settings

__all__ = ["run"]


def run(settings: Settings) -> int:
    """Show the terminal UI until the person leaves; returns the exit status."""
    from semsearch.tui.app import SemsearchApp
    from semsearch.tui.terminal import show

    return show(SemsearchApp(settings))
