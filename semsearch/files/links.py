"""Where a symlink leads, as names below the root that can be opened one at a time."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from semsearch.files import openat
from semsearch.files.defaults import SECRET_FOLDERS, VERSION_CONTROL, is_secret_name

if TYPE_CHECKING:
    from semsearch.files.openat import Handle


class Target(NamedTuple):
    """What a link inside a root points at."""

    steps: tuple[str, ...]
    """Real names from the root down to it; none of them was a symlink when resolved."""
    status: os.stat_result


def resolve(root_path: bytes, root: Handle, relative: bytes) -> Target | None:
    """Follow the links in a path below the root; None when they lead out of it or nowhere.

    Resolving only finds the names. The target is then looked up without following anything, so
    a link that is swapped meanwhile can lead to another place inside the root at worst.
    """
    try:
        inside = os.path.join(os.path.realpath(root_path), b"")
        target = os.path.realpath(os.path.join(inside, relative))
    except OSError:
        # A link that was replaced between finding and reading it leads nowhere.
        return None
    if not target.startswith(inside):
        return None
    steps = tuple(map(os.fsdecode, target[len(inside) :].split(b"/")))
    try:
        parent = openat.open_path(root, steps[:-1])
    except OSError:
        return None
    try:
        status = openat.status(parent, steps[-1])
    except OSError:
        return None
    finally:
        openat.close(parent)
    return Target(steps, status)


def leads_to_secret(target: Target) -> bool:
    """Whether a link would open what is never opened under its real name."""
    *folders, last = (os.fsencode(step).lower() for step in target.steps)
    if not stat.S_ISDIR(target.status.st_mode):
        secret = is_secret_name(last)
    else:
        secret = last in SECRET_FOLDERS or last in VERSION_CONTROL
    return secret or any(name in SECRET_FOLDERS or name in VERSION_CONTROL for name in folders)
