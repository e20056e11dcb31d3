"""From arguments to an exit status: dispatch, signals, and how errors are shown."""

from __future__ import annotations

import os
import sys

from semsearch import __version__
from semsearch.cli import arguments as cli_arguments
from semsearch.cli.arguments import Manner
from semsearch.cli.context import Context, open_closed_streams, talk, write_out
from semsearch.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    Cancelled,
    SemsearchError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from types import FrameType, TracebackType


_BLAS_THREADS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def main(argv: Sequence[str]) -> int:
    """Run one command; returns its exit status and never raises."""
    os.umask(0o077)  # whatever we create is private
    for variable in _BLAS_THREADS:  # our own workers are the threads; two layers of them fight
        os.environ.setdefault(variable, "1")
    open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    manner = Manner(argv)
    try:
        try:
            status = _dispatch(argv, manner)
            write_out()
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - the last door: our own bug, told without its data
            return _show_failure(error, manner)
        except KeyboardInterrupt:
            return _show_interrupt(manner)
    except BrokenPipeError:
        # The reader has what it wanted; the interpreter must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    return status


def _dispatch(argv: Sequence[str], manner: Manner) -> int:
    name, rest = cli_arguments.split_command(argv)
    manner.command = name or ""
    try:
        if name is None:
            return _without_command(rest)
        return _help(rest) if name == "help" else _run(name, rest, manner)
    except SystemExit as end:  # a parser has printed its help
        return end.code if isinstance(end.code, int) else EXIT_OK


def _without_command(rest: Sequence[str]) -> int:
    if "--version" in rest:
        write_out(f"semsearch {__version__}\n")
        return EXIT_OK
    if "--help" in rest or "-h" in rest:
        write_out(cli_arguments.help_text())
        return EXIT_OK
    parser = cli_arguments.Parser(prog="semsearch", parents=[cli_arguments.global_options()])
    arguments = parser.parse_args(rest)
    if _can_show_screens():
        return _terminal_ui(arguments)
    write_out(cli_arguments.help_text())
    return EXIT_USAGE if rest else EXIT_OK


def _help(rest: Sequence[str]) -> int:
    name = next((word for word in rest if not word.startswith("-")), None)
    if name in {None, "help"}:
        write_out(cli_arguments.help_text())
    else:
        command = cli_arguments.find_command(name or "")
        write_out(cli_arguments.command_parser(command).format_help())
    return EXIT_OK


def _can_show_screens() -> bool:
    """Whether both sides are a terminal, and one that can position text."""
    capable = os.environ.get("TERM", "") not in {"", "dumb", "unknown"} or os.name == "nt"
    return capable and sys.stdin.isatty() and sys.stdout.isatty()


def _terminal_ui(arguments: argparse.Namespace) -> int:
    """Doors never import each other: the terminal UI is started by name."""
    import importlib

    settings = Context("", arguments).settings
    status: int = importlib.import_module("semsearch.tui").run(settings)
    return status


def _run(name: str, rest: Sequence[str], manner: Manner) -> int:
    command = cli_arguments.find_command(name)
    arguments = cli_arguments.parse(command, rest)
    manner.settle(arguments)
    context = Context(name, arguments, tolerant=command.tolerant)
    if command.lasting:
        _stop_politely()
    try:
        return command.load().run(arguments, context)
    finally:
        context.close()


def _stop_politely() -> None:
    """SIGTERM and SIGHUP end a command the way Ctrl-C does: work kept, locks released."""
    import signal

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), interrupt)


def _show_failure(error: Exception, manner: Manner) -> int:
    if isinstance(error, SemsearchError):
        return _show_error(error, manner)
    if _is_out_of_memory(error):
        return _show_error(_out_of_memory(), manner)
    return _show_bug(error, manner)


def _show_interrupt(manner: Manner) -> int:
    if manner.json:
        error = Cancelled("The command was interrupted.", hint="What was committed is kept.")
        return _show_error(error, manner)
    talk("\ninterrupted; what was committed is kept")
    return EXIT_INTERRUPTED


def _show_error(error: SemsearchError, manner: Manner) -> int:
    if manner.json and _show_envelope(error, manner):
        return error.exit_status
    from semsearch.present.human import error_text

    talk(error_text(error))
    return error.exit_status


def _show_envelope(error: SemsearchError, manner: Manner) -> bool:
    """Whether it could be written; where not, standard error has to do."""
    from semsearch.present import envelope

    try:
        write_out(envelope.error(manner.command, error) + "\n")
        write_out()
    except BrokenPipeError:
        raise
    except SemsearchError:
        return False
    return True


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether memory is what was missing; libraries that cannot be mapped tell it their own way."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, (OSError, ImportError)):
            text = str(error)
            if "map segment" in text or "allocate memory" in text:
                return True
        error = error.__cause__ or error.__context__
    return False


def _out_of_memory() -> SemsearchError:
    from semsearch.errors import StorageError

    return StorageError(
        "There is not enough memory; what was committed is kept.",
        hint="Close other programs and run the same command again: it goes on from there.",
        code="storage.memory",
    )


def _show_bug(error: Exception, manner: Manner) -> int:
    """Name the place of a bug, not the values: those may be the user's notes or key."""
    place = _own_frame(error.__traceback__)
    bug = f"a bug in semsearch {__version__}: {type(error).__name__} at {place}"
    advice = "what was committed is kept. Please report this line"
    advice += "." if manner.verbose else "; --verbose shows the whole path to it."
    told = SemsearchError(f"{bug[:1].upper()}{bug[1:]}", hint=f"{advice[:1].upper()}{advice[1:]}")
    if not (manner.json and _show_envelope(told, manner)):
        talk(f"error: {bug}\nhint: {advice}")
    if manner.verbose:
        import traceback

        for frame in traceback.extract_tb(error.__traceback__):
            talk(f"  {frame.filename}:{frame.lineno} in {frame.name}")
    return EXIT_BUG


def _own_frame(trace: TracebackType | None) -> str:
    place = "an unknown place"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "semsearch" in code.co_filename:
            place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} ({code.co_name})"
        trace = trace.tb_next
    return place
