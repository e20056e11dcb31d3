"""A comparison of two models in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.present.amounts import about, counted
from semsearch.present.human import money
from semsearch.text import one_line

if TYPE_CHECKING:
    from semsearch.records import Comparison, Outlay, Space
    from semsearch.tui.keys import KeyName


def space_name(space: Space) -> str:
    """Model and dimensions, short."""
    dimensions = f" {space.key.dimensions}d" if space.key.dimensions else ""
    return one_line(space.key.model).removeprefix("local:") + dimensions


def outlay_lines(outlay: Outlay) -> list[str]:
    """What a comparison would send, and what becomes of it."""
    host, cost = one_line(outlay.host), about(outlay.cost_usd)
    lines = [
        f"{outlay.inputs:,} of {counted(outlay.candidates, 'candidate')} have no vector of it yet.",
        f"They would go to {host}: ~{outlay.tokens:,} tokens, {cost}.",
        "Every vector is kept: a build or another comparison never pays for it again.",
    ]
    if outlay.needs_consent:
        lines += ["", "Text of this index was never sent there before. Yes allows it from now on."]
    return lines


def difference_lines(found: Comparison, top: int, key: KeyName) -> list[str]:
    """How far the rankings agree, what a full switch takes, and how to read the numbers."""
    parts = []
    if found.overlap_at_k is not None:
        parts.append(f"same top {top}: {round(found.overlap_at_k * top)} of {top}")
    if found.rank_agreement is not None:
        parts.append(f"rank agreement {found.rank_agreement:+.2f}")
    parts.append("top hit " + ("stays" if _first(found, "a") == _first(found, "b") else "changes"))
    rest = found.full_switch
    if rest.chunks:
        cost = "cost unknown" if rest.cost_usd is None else f"~{money(rest.cost_usd)}"
        switch = (
            f"to switch fully: {counted(rest.chunks, 'passage')} · ~{rest.tokens:,} tokens · "
            f"{cost}; A answers until B is complete"
        )
    else:
        switch = f"B is complete: {key('models.use')} switches, nothing is sent"
    lines = [" · ".join(parts), switch, "cosines of two models cannot be compared; ranks can"]
    return [*lines, *map(one_line, found.notices)]


def _first(found: Comparison, side: str) -> int | None:
    """The chunk that one of the models ranks first."""
    for row in found.rows:
        if (row.rank_a if side == "a" else row.rank_b) == 1:
            return row.chunk
    return None
