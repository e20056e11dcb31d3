"""`semsearch sent`: what left this machine, when, to which host, at what cost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch.cli.arguments import path_text
from semsearch.cli.context import named_path
from semsearch.errors import EXIT_OK

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `sent` takes."""
    parser.add_argument(
        "path",
        nargs="?",
        type=path_text,
        metavar="PATH",
        help="a file or folder of the index (default: all)",
    )


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the outbound book: by file with a path, else by day; each call with `--verbose`."""
    from semsearch.engine import care
    from semsearch.present import care as present

    # The file itself may be gone: the path need not exist.
    path = None if arguments.path is None else named_path(arguments.path)
    outbound = care.sent(context.engine, path)
    if context.json:
        from semsearch.present import envelope

        data = present.sent_data(path, outbound.days, outbound.files, outbound.calls)
        context.out(envelope.plain("sent", data))
        return EXIT_OK
    style = context.style()
    if path is None:
        context.out(present.sent_days_text(outbound.days, style))
    else:
        context.out(present.sent_files_text(path, outbound.files, style, cwd=os.getcwdb()))
    if context.verbose and outbound.calls:
        context.out(present.calls_text(outbound.calls))
    return EXIT_OK
