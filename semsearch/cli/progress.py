"""A line of progress on standard error: redrawn on a terminal, silent elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from semsearch.text import cut, one_line

if TYPE_CHECKING:
    from semsearch.cli.context import Context
    from semsearch.records import Progress

_CLEAR = "\r\x1b[2K"


class ProgressLine:
    """Shows where a long run stands; leaves nothing behind when it is closed."""

    def __init__(self, *, enabled: bool, width: int) -> None:
        self._enabled = enabled and sys.stderr.isatty()
        self._width = max(20, width - 1)
        self._drawn = False

    def show(self, progress: Progress) -> None:
        """Draw the line for this state."""
        self.tell(progress_text(progress))

    def tell(self, text: str) -> None:
        """Draw this line."""
        if self._enabled:
            sys.stderr.write(_CLEAR + cut(text, self._width))
            sys.stderr.flush()
            self._drawn = True

    def interrupt(self, text: str) -> None:
        """Write a line of its own above the progress."""
        self.close()
        sys.stderr.write(one_line(text) + "\n")

    def close(self) -> None:
        """Remove the line."""
        if self._drawn:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()
            self._drawn = False


def progress_text(progress: Progress) -> str:
    """Files, passages, rate, time left and spend, in one line."""
    parts = [f"{progress.note} {progress.files_done:,}/{progress.files_total:,} files"]
    if progress.chunks_total:
        parts.append(f"{progress.chunks_done:,}/{progress.chunks_total:,} passages")
    rate = progress.chunks_done / progress.elapsed_s if progress.elapsed_s > 0 else 0.0
    if rate > 0:
        parts.append(f"{rate:,.0f}/s")
        # Passages still to come are known only for the files already read.
        share = progress.files_done / progress.files_total if progress.files_total else 1.0
        expected = progress.chunks_total / share if share else 0.0
        left = (expected - progress.chunks_done) / rate
        if share > 0.02 and left > 1:
            parts.append(f"about {duration(left)} left")
    if progress.tokens:
        parts.append(f"{progress.tokens:,} tokens")
    if progress.cost_usd:
        parts.append(f"${progress.cost_usd:.4f}")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Whole seconds, minutes or hours, as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


class CountedLine:
    """Progress of a check: what is being read, and how much of it; a context manager."""

    def __init__(self, context: Context, verb: str) -> None:
        enabled = not (context.quiet or context.json)
        self._line = ProgressLine(enabled=enabled, width=context.style().width)
        self._verb = verb

    def __enter__(self) -> CountedLine:
        """Nothing is shown before the first count."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""
        self.close()

    def close(self) -> None:
        """Remove the line; telling draws it again."""
        self._line.close()

    def tell(self, what: str, done: int, total: int) -> None:
        """Draw the line anew."""
        counted = f" {done:,} of {total:,}" if total > 1 else ""
        self._line.tell(f"{self._verb} {what}{counted}")
