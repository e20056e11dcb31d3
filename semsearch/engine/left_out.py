"""What can be found of a file or folder, and what cannot, with the reason for every path.

Functions rather than methods of `Engine`: a search, which loads the façade, has no use for them.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Final

from semsearch.engine.job import plan_options
from semsearch.errors import FileProblem, UsageError
from semsearch.files import explain, walk
from semsearch.indexing.plan import rules_of
from semsearch.indexing.reasons import CHANGED, GONE, NOT_YET, hint_of
from semsearch.paths import is_below
from semsearch.records import PathStatus, Problem, SkippedPath
from semsearch.text import display_path, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.engine.facade import Engine
    from semsearch.files import Rules
    from semsearch.indexing import PlanOptions
    from semsearch.records import FileRef, HeldFile, Root

LISTED: Final = 1000
"""More paths than this of one reason are counted, not listed."""

_ALL: Final = 1_000_000
_UNKNOWN: Final = frozenset({"changing", "unreadable"})


def path_status(engine: Engine, path: bytes) -> PathStatus:
    """Compare the disk at or below an absolute path with the index; nothing is changed.

    Raises:
        UsageError: there is no index, or the path is in none of its folders.
    """
    store = engine.store()
    roots = [one for one in store.roots() if is_below(path, one.path) or is_below(one.path, path)]
    if not roots:
        raise UsageError(
            f"{display_path(path)!a} is in no folder that is indexed.",
            hint="`semsearch index PATH` adds one; `semsearch status` shows those there are.",
            code="usage.not_indexed",
        )
    held = {one.path: one for one in store.files_at(path)}
    known = held or any(is_below(one.path, path) for one in roots)
    if not known and not os.path.lexists(path):
        raise UsageError(
            f"There is no file or folder {display_path(path)!a}, and none in the index.",
            hint="Check the spelling, or mount the disk it is on.",
            code="usage.path",
        )
    found = [one for one in held.values() if one.chunks]
    options = plan_options(engine.settings, store)
    told: dict[tuple[bytes, str], Problem] = {}
    for problem in _problems(engine, path, roots, options, held):
        told.setdefault((problem.path, problem.reason), problem)
    listed: list[Problem] = []
    reasons: Counter[str] = Counter()
    for problem in sorted(told.values()):
        reasons[problem.reason] += 1
        if reasons[problem.reason] <= LISTED:
            listed.append(_explained(roots, options, problem))
    return PathStatus(
        path=path,
        files=len(found),
        chunks=sum(one.chunks for one in found),
        problems=tuple(listed),
        reasons=dict(sorted(reasons.items())),
    )


def _problems(
    engine: Engine,
    path: bytes,
    roots: list[Root],
    options: PlanOptions,
    held: dict[bytes, HeldFile],
) -> Iterator[Problem]:
    """What the disk says of each root, then what the index says of its files."""
    for root in roots:
        try:
            yield from _on_disk(root, path, rules_of(root, options), options, held)
        except FileProblem as problem:
            yield Problem(root.path, problem.reason, f"{problem.message} {problem.hint}".rstrip())
    yield from (
        Problem(one.path, one.reason, hint_of(one.reason, follow_symlinks=False))
        for one in held.values()
        if one.state == "skipped"
    )
    yield from (one for one in engine.store().troubles(_ALL) if is_below(one.path, path))


def _on_disk(
    root: Root, path: bytes, rules: Rules, options: PlanOptions, held: dict[bytes, HeldFile]
) -> Iterator[Problem]:
    """What a run would pass over, read, or drop."""
    below = is_below(path, root.path) and path != root.path
    toward = os.path.relpath(path, root.path) if below else b""
    gone = {one for one in held if is_below(one, root.path)}
    for found in walk(root.path, rules, own=options.own, every=True, toward=toward):
        absolute = os.path.join(root.path, found.relative) if found.relative else root.path
        if isinstance(found, SkippedPath):
            reason = found.reason
            if reason in _UNKNOWN:  # a run keeps what it cannot see
                gone = {one for one in gone if not is_below(one, absolute)}
        else:
            reason = _differs(found, held, absolute)
        gone.discard(absolute)
        if reason:
            hint = hint_of(reason, follow_symlinks=options.follow_symlinks)
            yield Problem(absolute, reason, hint)
    yield from (Problem(one, GONE, hint_of(GONE, follow_symlinks=False)) for one in gone)


def _differs(found: FileRef, held: dict[bytes, HeldFile], absolute: bytes) -> str:
    """Why the index does not show a file as the disk has it; empty where it does."""
    row = held.get(absolute)
    if row is None:
        return NOT_YET
    return "" if (row.size, row.mtime_ns) == (found.size, found.mtime_ns) else CHANGED


def _explained(roots: list[Root], options: PlanOptions, problem: Problem) -> Problem:
    """The problem; of an ignored path with the line that says so."""
    if problem.reason != "ignored":
        return problem
    root = max(
        (one for one in roots if is_below(problem.path, one.path)), key=lambda one: len(one.path)
    )
    relative = os.path.relpath(problem.path, root.path)
    verdict = explain(root.path, relative, rules_of(root, options)).verdict
    if verdict is None:
        return problem
    pattern = one_line(os.fsdecode(verdict.pattern))
    source = display_path(verdict.source)
    line = "your choice" if source == "exclude" else f"line {verdict.line} of {source}"
    return problem._replace(hint=f"by {line}: {pattern}")
