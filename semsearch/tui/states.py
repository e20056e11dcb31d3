"""What the screen says when there is nothing to show, or not what was asked for.

Each state is said where the hits would be: what, why, and the key that leads out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.text import one_line
from semsearch.tui.facts import age
from semsearch.tui.keys import with_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.errors import SemsearchError
    from semsearch.records import Mode, SearchResult
    from semsearch.tui.facts import Facts
    from semsearch.tui.keys import KeyName

MODE_NAMES: Final[dict[Mode, str]] = {
    "hybrid": "hybrid",
    "semantic": "meaning",
    "lexical": "keyword",
}


class Choice(NamedTuple):
    """A line one can choose: a question asked before, or a file."""

    label: str
    note: str = ""
    query: str = ""
    path: bytes = b""
    """Absolute; empty for a question."""


class Group(NamedTuple):
    """Choices under a heading."""

    heading: str
    choices: tuple[Choice, ...]


class Landing(NamedTuple):
    """What one may want to go on with; safe to print."""

    queries: tuple[Choice, ...] = ()
    files: tuple[Choice, ...] = ()


class State(NamedTuple):
    """A few lines instead of hits."""

    title: str
    lines: tuple[str, ...]
    tone: str = ""
    """"", "warn" or "bad"."""
    groups: tuple[Group, ...] = ()


_REPAIR: Final = "leave with {go.quit}, then:  semsearch check  and  semsearch repair"
_FORM: Final = ("{go.help}  the query language", "{search.filter}  fill in a form instead")
_WAYS_OUT: Final = {
    "index.missing": (
        "{go.index}  choose folders and index them",
        "{go.palette}  first steps, by name",
    ),
    "index.damaged": (_REPAIR,),
    "index.schema": (_REPAIR,),
    "index.newer": ("install a newer semsearch, or choose another index with --index",),
    "index.busy": ("it is read again as soon as the other process lets go: {search.again}",),
    "query.bad_filter": _FORM,
    "query.bad_date": _FORM,
    "query.bad_type": _FORM,
    "query.empty": ("add a word: filters and exclusions alone find nothing",),
    "model.missing": (
        "{go.models}  install the embedded model",
        "{search.mode}  keyword search needs none",
    ),
}

_HINTS_OF_COMMANDS: Final = frozenset({"index.missing", "index.busy"})
"""Errors whose hint names a command or a flag where this screen has a key."""


def failure(error: SemsearchError, key: KeyName) -> State:
    """An error that leaves nothing to show."""
    code = "index.damaged" if error.code.startswith("index.damaged") else error.code
    lines = [one_line(error.message)]
    if error.hint and code not in _HINTS_OF_COMMANDS:
        lines.append(one_line(error.hint))
    ways = [with_keys(way, key) for way in _WAYS_OUT.get(code, ())]
    bad = code.startswith("index.") and code != "index.missing"
    title = "no index yet" if code == "index.missing" else "not possible now"
    return State(title, (*lines, "", *ways), "bad" if bad else "warn")


def nothing_found(result: SearchResult, facts: Facts, mode: Mode, key: KeyName) -> State:
    """No hits: what was searched, and what to try."""
    chunks = facts.status.chunks if facts.status is not None else 0
    where = result.query.where
    lines = [f"Searched {chunks:,} passages by {_by(result, mode)}.", ""]
    if where != type(where)():
        filter_key = key("search.filter")
        lines.append(f"{filter_key}  drop or change the filter: it applies before ranking")
    if result.query.excluded or result.query.phrases:
        lines.append("leave out the quotes or the -words: they exclude passages")
    if result.mode == "lexical":
        other = key("search.mode")
        lines.append(f"{other}  another mode: meaning finds what says it in other words")
    lines += [f"{key('go.index')}  index now: the file may be newer than the index"]
    return State("nothing found", (*lines, *map(one_line, result.notices)))


def nothing_asked(facts: Facts, landing: Landing, key: KeyName) -> State:
    """No query yet: where one stands, what one asked before, and what changed lately."""
    status = facts.status
    if status is None or not facts.known:
        return State("", ())
    lines = []
    if status.chunks:
        files = sum(status.files.values())
        lines.append(f"{status.chunks:,} passages of {files:,} files. Type to search.")
    missing = [one for one in status.roots if one.missing]
    if missing:
        lines.append(f"{len(missing)} folder(s) are not there now; what was indexed still answers.")
    models, index = key("go.models"), key("go.index")
    if facts.space is None and status.chunks:
        lines.append(f"No vectors yet: search is by keyword. {models} models, {index} index.")
    if not status.chunks:
        lines.append(f"The index is empty.  {index}  choose folders and index them")
    offered = (("asked before", landing.queries), ("changed lately", landing.files))
    groups = tuple(Group(heading, choices) for heading, choices in offered if choices)
    return State("ready", tuple(lines), groups=groups)


def landing_of(
    queries: Sequence[str], files: Sequence[tuple[bytes, str, int]], now: float
) -> Landing:
    """What to offer, from what the index knows.

    Args:
        queries: the latest first.
        files: absolute path, name for people and time of change in ns, the latest first.
        now: seconds since the epoch.
    """
    return Landing(
        tuple(Choice(one_line(query), query=query) for query in queries),
        tuple(
            Choice(name, age(now - changed_ns / 1e9), path=path) for path, name, changed_ns in files
        ),
    )


def degraded(result: SearchResult, key: KeyName) -> str:
    """Why the answer is by keywords only, and the key that leads out; empty when it is not."""
    error = result.fault
    if error is None:
        return ""
    reason = _reason(error)
    told = with_keys(reason, key) if reason else one_line(error.message)
    return f"by keyword only · {told}"


def _reason(error: SemsearchError) -> str:
    """In our words, with the way out; empty for an error that speaks for itself."""
    if getattr(error, "status", None) in {429, 503}:
        return "the provider is busy: {search.again} asks again"
    return {
        "api.offline": "offline is set: {go.settings} settings",
        "auth.no_key": "no key: {go.settings} settings",
        "auth.refused": "the key is refused: {go.settings} settings",
        "auth.key_refused": "the key is refused: {go.settings} settings",
        "auth.forbidden": "the key is refused: {go.settings} settings",
        "auth.no_credit": "no credit: add some at the provider, or {go.models} another model",
        "api.quota": "no credit: add some at the provider, or {go.models} another model",
        "consent.needed": "nothing may be sent there yet: {go.index} asks",
        "model.missing": "the model is not installed: {go.models} models",
        "model.no_vectors": "no vectors yet: {go.index} index",
    }.get(error.code, "")


def _by(result: SearchResult, mode: Mode) -> str:
    name = "keyword" if result.mode == "lexical" else "meaning and keyword"
    return "meaning" if result.mode == mode == "semantic" else name
