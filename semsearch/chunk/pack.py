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


class _Edges:
    """Where the blocks of a section end, and which of them are headings."""

    def __init__(self, blocks: list[Block]) -> None:
        self.ends = {block.end for block in blocks}
        self._headings = {block.end for block in blocks if block.kind == "heading"}

    def only_headings(self, units: list[Unit]) -> bool:
        return all(end in self._headings for _, end, _ in units)


def pack(text: str, blocks: list[Block], limits: Limits) -> Iterator[tuple[int, int]]:
    """Yield `(start, end)` of the chunks of a section.

    A chunk ends somewhere between 60 % full and full: at the end of a block if there is one,
    else at the end of a unit, the place among them chosen by what stands behind it. So the same
    text is cut at the same places whatever stood before, and an edit changes few chunks. The next
    chunk repeats whole units up to the overlap. A heading that does not fit together with what it
    stands on is left to the breadcrumb.
    """
    edges = _Edges(blocks)
    found = units(text, blocks, limits)
    window: list[Unit] = []
    weight = 0
    repeated = 0
    """Units at the beginning of the window that were in the chunk before."""
    while True:
        while weight <= limits.chunk and _width(window) <= limits.chars:
            unit = next(found, None)
            if unit is None:
                if len(window) > repeated:
                    yield window[0][0], window[-1][1]
                return
            window.append(unit)
            weight += unit[2]
        count = _choose_end(text, window, limits, repeated + 1, edges.ends)
        if not edges.only_headings(window[:count]):
            yield window[0][0], window[count - 1][1]
        kept = _first_repeated(window, count, limits) if count < len(window) else count
        repeated = count - kept
        window = window[kept:]
        weight = sum(unit[2] for unit in window)


def _width(window: list[Unit]) -> int:
    return window[-1][1] - window[0][0] if window else 0


def _choose_end(
    text: str, window: list[Unit], limits: Limits, least: int, block_ends: set[int]
) -> int:
    """How many units of the window the chunk takes, at least `least`."""
    full, enough = limits.chunk * _FULL, limits.chunk * _FULL_ENOUGH
    wide_enough = limits.chars * _FULL_ENOUGH
    first, total, last = window[0][0], 0, least
    at_blocks: list[int] = []
    at_units: list[int] = []
    for count, (_, end, weight) in enumerate(window[:-1], 1):
        total += weight
        if count < least:
            continue
        if count > least and (total > full or end - first > limits.chars):
            break
        last = count
        if total >= enough or end - first >= wide_enough:
            (at_blocks if end in block_ends else at_units).append(count)
    places = at_blocks or at_units
    if not places:
        return last
    return min(places, key=lambda count: content_key(text, window[count][0]))


def _first_repeated(window: list[Unit], count: int, limits: Limits) -> int:
    """Index of the first unit the next chunk repeats; `count` when it repeats none."""
    kept, weight = count, 0
    most = limits.overlap * sum(unit[2] for unit in window[:count])
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
