"""`semsearch status`: what is indexed, by which model, how fresh, what it cost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch.cli.arguments import path_text
from semsearch.cli.context import named_path
from semsearch.errors import EXIT_OK

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from semsearch.cli.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `status` takes."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=path_text,
        metavar="PATH",
        help="files or folders: what of them cannot be found, and why (-v: longer lists)",
    )


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the state of the index, or of paths in it."""
    if arguments.paths:
        # What is gone from the disk may still be in the index: the path need not exist.
        print_paths([named_path(path) for path in arguments.paths], context)
        return EXIT_OK
    status = context.engine.status()
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.status(status))
    else:
        from semsearch.present.reports import status_text

        context.out(status_text(status, context.style(), cwd=os.getcwdb()))
    return EXIT_OK


def print_paths(paths: Iterable[bytes], context: Context) -> None:
    """Write what can be found at or below absolute paths, and what cannot.

    Raises:
        UsageError: a path is in none of the folders that are indexed.
    """
    from semsearch.engine.left_out import LISTED, path_status
    from semsearch.present import problems

    statuses = [path_status(context.engine, path) for path in paths]
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.plain("status", problems.path_status_data(statuses)))
        return
    style, cwd = context.style(), os.getcwdb()
    most = LISTED if context.verbose else problems.MOST_PATHS
    texts = [problems.path_status_text(one, style, cwd=cwd, most=most) for one in statuses]
    context.out("\n\n".join(texts))
