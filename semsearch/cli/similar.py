"""`semsearch similar`: passages like that one, from stored vectors; nothing is sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch.cli.arguments import path_text
from semsearch.cli.search import add_output_arguments, check_output, print_result
from semsearch.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `similar` takes."""
    parser.add_argument(
        "place", type=path_text, metavar="PATH[:LINE]", help="an indexed file, or a line of it"
    )
    parser.add_argument("--model", metavar="M", help="use the vectors of this model")
    parser.add_argument(
        "--other-files", action="store_true", help="leave out other passages of that file"
    )
    add_output_arguments(parser)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Find and print what is like the place."""
    check_output(arguments)
    if arguments.place.startswith(":") and arguments.place[1:].isdecimal():
        raise UsageError(
            f"{arguments.place!a} names a line, and no file.",
            hint="For example: semsearch similar notes/coffee.md:12",
        )
    result = context.engine.similar(
        arguments.place, cwd=os.getcwdb(), same_file=not arguments.other_files
    )
    return print_result(result, arguments, context)
