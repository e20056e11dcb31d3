"""From ranked row ids to hits: rows read, ties settled, repetitions folded, snippets cut."""

from __future__ import annotations

import os

from semsearch.record import Record
from semsearch.records import Hit
from semsearch.searching.rank import settle_ties
from semsearch.searching.snippet import best_snippet, line_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Final

    from semsearch.embed.local.likeness import WordLikeness
    from semsearch.protocols import Store
    from semsearch.records import Band, ChunkRow, Space
    from semsearch.searching.rank import Ranked
    from semsearch.searching.snippet import Matcher, Snippet

_TELLING_LENGTH: Final = 80
"""Equal texts shorter than this may well mean different things under different headings."""
_SHARED_WORDS: Final = 0.8
"""Of all the words of two passages that are versions of one another."""
PROSE_KINDS: Final = frozenset(("markdown", "text", "rst", "org", "html", "pdf", "office", "mail"))
"""Kinds made of sentences; of the others, code and data, a line is the unit."""


_WEAK_BELOW: Final = 2.0
_STRONG_FROM: Final = 5.0
"""Bands, in standard deviations from what unrelated questions reach; see `closeness`."""
NOTHING_BELOW: Final = 1.5
"""Nearer than that, weak hits are shown: to withhold an answer is worse than to show none."""
_LEAST_SPREAD: Final = 0.005

Background = tuple[float, float]
"""Mean and standard deviation of the best cosine of unrelated questions."""


class Shown(Record):
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
        fold: show a passage that stands in several files once, naming the others, also when
            a few words of it differ; of overlapping passages whose best sentence is the same,
            show the first.
    """
    shown: list[Shown] = []
    seen: dict[object, int] = {}
    for one, row in candidates:
        snippet = best_snippet(row.text, finder, code=row.kind not in PROSE_KINDS)
        keys = _identities(row, snippet) if fold else ()
        first = next((seen[key] for key in keys if key in seen), None)
        if first is None and fold and (twin := seen.get(snippet.sentence)) is not None:
            first = twin if _nearly_equal(row.text, shown[twin].row.text) else None
        if first is not None:
            kept = shown[first]
            path = chunk_path(row)
            if row.file != kept.row.file and path not in kept.also:
                shown[first] = kept._replace(also=(*kept.also, path))
            continue
        if len(shown) == limit:
            break
        seen.update(dict.fromkeys(keys, len(shown)))
        if len(snippet.sentence) >= _TELLING_LENGTH:
            seen.setdefault(snippet.sentence, len(shown))
        shown.append(Shown(one, row, snippet))
    return shown


def well_chosen(
    shown: list[Shown],
    finder: Matcher,
    space: Space | None,
    likeness: Callable[[Space], WordLikeness | None] | None,
) -> list[Shown]:
    """The hits with their sentences chosen by meaning too, where that costs nothing.

    Args:
        shown: hits in order.
        finder: the words of the question.
        space: whose vectors answer; only of a model on this machine the words are known.
        likeness: gives how alike words are to its model.
    """
    if space is None or space.key.endpoint != "local" or likeness is None:
        return shown
    from functools import partial

    from semsearch.searching.sentence import by_meaning

    return by_meaning(shown, finder, partial(likeness, space))


def background_note(space: Space) -> str:
    """The note that keeps a space's background: mean, standard deviation, passages."""
    return f"space.{space.id}.background"


def background(store: Store, space: Space) -> Background | None:
    """What unrelated text reaches in a space, where that was measured."""
    note = store.note(background_note(space))
    if note is None:
        return None
    mean, spread, _ = note.split()
    return float(mean), max(float(spread), _LEAST_SPREAD)


def band_of(cosine: float | None, reached: Background | None) -> Band | None:
    """How near a cosine is, beside what unrelated text reaches; None where that is not known."""
    if cosine is None or reached is None:
        return None
    beyond = (cosine - reached[0]) / reached[1]
    if beyond < _WEAK_BELOW:
        return "weak"
    return "strong" if beyond >= _STRONG_FROM else "fair"


def make_hits(
    shown: Sequence[Shown],
    cosines: dict[int, float],
    stale: Callable[[ChunkRow], bool],
    reached: Background | None = None,
) -> tuple[Hit, ...]:
    """Hits numbered from 1.

    Args:
        shown: passages in order.
        cosines: by chunk id; a chunk that is missing has no vector.
        stale: whether a chunk's file is no longer the version that was indexed.
        reached: what unrelated text reaches in the space of the cosines.
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
                band=band_of(cosines.get(row.chunk), reached),
                snippet_by=snippet.chosen_by,
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
    text = " ".join(row.text.split())
    same_text = (None, text) if len(text) >= _TELLING_LENGTH else (row.breadcrumb, text)
    if not snippet.matches:
        return (same_text,)
    return same_text, (row.file, snippet.sentence)


def _nearly_equal(one: str, other: str) -> bool:
    """Whether two passages with the same best sentence differ by a few words at most."""
    first, second = {*one.lower().split()}, {*other.lower().split()}
    return len(first & second) >= _SHARED_WORDS * len(first | second)
