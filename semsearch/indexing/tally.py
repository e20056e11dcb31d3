"""The counts of one run, and the progress and report made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.records import IndexReport, Problem, Progress

if TYPE_CHECKING:
    from semsearch.errors import SemsearchError
    from semsearch.indexing.plan import Plan, RootPlan
    from semsearch.protocols import Store
    from semsearch.records import Estimate, NewFile, Space, StoredFile

PROBLEMS_KEPT = 1000
"""More problems than this are counted, not listed: nobody reads them, and a report stays small."""


class Tally:
    """Counts that only grow while a run goes on."""

    __slots__ = (
        "changed",
        "chunks_added",
        "chunks_queued",
        "chunks_removed",
        "cost_usd",
        "embedded",
        "failed",
        "files_done",
        "files_total",
        "gone",
        "inputs",
        "moved",
        "new",
        "problems",
        "requests",
        "reused",
        "roots",
        "seen",
        "skipped",
        "started_s",
        "to_embed",
        "tokens",
        "unchanged",
    )

    def __init__(self, roots: tuple[bytes, ...], files_total: int, started_s: float) -> None:
        self.roots = roots
        self.files_total = files_total
        self.started_s = started_s
        self.files_done = self.seen = self.new = self.changed = self.moved = self.gone = 0
        self.unchanged = self.failed = 0
        self.chunks_added = self.chunks_removed = self.chunks_queued = 0
        self.to_embed = self.embedded = self.reused = 0
        self.requests = self.inputs = self.tokens = 0
        self.cost_usd = 0.0
        self.skipped: dict[str, int] = {}
        self.problems: list[Problem] = []

    def skip(self, reason: str, count: int = 1) -> None:
        """Count files passed over for a reason."""
        self.skipped[reason] = self.skipped.get(reason, 0) + count

    def add_plan(self, plan: RootPlan) -> None:
        """Count what the walk of a root found."""
        self.seen += plan.seen
        self.unchanged += plan.unchanged
        for reason, count in plan.skipped.items():
            self.skip(reason, count)
        for problem in plan.problems:
            self.problem(*problem)

    def count_version(
        self, store: Store, plan: Plan, stored: StoredFile | None, digest: bytes
    ) -> None:
        """Count a file whose content is not what the index holds under its path."""
        if stored is not None:
            self.changed += 1
        elif any(plan.take_moved(twin) for twin in store.files_with_digest(digest)):
            self.moved += 1
        else:
            self.new += 1

    def tell_version(self, path: bytes, new: NewFile, *, remote: bool) -> Problem | None:
        """Count what became of a version, and keep what the user should know about it."""
        if new.state == "failed":
            self.failed += 1
            return self.problem(path, new.reason)
        if new.state == "skipped":
            self.skip(new.reason)
        if new.state == "partial":
            return self.problem(path, new.reason, "Split the file to have all of it.")
        kinds = {passage.withheld for _, passage in new.chunks if passage.withheld}
        if kinds and remote:
            return self.problem(
                path,
                f"withheld from the API, because it looks like: {', '.join(sorted(kinds))}",
                "It is found by keyword; the setting index.send_secrets would send it.",
            )
        return None

    def problem(self, path: bytes, reason: str, hint: str = "") -> Problem:
        """Keep something to tell about a path."""
        problem = Problem(path, reason, hint)
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(problem)
        return problem

    def progress(self, now_s: float, note: str) -> Progress:
        """The counts as an event."""
        return Progress(
            files_done=self.files_done,
            files_total=self.files_total,
            chunks_done=self.embedded,
            chunks_total=self.to_embed,
            tokens=self.tokens,
            cost_usd=self.cost_usd,
            elapsed_s=now_s - self.started_s,
            note=note,
        )

    def report(
        self,
        now_s: float,
        *,
        plan: bool,
        chunks_total: int,
        space: Space | None,
        interrupted: bool,
        stopped_by: SemsearchError | None = None,
        estimate: Estimate | None = None,
    ) -> IndexReport:
        """The counts as the outcome of the run."""
        return IndexReport(
            plan=plan,
            roots=self.roots,
            seen=self.seen,
            new=self.new,
            changed=self.changed,
            moved=self.moved,
            gone=self.gone,
            unchanged=self.unchanged,
            skipped=dict(sorted(self.skipped.items())),
            failed=self.failed,
            chunks_total=chunks_total,
            chunks_added=self.chunks_added,
            chunks_removed=self.chunks_removed,
            embedded=self.embedded,
            reused=self.reused,
            requests=self.requests,
            inputs=self.inputs,
            tokens=self.tokens,
            cost_usd=self.cost_usd,
            space=space,
            problems=tuple(self.problems),
            interrupted=interrupted,
            elapsed_s=now_s - self.started_s,
            estimate=estimate,
            stopped_by=stopped_by,
        )
