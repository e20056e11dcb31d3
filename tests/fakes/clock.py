"""Time that passes only when somebody waits for it."""

from __future__ import annotations

import threading


class FakeClock:
    """Satisfies `retry.Clock`; every wait is noted and over at once.

    `time` begins at Sunday, 22 November 2026, 12:00 UTC.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []
        """Seconds of every wait, in order."""
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds, beginning at a thousand."""
        with self._lock:
            return 1000.0 + self._elapsed

    def time(self) -> float:
        """Seconds since the epoch."""
        with self._lock:
            return 1795348800.0 + self._elapsed

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Let the time pass, unless the event is set."""
        if event.is_set():
            return
        with self._lock:
            self.waits.append(seconds)
            self._elapsed += seconds

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody waiting."""
        with self._lock:
            self._elapsed += seconds
