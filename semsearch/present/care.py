"""Checks, repairs and the outbound book: for people, and as the data of their envelopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from semsearch.present.amounts import about, counted, duration, size
from semsearch.present.envelope import day_fields, path_fields, time_text
from semsearch.present.human import moment, money, space_name
from semsearch.present.reports import findings_text, table
from semsearch.present.style import PLAIN, Style, paint, path_text
from semsearch.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from semsearch.records import (
        Aside,
        DaySpend,
        Finding,
        Health,
        IndexReport,
        LedgerEntry,
        Loss,
        SentText,
    )

_MOST: Final = 20
_LOCAL: Final = "to be made again on this machine, for nothing"


# --- check and repair ----------------------------------------------------------------------------


def health_text(health: Health, style: Style = PLAIN, *, cwd: bytes | None = None) -> str:
    """What was found, what can be made again here, and what cannot."""
    lines = [findings_text([one._replace(hint="") for one in health.findings], style)]
    lines += _plan(health, style, cwd)
    summary = (
        f"{counted(health.passages, 'text')}, {counted(health.vectors, 'vector')}, "
        f"{size(health.size_bytes)}, read in {duration(health.elapsed_s)}"
    )
    return "\n".join([*lines, paint(summary, "quiet", style)])


def mended_text(health: Health) -> str:
    """What a repair has done."""
    made = [one_line(one.name) for one in health.findings if one.state != "ok"]
    return f"Mended: {', '.join(made)}. Nothing was sent."


def aside_text(aside: Aside, style: Style = PLAIN) -> str:
    """Where a damaged index is now, and how to start over."""
    saved, moved = aside.saved, path_text(aside.moved[0], None, style)
    text = f"Moved to {moved}, with its log; nothing was deleted.\nReason: {one_line(aside.reason)}"
    if saved is None:
        return f"{text}\nNothing of it could be read. Start over with: semsearch index PATH"
    return (
        f"{text}\nA new index holds what could be read: {counted(saved.files, 'file')}, "
        f"{counted(saved.passages, 'text')}, {counted(saved.vectors, 'vector')}. "
        "`semsearch index` brings back the rest; it shows the cost first."
    )


def health_data(health: Health) -> dict[str, Any]:
    """The `data` of `check --json`, and the greater part of that of `repair --json`."""
    return {
        "index": path_fields(health.path)["path"],
        "whole": not health.damaged,
        "findings": [_finding(one) for one in health.findings],
        "chunks": health.chunks,
        "passages": health.passages,
        "vectors": health.vectors,
        "size_bytes": health.size_bytes,
        "elapsed_s": round(health.elapsed_s, 3),
        "free": [one.name for one in health.findings if one.state != "ok"],
        "files": [path_fields(path) for path in health.files],
        "losses": [_loss(loss) for loss in health.losses],
    }


def repair_data(
    health: Health | None,
    *,
    done: bool = False,
    aside: Aside | None = None,
    report: IndexReport | None = None,
) -> dict[str, Any]:
    """The `data` of `repair --json`: the plan, whether it was carried out, and what came of it."""
    return {
        "plan": None if health is None else health_data(health),
        "done": done,
        "moved": [] if aside is None else [path_fields(path) for path in aside.moved],
        "saved": None if aside is None or aside.saved is None else aside.saved._asdict(),
        "embedded": None
        if report is None
        else {
            "passages": report.embedded,
            "tokens": report.tokens,
            "cost_usd": round(report.cost_usd, 9),
            "failed": report.failed,
        },
    }


def losses_text(losses: Iterable[Loss]) -> list[str]:
    """One line for each model whose vectors are damaged, with what making them again costs."""
    return [
        f"{counted(loss.passages, 'vector')} of {space_name(loss.space)}: {_price(loss)}"
        for loss in losses
    ]


def _plan(health: Health, style: Style, cwd: bytes | None) -> list[str]:
    """What is free, what has to be read again, what has to be paid for."""
    if not health.damaged:
        return []
    lines = []
    if health.files:
        lines.append(f"Files to be read again ({len(health.files):,}):")
        lines += [f"  {path_text(path, cwd, style)}" for path in health.files[:_MOST]]
        if len(health.files) > _MOST:
            lines.append(f"  and {len(health.files) - _MOST:,} more; --json lists them all")
    if health.losses:
        lines.append("To be embedded again:")
        lines += [f"  {line}" for line in losses_text(health.losses)]
    lines.append("Everything else is made again from what is stored, for nothing.")
    return lines


def _price(loss: Loss) -> str:
    if not loss.host:
        return _LOCAL
    return f"about {loss.tokens:,} tokens to {one_line(loss.host)}, {about(loss.cost_usd)}"


def _finding(one: Finding) -> dict[str, Any]:
    return {"name": one.name, "state": one.state, "detail": one.detail, "hint": one.hint}


def _loss(loss: Loss) -> dict[str, Any]:
    key = loss.space.key
    return {
        "model": key.model,
        "dimensions": key.dimensions,
        "endpoint": key.endpoint,
        "passages": loss.passages,
        "tokens": loss.tokens,
        "host": loss.host,
        "cost_usd": None if loss.cost_usd is None else round(loss.cost_usd, 9),
    }


# --- what left -----------------------------------------------------------------------------------


def sent_days_text(days: Sequence[DaySpend], style: Style = PLAIN) -> str:
    """What left by day, host and model, with the sum."""
    if not days:
        return "Nothing of this index has ever left this machine."
    header = ("host and model", "day", "calls", "texts", "tokens", "cost")
    rows = [
        (
            f"{one_line(one.spend.host)}  {one_line(one.spend.model)}",
            one_line(one.day),
            f"{one.spend.calls:,}",
            f"{one.spend.inputs:,}",
            f"{one.spend.tokens:,}",
            money(one.spend.cost_usd),
        )
        for one in days
    ]
    spends = [one.spend for one in days]
    total = (
        f"In all {counted(sum(one.inputs for one in spends), 'text')}, "
        f"{sum(one.tokens for one in spends):,} tokens, "
        f"{money(sum(one.cost_usd for one in spends))}."
    )
    return "\n".join([table([header, *rows], style), total])


def sent_files_text(
    path: bytes, files: Sequence[SentText], style: Style = PLAIN, *, cwd: bytes | None = None
) -> str:
    """What left of each file: when, to which host and model, how much, at what share of cost."""
    name = path_text(path, cwd, style)
    if not files:
        return f"Nothing that stands in {name} now has left this machine."
    lines = []
    for one in files[:_MOST]:
        first, last = moment(one.first_ns), moment(one.last_ns)
        when = first if first == last else f"{first} to {last}"
        lines.append(f"{path_text(one.path, cwd, style)}: {when}")
        lines.append(
            f"    {one_line(one.host)}  {one_line(one.model)}  "
            f"{counted(one.passages, 'passage')}, about {one.tokens:,} tokens, "
            f"{_share(one.cost_usd)}"
        )
    if len(files) > _MOST:
        lines.append(f"and {len(files) - _MOST:,} more; --json lists them all")
    costs = [one.cost_usd for one in files]
    known = sum(cost for cost in costs if cost is not None)
    lines.append(
        f"In all {counted(len({one.path for one in files}), 'file')}, "
        f"{counted(sum(one.passages for one in files), 'passage')}, "
        f"{about(None if None in costs else known)}. "
        "Text that was edited away since is in the full list: semsearch sent"
    )
    return "\n".join(lines)


def calls_text(calls: Iterable[LedgerEntry]) -> str:
    """One line a call, oldest first."""
    return "\n".join(
        f"{moment(entry.at_ns)}  {one_line(entry.sent.host)}  {one_line(entry.sent.model)}  "
        f"{entry.sent.purpose}  {counted(entry.sent.inputs, 'text')}  "
        f"{money(entry.sent.cost_usd)}  {one_line(entry.sent.request_id)}"
        for entry in calls
    )


def sent_data(
    path: bytes | None,
    days: Iterable[DaySpend],
    files: Iterable[SentText],
    calls: Iterable[LedgerEntry],
) -> dict[str, Any]:
    """The `data` of `sent --json`."""
    return {
        "path": None if path is None else path_fields(path)["path"],
        "days": [day_fields(one) for one in days],
        "files": [
            {
                **path_fields(one.path),
                "host": one.host,
                "model": one.model,
                "passages": one.passages,
                "tokens": one.tokens,
                "cost_usd": None if one.cost_usd is None else round(one.cost_usd, 9),
                "first": time_text(one.first_ns),
                "last": time_text(one.last_ns),
            }
            for one in files
        ],
        "calls": [
            {
                "at": time_text(entry.at_ns),
                "host": entry.sent.host,
                "model": entry.sent.model,
                "served_by": entry.sent.served_by,
                "purpose": entry.sent.purpose,
                "inputs": entry.sent.inputs,
                "tokens": entry.sent.tokens,
                "cost_usd": None if entry.sent.cost_usd is None else round(entry.sent.cost_usd, 9),
                "request_id": entry.sent.request_id,
                "sha256": entry.sent.digest.hex(),
            }
            for entry in calls
        ],
    }


def _share(cost_usd: float | None) -> str:
    return "cost unknown" if cost_usd is None else money(cost_usd)
