"""Reading the ignore files that are in force in a folder, and those above the root.

Precedence, strongest first: `.semsearchignore` before `.gitignore` in one folder, a nearer folder
before one further up, then `.git/info/exclude`, then git's global file. Git's lists end at the top
of their repository; `.semsearchignore` reaches through nested repositories.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from semsearch.files import openat
from semsearch.files.ignore import MAX_IGNORE_BYTES, IgnoreList, Layer, Layers, lines_of
from semsearch.records import Problem
from semsearch.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from semsearch.files.openat import Handle

GIT_IGNORE: Final = ".gitignore"
OWN_IGNORE: Final = ".semsearchignore"
GIT_FOLDER: Final = ".git"
CONTROL_NAMES: Final = frozenset((GIT_IGNORE, OWN_IGNORE, GIT_FOLDER))
"""Names that change what is in force in their folder."""
_ANY: Final = b"\0"
"""The name of no file: a line that ignores it ignores whatever stands there."""


class IgnoreFiles:
    """Finds, reads and compiles ignore files, telling `note` the source and bytes of each."""

    def __init__(
        self,
        global_ignore: bytes | None,
        note: Callable[[bytes, bytes], None],
        warn: Callable[[Problem], None],
    ) -> None:
        self._global = global_ignore
        self._note = note
        self._report = warn
        self.lead = b""
        """Path from the top of the repository around the root to the root; ends in `/`."""

    def above(self, root: bytes) -> Layers:
        """What holds in the root because of the folders above it, up to the repository's top.

        A line of git's by which the root and whatever it holds would be ignored does not count:
        who names a folder wants what is in it, as in an environment that Python made, whose own
        ignore file is a single `*`.
        """
        real = os.path.realpath(root)
        top = _repository_top(real)
        if top == real:
            return self._from_global((), 0)
        steps = os.path.relpath(real, top).split(os.fsencode(os.sep))
        self.lead = b"".join(step + b"/" for step in steps)
        layers: Layers = ()
        folder, offset = top, 0
        for depth, step in enumerate(steps):
            up = b"../" * (len(steps) - depth)
            try:
                handle = openat.open_root(folder)
            except OSError as error:
                self._warn(up, f"not looked for: {_words(error)}")
            else:
                try:
                    layers = self._add(layers, handle, CONTROL_NAMES, up, offset, top=depth == 0)
                finally:
                    openat.close(handle)
            folder, offset = os.path.join(folder, step), offset + len(step) + 1
            layers = _not_hiding(layers, self.lead[: offset - 1], step, self.lead + _ANY)
        return layers

    def entering(
        self, layers: Layers, handle: Handle, names: Collection[str], prefix: bytes
    ) -> Layers:
        """What holds in an open folder that contains `names`, given what holds above it."""
        if CONTROL_NAMES.isdisjoint(names):
            return layers
        top = GIT_FOLDER in names and _is_repository(handle)
        return self._add(layers, handle, names, prefix, len(self.lead) + len(prefix), top=top)

    def _add(
        self,
        layers: Layers,
        handle: Handle,
        names: Collection[str],
        prefix: bytes,
        offset: int,
        *,
        top: bool,
    ) -> Layers:
        if top:
            layers = tuple(layer for layer in layers if not layer.repository)
            layers = self._from_global(layers, offset)
            layers = self._from_info(layers, handle, prefix, offset)
        for name in (GIT_IGNORE, OWN_IGNORE):
            if name in names:
                source = prefix + name.encode()
                data = self._read(handle, name, source)
                layers = self._with(layers, data, source, offset, own=name == OWN_IGNORE)
        return layers

    def _from_info(self, layers: Layers, handle: Handle, prefix: bytes, offset: int) -> Layers:
        try:
            info = openat.open_path(handle, (GIT_FOLDER, "info"))
        except OSError:
            # A work tree whose `.git` is a file, or a repository without that folder.
            return layers
        source = prefix + b".git/info/exclude"
        try:
            data = self._read(info, "exclude", source)
        finally:
            openat.close(info)
        return self._with(layers, data, source, offset, own=False)

    def _from_global(self, layers: Layers, offset: int) -> Layers:
        if self._global is None:
            return layers
        try:
            folder, name = os.path.split(os.path.realpath(self._global))
            handle = openat.open_root(folder)
        except OSError:
            # Git, too, takes a global file that is not there for an empty one.
            return layers
        try:
            data = self._read(handle, os.fsdecode(name), self._global)
        finally:
            openat.close(handle)
        return self._with(layers, data, self._global, offset, own=False)

    def _with(
        self, layers: Layers, data: bytes | None, source: bytes, offset: int, *, own: bool
    ) -> Layers:
        if data is None:
            return layers
        self._note(source, data)
        patterns = IgnoreList(source, lines_of(data), explicit=own, warn=self._report)
        return (Layer(patterns, offset, not own), *layers) if patterns else layers

    def _read(self, handle: Handle, name: str, source: bytes) -> bytes | None:
        """An ignore file's bytes; None when there is none. What cannot be read is a warning."""
        try:
            descriptor = openat.open_file(handle, name)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._warn(source, f"not used: {_words(error)}")
            return None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                self._warn(source, "not used: it is not a regular file")
                return None
            data = openat.read_capped(descriptor, MAX_IGNORE_BYTES + 1)
        except OSError as error:
            self._warn(source, f"not used: {_words(error)}")
            return None
        finally:
            os.close(descriptor)
        if len(data) > MAX_IGNORE_BYTES:
            self._warn(source, f"only its first {MAX_IGNORE_BYTES} bytes are used")
            data = data[: data.rfind(b"\n", 0, MAX_IGNORE_BYTES) + 1]
        return data

    def _warn(self, source: bytes, what: str) -> None:
        self._report(Problem(source, "ignore file", what))


def _not_hiding(layers: Layers, path: bytes, name: bytes, inside: bytes) -> Layers:
    """Layers without the lines of git's that ignore a folder and also any file `inside` it."""
    kept: list[Layer] = []
    for place, layer in enumerate(layers):
        patterns, offset, repository = layer
        verdict = patterns.decide(path[offset:], name, True)
        if verdict is not None and not verdict.ignored:
            return (*kept, *layers[place:])
        if verdict is not None and not verdict.explicit:
            patterns = patterns.sparing(inside[offset:], _ANY)
        if patterns:
            kept.append(Layer(patterns, offset, repository))
    return tuple(kept)


def _is_repository(handle: Handle) -> bool:
    """Whether an open folder's `.git` is what git would take for a repository."""
    try:
        if not stat.S_ISDIR(openat.status(handle, GIT_FOLDER).st_mode):
            return True
        openat.status(handle, os.path.join(GIT_FOLDER, "HEAD"))
    except OSError:
        return False
    return True


def _repository_top(folder: bytes) -> bytes:
    """The nearest folder from `folder` upwards that is a git repository; else `folder`."""
    at, parent = folder, os.path.dirname(folder)
    while not _holds_repository(at):
        if parent == at:
            return folder
        at, parent = parent, os.path.dirname(parent)
    return at


def _holds_repository(folder: bytes) -> bool:
    try:
        handle = openat.open_root(folder)
    except OSError:
        # A folder we may pass through but not list; its repository, if any, stays unknown.
        return False
    try:
        return _is_repository(handle)
    finally:
        openat.close(handle)


def _words(error: OSError) -> str:
    return printable(error.strerror or type(error).__name__)
