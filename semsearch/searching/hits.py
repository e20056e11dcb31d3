"""From ranked row ids to hits: rows read, ties settled, repetitions folded, snippets cut."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.records import Hit
from semsearch.searching.rank import settle_ties
from semsearch.searching.snippet import best_snippet, line_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from semsearch.protocols import Store
    from semsearch.records import ChunkRow
    from semsearch.searching.rank import Ranked
    from semsearch.searching.snippet import Matcher, Snippet

_TELLING_LENGTH: Final = 80
"""Equal texts shorter than this may well mean different things under different headings."""
_PROSE_KINDS: Final = frozenset(("markdown", "text", "rst", "org", "html", "pdf", "office", "mail"))
"""Kinds made of sentences; of the others, code and data, a line is the unit."""


class Shown(NamedTuple):
    """A passage chosen for display."""

    ranked: Ranked
    row: ChunkRow
    snippet: Snippet
    also: tuple[bytes, ...] = ()


def ranked_rows(
    store: Store, ranked: Sequence[Ranked], limit: int
) -> Iterator[tuple[Ranked, ChunkRow]]:
    """Chunks in order with their rows, equal scores by path and position.

    Rows are read in batches, as few as the reader takes; chunks gone meanwhile are left out.
    """
    start, size = 0, limit + limit // 2 + 5
    while start < len(ranked):
        stop = min(start + size, len(ranked))
        while stop < len(ranked) and ranked[stop].score == ranked[stop - 1].score:
            stop += 1
        batch = ranked[start:stop]
        rows = {row.chunk: row for row in store.chunk_rows([one.id for one in batch])}
        present = [one for one in batch if one.id in rows]
        places = {id_: (chunk_path(row), row.start) for id_, row in rows.items()}
        for one in settle_ties(present, places.__getitem__):
            yield one, rows[one.id]
        start, size = stop, size * 2


def choose(
    candidates: Iterable[tuple[Ranked, ChunkRow]], finder: Matcher, limit: int, *, fold: bool
) -> list[Shown]:
    """The first `limit` passages with their snippets.

    Args:
        candidates: chunks in order.
        finder: the words whose best sentence is shown.
        limit: how many.
        fold: show a passage that stands in several files once, naming the others; of
            overlapping passages whose best sentence is the same, show the first.
    """
    shown: list[Shown] = []
    seen: dict[object, int] = {}
    for one, row in candidates:
        snippet = best_snippet(row.text, finder, code=row.kind not in _PROSE_KINDS)
        keys = _identities(row, snippet) if fold else ()
        first = next((seen[key] for key in keys if key in seen), None)
        if first is not None:
            kept = shown[first]
            path = chunk_path(row)
            if row.file != kept.row.file and path not in kept.also:
                shown[first] = kept._replace(also=(*kept.also, path))
            continue
        if len(shown) == limit:
            break
        seen.update(dict.fromkeys(keys, len(shown)))
        shown.append(Shown(one, row, snippet))
    return shown


def make_hits(
    shown: Sequence[Shown], cosines: dict[int, float], stale: Callable[[ChunkRow], bool]
) -> tuple[Hit, ...]:
    """Hits numbered from 1.

    Args:
        shown: passages in order.
        cosines: by chunk id; a chunk that is missing has no vector.
        stale: whether a chunk's file is no longer the version that was indexed.
    """
    fresh: dict[int, bool] = {}
    hits = []
    for number, (ranked, row, snippet, also) in enumerate(shown, 1):
        if row.file not in fresh:
            fresh[row.file] = stale(row)
        hits.append(
            Hit(
                rank=number,
                chunk=row.chunk,
                path=chunk_path(row),
                root=row.root,
                start_line=row.start_line,
                end_line=row.end_line,
                page=row.page,
                breadcrumb=row.breadcrumb,
                cosine=cosines.get(row.chunk),
                score=ranked.score,
                semantic_rank=ranked.semantic_rank,
                lexical_rank=ranked.lexical_rank,
                snippet=snippet.text,
                matches=snippet.matches,
                text=row.text,
                kind=row.kind,
                modified_ns=row.mtime_ns,
                stale=fresh[row.file],
                line=line_at(row.text, snippet.offset, row.start_line, row.end_line),
                also=also,
                parts=(ranked.lexical_part, ranked.semantic_part),
            )
        )
    return tuple(hits)


def chunk_path(row: ChunkRow) -> bytes:
    """Absolute path of the file a chunk belongs to."""
    return os.path.join(row.root, row.relative) if row.relative else row.root


def changed_on_disk(row: ChunkRow) -> bool:
    """Whether the file is gone, or its size or time differ from what was indexed."""
    try:
        status = os.stat(chunk_path(row))
    except (OSError, ValueError):
        return True
    return (status.st_size, status.st_mtime_ns) != (row.size, row.mtime_ns)


def _identities(row: ChunkRow, snippet: Snippet) -> tuple[object, ...]:
    """What makes a second passage a repetition of this one."""
    same_text = row.text if len(row.text) >= _TELLING_LENGTH else (row.breadcrumb, row.text)
    if not snippet.matches:
        return (same_text,)
    return same_text, (row.file, snippet.sentence)
