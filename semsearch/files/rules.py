"""Which names a walk takes: a root's rules, ignore files and the built-in defaults together.

In order: version control and secret names are never taken; then the nearest ignore line decides; a
line of the user's own rules or of a `.semsearchignore` that begins with `!`, and a match of the
include list, also lift the defaults (hidden, excluded folder, file type) for what they name.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.files import openat
from semsearch.files.defaults import (
    CACHE_MARKER,
    CACHE_SIGNATURE,
    DEFAULT_SETS,
    ENVIRONMENT_MARKER,
    EXCLUDED_FOLDERS,
    MAX_FILE_BYTES,
    SECRET_FOLDERS,
    TEXT_SUFFIXES,
    VERSION_CONTROL,
    is_secret_name,
    refused_type,
)
from semsearch.files.ignore import IgnoreList, Layers, Verdict, decide
from semsearch.files.ignore_files import CONTROL_NAMES, GIT_IGNORE, OWN_IGNORE, IgnoreFiles

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from semsearch.files.openat import Handle
    from semsearch.records import Problem

SIGNIFICANT_NAMES: Final = CONTROL_NAMES | {ENVIRONMENT_MARKER, CACHE_MARKER}
"""Names whose presence decides about the rest of their folder."""

_CONTROL_FILES: Final = (GIT_IGNORE.encode(), OWN_IGNORE.encode())


class Rules(NamedTuple):
    """What the user chose for a root; patterns are in gitignore syntax, relative to the root."""

    include: tuple[str, ...] = ()
    """When not empty, only files that match, or lie in a folder that matches, are taken."""
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    """Take names that begin with a dot."""
    ignore_files: bool = True
    """Obey `.gitignore`, `.git/info/exclude`, `global_ignore` and `.semsearchignore`."""
    follow_symlinks: bool = False
    """Follow links whose target lies inside the root."""
    one_file_system: bool = False
    """Stay on the root's file system; special ones such as procfs are never entered."""
    max_bytes: int = MAX_FILE_BYTES
    suffixes: frozenset[bytes] = TEXT_SUFFIXES
    """Lower case, with the dot."""
    global_ignore: bytes | None = None
    """Path of git's `core.excludesFile`."""


class View(NamedTuple):
    """What is in force in one folder."""

    prefix: bytes
    """Path below the root with a `/` at its end; empty for the root."""
    layers: Layers
    included: bool
    """The folder or one above it matches the include list."""


class Selector:
    """Applies `Rules` to names; reads ignore files as the folders that hold them are entered."""

    def __init__(self, rules: Rules) -> None:
        import hashlib

        self.rules = rules
        self.warnings: list[Problem] = []
        self._digest = hashlib.sha256()
        self._note(b"rules", _canonical(rules))
        self._files = None
        if rules.ignore_files:
            self._files = IgnoreFiles(rules.global_ignore, self._note, self.warnings.append)
        self._exclude = self._listed(b"exclude", rules.exclude)
        self._include = self._listed(b"include", rules.include)

    @property
    def digest(self) -> bytes:
        """SHA-256 over the rules and every ignore file met so far, in the order of the walk."""
        return self._digest.digest()

    def root_view(self, root: bytes) -> View:
        """What is in force in the root, its own ignore files not yet read.

        Raises:
            OSError: the root's path cannot be resolved any more.
        """
        layers = self._files.above(root) if self._files is not None else ()
        return View(b"", layers, False)

    def enter(self, view: View, handle: Handle, names: Collection[str]) -> View:
        """The view of an open folder, its own ignore files read.

        `names` are those of `SIGNIFICANT_NAMES` that it contains.
        """
        if self._files is None:
            return view
        layers = self._files.entering(view.layers, handle, names, view.prefix)
        return view if layers is view.layers else view._replace(layers=layers)

    def below(self, view: View, name: bytes) -> View:
        """The view of a subfolder before its own ignore files are read."""
        path = view.prefix + name
        included = view.included or _matches(self._include, path, name, folder=True)
        return View(path + b"/", view.layers, included)

    def verdict(self, view: View, name: bytes, *, folder: bool) -> Verdict | None:
        """The ignore line that decides about a name in the folder, if any does."""
        path = view.prefix + name
        if self._exclude is not None:
            own = self._exclude.decide(path, name, folder)
            if own is not None:
                return own
        if self._files is None or not view.layers:
            return None
        return decide(view.layers, self._files.lead + path, name, folder)

    def folder_reason(self, view: View, name: bytes) -> str:
        """Why a subfolder is not entered; empty when it is."""
        lowered = name.lower()
        if lowered in VERSION_CONTROL:
            return "excluded"
        if lowered in SECRET_FOLDERS:
            return "secret"
        verdict = self.verdict(view, name, folder=True)
        if verdict is not None and verdict.ignored:
            return "ignored"
        if verdict is not None and verdict.explicit:
            return ""
        if _matches(self._include, view.prefix + name, name, folder=True):
            return ""
        if lowered in EXCLUDED_FOLDERS:
            return "excluded"
        return "" if self.rules.hidden or not name.startswith(b".") else "hidden"

    def file_reason(self, view: View, name: bytes) -> str:
        """Why a file of this name is not opened; empty when it may be."""
        lowered = name.lower()
        if self._exclude is not None:
            own = self._exclude.decide(view.prefix + name, name, False)
            if own is not None and own.ignored:
                return "ignored"  # before `secret`, which is told as a problem each time
        if is_secret_name(lowered):
            return "secret"
        if lowered in _CONTROL_FILES:
            return "excluded"
        verdict = self.verdict(view, name, folder=False)
        if verdict is not None and verdict.ignored:
            return "ignored"
        wanted = verdict is not None and verdict.explicit
        if self._include is not None:
            chosen = self._include.decide(view.prefix + name, name, False)
            if not (view.included if chosen is None else chosen.ignored):
                return "not included"
            wanted = wanted or chosen is not None
        if wanted:
            return ""
        if not self.rules.hidden and name.startswith(b"."):
            return "hidden"
        return refused_type(lowered, self.rules.suffixes)

    def marker(self, view: View, handle: Handle, names: Collection[str]) -> str:
        """The file that declares an open folder a cache or a Python environment, if any."""
        if ENVIRONMENT_MARKER in names:
            marker = ENVIRONMENT_MARKER
        elif CACHE_MARKER in names and openat.begins_with(handle, CACHE_MARKER, CACHE_SIGNATURE):
            marker = CACHE_MARKER
        else:
            return ""
        self._note(view.prefix, marker.encode())
        return marker

    def _listed(self, source: bytes, patterns: Sequence[str]) -> IgnoreList | None:
        if not patterns:
            return None
        lines = [os.fsencode(pattern) for pattern in patterns]
        return IgnoreList(source, lines, explicit=True, warn=self.warnings.append)

    def _note(self, source: bytes, data: bytes) -> None:
        for part in (source, data):
            self._digest.update(len(part).to_bytes(8, "big"))
            self._digest.update(part)


def _matches(patterns: IgnoreList | None, path: bytes, name: bytes, *, folder: bool) -> bool:
    verdict = None if patterns is None else patterns.decide(path, name, folder)
    return verdict is not None and verdict.ignored


def _canonical(rules: Rules) -> bytes:
    """The same bytes for the same rules and defaults in every run; a set's own order is not."""
    own = repr(rules._replace(suffixes=frozenset())).encode("utf-8", "backslashreplace")
    sets = (rules.suffixes, *DEFAULT_SETS)
    return own + b"\0".join(b" ".join(sorted(words)) for words in sets)
