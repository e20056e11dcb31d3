"""How to speak to one server about one model: templates, fields, limits, and what was learned.

A server that refuses a field by name has it left out for the rest of the run. The identity of the
vectors is not touched by that: forms are fixed when the embedder is made.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.embed import catalog
from semsearch.embed.profiles import word_for
from semsearch.errors import RequestRefused, SettingsError
from semsearch.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from semsearch.embed.catalog import Entry
    from semsearch.embed.faults import Fault
    from semsearch.embed.profiles import Hint, Profile
    from semsearch.records import Purpose

_NAMES_DIMENSIONS: Final = r"(?i)\b(?:output_)?dimensions?\b|matryoshka"
_NAMES_FORMAT: Final = r"(?i)encoding_format|embedding_type|\bbase64\b"
_NAMES_HINT: Final = r"(?i)\binput_type\b|\btask\b"
_NAMES_BATCH: Final = (
    r"(?i)batch|too many (?:inputs|items|texts)|inputs? array|array length|at most \d+"
)


class Shape(NamedTuple):
    """Which optional fields a request carries."""

    dimensions: int
    """0: the field is left out."""
    base64: bool
    hint: Hint | None


class Dialect:
    """Builds request bodies for one model, and remembers what the server does not like.

    Args:
        profile: the kind of server.
        entry: what the catalog knows about the model.
        model: as the server spells it.
        dimensions: vector size asked for; 0 for the model's own.
        extra: members of the user's own, which must not be among ours.

    Raises:
        SettingsError: an extra member has the name of one of ours.
    """

    def __init__(
        self,
        profile: Profile,
        entry: Entry | None,
        model: str,
        dimensions: int,
        extra: Iterable[str] = (),
    ) -> None:
        taken = {"model", "input", profile.dimensions_field, profile.format_field}
        taken |= {profile.hint.field} if profile.hint is not None else set()
        for name in extra:
            if name in taken:
                raise SettingsError(f"The request field {printable(name)!r} cannot be set by hand.")
        self._profile = profile
        self._model = model
        # The native size is never asked for: providers that cannot shorten refuse even that.
        native = entry is not None and dimensions == entry.dimensions
        self._shape = Shape(
            0 if native or profile.dimensions_field is None else dimensions,
            profile.format_field is not None,
            profile.hint,
        )
        upstream = None if entry is None else entry.upstream_hint
        self._other_hints = [upstream] if upstream not in {None, profile.hint} else []
        self._prefixes: dict[Purpose, str] = {
            purpose: catalog.prefix(entry, purpose) for purpose in ("document", "query")
        }
        self._lock = threading.Lock()
        self._notices: dict[str, None] = {}

    @property
    def notices(self) -> tuple[str, ...]:
        """What had to be done otherwise than asked, one sentence each, in order."""
        with self._lock:
            return tuple(self._notices)

    def note(self, notice: str) -> None:
        """Add a notice, once."""
        with self._lock:
            self._notices[notice] = None

    @property
    def shape(self) -> Shape:
        """The fields the next request carries."""
        with self._lock:
            return self._shape

    def prefixed(self, texts: Sequence[str], purpose: Purpose) -> list[str]:
        """Texts with what the model wants to see before them."""
        prefix = self._prefixes[purpose]
        return [prefix + text for text in texts] if prefix else list(texts)

    def body(
        self, value: object, purpose: Purpose, shape: Shape, fixed: Mapping[str, object]
    ) -> dict[str, object]:
        """A request body; members always in the same order, as response caches want it.

        Args:
            value: the `input` member, prefixes included.
            purpose: decides the hint's value.
            shape: optional fields to carry.
            fixed: members every request carries.
        """
        body: dict[str, object] = {"model": self._model, "input": value}
        if shape.dimensions and self._profile.dimensions_field is not None:
            body[self._profile.dimensions_field] = shape.dimensions
        if shape.base64 and self._profile.format_field is not None:
            body[self._profile.format_field] = "base64"
        if shape.hint is not None:
            body[shape.hint.field] = word_for(shape.hint, purpose)
        return body | dict(fixed)

    def learn(self, fault: Fault, shape: Shape) -> bool:
        """Whether a refused request is worth sending again in the dialect's present shape.

        Args:
            fault: the refusal.
            shape: what the refused request carried.
        """
        error = fault.error
        if not isinstance(error, RequestRefused) or error.status not in {400, 422}:
            return False
        with self._lock:
            if self._shape != shape:
                return True  # another worker has learned it meanwhile
            ways = self._without(shape, fault.field or error.message)
            if not ways:
                return False
            self._shape, said = ways[0]
            self._notices[said] = None
            return True

    def _without(self, shape: Shape, words: str) -> list[tuple[Shape, str]]:
        """Shapes that leave out, or put otherwise, a field the server's words name."""
        found = []
        if shape.hint is not None and re.search(_NAMES_HINT, words):
            hint = self._other_hints.pop(0) if self._other_hints else None
            said = f"as {word_for(hint, 'query')!r}" if hint else "not at all"
            field = shape.hint.field
            found.append((shape._replace(hint=hint), f"{field} is refused; now sent {said}."))
        if shape.base64 and re.search(_NAMES_FORMAT, words):
            name = self._profile.format_field
            found.append((shape._replace(base64=False), f"{name} is refused; no longer sent."))
        if shape.dimensions and re.search(_NAMES_DIMENSIONS, words):
            name = self._profile.dimensions_field
            found.append((shape._replace(dimensions=0), f"{name} is refused; no longer sent."))
        return found


class Limits:
    """How much one call may hold: begins with what is configured, shrinks as servers refuse.

    Sizes that were accepted once are never given up again, so one over-long text, which makes
    every batch it is in too large, does not shrink the batches of a whole run.
    """

    def __init__(self, inputs: int, tokens: int) -> None:
        self._most = (max(1, inputs), max(1, tokens))
        self._allowed = self._most
        self._accepted = (0, 0)
        self._lock = threading.Lock()

    @property
    def inputs(self) -> int:
        """Inputs a call may hold."""
        with self._lock:
            return min(self._most[0], max(self._allowed[0], self._accepted[0]))

    @property
    def tokens(self) -> int:
        """Estimated tokens a call may hold."""
        with self._lock:
            return min(self._most[1], max(self._allowed[1], self._accepted[1]))

    def accepted(self, inputs: int, tokens: int) -> None:
        """A call of this size went through."""
        with self._lock:
            self._accepted = (max(self._accepted[0], inputs), max(self._accepted[1], tokens))

    def refused(self, fault: Fault, inputs: int, tokens: int) -> None:
        """Learn from a refusal that speaks of the size of the call."""
        error = fault.error
        if inputs < 2 or not isinstance(error, RequestRefused):
            return
        if error.status == 413 or re.search(_NAMES_BATCH, error.message):
            with self._lock:
                self._allowed = (
                    min(self._allowed[0], inputs // 2),
                    min(self._allowed[1], max(1, tokens // 2)),
                )
