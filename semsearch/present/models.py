"""Two models beside each other, what a switch costs, whether a model is still the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semsearch.present.amounts import about, counted, size
from semsearch.present.human import money, space_name
from semsearch.present.style import PLAIN, Style, paint, path_text
from semsearch.text import cell_width, cut, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.present.style import Role
    from semsearch.records import (
        ComparedRow,
        Comparison,
        Drift,
        Dropped,
        Estimate,
        FullSwitch,
        IndexReport,
        ModelInfo,
        Outlay,
        Space,
    )

_INDENT = "                     "


def outlay_text(outlay: Outlay) -> str:
    """What a comparison is about to send."""
    return (
        f"To send to {one_line(outlay.host)}: {outlay.inputs:,} of {outlay.candidates:,} "
        f"candidates, about {outlay.tokens:,} tokens, {about(outlay.cost_usd)}."
    )


def build_estimate_text(estimate: Estimate) -> str:
    """What a build would send, where to, and at what cost."""
    if not estimate.inputs:
        return "Nothing is left to embed."
    what = f"{counted(estimate.inputs, 'passage')}, about {estimate.tokens:,} tokens"
    if not estimate.host:
        return f"To embed on this machine: {what}; nothing is sent."
    return f"To send to {one_line(estimate.host)}: {what}, {about(estimate.cost_usd)}."


def build_text(report: IndexReport, style: Style = PLAIN) -> str:
    """What a build did, or with `plan` would do."""
    lines = []
    if report.estimate is not None:
        lines.append(build_estimate_text(report.estimate))
    else:
        derived = f", {report.reused:,} cut from wider vectors" if report.reused else ""
        lines.append(
            f"Passages: {report.embedded:,} embedded{derived}, {report.chunks_total:,} in the index"
        )
    if report.requests:
        lines.append(
            f"Sent: {counted(report.inputs, 'passage')}, {report.tokens:,} tokens, "
            f"{money(report.cost_usd)}"
        )
    if report.space is not None:
        lines.append(f"Model: {space_name(report.space)}, {report.space.state}")
    if report.interrupted:
        lines.append(paint("Interrupted.", "warning", style) + " What is done is kept.")
    return "\n".join(lines)


def rest_text(rest: FullSwitch) -> str:
    """What is still to be embedded before a model covers the index."""
    return (
        f"Left for a full switch: {counted(rest.chunks, 'passage')}, about {rest.tokens:,} tokens, "
        f"{about(rest.cost_usd)}."
    )


def full_switch_data(rest: FullSwitch) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "chunks": rest.chunks,
        "tokens": rest.tokens,
        "cost_usd": _rounded(rest.cost_usd, 9),
    }


def comparisons_text(
    done: Sequence[Comparison], style: Style = PLAIN, *, cwd: bytes | None = None
) -> str:
    """One question in full, several of them a line each; then what it cost and what is left."""
    if not done:
        return ""
    first = done[0]
    names = f"A  {space_name(first.a)}\nB  {space_name(first.b)}"
    if len(done) == 1:
        return "\n\n".join((names, _table(first, style, cwd), _summary(done)))
    lines = [
        f"{_share(one.overlap_at_k)}  {_tau(one.rank_agreement)}  {one_line(one.query)}"
        for one in done
    ]
    heading = paint("overlap  order  question", "title", style)
    return "\n\n".join((names, "\n".join((heading, *lines)), _summary(done)))


def comparisons_data(done: Sequence[Comparison]) -> dict[str, Any]:
    """The `data` of `models compare --json`; with several questions their means, and each."""
    first = done[0]
    data: dict[str, Any] = {
        "a": _space(first.a),
        "b": _space(first.b),
        "k": first.k,
        "overlap_at_k": _rounded(_mean([one.overlap_at_k for one in done]), 6),
        "rank_agreement": _rounded(_mean([one.rank_agreement for one in done]), 6),
        "embedded": sum(one.embedded for one in done),
        "cost_usd": round(sum(one.cost_usd for one in done), 9),
        "full_switch": full_switch_data(done[-1].full_switch),
    }
    if len(done) == 1:
        return data | {"query": first.query, "rows": [_row(row) for row in first.rows]}
    return data | {
        "queries": [
            {
                "query": one.query,
                "overlap_at_k": _rounded(one.overlap_at_k, 6),
                "rank_agreement": _rounded(one.rank_agreement, 6),
                "cost_usd": round(one.cost_usd, 9),
                "rows": [_row(row) for row in one.rows],
            }
            for one in done
        ]
    }


def rerank_models_text(models: Sequence[ModelInfo]) -> str:
    """One line a model that puts passages in order."""
    return "\n".join(f"{one_line(one.id)}  {one_line(one.name)}".rstrip() for one in models)


def rerank_models_data(models: Sequence[ModelInfo]) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "rerank_models": [
            {"id": one.id, "name": one.name, "context_tokens": one.context_tokens} for one in models
        ]
    }


def dropped_text(dropped: Dropped) -> str:
    """What deleting a model's vectors has freed."""
    text = f"{counted(dropped.vectors, 'vector')} deleted"
    text += f"; the index is {size(dropped.freed_bytes)} smaller." if dropped.freed_bytes else "."
    if dropped.shrunk:
        return text
    return text + " Another process is reading it: the rest is given back when it has finished."


def drift_text(drift: Drift) -> str:
    """Whether new vectors are the stored ones."""
    name = space_name(drift.space)
    if not drift.sampled:
        return f"{name} has no vectors that could be checked."
    by = f", given by {one_line(drift.served_by)}" if drift.served_by else ""
    verdict = "is the same model" if drift.same else "is not the model its vectors were made with"
    text = (
        f"{name} {verdict}: of {drift.sampled} stored passages the one least alike has a cosine "
        f"of {drift.lowest:.4f} to its new vector{by}. Cost: {money(drift.cost_usd)}."
    )
    if drift.same:
        return text
    return text + "\nSearches compare new queries with old vectors: drop it and build it again."


def drift_data(drift: Drift) -> dict[str, Any]:
    """The `data` of `models check --json`."""
    return {
        **_space(drift.space),
        "same": drift.same,
        "served_by": drift.served_by,
        "sampled": drift.sampled,
        "lowest_cosine": round(drift.lowest, 6),
        "mean_cosine": round(drift.mean, 6),
        "cost_usd": round(drift.cost_usd, 9),
    }


# --- inside ----------------------------------------------------------------------------------


def _table(one: Comparison, style: Style, cwd: bytes | None) -> str:
    lines = [paint("  B    A  move       cosine  passage", "title", style)]
    for row in one.rows:
        if row.rank_b is None or row.rank_b > one.k:
            continue
        lines += _line(row, one.k, style, cwd)
    gone = [
        row for row in one.rows if _in_top(row.rank_a, one.k) and not _in_top(row.rank_b, one.k)
    ]
    for row in sorted(gone, key=lambda row: row.rank_a or 0):
        lines += _line(row, one.k, style, cwd)
    return "\n".join(lines)


def _line(row: ComparedRow, k: int, style: Style, cwd: bytes | None) -> list[str]:
    move, role = _move(row, k)
    cosine = "     –" if row.cosine_b is None else f"{row.cosine_b:6.3f}"
    place = f"{path_text(row.path, cwd, style)}:{row.start_line}"
    padded = move + " " * (9 - cell_width(move))
    room = max(20, style.width - len(_INDENT))
    return [
        f"{row.rank_b or '–':>3}  {row.rank_a or '–':>3}  {paint(padded, role, style)}  "
        f"{cosine}  {place}",
        _INDENT + paint(cut(one_line(row.snippet), room), "quiet", style),
    ]


def _move(row: ComparedRow, k: int) -> tuple[str, Role]:
    """How a passage moved from A to B."""
    a, b = row.rank_a, row.rank_b
    if not _in_top(b, k):
        return "out", "error"
    if not _in_top(a, k):
        return "new", "good"
    assert a is not None
    assert b is not None
    if a == b:
        return "=", "quiet"
    return (f"▲ {a - b}", "good") if b < a else (f"▼ {b - a}", "warning")


def _in_top(rank: int | None, k: int) -> bool:
    return rank is not None and rank <= k


def _summary(done: Sequence[Comparison]) -> str:
    overlap = _mean([one.overlap_at_k for one in done])
    tau = _mean([one.rank_agreement for one in done])
    lines = [
        f"Of the first {done[0].k}, both have {_share(overlap).strip()}; "
        f"agreement of the order (Kendall's tau): {_tau(tau).strip()}.",
        f"Embedded now, and kept: {sum(one.embedded for one in done):,}. "
        f"Cost: {money(sum(one.cost_usd for one in done))}.",
    ]
    rest = done[-1].full_switch
    if rest.chunks:
        lines.append(rest_text(rest))
    else:
        lines.append("B covers the whole index: switching to it costs nothing.")
    return "\n".join(lines)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _share(value: float | None) -> str:
    return "     –" if value is None else f"{100 * value:4.0f} %"


def _tau(value: float | None) -> str:
    return "    –" if value is None else f"{value:5.2f}"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _space(space: Space) -> dict[str, Any]:
    return {
        "model": space.key.model,
        "dimensions": space.key.dimensions,
        "endpoint": space.key.endpoint,
    }


def _row(row: ComparedRow) -> dict[str, Any]:
    from semsearch.present.envelope import path_fields

    return {
        **path_fields(row.path),
        "start_line": row.start_line,
        "breadcrumb": list(row.breadcrumb),
        "snippet": row.snippet,
        "rank_a": row.rank_a,
        "rank_b": row.rank_b,
        "cosine_a": _rounded(row.cosine_a, 6),
        "cosine_b": _rounded(row.cosine_b, 6),
    }
