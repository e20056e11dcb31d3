"""The program on a pseudo-terminal of its own: what it writes, byte by byte, and what it leaves."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from typing import TYPE_CHECKING, Final

from tests.tui.virtual_screen import VirtualScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OURS: Final = re.compile(
    rb"\x1b\[[0-9;?<>=$]*[A-Za-z]"  # CSI: colours, cursor, modes
    rb"|\x1b\[[?>][0-9;]*\$?[a-z]"
    rb"|\x1b\]52;c;[A-Za-z0-9+/=]*(?:\x07|\x1b\\)"  # the clipboard, when the person copies
    rb"|\x1b\]22;[a-z-]*\x07"  # the shape of the mouse pointer
    rb"|\x1b[()][A-Z0-9]|\x1b[=>]"
)
FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)


class PtyApp:
    """A child on a pseudo-terminal; a context manager.

    Args:
        arguments: of the program.
        env: beside the environment of the tests.
        size: columns and rows.
    """

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] = (100, 30),
        program: list[str] | None = None,
    ) -> None:
        self.output = b""
        self.screen = VirtualScreen(*size)
        self.status: int | None = None
        words = [*(program or [sys.executable, "-m", "semsearch"]), *arguments]
        whole = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})}
        whole["PYTHONPATH"] = os.getcwd()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(words[0], words, whole)
        columns, rows = size
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> PtyApp:
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def send(self, keys: str) -> None:
        """Press keys."""
        os.write(self.terminal, keys.encode())

    def until(
        self, condition: Callable[[str], object], seconds: float = 40, press: str = ""
    ) -> None:
        """Read until something holds of what the screen shows.

        Args:
            condition: of the screen's text.
            seconds: to wait at most.
            press: keys to press once more each second.
        """
        start = pressed = time.monotonic()
        while not condition(self.screen.text):
            now = time.monotonic()
            if now > start + seconds or self._ended():
                raise AssertionError(f"never came:\n{self.screen.text}\n{self.text[-500:]}")
            if press and now > pressed + 1:
                pressed = now
                self.send(press)
            self._read(0.05)

    def wait(self, seconds: float = 60) -> int:
        """The exit status."""
        deadline = time.monotonic() + seconds
        while not self._ended():
            self._read(0.05)
            if time.monotonic() > deadline:
                raise AssertionError(f"did not end:\n{self.screen.text}")
        while self._read(0.05):  # what it wrote last
            pass
        assert self.status is not None
        return self.status

    def fill_unread(self, keys: str) -> None:
        """Press keys until nothing more is written, because nobody reads it."""
        held, same = -1, 0
        while same < 20:
            self.send(keys)
            time.sleep(0.05)
            unread = fcntl.ioctl(self.terminal, termios.FIONREAD, struct.pack("i", 0))
            before, held = held, struct.unpack("i", unread)[0]
            same = same + 1 if held == before else 0

    def wait_unread(self, seconds: float = 60) -> int:
        """The exit status of a program whose output nobody reads."""
        deadline = time.monotonic() + seconds
        while not self._ended():
            time.sleep(0.05)
            assert time.monotonic() < deadline, "did not end"
        assert self.status is not None
        return self.status

    def _ended(self) -> bool:
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    @property
    def text(self) -> str:
        """What was written, without our own control sequences."""
        return OURS.sub(b"", self.output).decode("utf-8", "replace")

    @property
    def forbidden(self) -> list[str]:
        """Characters that are neither text nor part of a sequence of ours."""
        return FORBIDDEN.findall(self.text)

    @property
    def modes(self) -> tuple[bool, bool]:
        """Whether the terminal echoes and reads by lines: what a shell expects."""
        flags = termios.tcgetattr(self.terminal)[3]
        return bool(flags & termios.ECHO), bool(flags & termios.ICANON)

    def _read(self, seconds: float) -> bool:
        """Whether there was something to read."""
        readable, _, _ = select.select([self.terminal], [], [], seconds)
        if not readable:
            return False
        try:
            data = os.read(self.terminal, 65536)
        except OSError:  # the child has ended
            time.sleep(0.01)
            return False
        self.output += data
        self.screen.feed(data)
        return bool(data)
