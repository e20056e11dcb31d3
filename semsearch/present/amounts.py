"""Counts, sizes and times in words."""

from __future__ import annotations

from semsearch.present.human import money

_SHOWN_USD = 1e-6
"""Less is told as less than that, which is about enough."""


def counted(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def about(usd: float | None) -> str:
    """An estimated cost."""
    if usd is None:
        return "cost unknown"
    return money(usd) if 0 < usd < _SHOWN_USD else f"about {money(usd)}"


def size(count: int) -> str:
    """Bytes in the unit people use for that many."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit in {"B", "kB"} else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, as people say them."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
