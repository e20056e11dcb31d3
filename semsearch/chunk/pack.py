"""Packs units into chunks: as full as allowed, ending where the content says, overlapping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.chunk.units import content_key, units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.chunk.units import Limits, Unit
    from semsearch.records import Block

_FULL: Final = 0.96
"""Share of the limit a chunk is filled to when more follows; the rest is room for a short tail."""
_FULL_ENOUGH: Final = 0.6
"""Share of the limit from which on a chunk may end before a longer one would do."""


def pack(text: str, blocks: list[Block], limits: Limits) -> Iterator[tuple[int, int]]:
    """Yield `(start, end)` of the chunks of a section.

    A chunk ends somewhere between 60 % full and full: at the end of a block if there is one,
    else at the end of a unit, the place among them chosen by what stands behind it. So the same
    text is cut at the same places whatever stood before, and an edit changes few chunks. The next
    chunk repeats whole units up to the overlap. A heading that does not fit together with what it
    stands on is left to the breadcrumb.
    """
    block_ends = {block.end for block in blocks}
    heading_ends = {block.end for block in blocks if block.kind == "heading"}
    most, chars = limits.chunk, limits.chars
    window: list[Unit] = []
    weight = 0
    repeated = 0
    """Units at the beginning of the window that were in the chunk before."""
    for unit in units(text, blocks, limits):
        window.append(unit)
        weight += unit[2]
        while window and (weight > most or unit[1] - window[0][0] > chars):
            count = _choose_end(text, window, limits, repeated + 1, block_ends)
            taken = window[:count]
            if not heading_ends or any(end not in heading_ends for _, end, _ in taken):
                yield taken[0][0], taken[-1][1]
            kept = _first_repeated(window, count, limits) if count < len(window) else count
            repeated = count - kept
            window = window[kept:]
            weight = sum([weight for _, _, weight in window])
    if window:
        yield window[0][0], window[-1][1]


def _choose_end(
    text: str, window: list[Unit], limits: Limits, least: int, block_ends: set[int]
) -> int:
    """How many units of the window the chunk takes, at least `least`."""
    full, enough = limits.chunk * _FULL, limits.chunk * _FULL_ENOUGH
    widest, wide_enough = limits.chars, limits.chars * _FULL_ENOUGH
    first, total, last = window[0][0], 0, least
    at_blocks: list[int] = []
    at_units: list[int] = []
    for count, (_, end, weight) in enumerate(window[:-1], 1):
        total += weight
        if count < least:
            continue
        width = end - first
        if count > least and (total > full or width > widest):
            break
        last = count
        if total >= enough or width >= wide_enough:
            (at_blocks if end in block_ends else at_units).append(count)
    places = at_blocks or at_units
    if not places:
        return last
    if len(places) == 1:
        return places[0]
    return min(places, key=lambda count: content_key(text, window[count][0]))


def _first_repeated(window: list[Unit], count: int, limits: Limits) -> int:
    """Index of the first unit the next chunk repeats; `count` when it repeats none."""
    kept, weight = count, 0
    most = limits.overlap * sum([weight for _, _, weight in window[:count]])
    earliest = window[count - 1][1] - limits.overlap * limits.chars
    while kept > 1 and weight + window[kept - 1][2] <= most and window[kept - 1][0] >= earliest:
        kept -= 1
        weight += window[kept][2]
    _, end, following = window[count]
    while kept < count and (
        weight + following > limits.chunk * _FULL or end - window[kept][0] > limits.chars
    ):
        weight -= window[kept][2]
        kept += 1
    return kept
