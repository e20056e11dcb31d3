"""`semsearch check`: is the index whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch.errors import EXIT_OK, DamagedError

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `check` takes."""
    parser.add_argument(
        "--quick", action="store_true", help="do not compare the keyword tables word by word"
    )


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Read everything, and say what is not as it was stored; 6 when something is not."""
    from semsearch.cli.progress import CountedLine
    from semsearch.engine import care
    from semsearch.present.care import health_data, health_text

    with CountedLine(context, "checking") as line:
        health = care.check(context.engine, line.tell, quick=arguments.quick)
    error = None
    if health.damaged:
        error = DamagedError(
            f"The index {os.fsdecode(health.path)!a} is damaged.",
            hint="`semsearch repair` shows what it would do, mends it, and sends nothing.",
        )
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.plain("check", health_data(health), error=error))
    else:
        context.out(health_text(health, context.style(), cwd=os.getcwdb()))
        if error is not None:
            from semsearch.present.human import error_text

            context.warn(error_text(error, context.style()))
    return EXIT_OK if error is None else error.exit_status
