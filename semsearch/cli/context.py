"""What every command gets: settings, the engine, and the two streams it may talk on.

Data goes to standard output, talk to standard error; both only as text that is safe to print.
"""

from __future__ import annotations

import os
import sys

from semsearch import settings
from semsearch.errors import AccessError, StorageError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from semsearch.engine import Engine
    from semsearch.errors import SettingsError
    from semsearch.present.style import Style
    from semsearch.settings import Settings, Value


class Context:
    """The surroundings of one command.

    Args:
        command: its name; empty for the terminal UI.
        arguments: as parsed.
        tolerant: leave settings that are wrong at their defaults, and keep them in `faults`.

    Raises:
        SettingsError: a flag is wrong, or, unless tolerant, any other setting.
    """

    def __init__(
        self, command: str, arguments: argparse.Namespace, *, tolerant: bool = False
    ) -> None:
        self.command = command
        self.json: bool = arguments.json
        self.agreed: bool = arguments.yes
        self.quiet: bool = arguments.quiet
        self.verbose: bool = arguments.verbose
        self.faults: list[SettingsError] = []
        self._tolerant = tolerant
        self._arguments = arguments
        self.settings: Settings = self._load()
        self._engine: Engine | None = None

    def reload_settings(self) -> None:
        """Read them again, after the user's file was changed."""
        self.faults.clear()
        self.settings = self._load()

    def _load(self) -> Settings:
        return settings.load(
            config_path=self._arguments.config,
            flags=_flags(self._arguments),
            faults=self.faults if self._tolerant else None,
        )

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
        write_out(text if text.endswith("\n") or not text else text + "\n")

    def note(self, text: str) -> None:
        """Write talk to standard error, unless the user asked for quiet."""
        if not self.quiet:
            talk(text)

    def warn(self, text: str) -> None:
        """Write something that must be said to standard error."""
        talk(text)

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
        answer = sys.stdin.readline()
        if not answer:  # Ctrl-D leaves the cursor behind the question
            talk("")
        return answer.strip().lower() in {"y", "yes"}

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
        if columns.isdecimal() and int(columns) > 0:
            return int(columns)
        return os.get_terminal_size(sys.stdout.fileno()).columns if terminal else 100


def open_closed_streams() -> None:
    """Stand-ins for streams the caller closed: no other file may take their numbers.

    Nothing can be read from the one for input, and writing to the one for output fails as it would
    on a full disk; talk on standard error is lost.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - open to the end
    if sys.stdout is None:
        sys.stdout = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def write_out(data: str | bytes = "") -> None:
    """Write data to standard output; without any, send off what is waiting to be written.

    Raises:
        BrokenPipeError: nobody reads it any more.
        StorageError: it cannot be written.
    """
    try:
        if isinstance(data, str) and data:
            sys.stdout.write(data)
        else:
            sys.stdout.flush()
        if isinstance(data, bytes):
            sys.stdout.buffer.write(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise StorageError(
            f"The output could not be written: {error.strerror or 'standard output is closed'}.",
            hint="Check where standard output goes, and the free space there.",
            code="storage.output",
        ) from error


def talk(text: str) -> None:
    """Write a line or more to standard error."""
    try:
        sys.stderr.write(text.rstrip("\n") + "\n")
    except OSError:
        return  # there is nobody to tell


def named_path(text: str) -> bytes:
    """An absolute path the user named, as the shell resolves it; nothing need be there."""
    return os.path.abspath(os.fsencode(os.path.expanduser(text)))


def existing_path(text: str) -> bytes:
    """An absolute path the user named, as the shell resolves it.

    Raises:
        UsageError: nothing is there.
    """
    path = named_path(text)
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
    if flags.get("index.max_cost") == 0:  # as a setting, 0 is no cap
        flags["index.max_cost"] = settings.NOTHING_USD
    if arguments.offline:
        flags["offline"] = True
    return flags
