"""What the screen says when there is nothing to show, or not what was asked for.

Each state is said where the hits would be: what, why, and the key that leads out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.errors import SemsearchError
    from semsearch.records import Mode, SearchResult
    from semsearch.tui.facts import Facts

MODE_NAMES: Final[dict[Mode, str]] = {
    "hybrid": "hybrid",
    "semantic": "meaning",
    "lexical": "keyword",
}


class State(NamedTuple):
    """A few lines instead of hits."""

    title: str
    lines: tuple[str, ...]
    tone: str = ""
    """"", "warn" or "bad"."""


_WAYS_OUT: Final = {
    "index.missing": ("f5  choose folders and index them", "ctrl+p  first steps"),
    "index.damaged": ("leave with ctrl+q, then:  semsearch check  and  semsearch repair",),
    "index.schema": ("leave with ctrl+q, then:  semsearch check  and  semsearch repair",),
    "index.newer": ("install a newer semsearch, or choose another index with --index",),
    "index.busy": ("it is read again as soon as the other process lets go: ctrl+r",),
    "query.bad_filter": ("f1  the query language", "f4  fill in a form instead"),
    "query.bad_date": ("f1  the query language", "f4  fill in a form instead"),
    "query.bad_type": ("f1  the query language", "f4  fill in a form instead"),
    "query.empty": ("add a word: filters and exclusions alone find nothing",),
    "model.missing": ("f6  install the embedded model", "f3  keyword search needs none"),
}


def failure(error: SemsearchError) -> State:
    """An error that leaves nothing to show."""
    code = "index.damaged" if error.code.startswith("index.damaged") else error.code
    lines = [one_line(error.message)]
    if error.hint:
        lines.append(one_line(error.hint))
    ways = _WAYS_OUT.get(code, ())
    bad = code.startswith("index.") and code != "index.missing"
    title = "no index yet" if code == "index.missing" else "not possible now"
    return State(title, (*lines, "", *ways), "bad" if bad else "warn")


def nothing_found(result: SearchResult, facts: Facts, mode: Mode) -> State:
    """No hits: what was searched, and what to try."""
    chunks = facts.status.chunks if facts.status is not None else 0
    where = result.query.where
    lines = [f"Searched {chunks:,} passages by {_by(result, mode)}.", ""]
    if where != type(where)():
        lines.append("f4  drop or change the filter: it applies before anything is ranked")
    if result.query.excluded or result.query.phrases:
        lines.append("leave out the quotes or the -words: they exclude passages")
    if result.mode == "lexical":
        lines.append("f3  another mode: meaning finds what says it in other words")
    lines += ["f5  index now: the file may be newer than the index"]
    return State("nothing found", (*lines, *map(one_line, result.notices)))


def nothing_asked(facts: Facts, recent: Sequence[str]) -> State:
    """No query yet: where one stands, and what one asked before."""
    status = facts.status
    if status is None or not facts.known:
        return State("", ())
    lines = [f"{status.chunks:,} passages of {sum(status.files.values()):,} files. Type to search."]
    missing = [one for one in status.roots if one.missing]
    if missing:
        lines.append(f"{len(missing)} folder(s) are not there now; what was indexed still answers.")
    if facts.space is None and status.chunks:
        lines.append("No vectors yet: search is by keyword. f6 shows the models, f5 indexes.")
    if not status.chunks:
        lines.append("The index is empty.  f5  choose folders and index them")
    if recent:
        lines += ["", "Asked before (alt+up):"]
        lines += [f"  {one_line(query)}" for query in recent[:8]]
    return State("ready", tuple(lines))


def degraded(result: SearchResult) -> str:
    """Why the answer is by keywords only, and the key that leads out; empty when it is not."""
    error = result.fault
    if error is None:
        return ""
    status = getattr(error, "status", None)
    if error.code == "api.offline":
        reason = "offline"
    elif error.code == "auth.no_key":
        reason = "no key: f2 settings"
    elif error.code in {"auth.refused", "auth.key_refused", "auth.forbidden"}:
        reason = "the key is refused: f2 settings"
    elif error.code in {"auth.no_credit", "api.quota"}:
        reason = "no credit: add some at the provider, or f6 for another model"
    elif status in {429, 503}:
        reason = "the provider is busy: ctrl+r asks again"
    elif error.code == "consent.needed":
        reason = "nothing may be sent there yet: f5 index asks"
    elif error.code == "model.missing":
        reason = "the model is not installed: f6 models"
    elif error.code == "model.no_vectors":
        reason = "no vectors yet: f5 index"
    else:
        reason = one_line(error.message)
    return f"by keyword only · {reason}"


def _by(result: SearchResult, mode: Mode) -> str:
    name = "keyword" if result.mode == "lexical" else "meaning and keyword"
    return "meaning" if result.mode == mode == "semantic" else name
