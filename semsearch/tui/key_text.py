"""The API key in words: where it is kept, its last characters, and what the server says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from semsearch.errors import SemsearchError
from semsearch.keys import Secret
from semsearch.present.human import money
from semsearch.text import one_line

if TYPE_CHECKING:
    from semsearch.engine import Engine
    from semsearch.records import KeyStatus


class KeyFacts(NamedTuple):
    """What is known about the key of the configured server; never the key itself."""

    host: str
    masked: str = ""
    """Its last characters; empty: there is none."""
    source: str = ""
    checked: bool = False
    """Whether the server was asked."""
    status: KeyStatus | None = None
    """What the server said; None: nothing, or it was not asked."""
    error: SemsearchError | None = None


def kept_key(engine: Engine) -> KeyFacts:
    """The key as it is kept, without asking the server."""
    from semsearch.engine import choice

    try:
        found = choice.find_key(engine.settings)
    except SemsearchError as error:
        return KeyFacts(engine.host, error=error)
    if found is None:
        return KeyFacts(engine.host)
    return KeyFacts(engine.host, mask(found.secret), found.source)


def checked_key(engine: Engine) -> KeyFacts:
    """The key, and what the server says of it; may wait for the network."""
    facts = kept_key(engine)
    if not facts.masked or facts.error is not None or engine.settings.flag("offline"):
        return facts
    try:
        _, status = engine.key_status()
    except SemsearchError as error:
        return facts._replace(checked=True, error=error)
    return facts._replace(checked=True, status=status)


def mask(secret: Secret) -> str:
    """Dots, then the last four characters."""
    return "••••••••" + str(secret).removeprefix("…")


def key_lines(facts: KeyFacts) -> list[str]:
    """The key in one line, and what there is to do about it in another."""
    host = one_line(facts.host)
    if not facts.masked:
        lines = [f"none for {host}"]
        if facts.error is not None:
            return [*lines, f"{one_line(facts.error.message)} {one_line(facts.error.hint)}"]
        return [*lines, "keyword search and the embedded model need none"]
    source = one_line(facts.source).removeprefix("the environment variable ")
    head = f"{facts.masked}  for {host}, from {source}"
    if facts.error is not None:
        return [head, f"{one_line(facts.error.message)} {one_line(facts.error.hint)}"]
    if facts.status is None:
        told = "the server says nothing about keys" if facts.checked else "asking the server …"
        return [head, told]
    used, left = facts.status.usage_usd, facts.status.remaining_usd
    parts = ["accepted just now"]
    parts += [f"{money(used)} used"] if used is not None else []
    parts += [f"{money(left)} left"] if left is not None else ["no limit"]
    return [head, " · ".join(parts)]


def key_fault(value: str) -> str:
    """Why this cannot be a key; empty when it can."""
    try:
        Secret(value)
    except SemsearchError as error:
        return error.message
    return ""
