"""Between the program and the terminal: what may be written, and how the terminal is given back.

Text from files, names, servers and the database is made printable where a widget takes it in, and
once more, line by line, just before it is written.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn

from rich.segment import Segment
from textual.content import Content
from textual.filter import LineFilter

from semsearch import __version__
from semsearch.errors import EXIT_BUG, EXIT_OK
from semsearch.text import printable

if TYPE_CHECKING:
    from types import FrameType

    from textual.app import App
    from textual.color import Color

_DRIVES: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SIGNALS: Final = ("SIGTERM", "SIGHUP", "SIGINT")
_PATIENCE_S: Final = 5
_GIVE_BACK: Final = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l\x1b[?2004l"
)
"""No mouse, no keyboard protocol, the terminal's own screen, a cursor, no reports of focus, plain
pasting."""


class SafetyFilter(LineFilter):
    """The second wall: whatever still holds a control character loses it before it is written.

    Nothing that is not meant for the screen gets here, so nothing is replaced: the characters
    take no cell, and the line keeps its width.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments as they may be written; links and control codes never pass."""
        return [
            Segment(
                text if _DRIVES.search(text) is None else _DRIVES.sub("", text),
                style.update_link(None) if style is not None and style.link else style,
            )
            for text, style, _ in segments
        ]


def content(text: str, style: str = "", *, multiline: bool = False) -> Content:
    """Text from anywhere as a widget may show it: harmless, and never read as markup."""
    return Content.styled(printable(text, multiline=multiline), style)


def show(app: App[int]) -> int:
    """Run the app; returns the exit status with the terminal as it was found."""
    mouse = bool(getattr(app, "mouse", True))
    _remember_signals()
    status = app.run(mouse=mouse)
    if hasattr(signal, "alarm"):
        signal.alarm(0)
    report = getattr(app, "crash", "")
    if report:
        sys.stderr.write(report)
        return EXIT_BUG
    return status if isinstance(status, int) else EXIT_OK


_early: list[int] = []
"""Signals that came while the terminal was being taken over."""


def _remember_signals() -> None:
    """From here until `leave_on_signals` no signal ends the program: the terminal would stay so."""
    _early.clear()
    if sys.platform == "win32":
        return
    for name in _SIGNALS:
        try:
            signal.signal(getattr(signal, name), lambda number, _frame: _early.append(number))
        except ValueError:
            return  # not the main thread: the system's own way stays


def leave_on_signals(app: App[int]) -> None:
    """End the app in good order when the system, the shell or a closed window asks for it.

    Textual waits for the thread that writes to the terminal, and that may wait for ever: the
    window is gone, or nobody reads. So the loop may not be there to hear a signal, and there is a
    time after which nothing is waited for any more.
    """
    loop = asyncio.get_running_loop()

    def leave(number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGALRM, lambda *_: _end_anyway(128 + number))
        signal.alarm(_PATIENCE_S)
        loop.call_soon_threadsafe(app.exit, 128 + number)

    if sys.platform == "win32":
        return
    for name in _SIGNALS:
        try:
            signal.signal(getattr(signal, name), leave)
        except ValueError:
            return  # not the main thread: the system's own way stays
    if _early:
        leave(_early[0], None)


def _end_anyway(status: int) -> NoReturn:
    os.set_blocking(1, False)
    with suppress(OSError):  # the terminal is gone
        os.write(1, _GIVE_BACK)
    os._exit(status)


def crash_report(error: BaseException) -> str:
    """Where a bug is, for whoever mends it: never a message or a value, which may be private."""
    lines = []
    place = "an unknown place"
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        name = os.path.join(*code.co_filename.split(os.sep)[-3:])
        lines.append(f"  {name}:{trace.tb_lineno} in {code.co_name}\n")
        if "semsearch" in code.co_filename:
            place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} ({code.co_name})"
        trace = trace.tb_next
    return printable(
        f"error: a bug in semsearch {__version__}: {type(error).__name__} at {place}\n"
        "hint: what was committed is kept. Please report these lines; they hold no text of "
        f"yours.\n{''.join(lines)}",
        multiline=True,
    )
