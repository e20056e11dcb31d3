"""What to do about a path that is passed over, by the reason it is passed over for."""

from __future__ import annotations

from typing import Final

NOT_YET: Final = "not indexed yet"
CHANGED: Final = "changed since it was indexed"
GONE: Final = "not there any more, or not wanted"

_INDEX: Final = "`semsearch index` brings the index up to date."
_TAKE: Final = "A line `!NAME` in .semsearchignore takes it all the same."
_HINTS: Final = {
    NOT_YET: _INDEX,
    CHANGED: _INDEX,
    GONE: _INDEX,
    "binary": "Pictures, archives, programs and the like are not read.",
    "changing": "It is being written to, and read again at the next run.",
    "excluded": "Dependencies, caches, version control and ignore files are not indexed.",
    "generated": _TAKE,
    "hidden": "The setting index.hidden takes names that begin with a dot.",
    "lock file": _TAKE,
    "secret": "It looks like a file of keys and is never opened.",
    "special file": "Only regular files are read.",
    "symlink": "The setting index.follow_symlinks follows links that stay inside the folder.",
    "symlink loop": "It leads to a folder that is indexed already.",
    "too large": "The setting index.max_file_mb raises the limit.",
    "unknown type": f"Its name does not say that it is text. {_TAKE}",
    "unreadable": "Check its permissions.",
}
_NOT_FOLLOWED: Final = "It leads out of the folder, to a secret, or nowhere."


def hint_of(reason: str, *, follow_symlinks: bool) -> str:
    """What to do about a path passed over for this reason; empty where nothing can be done."""
    if reason == "symlink" and follow_symlinks:
        return _NOT_FOLLOWED
    return _HINTS.get(reason, "")
