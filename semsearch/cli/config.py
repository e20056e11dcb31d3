"""`semsearch config`: read and change settings."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from semsearch.cli.context import named_path
from semsearch.errors import EXIT_OK, SettingsError, UsageError
from semsearch.present import reports
from semsearch.settings import declared, from_text
from semsearch.text import printable

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
    action, name = arguments.action, arguments.name
    if action in {"get", "set", "unset"} and name is None:
        raise UsageError(
            f"`config {action}` needs the name of a setting.",
            hint="`semsearch config list` names them.",
        )
    if action == "set" and arguments.value is None:
        raise UsageError("`config set` needs a value.", hint=f"semsearch config set {name} VALUE")
    if action == "get" and context.faults:
        raise context.faults[0]  # a program reads it: rather nothing than what does not hold
    if action in {"set", "unset"}:
        _change(name, arguments.value if action == "set" else None, context)
    _print(arguments, context)
    for fault in context.faults:
        context.warn(f"warning: {fault.message} {fault.hint}")
    return EXIT_OK


def _change(name: str, raw: str | None, context: Context) -> None:
    if raw is not None and name.startswith("ui."):
        _check_for_screens(name, raw)
    if raw and name == "index.path":  # the same index from every folder
        raw = os.fsdecode(named_path(raw))
    context.engine.set_setting(name, raw)
    context.reload_settings()
    if raw is None:
        context.note(f"{printable(name)} has its default again")
    else:
        context.note(f"{name} is set in {printable(context.settings.config_path)}")


def _check_for_screens(name: str, raw: str) -> None:
    """The terminal UI knows its keys and themes; doors import each other by name only.

    Raises:
        SettingsError: it has no such theme, or cannot read these keys.
    """
    value = from_text(declared(name), raw, source="the command line")
    if name == "ui.keys":
        importlib.import_module("semsearch.tui.keys").keymap(value)
    elif name == "ui.theme":
        names = [one.name for one in importlib.import_module("semsearch.tui.theme").offered()]
        if value not in names:
            raise SettingsError(
                f"There is no theme {raw!a}.", hint=f"Themes are {', '.join(sorted(names))}."
            )


def _print(arguments: argparse.Namespace, context: Context) -> None:
    settings, action, name = context.settings, arguments.action, arguments.name
    if action in {"set", "unset", "path"} and not context.json:
        if action == "path":
            context.out(settings.config_path)
        return
    rows = [row for row in settings.rows() if name in {None, row[0].name}]
    if not rows and action != "unset":
        declared(name)  # raises, naming the nearest
    if context.json:
        from semsearch.present import envelope

        warnings = [f"{fault.message} {fault.hint}" for fault in context.faults]
        context.out(envelope.config(rows, settings.config_path, warnings))
    elif action == "get":
        context.out(reports.value_text(rows[0][1]))
    else:
        context.out(reports.settings_text(rows, context.style(), origin=arguments.show_origin))
