"""What the title and status lines say about the index, read in one go."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from semsearch.errors import SemsearchError
from semsearch.text import one_line

if TYPE_CHECKING:
    from semsearch.engine import Engine
    from semsearch.engine.choice import Choice
    from semsearch.records import IndexStatus, SpaceStatus


class Facts(NamedTuple):
    """The index as it was a moment ago."""

    known: bool = False
    """Whether anything has been read yet."""
    status: IndexStatus | None = None
    choice: Choice | None = None
    """The model an index run would use now."""
    installed: bool = True
    """Whether the weights of `choice` are on this machine."""
    error: SemsearchError | None = None
    """Why the index cannot be opened."""
    spent_today: float = 0.0
    many_vectors: bool = False
    """Whether their codes are worth holding in memory."""

    @property
    def space(self) -> SpaceStatus | None:
        """The vectors that answer."""
        spaces = () if self.status is None else self.status.spaces
        return next((one for one in spaces if one.active), None)

    @property
    def missing(self) -> bool:
        """There is no index yet: first run."""
        return self.known and self.error is not None and self.error.code == "index.missing"

    @property
    def model(self) -> str:
        """Short name of the model that answers."""
        if self.space is None:
            return "keyword only"
        key = self.space.space.key
        return f"{one_line(key.model).removeprefix('local:')} {key.dimensions}d"

    def freshness(self, now: float | None = None) -> str:
        """How long ago an index run ended."""
        if self.status is None or self.status.indexed_ns is None:
            return "never indexed"
        now = time.time() if now is None else now
        return f"fresh {age(now - self.status.indexed_ns / 1e9)}"


def gather(engine: Engine) -> Facts:
    """Read the facts; an index that cannot be opened is a fact too."""
    from semsearch.engine.desk import MANY_VECTORS

    try:
        # Not `Engine.status`: it loads the indexing flow, to tell problems this screen does not.
        store = engine.store()
        status = store.status()
        roots = [one._replace(missing=not os.path.lexists(one.root.path)) for one in status.roots]
        status = status._replace(roots=tuple(roots))
        midnight = time.mktime((*time.localtime()[:3], 0, 0, 0, 0, 0, -1))
        spent = store.spent_since(int(midnight * 1e9))
    except SemsearchError as error:
        return Facts(known=True, error=error)
    choice = engine.choice_if_possible()
    facts = Facts(known=True, status=status, choice=choice, spent_today=spent)
    return facts._replace(
        many_vectors=facts.space is not None and facts.space.covered >= MANY_VECTORS
    )


def age(seconds: float) -> str:
    """A span of time in one unit: `now`, `5 m`, `3 h`, `12 d`."""
    if seconds < 60:
        return "now"
    for size, unit in ((86400 * 365, "y"), (86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "now"
