"""`semsearch completion`: print a completion script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.errors import EXIT_OK

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context

_SHELLS = ("bash", "zsh", "tcsh", "fish", "powershell")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `completion` takes."""
    parser.add_argument("shell", choices=_SHELLS, metavar="SHELL", help=", ".join(_SHELLS))


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the script for a shell."""
    import shtab

    from semsearch.cli.arguments import full_parser

    context.out(shtab.complete(full_parser(), shell=arguments.shell))
    return EXIT_OK
