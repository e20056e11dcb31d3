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

    def press(self, keys: str) -> None:
        """Press keys and wait until that shows."""
        at = len(self.output)
        self.send(keys)
        self.read_until(lambda output: len(output) > at)

    def read_until(self, condition: Callable[[bytes], object], seconds: float = 30) -> bytes:
        """Read until something holds of the whole output."""
        deadline = time.monotonic() + seconds
        while not condition(self.output):
            if time.monotonic() > deadline:
                raise AssertionError(f"never came: {self.text[-3000:]}")
            self._read(0.05)
        return self.output

    def wait(self, seconds: float = 30) -> int:
        """The exit status."""
        deadline = time.monotonic() + seconds
        while self.status is None:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > deadline:
                raise AssertionError(f"did not end: {self.text[-3000:]}")
        self._read(0.05)
        return self.status

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

    def _read(self, seconds: float) -> None:
        readable, _, _ = select.select([self.terminal], [], [], seconds)
        if readable:
            try:
                self.output += os.read(self.terminal, 65536)
            except OSError:  # the child has ended
                time.sleep(0.01)
