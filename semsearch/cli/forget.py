"""`semsearch forget`: remove a file or folder with every trace of its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.cli.arguments import path_text
from semsearch.cli.context import named_path
from semsearch.errors import EXIT_OK, AccessError, UsageError

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `forget` takes."""
    parser.add_argument(
        "paths", nargs="+", type=path_text, metavar="PATH", help="a file or folder that is indexed"
    )


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Ask, then remove."""
    from semsearch.present.amounts import counted

    # The file itself may be gone already: the path need not exist.
    paths = [named_path(path) for path in arguments.paths]
    _check_indexed(paths, context)
    held = sum(context.engine.count_files(path) for path in paths)
    question = f"Remove {counted(held, 'file')}, with text and vectors, from the index?"
    if held and not context.agree(question, otherwise=f"{question} Nothing was removed."):
        raise AccessError("Nothing was removed.", code="consent.refused")
    removed = [context.engine.forget(path) for path in paths]
    warnings = _copies_left(context)
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.forget(removed, warnings))
    else:
        from semsearch.present.reports import forgotten_text

        context.out(forgotten_text(removed, context.style()))
        for warning in warnings:
            context.warn("warning: " + warning)
    return EXIT_OK


def _check_indexed(paths: list[bytes], context: Context) -> None:
    """Refuse paths the index holds nothing of: after a typo, text would stay that is to go.

    Raises:
        UsageError: there is one; nothing was removed.
        BusyError: another process is indexing, or reading what was forgotten before.
    """
    from semsearch.paths import is_below
    from semsearch.text import display_path

    engine = context.engine
    roots = [root.path for root in engine.store().roots()]
    unknown = [
        path
        for path in paths
        if not engine.count_files(path) and not any(is_below(root, path) for root in roots)
    ]
    if not unknown:
        return
    # Who was told that another process keeps the last traces comes here again to remove them.
    engine.forget(unknown[0])
    names = ", ".join(f"{display_path(path)!a}" for path in unknown)
    raise UsageError(
        f"The index holds nothing of {names}; nothing was removed.",
        hint="Check the spelling; `semsearch status` shows the folders that are indexed.",
        code="usage.not_indexed",
    )


def _copies_left(context: Context) -> list[str]:
    """Damaged indexes that a repair moved aside: only their owner decides when they go."""
    from semsearch.engine.care import moved_aside
    from semsearch.text import display_path

    return [
        f"The damaged index {display_path(path)} was moved aside earlier and may still hold this "
        "text; delete it when you no longer need it."
        for path in moved_aside(context.engine)
    ]
