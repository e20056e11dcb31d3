"""From arguments to an exit status: dispatch, signals, and how errors are shown."""

from __future__ import annotations

import os
import sys

from semsearch import __version__
from semsearch.cli import arguments as cli_arguments
from semsearch.errors import (
    EXIT_BUG,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
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
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    wants_json = "--json" in argv
    name: str | None = None
    try:
        name, rest = cli_arguments.split_command(argv)
        status = _without_command(rest) if name is None else _run(name, rest)
        sys.stdout.flush()
    except SemsearchError as error:
        return _show_error(error, name or "", wants_json=wants_json)
    except BrokenPipeError:
        # The reader has what it wanted; the interpreter must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; what was committed is kept\n")
        return EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last door: our own bug, told without its data
        if _is_out_of_memory(error):
            return _show_error(_out_of_memory(), name or "", wants_json=wants_json)
        return _show_bug(error, verbose="-v" in argv or "--verbose" in argv)
    return status


def _without_command(rest: Sequence[str]) -> int:
    if "--version" in rest:
        sys.stdout.write(f"semsearch {__version__}\n")
        return EXIT_OK
    if "--help" in rest or "-h" in rest:
        sys.stdout.write(cli_arguments.help_text())
        return EXIT_OK
    parser = cli_arguments.Parser(prog="semsearch", parents=[cli_arguments.global_options()])
    arguments = parser.parse_args(rest)
    if _can_show_screens():
        return _terminal_ui(arguments)
    sys.stdout.write(cli_arguments.help_text())
    return EXIT_USAGE if rest else EXIT_OK


def _can_show_screens() -> bool:
    """Whether both sides are a terminal, and one that can position text."""
    capable = os.environ.get("TERM", "") not in {"", "dumb", "unknown"} or os.name == "nt"
    return capable and sys.stdin.isatty() and sys.stdout.isatty()


def _terminal_ui(arguments: argparse.Namespace) -> int:
    """Doors never import each other: the terminal UI is started by name."""
    import importlib

    from semsearch.cli.context import Context

    settings = Context("", arguments).settings
    status: int = importlib.import_module("semsearch.tui").run(settings)
    return status


def _run(name: str, rest: Sequence[str]) -> int:
    command = cli_arguments.find_command(name)
    parser = cli_arguments.command_parser(command)
    arguments = parser.parse_intermixed_args(rest)
    from semsearch.cli.context import Context

    context = Context(name, arguments)
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


def _show_error(error: SemsearchError, command: str, *, wants_json: bool) -> int:
    if wants_json:
        from semsearch.present import envelope

        sys.stdout.write(envelope.error(command, error) + "\n")
        sys.stdout.flush()
    else:
        from semsearch.present.human import error_text

        sys.stderr.write(error_text(error) + "\n")
    return error.exit_status


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether memory is what was missing; libraries that cannot be mapped tell it their own way."""
    while error is not None:
        text = str(error)
        if isinstance(error, MemoryError) or "map segment" in text or "allocate memory" in text:
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


def _show_bug(error: Exception, *, verbose: bool) -> int:
    """Name the place of a bug, not the values: those may be the user's notes or key."""
    place = _own_frame(error.__traceback__)
    sys.stderr.write(
        f"error: a bug in semsearch {__version__}: {type(error).__name__} at {place}\n"
        "hint: what was committed is kept. Please report this line"
        + (".\n" if verbose else "; --verbose shows the whole path to it.\n")
    )
    if verbose:
        import traceback

        for frame in traceback.extract_tb(error.__traceback__):
            sys.stderr.write(f"  {frame.filename}:{frame.lineno} in {frame.name}\n")
    return EXIT_BUG


def _own_frame(trace: TracebackType | None) -> str:
    place = "an unknown place"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "semsearch" in code.co_filename:
            place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} ({code.co_name})"
        trace = trace.tb_next
    return place
