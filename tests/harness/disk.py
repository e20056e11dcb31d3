"""A disk that remembers in which order it was written to, and what a power cut would leave of it.

`RecordingVfs` passes everything SQLite does to files on to the system and keeps a list of it.
`Replay` makes the files as they could be found after the power went at some point of that list:
what was synced is there; of what came later nothing, all, a beginning, some whole writes, or some
512-byte sectors.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import apsw

if TYPE_CHECKING:
    import random
    from pathlib import Path

SECTOR: Final = 512
TAILS: Final = ("none", "all", "prefix", "writes", "sectors")
"""How much of what was not synced yet survives."""


class Operation(NamedTuple):
    """One thing done to one file; `commit` marks a moment, not a change."""

    kind: str
    """`write`, `truncate`, `sync`, `delete` or `commit`."""
    name: str
    offset: int = 0
    """Of a write; the new size for a truncate; the number of a commit."""
    data: bytes = b""


class RecordingVfs(apsw.VFS):
    """The system's own files, with every change kept in `operations`."""

    def __init__(self, name: str = "recording") -> None:
        self.operations: list[Operation] = []
        self.base = apsw.vfs_names()[0]
        super().__init__(name, base=self.base, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> RecordingFile:  # noqa: N802
        return RecordingFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.operations.append(Operation("delete", os.path.basename(filename)))

    def commit(self, number: int) -> None:
        """A commit has returned: from here on it must survive."""
        self.operations.append(Operation("commit", "", number))


class RecordingFile(apsw.VFSFile):
    """One open file."""

    def __init__(self, vfs: RecordingVfs, name: Any, flags: list[int]) -> None:
        self._operations = vfs.operations
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = os.path.basename(path or "")
        super().__init__(vfs.base, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._operations.append(Operation("write", self._name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(size)
        self._operations.append(Operation("truncate", self._name, size))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._operations.append(Operation("sync", self._name))


class Replay:
    """Files made of operations, up to any point.

    Args:
        operations: in the order they happened.
        before: contents the files had before the first.
    """

    def __init__(self, operations: list[Operation], before: dict[str, bytes]) -> None:
        self._operations = operations
        self._before = before

    def commits_until(self, end: int) -> int:
        """The last commit that had returned by then; 0 when none had."""
        numbers = [one.offset for one in self._operations[:end] if one.kind == "commit"]
        return max(numbers, default=0)

    def leave(self, folder: Path, end: int, tail: str, chance: random.Random) -> None:
        """Put the files into a folder as a power cut after `end` operations could leave them."""
        synced: dict[str, bytearray] = {
            name: bytearray(data) for name, data in self._before.items()
        }
        pending: dict[str, list[Operation]] = {}
        for operation in self._operations[:end]:
            name = operation.name
            if operation.kind in {"write", "truncate"}:
                pending.setdefault(name, []).append(operation)
            elif operation.kind == "sync":
                for one in pending.pop(name, ()):
                    _apply(synced.setdefault(name, bytearray()), one)
            elif operation.kind == "delete":
                synced.pop(name, None)
                pending.pop(name, None)
        for name, operations in pending.items():
            for one in _surviving(operations, tail, chance):
                _apply(synced.setdefault(name, bytearray()), one)
        for name, data in synced.items():
            if name and not name.endswith("-shm"):
                (folder / name).write_bytes(data)


def _apply(data: bytearray, operation: Operation) -> None:
    if operation.kind == "truncate":
        del data[operation.offset :]
        return
    end = operation.offset + len(operation.data)
    if len(data) < operation.offset:
        data += bytes(operation.offset - len(data))
    data[operation.offset : end] = operation.data


def _surviving(operations: list[Operation], tail: str, chance: random.Random) -> list[Operation]:
    if tail == "none":
        return []
    if tail == "all":
        return operations
    if tail == "prefix":
        return operations[: chance.randrange(len(operations) + 1)]
    if tail == "writes":
        return [one for one in operations if chance.random() < 0.5]
    kept = []
    for one in operations:
        if one.kind == "truncate":
            kept += [one] * chance.randrange(2)
            continue
        for start in range(0, len(one.data), SECTOR):
            if chance.random() < 0.5:
                part = one.data[start : start + SECTOR]
                kept.append(Operation("write", one.name, one.offset + start, part))
    return kept
