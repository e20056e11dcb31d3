"""Ignore files and rule lists: which line decides about a path.

A `Pattern` belongs to an `IgnoreList` (one file, or the rules given for a root). Lists apply to the
folder they stand in and everything below; `Layers` is the chain of lists in force in one folder,
nearest first. The last matching line of the nearest list with a matching line decides.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.files.wildmatch import Pattern, PatternError, compile_pattern
from semsearch.records import Problem
from semsearch.text import cut, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_PATTERNS: Final = 10_000
MAX_IGNORE_BYTES: Final = 1 << 20

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_SHOWN_CELLS: Final = 60
_REFUSALS_SHOWN: Final = 5


class Verdict(NamedTuple):
    """The line that decided about a path."""

    ignored: bool
    """False: a line that begins with `!` brought the path back."""
    source: bytes
    """The ignore file relative to the root, or a word such as `exclude`."""
    line: int
    """1-based."""
    pattern: bytes
    explicit: bool
    """The line is the user's word to semsearch, not a habit shared with git."""


class _Entry(NamedTuple):
    """A compiled line with its place, ordered by line number."""

    line: int
    pattern: Pattern
    text: bytes


class IgnoreList:
    """The compiled patterns of one source, indexed so that common forms cost a lookup."""

    __slots__ = ("_endings", "_globs", "_names", "_paths", "_suffixes", "explicit", "source")

    def __init__(
        self,
        source: bytes,
        lines: Iterable[bytes],
        *,
        explicit: bool,
        warn: Callable[[Problem], None],
    ) -> None:
        self.source = source
        self.explicit = explicit
        self._names: dict[bytes, list[_Entry]] = {}
        self._paths: dict[bytes, list[_Entry]] = {}
        self._suffixes: dict[bytes, list[_Entry]] = {}
        self._endings: list[_Entry] = []
        self._globs: list[_Entry] = []
        count = refused = 0
        for number, text in enumerate(lines, 1):
            try:
                pattern = compile_pattern(text)
            except PatternError as error:
                refused += 1
                if refused <= _REFUSALS_SHOWN:
                    warn(_refused(source, number, text, str(error)))
                continue
            if pattern is None:
                continue
            count += 1
            if count > MAX_PATTERNS:
                warn(Problem(source, "ignore file", f"only {MAX_PATTERNS} patterns are used"))
                break
            self._add(_Entry(number, pattern, text))
        if refused > _REFUSALS_SHOWN:
            more = refused - _REFUSALS_SHOWN
            warn(Problem(source, "ignore pattern", f"{more} more lines are not used"))

    def _add(self, entry: _Entry) -> None:
        pattern = entry.pattern
        if pattern.literal is not None:
            table = self._paths if pattern.anchored else self._names
            table.setdefault(pattern.literal, []).append(entry)
        elif pattern.ending is None:
            self._globs.append(entry)
        elif pattern.ending.startswith(b".") and pattern.ending.count(b".") == 1:
            self._suffixes.setdefault(pattern.ending, []).append(entry)
        else:
            self._endings.append(entry)

    def sparing(self, path: bytes, name: bytes) -> IgnoreList:
        """The same list without its wildcards that ignore a file; `path` and `name` as below."""
        rest = copy(self)
        rest._endings = [one for one in self._endings if not _hides(one.pattern, path, name)]
        rest._globs = [one for one in self._globs if not _hides(one.pattern, path, name)]
        return rest

    def __bool__(self) -> bool:
        """Whether any pattern is left."""
        tables = (self._names, self._paths, self._suffixes, self._endings, self._globs)
        return any(tables)

    def decide(self, path: bytes, name: bytes, folder: bool) -> Verdict | None:
        """The last line that matches; `path` is relative to the list's folder, `name` its end."""
        best: _Entry | None = None
        if self._names:
            best = _later(best, self._names.get(name), folder)
        if self._paths:
            best = _later(best, self._paths.get(path), folder)
        if self._suffixes:
            best = _later(best, self._suffixes.get(name[name.rfind(b".") :]), folder)
        for entry in reversed(self._endings):
            if best is not None and entry.line < best.line:
                break
            ending = entry.pattern.ending
            if (folder or not entry.pattern.folders_only) and name.endswith(ending or b""):
                best = entry
                break
        best = self._last_glob(best, path, name, folder)
        if best is None:
            return None
        ignored = not best.pattern.negated
        return Verdict(ignored, self.source, best.line, best.text, self.explicit)

    def _last_glob(
        self, best: _Entry | None, path: bytes, name: bytes, folder: bool
    ) -> _Entry | None:
        for entry in reversed(self._globs):
            if best is not None and entry.line < best.line:
                return best
            pattern = entry.pattern
            if pattern.folders_only and not folder:
                continue
            match = pattern.fullmatch
            if match is not None and match(path if pattern.anchored else name):
                return entry
        return best


class Layer(NamedTuple):
    """An `IgnoreList` in force, and where its folder's path ends within a full path."""

    patterns: IgnoreList
    offset: int
    repository: bool
    """A list that belongs to one git repository and ends where a nested one begins."""


Layers = tuple[Layer, ...]
"""Nearest first."""


def decide(layers: Layers, path: bytes, name: bytes, folder: bool) -> Verdict | None:
    """The verdict of the nearest list that has one; `path` starts at the outermost folder."""
    for patterns, offset, _ in layers:
        verdict = patterns.decide(path[offset:], name, folder)
        if verdict is not None:
            return verdict
    return None


def lines_of(data: bytes) -> list[bytes]:
    """Split an ignore file at line ends, dropping a byte order mark."""
    if data.startswith(_UTF16_MARKS):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    data = data.removeprefix(_UTF8_MARK)
    return [line.removesuffix(b"\r") for line in data.split(b"\n")]


def _later(best: _Entry | None, entries: list[_Entry] | None, folder: bool) -> _Entry | None:
    """The last of `entries` that applies, or `best` when that stands further down."""
    for entry in reversed(entries or ()):
        if best is not None and entry.line < best.line:
            return best
        if folder or not entry.pattern.folders_only:
            return entry
    return best


def _hides(pattern: Pattern, path: bytes, name: bytes) -> bool:
    """Whether a pattern with a wildcard ignores a file."""
    if pattern.negated or pattern.folders_only:
        return False
    if pattern.ending is not None:
        return name.endswith(pattern.ending)
    return bool(pattern.fullmatch and pattern.fullmatch(path if pattern.anchored else name))


def _refused(source: bytes, number: int, text: bytes, why: str) -> Problem:
    shown = cut(printable(text[:200].decode("utf-8", "replace")), _SHOWN_CELLS)
    return Problem(source, "ignore pattern", f"line {number} is not used, it {why}: {shown}")
