"""What someone who types and reads on needs: an answer at once, and the text around a hit."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from semsearch.errors import FileProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.engine.facade import Engine
    from semsearch.records import ChunkRow, Mode, Query, SearchResult

BEFORE: Final = 200
AFTER: Final = 400
"""Lines shown around a passage; the reader opens the file for more."""

MAX_LINE: Final = 2000
"""Characters of a line that are shown; minified files have one line."""

MAX_BYTES: Final = 32_000_000

State = Literal["current", "moved", "changed", "gone", "unreadable"]


class Preview(NamedTuple):
    """A window of a file with a passage in it, or the passage as the index keeps it."""

    chunk: int
    path: bytes
    """Absolute."""
    kind: str
    size: int
    modified_ns: int
    state: State
    """`moved`: the file changed, but holds the passage elsewhere; `changed`: it does not any more.
    Unless `current` or `moved`, the lines are those of the index."""
    breadcrumb: tuple[str, ...]
    lines: tuple[str, ...]
    numbers: tuple[int, ...]
    """Line of the file each line stands at; empty where the text is not the file's own."""
    passage: tuple[int, int]
    """`lines[start:end]` is the passage."""
    matches: tuple[tuple[int, int, int], ...]
    """`(line, start, end)` of words of the query, in order; `line` counts in `lines`."""
    page: int | None = None


MANY_VECTORS: Final = 50_000
"""From here on a process that stays holds the sign codes in memory: a question costs a fraction."""


def is_known(engine: Engine, raw: str) -> bool:
    """Whether the vector of a question is in the index, so that asking by meaning costs nothing.

    Raises:
        UsageError: as `Engine.search`.
    """
    from semsearch.searching import parse_query

    store, space = engine.store(), engine.search_space()
    query = parse_query(raw, cwd=os.getcwdb(), now=time.time())
    return space is not None and store.cached_query(space.id, query.text) is not None


def reordered(
    engine: Engine, raw: str, mode: Mode, found: SearchResult, model: str
) -> SearchResult:
    """What was found with its first hits as a rerank model puts them, the others behind them.

    Args:
        engine: an open engine.
        raw: the question as typed.
        mode: how it was answered.
        found: the answer.
        model: of the server's rerank endpoint; without its answer the order stays.

    Raises:
        UsageError: as `Engine.search`.
    """
    first = engine.search(
        raw, mode=mode, limit=engine.settings.integer("search.shortlist"), rerank=model
    )
    known = {hit.chunk for hit in first.hits}
    behind = [hit for hit in found.hits if hit.chunk not in known]
    hits = tuple(hit._replace(rank=rank) for rank, hit in enumerate((*first.hits, *behind), 1))
    return first._replace(hits=hits)


def answer_now(
    engine: Engine, raw: str, mode: Mode, limit: int, *, by_words: bool = False
) -> tuple[SearchResult, bool]:
    """The answer that costs neither money nor a model; whether it is the final one.

    Final means that asking again in this mode would find the same: the query's vector is in the
    cache, no vector is needed, or there are no vectors to compare it with.

    Args:
        engine: an open engine.
        raw: the question as typed.
        mode: how it is to be answered in the end.
        limit: hits wanted.
        by_words: leave meaning to another engine, which holds the codes, even where the vector
            of the question is known.

    Raises:
        UsageError: as `Engine.search`.
    """
    from semsearch.searching import parse_query

    store, space = engine.store(), engine.search_space()
    roots = [root.path for root in store.roots()]
    query = parse_query(raw, cwd=os.getcwdb(), now=time.time(), roots=roots)
    if query.like is not None:
        like_mode: Mode = "hybrid" if mode == "lexical" else mode
        return engine.search(raw, mode=like_mode, limit=limit), True
    final = mode == "lexical" or space is None
    switching = engine.pending_switch() is not None  # then an answer may have to be paid for
    if not final and space is not None and query.text and not switching and not by_words:
        final = store.cached_query(space.id, query.text) is not None
        if final:
            return engine.search(raw, mode=mode, limit=limit), True
    return engine.search(raw, mode="lexical", limit=limit), final


def preview(engine: Engine, chunk: int, query: Query) -> Preview | None:
    """The text around a chunk as the file has it now; None when the chunk is no longer indexed."""
    rows = engine.store().chunk_rows([chunk])
    if not rows:
        return None
    row = rows[0]
    path = os.path.join(row.root, row.relative) if row.relative else row.root
    shown = Preview(
        row.chunk, path, row.kind, row.size, row.mtime_ns, "current", row.breadcrumb,
        (), (), (0, 0), (), row.page,
    )  # fmt: skip
    try:
        found = _find_in_file(engine, row)
    except FileProblem as problem:
        gone = problem.reason in {"vanished", "root missing"}
        found = _Found(row.text, 0, "gone" if gone else "unreadable", row.start_line)
    lines, passage = _window(found.text, found.offset, row.text)
    first = found.line - passage[0]
    return shown._replace(
        state=found.state,
        lines=tuple(lines),
        numbers=tuple(range(first, first + len(lines))) if found.line else (),
        passage=passage,
        matches=find_matches(lines, query),
    )


class _Found(NamedTuple):
    text: str
    offset: int
    """Where in the text the passage begins."""
    state: State
    line: int
    """Of the file, at `offset`; 0 where the text is not the file's own."""


def _find_in_file(engine: Engine, row: ChunkRow) -> _Found:
    """The text of the file now; that of the index when the passage is no longer in it.

    Raises:
        FileProblem: it cannot be read.
    """
    from semsearch.extract import extract
    from semsearch.extract.decode import decode
    from semsearch.files import read_file

    follow = engine.settings.flag("index.follow_symlinks")
    data = read_file(row.root, row.relative, MAX_BYTES, follow_symlinks=follow).data
    text = decode(data).text
    if _stands_at(text, row):
        return _Found(text, row.start, "current", row.start_line)
    # Formats whose text is not their source are read out again.
    read_out = extract(data, os.fsdecode(row.relative or row.root)).text
    if _stands_at(read_out, row):
        return _Found(read_out, row.start, "current", 0)
    place = text.find(row.text)
    if place >= 0:
        return _Found(text, place, "moved", _line_number(text, place))
    return _Found(row.text, 0, "changed", row.start_line)


def _stands_at(text: str, row: ChunkRow) -> bool:
    return text.startswith(row.text, row.start)


def _line_number(text: str, offset: int) -> int:
    from semsearch.extract.lines import unify_line_ends

    return unify_line_ends(text).count("\n", 0, offset) + 1


def _window(text: str, offset: int, passage: str) -> tuple[list[str], tuple[int, int]]:
    """Lines around the passage, and which of them are the passage's."""
    from semsearch.extract.lines import unify_line_ends

    end = offset + len(passage)
    before = unify_line_ends(text[max(0, offset - BEFORE * 200) : offset]).split("\n")
    inside = unify_line_ends(text[offset:end]).split("\n")
    after = unify_line_ends(text[end : end + AFTER * 200]).split("\n")
    head, rest = before[:-1][-BEFORE:], after[1:][:AFTER]
    inside[0] = before[-1] + inside[0]
    inside[-1] += after[0]
    lines = [line.rstrip()[:MAX_LINE] for line in (*head, *inside, *rest)]
    ends_a_line = len(inside) > 1 and passage.endswith(("\n", "\r"))
    return lines, (len(head), len(head) + len(inside) - ends_a_line)


def find_matches(lines: Sequence[str], query: Query) -> tuple[tuple[int, int, int], ...]:
    """`(line, start, end)` of words of the query, in order."""
    from semsearch.searching.snippet import Matcher
    from semsearch.store import segment

    finder = Matcher(query.terms, query.phrases, segment)
    found = []
    for number, line in enumerate(lines):
        found += [(number, start, end) for start, end, _ in finder.find(line)]
    return tuple(found)
