"""What of a root is not to be indexed, decided in the index: the user's folders stay untouched."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from semsearch.errors import UsageError
from semsearch.paths import is_below
from semsearch.text import display_path

if TYPE_CHECKING:
    from semsearch.records import Root
    from semsearch.store import SqliteStore

_SPECIAL: Final = re.compile(r"([\\*?\[\]!# ])")
_NOT_UTF8: Final = re.compile("[\udc80-\udcff]")
"""Each byte that is not UTF-8, as `os.fsdecode` gives it; a database holds no such text."""


def exclude(store: SqliteStore, path: bytes) -> Root:
    """Leave a file or folder out of every later run; the next run drops what is indexed of it.

    Raises:
        UsageError: it is not inside a root, or is a root itself.
    """
    holding = [root for root in store.roots() if is_below(path, root.path)]
    inside = [root for root in holding if root.path != path]
    if not inside or len(holding) != len(inside):
        raise UsageError(
            f"{display_path(path)!a} cannot be left out: it is not inside an indexed folder.",
            hint="`semsearch forget` removes a whole folder.",
            code="usage.not_inside",
        )
    root = max(inside, key=lambda one: len(one.path))
    pattern = exclusion(os.path.relpath(path, root.path))
    if pattern in root.exclude:
        return root
    return store.add_root(root.path, root.include, (*root.exclude, pattern))


def exclusion(relative: bytes) -> str:
    """The ignore pattern that names exactly this path below the root."""
    return "/" + _NOT_UTF8.sub("?", _SPECIAL.sub(r"\\\1", os.fsdecode(relative)))
