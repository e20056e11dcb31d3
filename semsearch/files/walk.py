"""Which files of a root exist, and which differ from what the index holds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from semsearch.files.rules import Rules
from semsearch.files.traversal import Traversal
from semsearch.records import SkippedPath

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from semsearch.files.descent import Identity
    from semsearch.files.traversal import Found
    from semsearch.records import FileRef, Problem


class ScanResult(NamedTuple):
    """What differs between a root and the index."""

    refs: list[FileRef]
    """New and changed files, in the order of the walk."""
    skipped: list[SkippedPath]
    """Paths passed over for a reason worth telling, known ones included."""
    counts: dict[str, int]
    """Paths passed over by reason, those of `skipped` included; an unentered folder counts 1."""
    seen: int
    """Files that belong in the index: unchanged ones and `refs`."""
    unchanged: int
    gone: set[bytes]
    """Known paths that no longer exist or are no longer wanted; never a path of `skipped`, nor
    one in a folder that could not be read."""
    rules_digest: bytes
    """SHA-256 of the rules and of all ignore files met: `trusted` of the next scan."""
    warnings: list[Problem]
    """Ignore files and patterns that are not used."""
    started_ns: int
    """Clock when the scan began, for `racy`."""


def walk(
    root: bytes,
    rules: Rules | None = None,
    *,
    own: Collection[Identity] = frozenset(),
    on_folder: Callable[[int], None] | None = None,
    every: bool = False,
    toward: bytes = b"",
) -> Iterator[Found]:
    """Every file of a root and every skipped path worth telling, streaming.

    A folder's files come by name, then its subfolders by name. A root that is a single file
    gives one `FileRef` with an empty relative path.

    Args:
        root: Absolute path of a folder or file.
        rules: What to take; the defaults when None.
        own: `(st_dev, st_ino)` of semsearch's own folders and files, which are never entered:
            opening and closing an index file would drop SQLite's locks on it.
        on_folder: Called at every folder with the number of files so far; what it raises ends
            the walk.
        every: Tell every path that is passed over, not only those worth telling.
        toward: Look only at this relative path, what lies below it, and the folders above it.

    Raises:
        FileProblem: `root missing`, `root unreadable` or `root changed`.
    """
    yield from Traversal(
        root,
        rules or Rules(),
        known={},
        own=own,
        recheck=False,
        on_folder=on_folder,
        every=every,
        toward=toward,
    )


def scan(
    root: bytes,
    known: Mapping[bytes, int],
    rules: Rules | None = None,
    *,
    own: Collection[Identity] = frozenset(),
    trusted: bytes | None = None,
    on_folder: Callable[[int], None] | None = None,
) -> ScanResult:
    """Compare a root with what the index knows of it.

    Args:
        root: As for `walk`.
        known: `relative path -> fingerprint` of every file row of the root; `UNTRUSTED` for a row
            to look at again.
        trusted: `rules_digest` of the scan that `known` comes from. While it still holds,
            unchanged files are matched against no pattern; else everything is decided anew.
        rules: As for `walk`.
        own: As for `walk`.
        on_folder: As for `walk`; it may see every folder twice.

    Raises:
        FileProblem: as `walk` does.
    """
    rules = rules or Rules()
    result = None
    if trusted is not None or not known:
        result = _scan_once(root, known, rules, own, recheck=False, on_folder=on_folder)
    if result is None or (known and result.rules_digest != trusted):
        result = _scan_once(root, known, rules, own, recheck=True, on_folder=on_folder)
    return result


def _scan_once(
    root: bytes,
    known: Mapping[bytes, int],
    rules: Rules,
    own: Collection[Identity],
    *,
    recheck: bool,
    on_folder: Callable[[int], None] | None,
) -> ScanResult:
    started_ns = time.time_ns()
    traversal = Traversal(root, rules, known=known, own=own, recheck=recheck, on_folder=on_folder)
    refs: list[FileRef] = []
    skipped: list[SkippedPath] = []
    for found in traversal:
        if isinstance(found, SkippedPath):
            skipped.append(found)
        else:
            refs.append(found)
    return ScanResult(
        refs=refs,
        skipped=skipped,
        counts=traversal.counts,
        seen=traversal.unchanged + traversal.found,
        unchanged=traversal.unchanged,
        gone=traversal.gone(),
        rules_digest=traversal.selector.digest,
        warnings=traversal.selector.warnings,
        started_ns=started_ns,
    )
