"""What an index run has to do: the difference between the disk and the index.

Planning reads folders and stats, never contents, and writes nothing. A root that cannot be read, or
that seems to have lost most of its files, keeps what the index holds of it: an unmounted disk and a
mistyped path look exactly like a wish to forget everything.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.chunk import CHUNKER_VERSION
from semsearch.errors import FileProblem
from semsearch.files import UNTRUSTED, Rules, fingerprint, racy, scan
from semsearch.indexing.reasons import hint_of
from semsearch.records import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semsearch.files import ScanResult
    from semsearch.protocols import Store
    from semsearch.records import FileRef, Root, StoredFile

MASS_REMOVAL_FILES: Final = 100
"""More vanished files than this, and more than half of the root's, are not believed."""


class PlanOptions(NamedTuple):
    """What a plan takes into account."""

    max_file_bytes: int
    hidden: bool = False
    follow_symlinks: bool = False
    own: frozenset[tuple[int, int]] = frozenset()
    """`(st_dev, st_ino)` of the index's own folder and files, which are never entered."""
    rehash: bool = False
    """Read every file again, whatever its stat says."""
    retry_failed: bool = False
    """Read files again that failed or were skipped for their content."""
    remove_many: bool = False
    """Believe that most files of a root are gone."""


class RootPlan:
    """What differs in one root."""

    def __init__(self, root: Root, found: ScanResult | None, *, rebuild: bool) -> None:
        self.root = root
        self.rebuild = rebuild
        """Chunk every file again, also where the content is the same."""
        self.problems: list[Problem] = []
        self.changed: list[FileRef] = [] if found is None else found.refs
        self.gone: set[bytes] = set() if found is None else set(found.gone)
        self.skipped: dict[str, int] = {} if found is None else dict(found.counts)
        self.seen = 0 if found is None else found.seen
        self.unchanged = 0 if found is None else found.unchanged
        self.rules_digest = None if found is None else found.rules_digest
        """None: the root could not be walked."""
        self.moved_away: set[bytes] = set()
        self._started_ns = 0 if found is None else found.started_ns

    def absolute(self, relative: bytes) -> bytes:
        """Absolute path of a file of the root."""
        return os.path.join(self.root.path, relative) if relative else self.root.path

    def fingerprint(self, ref: FileRef) -> int:
        """What to store for a file that has been read: nothing is trusted that is too fresh."""
        return UNTRUSTED if racy(ref, self._started_ns) else fingerprint(ref)


class Plan:
    """What differs in every root of a run."""

    def __init__(self, roots: tuple[RootPlan, ...]) -> None:
        self.roots = roots
        self._by_id = {plan.root.id: plan for plan in roots}

    @property
    def root_paths(self) -> tuple[bytes, ...]:
        """Absolute paths, in the order of the run."""
        return tuple(plan.root.path for plan in self.roots)

    @property
    def files_changed(self) -> int:
        """Files to read."""
        return sum(len(plan.changed) for plan in self.roots)

    def take_moved(self, twin: StoredFile) -> bool:
        """Whether a stored file with the content of a new one is gone, and not taken before."""
        plan = self._by_id.get(twin.root)
        if plan is None or twin.relative not in plan.gone or twin.relative in plan.moved_away:
            return False
        plan.moved_away.add(twin.relative)
        return True


def make_plan(store: Store, roots: Iterable[Root], options: PlanOptions) -> Plan:
    """Compare every root with the index; a root that cannot be read becomes a problem."""
    return Plan(tuple(_plan_root(store, root, options) for root in roots))


def _plan_root(store: Store, root: Root, options: PlanOptions) -> RootPlan:
    known = _known(store, root, options)
    rebuild = bool(known) and store.note(_chunker_key(root)) != str(CHUNKER_VERSION)
    if options.rehash or rebuild:
        known = dict.fromkeys(known, UNTRUSTED)
    rules = rules_of(root, options)
    trusted = store.note(_rules_key(root))
    try:
        found = scan(
            root.path,
            known,
            rules,
            own=options.own,
            trusted=bytes.fromhex(trusted) if trusted else None,
        )
    except FileProblem as problem:
        plan = RootPlan(root, None, rebuild=False)
        plan.problems.append(Problem(root.path, problem.message, problem.hint))
        return plan
    plan = RootPlan(root, found, rebuild=rebuild)
    plan.problems += found.warnings
    for path in found.skipped:
        hint = hint_of(path.reason, follow_symlinks=options.follow_symlinks)
        plan.problems.append(Problem(plan.absolute(path.relative), path.reason, hint))
    _disbelieve(plan, known_files=len(known), remove_many=options.remove_many)
    return plan


def rules_of(root: Root, options: PlanOptions) -> Rules:
    """What of a root is to be indexed."""
    return Rules(
        include=root.include,
        exclude=root.exclude,
        hidden=options.hidden,
        follow_symlinks=options.follow_symlinks,
        max_bytes=options.max_file_bytes,
    )


def _known(store: Store, root: Root, options: PlanOptions) -> dict[bytes, int]:
    known = store.fingerprints(root.id)
    if options.retry_failed:
        for state in ("failed", "skipped"):
            known.update((file.relative, UNTRUSTED) for file in store.files(root.id, state))
    return known


def _disbelieve(plan: RootPlan, *, known_files: int, remove_many: bool) -> None:
    """Keep the files of a root that seems to have lost most of them."""
    vanished = len(plan.gone)
    empty = plan.seen == 0 and vanished > 0
    if remove_many or not (empty or vanished > max(MASS_REMOVAL_FILES, known_files // 2)):
        return
    plan.problems.append(
        Problem(
            plan.root.path,
            f"{vanished} of {known_files} files seem to be gone; what is indexed was kept",
            "If that is meant, run it again with --yes.",
        )
    )
    plan.gone = set()


def settle_root(store: Store, plan: RootPlan) -> tuple[int, int]:
    """Remove what is gone and remember what the plan was made with: `(files, chunks)` removed."""
    if plan.rules_digest is None:
        return 0, 0
    with store.write():
        rows = (store.file(plan.root.id, relative) for relative in sorted(plan.gone))
        files = [row.id for row in rows if row is not None]
        chunks = store.remove_files(files)
        store.set_note(_rules_key(plan.root), plan.rules_digest.hex())
        store.set_note(_chunker_key(plan.root), str(CHUNKER_VERSION))
    return len(files), chunks


def _rules_key(root: Root) -> str:
    return f"root.{root.id}.rules"


def _chunker_key(root: Root) -> str:
    return f"root.{root.id}.chunker"
