"""A run in words: what it would do and send, where it stands, how it ended. Pure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from semsearch.present.amounts import counted, duration
from semsearch.present.human import money
from semsearch.present.style import wrap
from semsearch.text import display_path, one_line
from semsearch.tui.cells import cell_len, cut_left, fit
from semsearch.tui.keys import with_keys
from semsearch.tui.widgets.stage_bars import StageBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.records import Estimate, IndexReport, RootStatus
    from semsearch.tui.background import RunState
    from semsearch.tui.keys import KeyName

_SPARKS: Final = "▁▂▃▄▅▆▇█"
_FOLDERS: Final = 4
"""Folders named; more are counted."""
_LABEL: Final = 9

Fact = tuple[str, str]
"""A label and what there is to say about it; both safe to print."""


def home_path(path: bytes) -> str:
    """A path as people write it, `~` for their home; safe to print."""
    home = os.fsencode(os.path.expanduser("~")).rstrip(b"/")
    if home and path == home:
        return "~"
    if home and path.startswith(home + b"/"):
        return "~" + display_path(path[len(home) :])
    return display_path(path)


def plan_facts(state: RunState) -> list[Fact]:
    """What a run would change, and above all what it would send, where to and at what cost."""
    plan = state.plan
    if plan is None:
        return []
    if state.request.model and plan.estimate is not None:
        return [("build", one_line(state.request.model)), send_fact(plan.estimate)]
    facts = [
        ("walked", _parts([(plan.seen, "files"), *_skipped(plan)])),
        ("change", _changes(plan) or "nothing on disk"),
    ]
    if plan.reused:
        facts.append(("reuse", f"{plan.reused:,} passages of changed files keep their vectors"))
    if plan.estimate is not None:
        facts.append(send_fact(plan.estimate, keywords_only=state.keywords_only))
    return facts


def folder_facts(state: RunState, roots: Sequence[RootStatus]) -> list[Fact]:
    """The folders of the run that the index does not know yet."""
    known = {one.root.path for one in roots}
    new = [path for path in (() if state.plan is None else state.plan.roots) if path not in known]
    lines = [home_path(path) for path in new[:_FOLDERS]]
    if len(new) > _FOLDERS:
        lines.append(f"and {counted(len(new) - _FOLDERS, 'folder')} more")
    return [("new" if number == 0 else "", line) for number, line in enumerate(lines)]


def folder_line(one: RootStatus, width: int) -> str:
    """A folder of the index and what is indexed of it; exactly `width` cells."""
    told = f"{counted(one.files, 'file')} · {counted(one.chunks, 'passage')}"
    if one.root.exclude:
        told = f"{counted(len(one.root.exclude), 'path')} left out · {told}"
    if one.missing:
        told = f"not there now · {told}"
    room = max(width - cell_len(told) - 2, 8)
    return f"{fit(cut_left(home_path(one.root.path), room), room)}  {told}"


def removal_lines(one: RootStatus) -> list[str]:
    """The question before a folder leaves the index."""
    return [
        home_path(one.root.path),
        "",
        f"{counted(one.files, 'file')} and {counted(one.chunks, 'passage')} would leave the index, "
        "with text and vectors.",
        "The folder itself stays as it is. Adding it again embeds it again.",
    ]


def wrapped(facts: Sequence[Fact], width: int) -> list[Fact]:
    """The facts over as many lines as they need, with their labels in a column."""
    room = max(10, width - _LABEL)
    lines = []
    for label, text in facts:
        pieces = wrap(text, room, len(text))
        for number, (start, end) in enumerate(pieces):
            head = label if number == 0 else ""
            lines.append((f"{head:<{_LABEL}}", text[start:end]))
    return lines


def send_fact(estimate: Estimate, *, keywords_only: bool = False) -> Fact:
    """What would leave this machine, or that nothing would."""
    if keywords_only:
        return "embed", "nothing: the embedded model is not installed; words are found without it"
    if not estimate.inputs:
        return ("send" if estimate.host else "embed"), "nothing: every passage has its vector"
    passages = counted(estimate.inputs, "passage")
    if not estimate.host:
        return "embed", f"{passages} on this machine; nothing is sent"
    cost = "cost unknown" if estimate.cost_usd is None else f"~{money(estimate.cost_usd)}"
    host = one_line(estimate.host)
    return "send", f"{passages} · ~{estimate.tokens:,} tokens · {cost} · to {host}"


def now_lines(state: RunState) -> list[str]:
    """Where the run stands, in a few lines for people."""
    if state.stage == "failed" and state.error is not None:
        return [
            line for line in (one_line(state.error.message), one_line(state.error.hint)) if line
        ]
    if state.stage == "finished" and state.report is not None:
        return finished_lines(state.report)
    if state.stage == "planning":
        return ["Looking at every folder and reading what changed.", "Nothing is sent."]
    if state.stage == "planned":
        return _planned_lines(state)
    if state.stage == "preparing":
        return ["Taking the index's lock …"]
    if state.stage == "idle":
        return ["Nothing is running.", "Add a folder, or walk the ones there are."]
    return _running_lines(state)


def finished_lines(report: IndexReport) -> list[str]:
    """How a run ended."""
    head = "Stopped; everything done so far is kept." if report.interrupted else "Done."
    counts = _parts(
        [
            (report.embedded, "embedded"),
            (report.reused, "reused"),
            (report.chunks_removed, "removed"),
        ]
    )
    lines = [
        f"{head} {counted(report.chunks_total, 'passage')} in the index.",
        _changes(report) or "Nothing had changed.",
    ]
    if counts:
        lines.append(f"passages: {counts}")
    if report.requests:
        lines.append(
            f"sent {report.tokens:,} tokens in {counted(report.requests, 'request')}, "
            f"{money(report.cost_usd)}"
        )
    return [*lines, f"took {duration(report.elapsed_s)}"]


def stage_bars(state: RunState) -> tuple[StageBar, ...]:
    """A bar for the walk, for the files read, and for the passages embedded."""
    progress, report, plan = state.progress, state.report, state.plan
    over = state.stage == "finished" and report is not None and not report.interrupted
    seen = report.seen if report is not None else plan.seen if plan is not None else 0
    walked = seen if progress is not None or report is not None else 0
    read = StageBar("read", 0, None, "files")
    embed = StageBar("embed", 0, None, "passages")
    if progress is not None:
        left = state.seconds_left
        note = duration(left) if left and left >= 1 and state.stage == "running" else ""
        read = StageBar("read", progress.files_done, progress.files_total, "files")
        embed = StageBar("embed", progress.chunks_done, progress.chunks_total, "passages", note)
    if over and report is not None:
        files = report.new + report.changed + report.moved + report.failed
        read = StageBar("read", files, files, "files")
        embed = StageBar("embed", report.embedded, report.embedded, "passages")
    walk = StageBar("walk", walked, seen if walked or over else None, "files")
    if state.request.model:
        return (_marked_done(embed),)
    bars = [walk, read] if state.keywords_only else [walk, read, embed]
    return tuple(_marked_done(bar) for bar in bars)


def share_text(state: RunState) -> str:
    """Percent and time left, for the frame around the bars."""
    progress = state.progress
    if progress is None or state.stage not in {"running", "paused", "stopping"}:
        return ""
    share = 1.0
    if progress.files_total:
        share = progress.files_done / progress.files_total
    if progress.chunks_total:
        share *= progress.chunks_done / progress.chunks_total
    left = state.seconds_left
    tail = f" · {duration(left)} left" if left and left >= 1 and state.stage == "running" else ""
    return f"{int(100 * share)} %{tail}"


def status_line(state: RunState, key: KeyName) -> tuple[str, str]:
    """What to do next, and its tone."""
    estimate = None if state.plan is None else state.plan.estimate
    if state.stage == "planned" and estimate is not None:
        sends = bool(estimate.host and estimate.inputs)
        what = send_fact(estimate)[1] if sends else "nothing is sent"
        return f"{key('index.run')} starts the run: {what}", ""
    told, tone = {
        "running": ("search works meanwhile; leaving this screen is fine", "good"),
        "paused": ("paused; {index.pause} goes on", "warn"),
        "stopping": ("stopping after the requests in flight", "warn"),
        "finished": ("the index is up to date; {go.search} searches it", "good"),
        "failed": ("what was committed is kept; {index.run} tries again", "bad"),
        "idle": ("{index.add} adds a folder; {index.run} brings the index up to date", ""),
    }.get(state.stage, ("", ""))
    return with_keys(told, key), tone


def consent_lines(state: RunState, *, withholds: bool) -> list[str]:
    """The question before text leaves for a host for the first time."""
    assert state.plan is not None
    assert state.plan.estimate is not None
    estimate = state.plan.estimate
    of_files = f" of {counted(estimate.files, 'file')}" if estimate.files else ""
    cost = "at a cost nobody knows" if estimate.cost_usd is None else f"~{money(estimate.cost_usd)}"
    return [
        f"{counted(estimate.inputs, 'passage')}{of_files}, from",
        *(f"  {home_path(root)}" for root in state.plan.roots),
        f"would go to {one_line(state.host)}: ~{estimate.tokens:,} tokens, {cost}.",
        "",
        "Later changes of these folders go there without asking again.",
        "Passages that look like keys or passwords "
        + ("stay here." if withholds else "are sent too (index.send_secrets)."),
    ]


def stage_word(state: RunState) -> str:
    """One word for the frame around what happens now."""
    return {"preparing": "starting", "stopping": "stopping …"}.get(state.stage, state.stage)


def spark_text(rates: Sequence[float], width: int) -> str:
    """The last rates as a line of blocks; empty when nothing has moved yet."""
    recent = rates[-width:] if width > 0 else ()
    top = max(recent, default=0.0)
    if top <= 0:
        return ""
    return "".join(_SPARKS[round(rate / top * (len(_SPARKS) - 1))] for rate in recent)


def _planned_lines(state: RunState) -> list[str]:
    plan = state.plan
    lines = ["Ready. Nothing was sent or written."]
    if plan is not None and plan.estimate is not None and plan.estimate.host:
        estimate = plan.estimate
        if estimate.inputs and state.needs_consent:
            lines.append(f"You were never asked about {one_line(state.host)}: starting asks.")
        if estimate.cost_usd is None and estimate.inputs:
            lines.append("Its price is unknown, so a cost cap cannot hold.")
    if plan is not None and plan.problems:
        lines.append(f"{counted(len(plan.problems), 'path')} will be left out, listed below.")
    return lines


def _running_lines(state: RunState) -> list[str]:
    progress = state.progress
    if progress is None:
        return ["Comparing the folders with the index …"]
    spent = [f"{state.rate * 60:,.0f} passages/min"] if state.rate else []
    if progress.cost_usd or state.host:
        spent += [f"{progress.tokens:,} tokens sent", money(progress.cost_usd)]
    lines = [" · ".join(spent)] if spent else []
    if state.stage == "paused":
        lines.append("Paused. Other processes cannot index meanwhile.")
    elif state.stage == "stopping":
        lines.append("Stopping; what is done is kept.")
    elif state.host:
        lines.append(f"Embedding at {one_line(state.host)}.")
    else:
        lines.append("Embedding on this machine; nothing is sent.")
    return [*lines, f"Running for {duration(progress.elapsed_s)}; safe to quit at any time."]


def _changes(report: IndexReport) -> str:
    return _parts(
        [
            (report.new, "new"),
            (report.changed, "changed"),
            (report.moved, "moved"),
            (report.gone, "gone"),
            (report.failed, "failed"),
        ]
    )


def _skipped(report: IndexReport) -> list[tuple[int, str]]:
    reasons = sorted(report.skipped.items(), key=lambda one: (-one[1], one[0]))
    return [(count, one_line(reason)) for reason, count in reasons[:4]]


def _parts(counts: Sequence[tuple[int, str]]) -> str:
    return " · ".join(f"{count:,} {word}" for count, word in counts if count)


def _marked_done(bar: StageBar) -> StageBar:
    return bar._replace(note="done") if bar.total is not None and bar.share >= 1 else bar
