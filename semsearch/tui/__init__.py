"""The terminal UI: a door onto the engine for people who stay for more than one question."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semsearch.settings import Settings
    from semsearch.tui.app import SemsearchApp

__all__ = ["application", "run"]


def run(settings: Settings) -> int:
    """Show the terminal UI until the person leaves; returns the exit status."""
    app = application(settings)
    from semsearch.tui.terminal import show

    return show(app)


def application(settings: Settings) -> SemsearchApp:
    """The application, not yet shown."""
    import gc

    # What is loaded until the first picture stays for good: a collection would find nothing in
    # it. The application switches collecting on again once it is ready.
    gc.disable()
    from semsearch.tui.app import SemsearchApp

    return SemsearchApp(settings)
