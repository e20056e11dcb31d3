"""`semsearch status`: what is indexed, by which model, how fresh, what it cost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch.errors import EXIT_OK

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Nothing beyond the global options."""


def run(_arguments: argparse.Namespace, context: Context) -> int:
    """Print the state of the index."""
    status = context.engine.status()
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.status(status))
    else:
        from semsearch.present.reports import status_text

        context.out(status_text(status, context.style(), cwd=os.getcwdb()))
    return EXIT_OK
