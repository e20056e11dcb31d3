"""Packs units into chunks: as full as allowed, ending where the content says, overlapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.chunk.units import content_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.chunk.units import Limits, Unit

_FULL: Final = 0.96
"""Share of the limit a chunk is filled to when more follows; the rest is room for a short tail."""
_FULL_ENOUGH: Final = 0.7
"""Share of the limit from which on a chunk may end before a longer one would do."""


def pack(text: str, units: Iterator[Unit], limits: Limits) -> Iterator[tuple[int, int]]:
    """Yield `(start, end)` of chunks.

    A chunk ends somewhere between 70 % full and full: at the end of a block if there is one,
    else at the end of a unit, the place among them chosen by what stands behind it. So the same
    text is cut at the same places whatever stood before, and an edit changes few chunks. The next
    chunk repeats whole units up to the overlap.
    """
    window: list[Unit] = []
    weight = 0
    repeated = 0
    """Units at the beginning of the window that were in the chunk before."""
    while True:
        while weight <= limits.chunk and _width(window) <= limits.chars:
            unit = next(units, None)
            if unit is None:
                if len(window) > repeated:
                    yield window[0].start, window[-1].end
                return
            window.append(unit)
            weight += unit.weight
        count = _choose_end(text, window, limits, repeated + 1)
        yield window[0].start, window[count - 1].end
        if count == len(window):
            window, weight, repeated = [], 0, 0
            continue
        kept = _first_repeated(window, count, limits)
        repeated = count - kept
        window = window[kept:]
        weight = sum(unit.weight for unit in window)


def _width(window: list[Unit]) -> int:
    return window[-1].end - window[0].start if window else 0


def _choose_end(text: str, window: list[Unit], limits: Limits, least: int) -> int:
    """How many units of the window the chunk takes, at least `least`."""
    first, weight, last = window[0].start, 0, least
    at_blocks: list[int] = []
    at_units: list[int] = []
    for count, unit in enumerate(window, 1):
        weight += unit.weight
        width = unit.end - first
        if count > least and (weight > limits.chunk * _FULL or width > limits.chars):
            break
        if count < least or unit.sticks or count == len(window):
            continue
        last = count
        if weight >= limits.chunk * _FULL_ENOUGH or width >= limits.chars * _FULL_ENOUGH:
            (at_blocks if unit.ends_block else at_units).append(count)
    places = at_blocks or at_units
    if not places:
        return last
    return min(places, key=lambda count: content_key(text, window[count].start))


def _first_repeated(window: list[Unit], count: int, limits: Limits) -> int:
    """Index of the first unit the next chunk repeats; `count` when it repeats none."""
    kept, weight = count, 0
    most = limits.overlap * sum(unit.weight for unit in window[:count])
    while kept > 1 and weight + window[kept - 1].weight <= most:
        kept -= 1
        weight += window[kept].weight
    following = window[count]
    while kept < count and (
        weight + following.weight > limits.chunk * _FULL
        or following.end - window[kept].start > limits.chars
    ):
        weight -= window[kept].weight
        kept += 1
    return kept
