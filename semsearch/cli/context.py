"""What every command gets: settings, the engine, and the two streams it may talk on.

Data goes to standard output, talk to standard error; both only as text that is safe to print.
"""

from __future__ import annotations

import os
import sys

from semsearch import settings
from semsearch.errors import AccessError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from semsearch.engine import Engine
    from semsearch.present.style import Style
    from semsearch.settings import Settings, Value


class Context:
    """The surroundings of one command."""

    def __init__(self, command: str, arguments: argparse.Namespace) -> None:
        self.command = command
        self.json: bool = arguments.json
        self.agreed: bool = arguments.yes
        self.quiet: bool = arguments.quiet
        self.verbose: bool = arguments.verbose
        self.settings: Settings = settings.load(
            config_path=arguments.config, flags=_flags(arguments)
        )
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The engine, made on first use; nothing is opened by making it."""
        if self._engine is None:
            from semsearch.engine import Engine

            self._engine = Engine(self.settings)
        return self._engine

    def use_engine(self, engine: Engine) -> Engine:
        """Use this engine from now on; it is closed with the context."""
        self.close()
        self._engine = engine
        return engine

    @property
    def interactive(self) -> bool:
        """Whether a question can be asked and answered."""
        return sys.stdin.isatty() and sys.stderr.isatty() and not self.json

    def style(self, stream_is_terminal: bool | None = None) -> Style:
        """Colour and width for standard output."""
        from semsearch.present.style import Style

        terminal = sys.stdout.isatty() if stream_is_terminal is None else stream_is_terminal
        return Style(color=self._color(terminal), width=self._width(terminal))

    def out(self, text: str) -> None:
        """Write data to standard output."""
        sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")

    def note(self, text: str) -> None:
        """Write talk to standard error, unless the user asked for quiet."""
        if not self.quiet:
            sys.stderr.write(text.rstrip("\n") + "\n")

    def warn(self, text: str) -> None:
        """Write something that must be said to standard error."""
        sys.stderr.write(text.rstrip("\n") + "\n")

    def agree(self, question: str, *, otherwise: str) -> bool:
        """Ask a yes-or-no question on the terminal; `--yes` answers it.

        Raises:
            AccessError: there is no terminal to ask on, and no `--yes`.
        """
        if self.agreed:
            return True
        if not self.interactive:
            raise AccessError(otherwise, hint="Add --yes to agree.", code="consent.needed")
        sys.stderr.write(question + " [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def close(self) -> None:
        """Close what was opened."""
        if self._engine is not None:
            self._engine.close()

    def _color(self, terminal: bool) -> bool:
        choice = self.settings.text("color")
        environment = self.settings.environment
        if choice != "auto":
            return choice == "always"
        if "NO_COLOR" in environment or environment.get("TERM") == "dumb":
            return False
        return terminal or environment.get("CLICOLOR_FORCE", "0") != "0"

    def _width(self, terminal: bool) -> int:
        columns = self.settings.environment.get("COLUMNS", "")
        if columns.isdigit() and int(columns) > 0:
            return int(columns)
        return os.get_terminal_size(sys.stdout.fileno()).columns if terminal else 100


def existing_path(text: str) -> bytes:
    """An absolute path the user named, as the shell resolves it.

    Raises:
        UsageError: nothing is there.
    """
    path = os.path.abspath(os.fsencode(os.path.expanduser(text)))
    if not os.path.lexists(path):
        raise UsageError(
            f"There is no file or folder {os.fsdecode(path)!a}.",
            hint="Check the spelling, or mount the disk it is on.",
            code="usage.path",
        )
    return path


def _flags(arguments: argparse.Namespace) -> Mapping[str, Value]:
    """Settings given as flags, by name; a flag that was not given is left out."""
    flags: dict[str, Value] = {}
    names = {
        "index": "index.path",
        "color": "color",
        "model": "model.name",
        "dimensions": "model.dimensions",
        "max_cost": "index.max_cost",
        "mode": "search.mode",
        "limit": "search.limit",
        "diverse": "search.diverse",
    }
    for attribute, name in names.items():
        value = getattr(arguments, attribute, None)
        if value is not None:
            flags[name] = value
    if arguments.offline:
        flags["offline"] = True
    return flags
