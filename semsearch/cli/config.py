"""`semsearch config`: read and change settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.errors import EXIT_OK, UsageError

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `config` takes."""
    parser.add_argument(
        "action", nargs="?", choices=("list", "get", "set", "unset", "path"), default="list"
    )
    parser.add_argument("name", nargs="?", help="e.g. search.limit")
    parser.add_argument("value", nargs="?")
    parser.add_argument("--show-origin", action="store_true", help="where each value comes from")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """List, get, set, unset, or name the file."""
    from semsearch.present import reports

    settings = context.settings
    action, name = arguments.action, arguments.name
    if action in {"get", "set", "unset"} and name is None:
        raise UsageError(
            f"`config {action}` needs the name of a setting.",
            hint="`semsearch config list` names them.",
        )
    if action == "set" and arguments.value is None:
        raise UsageError("`config set` needs a value.", hint=f"semsearch config set {name} VALUE")
    if action == "set":
        context.engine.set_setting(name, arguments.value)
        context.note(f"{name} is set in {settings.config_path}")
    elif action == "unset":
        context.engine.set_setting(name, None)
        context.note(f"{name} has its default again")
    elif action == "path":
        context.out(settings.config_path)
    if action in {"set", "unset"} and not context.json:
        return EXIT_OK
    rows = [row for row in settings.rows() if name in {None, row[0].name}]
    if not rows:
        settings.origin(name)  # raises, naming the nearest
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.config(rows, settings.config_path))
    elif action == "get":
        context.out(reports.value_text(rows[0][1]))
    elif action == "list":
        context.out(reports.settings_text(rows, context.style(), origin=arguments.show_origin))
    return EXIT_OK
