"""`semsearch key`: the API key of the configured server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from semsearch.errors import EXIT_OK, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from semsearch.cli.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `key` takes."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("set", "status", "forget"),
        default="status",
        help="set reads the key from the terminal without showing it, or from standard input",
    )
    parser.add_argument(
        "--keyring", action="store_true", help="with set: keep it in the system's key store"
    )


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Set, show or forget the key; it is never an argument."""
    if arguments.action == "set":
        return _set(context, keyring=arguments.keyring)
    if arguments.action == "forget":
        known = context.engine.forget_key()
        host = context.engine.host
        return _say(context, {"host": host, "forgotten": known}, _forgotten(host, known=known))
    return _status(context)


def _set(context: Context, *, keyring: bool) -> int:
    host = context.engine.host
    if sys.stdin.isatty():
        import getpass

        try:
            value = getpass.getpass(f"API key for {host}: ", stream=sys.stderr)
        except EOFError:  # Ctrl-D leaves the cursor behind the question
            context.warn("")
            value = ""
    else:
        value = sys.stdin.readline()
    if not value.strip():
        raise UsageError("No key was given.", hint="Type or pipe it: semsearch key set < file")
    place = context.engine.store_key(value, keyring=keyring)
    return _say(
        context, {"host": host, "kept_in": place}, f"The key for {host} is kept in {place}."
    )


def _status(context: Context) -> int:
    found, status = context.engine.key_status()
    host = context.engine.host
    if found is None:
        text = f"There is no key for {host}. `semsearch key set` keeps one."
        return _say(context, {"host": host, "source": None, "server": None}, text)
    lines = [f"Key {found.secret} for {host}, from {found.source}."]
    if status is not None:
        lines += [
            f"{name}: {'unlimited' if value is None else f'${value:.4f}'}"
            for name, value in (
                ("used", status.usage_usd),
                ("limit", status.limit_usd),
                ("remaining", status.remaining_usd),
            )
        ]
    data = {
        "host": host,
        "source": found.source,
        "key": str(found.secret),
        "server": None if status is None else status._asdict(),
    }
    return _say(context, data, "\n".join(lines))


def _forgotten(host: str, *, known: bool) -> str:
    return f"The stored key for {host} is gone." if known else f"No key was stored for {host}."


def _say(context: Context, data: Mapping[str, object], text: str) -> int:
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.plain("key", dict(data)))
    else:
        from semsearch.text import printable

        context.out(printable(text, multiline=True))
    return EXIT_OK
