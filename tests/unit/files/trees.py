"""Builders of real trees, friendly and hostile, and of the circumstances they meet."""

from __future__ import annotations

import ctypes
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from semsearch.files import fingerprint, walk
from semsearch.records import FileRef, SkippedPath

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from semsearch.files import Rules

T = TypeVar("T")
_CAPABILITY_VERSION_3 = 0x20080522
_READ_ANYTHING = (1 << 1) | (1 << 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


def grow(top: Path, files: Mapping[Any, str | bytes]) -> bytes:
    """Write files (content by path, str or bytes) with their folders; returns the top as bytes."""
    root = os.fsencode(top)
    for name, content in files.items():
        path = os.path.join(root, os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
    return root


def taken(root: bytes, rules: Rules | None = None, **options: Any) -> list[bytes]:
    """Relative paths of the files a walk yields, in its order."""
    found = walk(root, rules, **options)
    return [item.relative for item in found if isinstance(item, FileRef)]


def skipped(root: bytes, rules: Rules | None = None, **options: Any) -> dict[bytes, str]:
    """Reasons of the paths a walk reports as skipped."""
    found = walk(root, rules, **options)
    return {item.relative: item.reason for item in found if isinstance(item, SkippedPath)}


def fingerprints(refs: list[FileRef]) -> dict[bytes, int]:
    """What an index would hold of these files."""
    return {ref.relative: fingerprint(ref) for ref in refs}


def dig(
    root: bytes, depth: int, *, name: str = "d", beside: str = "", every: int = 1, bottom: str = ""
) -> None:
    """Nest folders below the root, deeper than a path may be long.

    Beside every `every`th one stands a folder `beside` with a note, in the last the file `bottom`.
    """
    handle = os.open(root, os.O_RDONLY)
    for level in range(depth):
        os.mkdir(name, dir_fd=handle)
        below = os.open(name, os.O_RDONLY, dir_fd=handle)
        if beside and level % every == 0:
            os.mkdir(beside, dir_fd=handle)
            aside = os.open(beside, os.O_RDONLY, dir_fd=handle)
            os.close(os.open("note.md", os.O_CREAT | os.O_WRONLY, dir_fd=aside))
            os.close(aside)
        os.close(handle)
        handle = below
    if bottom:
        os.close(os.open(bottom, os.O_CREAT | os.O_WRONLY, dir_fd=handle))
    os.close(handle)


def bury(root: bytes, depth: int, *, name: str = "d") -> None:
    """Flatten what `dig` made, level by level, so that a cleaner need not cope with its depth."""
    top = os.open(root, os.O_RDONLY)
    for level in range(depth):
        os.rename(name, "inner", src_dir_fd=top, dst_dir_fd=top)
        inner = os.open("inner", os.O_RDONLY, dir_fd=top)
        for entry in os.listdir(inner):
            kept = name if entry == name else f"{entry}{level}"
            os.rename(entry, kept, src_dir_fd=inner, dst_dir_fd=top)
        os.close(inner)
        os.rmdir("inner", dir_fd=top)
    os.close(top)


def without_privileges(work: Callable[[], T]) -> T:
    """Run a call in a thread that, even as root, may read only what permissions allow."""

    def confined() -> T:
        libc = ctypes.CDLL(None, use_errno=True)
        header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION_3, 0))
        data = ctypes.create_string_buffer(24)
        assert libc.capget(header, data) == 0
        sets = list(struct.unpack("6I", data.raw[:24]))
        sets[0] &= ~_READ_ANYTHING
        packed = ctypes.create_string_buffer(struct.pack("6I", *sets))
        assert libc.capset(header, packed) == 0
        return work()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(confined).result()


def open_descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))
