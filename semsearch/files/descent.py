"""The way from a root down to the folder a traversal is in, with few handles open at any depth."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from semsearch.files import openat

if TYPE_CHECKING:
    import os

    from semsearch.files.links import Target
    from semsearch.files.openat import Handle
    from semsearch.files.rules import View

Identity = tuple[int, int]
"""`(st_dev, st_ino)`."""

_OPEN_FOLDERS: Final = 32


def identity_of(status: os.stat_result) -> Identity:
    """What stays the same however a file or folder is named."""
    return status.st_dev, status.st_ino


class Folder:
    """An entered folder and what is left to do in it."""

    __slots__ = ("children", "handle", "identity", "links", "name", "steps", "view")

    def __init__(
        self,
        handle: Handle,
        name: str,
        view: View,
        identity: Identity,
        steps: tuple[str, ...] = (),
    ) -> None:
        self.handle: Handle | None = handle
        """None while too many folders below it are open."""
        self.name = name
        self.view = view
        self.identity = identity
        self.steps = steps
        """Real names from the root down, for a followed link; else empty."""
        self.children: list[str] = []
        """Subfolders still to enter, last first."""
        self.links: dict[str, Target] = {}
        """Those of `children` that are links, with where they lead."""


class Descent:
    """A stack of folders, the root's at the bottom; every handle in it is released by `close`."""

    def __init__(self, root: Handle) -> None:
        self._root = root
        self._stack: list[Folder] = []
        self._first_open = 0
        """Index of the outermost folder that has a handle."""

    def __bool__(self) -> bool:
        """Whether a folder is left."""
        return bool(self._stack)

    @property
    def innermost(self) -> Folder:
        """Where the traversal is."""
        return self._stack[-1]

    def passes(self, identity: Identity) -> bool:
        """Whether a folder is one of those entered and not left."""
        return any(folder.identity == identity for folder in self._stack)

    def push(self, folder: Folder) -> None:
        """Enter a folder; the outermost open one gives up its handle when there are too many."""
        self._stack.append(folder)
        if len(self._stack) - self._first_open > _OPEN_FOLDERS:
            _release(self._stack[self._first_open])
            self._first_open += 1

    def pop(self) -> None:
        """Leave the innermost folder; its parent gets a lost handle back through `..`."""
        folder = self._stack.pop()
        if self._stack and self._stack[-1].handle is None and folder.handle is not None:
            # Where there is no way up, `handle` opens the parent from the root when needed.
            with suppress(OSError):
                self._give(self._stack[-1], openat.open_folder(folder.handle, ".."))
        _release(folder)

    def handle(self) -> Handle | None:
        """The innermost folder's handle; None when it is no longer where it was entered."""
        folder = self._stack[-1]
        if folder.handle is None:
            steps: tuple[str, ...] = ()
            for passed in self._stack[1:]:
                steps = passed.steps or (*steps, passed.name)
            try:
                self._give(folder, openat.open_path(self._root, steps))
            except OSError:
                # Moved or removed meanwhile; the caller reports what is left of it.
                return None
        return folder.handle

    def close(self) -> None:
        """Leave everything."""
        for folder in self._stack:
            _release(folder)
        self._stack.clear()

    def _give(self, folder: Folder, handle: Handle) -> None:
        """Make `handle` the innermost folder's if it stands for the same folder."""
        if identity_of(openat.folder_status(handle)) == folder.identity:
            folder.handle = handle
            self._first_open = len(self._stack) - 1
        else:
            openat.close(handle)


def _release(folder: Folder) -> None:
    if folder.handle is not None:
        openat.close(folder.handle)
        folder.handle = None
