"""The one traversal behind `walk` and `scan`.

Every folder is opened by its name in its parent's descriptor and never through a symlink; a bounded
number of descriptors is open at any depth. Each folder is listed once: a file whose stored
fingerprint still holds costs one lookup and one `stat` and is matched against nothing; everything
else is decided by `Selector`.
"""

from __future__ import annotations

import os
import stat
from errno import ELOOP, ENOENT, ENOTDIR
from itertools import chain
from typing import TYPE_CHECKING, Final

from semsearch.errors import FileProblem
from semsearch.files import openat
from semsearch.files.defaults import is_secret_name
from semsearch.files.descent import Descent, Folder, identity_of
from semsearch.files.fingerprint import file_ref, fingerprint, mix
from semsearch.files.links import leads_to_secret, resolve
from semsearch.files.mounts import special_devices
from semsearch.files.problems import root_problem
from semsearch.files.rules import SIGNIFICANT_NAMES, Selector
from semsearch.records import FileRef, SkippedPath
from semsearch.text import display_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from semsearch.files.descent import Identity
    from semsearch.files.links import Target
    from semsearch.files.openat import Handle
    from semsearch.files.rules import Rules

Found = FileRef | SkippedPath

QUIET_REASONS: Final = frozenset(
    (
        "binary",
        "excluded",
        "generated",
        "hidden",
        "ignored",
        "lock file",
        "not included",
        "own index",
        "unknown type",
    )
)
"""Counted only; every other reason is also reported as a `SkippedPath`."""

MAX_PATH_BYTES: Final = 16 * 1024
"""Longer relative paths are reported: paths held per level would grow with the square."""


class Traversal:
    """One pass over a root; iterate once, then read the counters.

    Iterating yields what is new or differs from `known`, and skipped paths worth telling: a
    folder's files by name, then its subfolders by name, each with all it holds.

    Raises:
        FileProblem: the root is missing, unreadable or was replaced meanwhile.
    """

    def __init__(
        self,
        root: bytes,
        rules: Rules,
        *,
        known: Mapping[bytes, int],
        own: Collection[Identity],
        recheck: bool,
        on_folder: Callable[[int], None] | None,
        every: bool = False,
        toward: bytes = b"",
    ) -> None:
        self.rules = rules
        self.selector = Selector(rules)
        self.unchanged = 0
        self.found = 0
        """Files yielded."""
        self.counts: dict[str, int] = {}
        """Paths passed over, by reason."""
        self._path = root
        self._remaining = dict(known)
        self._own = own
        self._recheck = recheck
        self._on_folder = on_folder
        self._quiet = frozenset[str]() if every else QUIET_REASONS
        self._toward = toward
        self._lost: list[bytes] = []
        self._followed: set[Identity] = set()
        self._special: frozenset[int] | None = None

    def __iter__(self) -> Iterator[Found]:
        """Run the pass."""
        try:
            self._root = openat.open_root(self._path)
        except NotADirectoryError:
            yield from self._single_file()
            return
        except OSError as error:
            raise root_problem(self._path, error) from error
        self._descent = Descent(self._root)
        try:
            identity = identity_of(openat.folder_status(self._root))
            yield from self._run(identity)
        finally:
            self._descent.close()
            openat.close(self._root)
        self._confirm_root(identity)

    def gone(self) -> set[bytes]:
        """Known paths that no longer exist or are no longer wanted.

        Leaves out what lies in folders that could not be read: nothing is known about that.
        """
        lost = tuple(self._lost)
        if not lost:
            return set(self._remaining)
        return {path for path in self._remaining if not path.startswith(lost)}

    # descending ------------------------------------------------------------------------------

    def _run(self, identity: Identity) -> Iterator[Found]:
        descent = self._descent
        try:
            view = self.selector.root_view(self._path)
        except OSError as error:
            raise root_problem(self._path, error) from error
        handle = openat.duplicate(self._root)
        descent.push(Folder(handle, "", view, identity))
        yield from self._visit(descent.innermost, handle)
        while descent:
            folder = descent.innermost
            if not folder.children:
                descent.pop()
                continue
            above = descent.handle()
            if above is None:
                folder.children.clear()
                yield self._lose(folder.view.prefix, "changing")
                continue
            entered = self._enter(folder, above, folder.children.pop())
            if isinstance(entered, SkippedPath):
                yield entered
            elif entered is not None:
                yield from self._visit(descent.innermost, entered)

    def _enter(self, parent: Folder, handle: Handle, name: str) -> Handle | SkippedPath | None:
        """Open a subfolder and make it the innermost one, unless something speaks against it."""
        raw = os.fsencode(name)
        path = parent.view.prefix + raw
        reason = self.selector.folder_reason(parent.view, raw)
        if not reason and len(path) >= MAX_PATH_BYTES:
            reason = "path too long"
        if reason:
            return self._pass_over(path, reason)
        target = parent.links.get(name)
        try:
            if target is None:
                opened = openat.open_folder(handle, name)
            else:
                opened = openat.open_path(self._root, target.steps)
        except OSError as error:
            return self._unopened(path + b"/", error)
        identity = identity_of(openat.folder_status(opened))
        reason = self._refused_folder(identity, parent, followed=target is not None)
        if reason:
            openat.close(opened)
            return self._pass_over(path, reason)
        view = self.selector.below(parent.view, raw)
        self._descent.push(Folder(opened, name, view, identity, target.steps if target else ()))
        return opened

    def _refused_folder(self, identity: Identity, parent: Folder, *, followed: bool) -> str:
        if identity in self._own:
            return "own index"
        if identity[0] != parent.identity[0]:
            if self._special is None:
                self._special = special_devices()
            if identity[0] in self._special:
                return "special file system"
            if self.rules.one_file_system:
                return "other file system"
        if followed:
            if identity in self._followed or self._descent.passes(identity):
                return "symlink loop"
            self._followed.add(identity)
        return ""

    # one folder ------------------------------------------------------------------------------

    def _visit(self, folder: Folder, handle: Handle) -> Iterator[Found]:
        """List a folder; yield its files that differ and remember its subfolders."""
        if self._on_folder is not None:
            self._on_folder(self.unchanged + self.found)
        prefix = folder.view.prefix
        try:
            children, others = self._sift(prefix, handle)
        except OSError as error:
            if not prefix:
                raise root_problem(self._path, error) from error
            yield self._lose(prefix, "unreadable")
            return
        names = SIGNIFICANT_NAMES.intersection(chain(children, others))
        if prefix and self.selector.marker(folder.view, handle, names):
            told = self._pass_over(prefix[:-1], "excluded")
            if told is not None:
                yield told
            return
        folder.view = self.selector.enter(folder.view, handle, names)
        if len(prefix) <= len(self._toward):
            children, others = self._on_the_way(prefix, children, others)
        folder.children = children
        others.sort()
        for name in others:
            found = self._consider(folder, handle, name)
            if found is not None:
                self.found += isinstance(found, FileRef)
                yield found
        folder.children.sort(reverse=True)

    def _sift(self, prefix: bytes, handle: Handle) -> tuple[list[str], list[str]]:
        """`(subfolders, others)` of a folder without the files that are known and unchanged."""
        children: list[str] = []
        others: list[str] = []
        text = os.fsdecode(prefix)
        encoding, errors = openat.ENCODING, openat.ENCODING_ERRORS
        remaining: dict[bytes, int] = {} if self._recheck else self._remaining
        pop = remaining.pop
        unchanged = 0
        with os.scandir(handle) as entries:
            for entry in entries:
                name = entry.name
                path = (text + name).encode(encoding, errors)
                stored = pop(path, None)
                if stored is not None:
                    try:
                        now = entry.stat(follow_symlinks=False)
                    except OSError:
                        # Looked at again below, where the reason is told apart.
                        remaining[path] = stored
                        others.append(name)
                        continue
                    if mix(now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino) == stored:
                        unchanged += 1
                        continue
                    remaining[path] = stored
                if entry.is_dir(follow_symlinks=False):
                    children.append(name)
                else:
                    others.append(name)
        self.unchanged += unchanged
        return children, others

    def _on_the_way(self, prefix: bytes, *listed: list[str]) -> list[list[str]]:
        """Of the names in a folder above `toward` those that lead there."""
        name = os.fsdecode(self._toward[len(prefix) :].split(b"/", 1)[0])
        return [[one for one in names if not name or one == name] for names in listed]

    def _consider(self, folder: Folder, handle: Handle, name: str) -> Found | None:
        """Decide about an entry that is not a folder, by its name before anything is asked."""
        raw = os.fsencode(name)
        path = folder.view.prefix + raw
        if self.rules.follow_symlinks:
            target = self._target(handle, name, path)
            if isinstance(target, str):
                return self._pass_over(path, target)
            if target is not None and stat.S_ISDIR(target.status.st_mode):
                folder.links[name] = target
                folder.children.append(name)
                return None
        else:
            target = None
        reason = self.selector.file_reason(folder.view, raw)
        if reason:
            return self._pass_over(path, reason)
        if target is not None:
            return self._judge(path, target.status)
        try:
            status = openat.status(handle, name)
        except OSError as error:
            return self._unopened(path, error)
        return self._judge(path, status)

    def _target(self, handle: Handle, name: str, path: bytes) -> Target | str | None:
        """Where an entry leads when it is a link; the reason when that place is not for us."""
        try:
            if not stat.S_ISLNK(openat.status(handle, name).st_mode):
                return None
        except OSError:
            # The same call a little later, in `_consider`, tells what is wrong.
            return None
        target = resolve(self._path, self._root, path)
        return "symlink" if target is None or leads_to_secret(target) else target

    def _judge(self, path: bytes, status: os.stat_result) -> Found | None:
        """A file by its status: skipped, unchanged after all, or found."""
        reason = status_reason(status, self.rules)
        if not reason and identity_of(status) in self._own:
            reason = "own index"
        if reason:
            return self._pass_over(path, reason)
        ref = file_ref(path, status)
        if self._remaining.pop(path, None) == fingerprint(ref):
            self.unchanged += 1
            return None
        return ref

    # what is passed over ---------------------------------------------------------------------

    def _pass_over(self, path: bytes, reason: str) -> SkippedPath | None:
        """Count a path; the result is to be yielded when the reason is worth telling."""
        self._count(reason)
        if reason in self._quiet:
            return None
        self._remaining.pop(path, None)
        return SkippedPath(path, reason)

    def _unopened(self, path: bytes, error: OSError) -> SkippedPath | None:
        """An entry that was listed but cannot be looked at; a folder's path ends in `/`."""
        if error.errno == ENOENT:
            return None
        reason = "changing" if error.errno in (ELOOP, ENOTDIR) else "unreadable"
        if path.endswith(b"/"):
            return self._lose(path, reason)
        return self._pass_over(path, reason)

    def _lose(self, prefix: bytes, reason: str) -> SkippedPath:
        """A folder whose content stays unknown: nothing below it counts as gone."""
        self._lost.append(prefix)
        self._count(reason)
        return SkippedPath(prefix.removesuffix(b"/"), reason)

    def _count(self, reason: str) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + 1

    # the root --------------------------------------------------------------------------------

    def _single_file(self) -> Iterator[Found]:
        """A root that is one file: the user named it, so only its nature can speak against it."""
        try:
            status = os.stat(self._path)
        except OSError as error:
            raise root_problem(self._path, error) from error
        reason = is_secret_name(os.path.basename(self._path).lower())
        found = self._pass_over(b"", "secret") if reason else self._judge(b"", status)
        if found is not None:
            self.found += isinstance(found, FileRef)
            yield found

    def _confirm_root(self, identity: Identity) -> None:
        """Make sure that what was walked is still what stands under the root's name."""
        try:
            now = identity_of(os.stat(self._path))
        except OSError as error:
            raise root_problem(self._path, error) from error
        if now != identity:
            raise FileProblem(
                "root changed",
                f"{display_path(self._path)} became another folder while it was read.",
                hint="Check that the disk is mounted, then index again.",
            )


def status_reason(status: os.stat_result, rules: Rules) -> str:
    """Why what is not a folder is not read, by its status; empty when it may be."""
    if stat.S_ISLNK(status.st_mode):
        return "symlink"
    if not stat.S_ISREG(status.st_mode):
        return "special file"
    return "too large" if status.st_size > rules.max_bytes else ""
