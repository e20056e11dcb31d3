"""Why a path is taken or passed over, decided by the code the walk uses."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from semsearch.files import openat
from semsearch.files.problems import outside_root, root_problem
from semsearch.files.rules import SIGNIFICANT_NAMES, Rules, Selector
from semsearch.files.traversal import status_reason

if TYPE_CHECKING:
    from semsearch.files.ignore import Verdict
    from semsearch.files.openat import Handle
    from semsearch.files.rules import View


class Explanation(NamedTuple):
    """Why a path is taken or not."""

    path: bytes
    """The path itself, or the folder above it where the decision fell."""
    reason: str
    """Empty: taken."""
    verdict: Verdict | None
    """The ignore line that decided, when one did."""


def explain(root: bytes, relative: bytes, rules: Rules | None = None) -> Explanation:
    """Decide about one path below a root as a walk that does not follow symlinks would.

    Raises:
        FileProblem: `outside root`, `root missing` or `root unreadable`.
    """
    selector = Selector(rules or Rules())
    try:
        steps = openat.split(relative)
    except ValueError as error:
        raise outside_root(root, relative) from error
    try:
        view = selector.root_view(root)
        handle = openat.open_root(root)
    except OSError as error:
        raise root_problem(root, error) from error
    reached, decided = b"", Explanation(relative, "", None)
    try:
        for name in map(os.fsencode, steps):
            names = SIGNIFICANT_NAMES.intersection(os.listdir(handle))
            if reached and selector.marker(view, handle, names):
                return Explanation(reached, "excluded", None)
            view = selector.enter(view, handle, names)
            reached = view.prefix + name
            decided, folder = _decide(selector, view, handle, name)
            if decided.reason or not folder:
                return decided
            below = openat.open_folder(handle, os.fsdecode(name))
            openat.close(handle)
            handle, view = below, selector.below(view, name)
    except FileNotFoundError:
        return Explanation(reached, "missing", None)
    except OSError:
        return Explanation(reached, "unreadable", None)
    finally:
        openat.close(handle)
    return decided


def _decide(
    selector: Selector, view: View, handle: Handle, name: bytes
) -> tuple[Explanation, bool]:
    """The decision about one name of an open folder, and whether it is a folder."""
    status = openat.status(handle, os.fsdecode(name))
    folder = stat.S_ISDIR(status.st_mode)
    if folder:
        reason = selector.folder_reason(view, name)
    else:
        reason = selector.file_reason(view, name) or status_reason(status, selector.rules)
    verdict = selector.verdict(view, name, folder=folder)
    decisive = verdict is not None and (reason == "ignored" or not reason)
    return Explanation(view.prefix + name, reason, verdict if decisive else None), folder
