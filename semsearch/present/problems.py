"""What cannot be found of a folder, and what went wrong: for people, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from semsearch.present.amounts import counted
from semsearch.present.style import PLAIN, Style, paint, path_text
from semsearch.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from semsearch.records import PathStatus, Problem

_FOLDED_FROM: Final = 4
"""So many paths of one reason are told in one line."""

_EXAMPLES: Final = 3
_MOST_PROBLEMS: Final = 20
MOST_PATHS: Final = 20

_Group = tuple[str, str, "list[Problem]"]
"""Reason, the hint if all have the same, paths."""


def problems_text(
    problems: Sequence[Problem],
    style: Style = PLAIN,
    *,
    cwd: bytes | None = None,
    most: int = _MOST_PROBLEMS,
) -> str:
    """One line a problem with its hint below, or one for many of a kind; the rest counted."""
    lines = []
    left = 0
    for number, (reason, hint, group) in enumerate(_groups(problems, apart=True)):
        if number >= most:
            left += len(group)
            continue
        names = [path_text(one.path, cwd, style) for one in group[: _EXAMPLES + 1]]
        told = paint(one_line(reason), "warning", style)
        if len(group) == 1:
            lines.append(f"{names[0]}: {told}")
        else:
            more = len(group) - _EXAMPLES
            lines.append(f"{len(group):,} {told}: {', '.join(names[:_EXAMPLES])} and {more:,} more")
        if hint:
            lines.append("    " + paint(one_line(hint), "quiet", style))
    if left:
        lines.append(f"and {left:,} more; --json lists them all")
    return "\n".join(lines)


def path_status_text(
    status: PathStatus,
    style: Style = PLAIN,
    *,
    cwd: bytes | None = None,
    most: int = MOST_PATHS,
) -> str:
    """What can be found at or below a path, then every path that cannot, by reason.

    Args:
        status: what was found out.
        style: colour and width.
        cwd: paths are shown relative to it where that is shorter.
        most: paths of one reason that are listed.
    """
    files, chunks = counted(status.files, "file"), counted(status.chunks, "passage")
    lines = [f"{path_text(status.path, cwd, style)}: {files}, {chunks} in the index"]
    if not status.problems:
        lines[0] += "; nothing is left out"
    for reason, hint, group in _groups(status.problems, apart=False):
        count = status.reasons[reason]
        lines += ["", paint(f"{one_line(reason)} ({count:,})", "warning", style)]
        if hint:
            lines.append("  " + paint(one_line(hint), "quiet", style))
        for one in group[:most]:
            own = "" if hint or not one.hint else "  " + paint(one_line(one.hint), "quiet", style)
            lines.append(f"  {path_text(one.path, cwd, style)}{own}")
        if count > len(group[:most]):
            lines.append(f"  and {count - len(group[:most]):,} more; -v and --json list them")
    return "\n".join(lines)


def path_status_data(statuses: Iterable[PathStatus]) -> dict[str, Any]:
    """The `data` of `status PATH --json`."""
    from semsearch.present.envelope import path_fields, problem_fields

    return {
        "paths": [
            {
                **path_fields(one.path),
                "files": one.files,
                "chunks": one.chunks,
                "reasons": one.reasons,
                "problems": [problem_fields(problem) for problem in one.problems],
                "unlisted": sum(one.reasons.values()) - len(one.problems),
            }
            for one in statuses
        ]
    }


def _groups(problems: Iterable[Problem], *, apart: bool) -> list[_Group]:
    """Problems by reason, in the order of the first of each.

    Args:
        problems: the problems.
        apart: a few of one reason stay alone.
    """
    by_reason: dict[str, list[Problem]] = {}
    for one in problems:
        by_reason.setdefault(one.reason, []).append(one)
    groups: list[_Group] = []
    for reason, group in by_reason.items():
        hints = {one.hint for one in group}
        if apart and (len(group) < _FOLDED_FROM or len(hints) > 1):
            groups += [(reason, one.hint, [one]) for one in group]
        else:
            groups.append((reason, hints.pop() if len(hints) == 1 else "", group))
    return groups
