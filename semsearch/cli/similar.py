"""`semsearch similar`: passages like that one, from stored vectors; nothing is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch.cli.search import add_output_arguments, print_result

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `similar` takes."""
    parser.add_argument("place", metavar="PATH[:LINE]", help="an indexed file, or a line of it")
    parser.add_argument("--model", metavar="M", help="use the vectors of this model")
    parser.add_argument(
        "--other-files", action="store_true", help="leave out other passages of that file"
    )
    add_output_arguments(parser)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Find and print what is like the place."""
    result = context.engine.similar(
        arguments.place, cwd=os.getcwdb(), same_file=not arguments.other_files
    )
    return print_result(result, arguments, context)
