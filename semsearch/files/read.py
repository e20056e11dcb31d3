"""Reading one file whole, as it was at one moment, without following a symlink."""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING, Final

from semsearch.errors import FileProblem
from semsearch.files import openat
from semsearch.files.fingerprint import file_ref
from semsearch.files.links import leads_to_secret, resolve
from semsearch.files.problems import file_problem, outside_root, root_problem, shown
from semsearch.records import FileContent

if TYPE_CHECKING:
    from semsearch.files.openat import Handle

_ATTEMPTS: Final = 4
_PAUSE_S: Final = 0.01
_SNIFFED: Final = 8192
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
"""UTF-16 in both orders and UTF-32 (its little-endian mark begins like that of UTF-16)."""


def read_file(
    root: bytes, relative: bytes, limit: int, *, follow_symlinks: bool = False
) -> FileContent:
    """Read a file below a root; an empty `relative` reads a root that is a single file.

    Every name on the way is opened in its parent's descriptor and may not be a symlink, so no
    exchange of names meanwhile can lead out of the root. With `follow_symlinks` links are resolved
    first, must lead to a place inside the root, and the result is opened in the same way.

    Raises:
        FileProblem: `vanished`, `symlink`, `unreadable`, `special file`, `too large` (more than
            `limit` bytes, whatever its size claims), `changing` (written to while it was read),
            `outside root`, or `root missing` and `root unreadable` as `walk` does.
    """
    try:
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(_PAUSE_S * attempt)
            content = _read_once(root, relative, limit, follow_symlinks=follow_symlinks)
            if content is not None:
                return content
    except OSError as error:
        raise file_problem(root, relative, error) from error
    except ValueError as error:
        raise outside_root(root, relative) from error
    raise FileProblem(
        "changing",
        f"{shown(root, relative)} is being written to.",
        hint="It is read again at the next index run.",
    )


def looks_binary(data: bytes) -> bool:
    """Whether a file is not text: a NUL in its first 8 KB, unless it is marked as UTF-16 or 32."""
    return b"\0" in data[:_SNIFFED] and not data.startswith(_WIDE_MARKS)


def _read_once(
    root: bytes, relative: bytes, limit: int, *, follow_symlinks: bool
) -> FileContent | None:
    """The content, or None when the file changed meanwhile."""
    descriptor = _open(root, relative, follow_symlinks=follow_symlinks)
    try:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise FileProblem(
                "special file",
                f"{shown(root, relative)} is not a regular file.",
                hint="Only regular files are read.",
            )
        data = b"" if before.st_size > limit else openat.read_capped(descriptor, limit + 1)
        if before.st_size > limit or len(data) > limit:
            raise FileProblem(
                "too large",
                f"{shown(root, relative)} is larger than {limit} bytes.",
                hint="Raise the size limit to index it.",
            )
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    ref = file_ref(relative, before)
    stable = ref == file_ref(relative, after) and len(data) == ref.size
    return FileContent(ref, data) if stable else None


def _open(root: bytes, relative: bytes, *, follow_symlinks: bool) -> int:
    if not relative:
        return openat.open_root_file(root)
    try:
        top = openat.open_root(root)
    except OSError as error:
        raise root_problem(root, error) from error
    try:
        names = openat.split(relative)
        if follow_symlinks:
            names = _followed(root, top, relative)
        parent = openat.open_path(top, names[:-1])
    finally:
        openat.close(top)
    try:
        return openat.open_file(parent, names[-1])
    finally:
        openat.close(parent)


def _followed(root: bytes, top: Handle, relative: bytes) -> tuple[str, ...]:
    target = resolve(root, top, relative)
    if target is None or leads_to_secret(target):
        raise FileProblem(
            "symlink",
            f"{shown(root, relative)} leads out of its root, to a secret, or nowhere.",
            hint="Only links to places inside the root are followed.",
        )
    return target.steps
