"""Everything but search results, for people: index runs, status, models, doctor, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.present.amounts import about, counted, duration, size
from semsearch.present.human import moment, money, space_name
from semsearch.present.problems import problems_text
from semsearch.present.style import PLAIN, Style, pad, paint, path_text
from semsearch.text import cell_width, cut, display_path, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from semsearch.present.style import Role
    from semsearch.records import (
        DaySpend,
        Estimate,
        Finding,
        Forgotten,
        IndexReport,
        IndexStatus,
        ModelChoice,
        Space,
        SpaceStatus,
    )
    from semsearch.settings import Origin, Setting, Value

_DAYS_SHOWN: Final = 10
_STATES: Final[dict[str, tuple[str, Role]]] = {
    "ok": ("ok", "good"),
    "warning": ("warn", "warning"),
    "failed": ("FAIL", "error"),
}


def index_text(report: IndexReport, style: Style = PLAIN, *, cwd: bytes | None = None) -> str:
    """What a run did, or with `plan` would do, and what went wrong."""
    lines = [
        _sentence("Files", _changes(report), f"{report.seen:,} seen"),
        _sentence("Passages", _passages(report), f"{report.chunks_total:,} in the index"),
    ]
    if report.skipped:
        reasons = sorted(report.skipped.items(), key=lambda one: (-one[1], one[0]))
        skipped = ", ".join(f"{count:,} {one_line(reason)}" for reason, count in reasons)
        named = paint(" (`semsearch status PATH` names them)", "quiet", style)
        lines.append(f"Skipped: {skipped}{'' if report.plan else named}")
    if report.estimate is not None:
        lines.append(estimate_text(report.estimate))
    elif report.requests:
        lines.append(
            f"Sent: {counted(report.inputs, 'passage')}, {report.tokens:,} tokens in "
            f"{counted(report.requests, 'request')}, {money(report.cost_usd)}"
        )
    if report.space is not None:
        lines.append(f"Model: {space_name(report.space)}")
    if report.interrupted:
        lines.append(
            paint("Interrupted.", "warning", style)
            + " What is done is kept; the next run goes on from here."
        )
    if not report.plan:
        lines.append(paint(f"{duration(report.elapsed_s)}", "quiet", style))
    if report.problems:
        lines.append(problems_text(report.problems, style, cwd=cwd))
    return "\n".join(lines)


def estimate_text(estimate: Estimate) -> str:
    """What a run would send, where to, and at what cost."""
    if not estimate.host:
        return f"To embed on this machine: {counted(estimate.inputs, 'passage')}; nothing is sent."
    return (
        f"To send to {one_line(estimate.host)}: {counted(estimate.inputs, 'passage')} of "
        f"{counted(estimate.files, 'file')}, about {estimate.tokens:,} tokens, "
        f"{about(estimate.cost_usd)}."
    )


def status_text(status: IndexStatus, style: Style = PLAIN, *, cwd: bytes | None = None) -> str:
    """What is indexed, by which models, how fresh, what it cost."""
    states = ", ".join(
        f"{count:,} {one_line(state)}" for state, count in sorted(status.files.items()) if count
    )
    facts = (
        ("Index", f"{display_path(status.path)}, {size(status.size_bytes)}"),
        ("Files", states or "none"),
        ("Passages", f"{status.chunks:,}"),
        ("Updated", moment(status.indexed_ns)),
        ("Spent", _spent(status)),
    )
    lines = [paint(f"{name:<8}", "title", style) + "  " + fact for name, fact in facts]
    if status.roots:
        lines += ["", paint("Folders", "title", style)]
        for one in status.roots:
            missing = "  " + paint("not there now", "warning", style) if one.missing else ""
            spent = f", {money(one.spent_usd)}" if one.spent_usd else ""
            lines.append(
                f"  {path_text(one.root.path, cwd, style)}  "
                f"{counted(one.files, 'file')}, {counted(one.chunks, 'passage')}{spent}{missing}"
            )
    if status.spaces:
        lines += ["", paint("Models", "title", style)]
        lines += [f"  {_space_line(space, style)}" for space in status.spaces]
        if status.wanted is not None:
            lines.append("  " + paint(_wanted(status.wanted), "quiet", style))
    if status.days:
        lines += ["", paint("Costs", "title", style)]
        lines += [f"  {_day_line(one)}" for one in status.days[:_DAYS_SHOWN]]
    if status.problems:
        lines += ["", paint("Problems", "title", style)]
        lines.append(problems_text(status.problems, style, cwd=cwd))
    return "\n".join(lines)


def _wanted(space: Space) -> str:
    name = one_line(space.key.model)
    return f"{name} orders searches already; `semsearch models build {name}` completes it."


def _day_line(one: DaySpend) -> str:
    day, spend = one
    return (
        f"{day}  {one_line(spend.model)} at {one_line(spend.host)}: {money(spend.cost_usd)}, "
        f"{spend.tokens:,} tokens in {counted(spend.calls, 'call')}"
    )


def _spent(status: IndexStatus) -> str:
    spent = f"{money(status.spent_usd)}, {status.tokens:,} tokens"
    unknown = status.calls_without_cost
    if unknown:
        spent += f"; {counted(unknown, 'call')} of unknown cost"
    if not status.saved_tokens:
        return spent
    return f"{spent}; reuse saved {money(status.saved_usd)}, {status.saved_tokens:,} tokens"


def models_text(
    choices: Iterable[ModelChoice], style: Style = PLAIN, *, verbose: bool = False
) -> str:
    """A table of models, and how much of the index each covers.

    Args:
        choices: the models.
        style: colour and width.
        verbose: say also how each is told what is a question and what a passage.
    """
    every = list(choices)
    header = ("model", "dims", "shorter", "context", "USD/M", "reads", "ms", "index")
    rows = [header, *map(_model_row, every)]
    # A column that says nothing would only take room from the names.
    told = [any(row[number] for row in rows[1:]) for number in range(len(header))]
    shown = [[cell for cell, keep in zip(row, told, strict=True) if keep] for row in rows]
    text = table(shown, style)
    if not verbose:
        return text
    forms = [
        f"{one_line(one.info.id)}: questions as {one_line(one.query_form)}; "
        f"passages as {one_line(one.document_form)}"
        for one in every
        if one.query_form
    ]
    return "\n".join((text, "", *forms))


def _model_row(one: ModelChoice) -> tuple[str, ...]:
    info, space = one.info, one.space
    shorter = info.matryoshka
    dimensions = (info.dimensions or 0) if space is None else space.space.key.dimensions
    return (
        one_line(info.id),
        f"{dimensions}" if dimensions else "–",
        "" if not shorter else f"{shorter[0]}" + (f"–{shorter[-1]}" if shorter[1:] else ""),
        f"{info.context_tokens:,}" if info.context_tokens else "–",
        _price(info.usd_per_million_tokens),
        one_line(" ".join(f"+{word}" for word in info.modalities if word != "text")),
        "" if one.latency_ms is None else f"{one.latency_ms:.0f}",
        "" if space is None else f"{_share(space)}{' active' if space.active else ''}",
    )


def forgotten_text(removed: Iterable[Forgotten], style: Style = PLAIN) -> str:
    """What was removed, path by path."""
    return "\n".join(
        f"Forgot {path_text(one.path, None, style)}: "
        f"{counted(one.files, 'file')}, {counted(one.chunks, 'passage')}, "
        f"{one.passages:,} of them held nowhere else and erased."
        + (" The folder is not indexed any more." if one.roots else "")
        for one in removed
    )


def findings_text(findings: Iterable[Finding], style: Style = PLAIN) -> str:
    """One line for each thing `doctor` looked at, with what to do about it."""
    every = list(findings)
    width = max((cell_width(one_line(one.name)) for one in every), default=0)
    lines = []
    for one in every:
        label, role = _STATES[one.state]
        name = pad(one_line(one.name), width)
        lines.append(f"{paint(f'{label:<4}', role, style)}  {name}  {one_line(one.detail)}")
        if one.hint:
            lines.append(f"      {' ' * width}  {paint(one_line(one.hint), 'quiet', style)}")
    return "\n".join(lines)


def settings_text(
    rows: Iterable[tuple[Setting, Value, Origin]], style: Style = PLAIN, *, origin: bool = False
) -> str:
    """`name = value` for each setting, with where the value comes from."""
    lines = []
    for setting, value, source in rows:
        line = f"{setting.name} = {value_text(value)}"
        if origin:
            line += "  " + paint(f"({source})", "quiet", style)
        lines.append(line)
    return "\n".join(lines)


def value_text(value: Value) -> str:
    """A setting's value as the settings file and `config set` write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(one_line(word) for word in value)
    return one_line(value) if isinstance(value, str) else f"{value:g}"


def table(rows: Sequence[Sequence[str]], style: Style = PLAIN) -> str:
    """Printable cells in columns, the first row as heading; the first column gives way.

    Where not even that leaves room enough, the other cells of a row stand on a line below it.
    """
    columns = list(zip(*rows, strict=True))
    widths = [max(map(cell_width, column)) for column in columns]
    room = style.width - sum(widths[1:]) - 2 * (len(widths) - 1)
    if room < min(widths[0], 16):
        return _stacked(rows, style)
    widths[0] = min(widths[0], room)
    lines = []
    for number, row in enumerate(rows):
        first = pad(cut(row[0], widths[0]), widths[0])
        others = [
            " " * (width - cell_width(cell)) + cell
            for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        line = "  ".join((first, *others)).rstrip()
        lines.append(line if number else paint(line, "title", style))
    return "\n".join(lines)


def _stacked(rows: Sequence[Sequence[str]], style: Style) -> str:
    lines = []
    for number, row in enumerate(rows):
        rest = "  ".join(cell for cell in row[1:] if cell)
        for line in filter(None, (row[0], f"  {rest}" if rest else "")):
            shown = cut(line, style.width)
            lines.append(shown if number else paint(shown, "title", style))
    return "\n".join(lines)


def _changes(report: IndexReport) -> list[str]:
    counts = (
        (report.new, "new"),
        (report.changed, "changed"),
        (report.moved, "moved"),
        (report.gone, "gone"),
        (report.unchanged, "unchanged"),
        (report.failed, "failed"),
    )
    return [f"{count:,} {word}" for count, word in counts if count]


def _passages(report: IndexReport) -> list[str]:
    counts = (
        (report.chunks_added, "added"),
        (report.chunks_removed, "removed"),
        (report.embedded, "embedded"),
        (report.reused, "reused"),
    )
    return [f"{count:,} {word}" for count, word in counts if count]


def _sentence(subject: str, parts: Sequence[str], otherwise: str) -> str:
    return f"{subject}: {', '.join((*parts, otherwise))}"


def _space_line(status: SpaceStatus, style: Style) -> str:
    marks = [_share(status), status.space.state]
    if status.size_bytes is not None:
        marks.append(size(status.size_bytes))
    if status.unchecked:
        marks.append(f"answered by {', '.join(map(one_line, status.unchecked))} too, unchecked")
    active = paint("active", "good", style) + ", " if status.active else ""
    return f"{space_name(status.space)}: {active}{', '.join(marks)}"


def _share(status: SpaceStatus) -> str:
    """Covered passages in percent; 100 % only when none is missing."""
    if not status.chunks or status.covered >= status.chunks:
        return "100 %"
    return f"{min(100 * status.covered / status.chunks, 99.9):.1f} %"


def _price(usd: float | None) -> str:
    if usd is None:
        return "–"
    return "free" if usd == 0 else f"{usd:.3g}"
