"""Files instead of passages: whole-file BM25 fused with each file's best cosine.

Ranking whole files beats folding a list of passages, because the words of a question may be spread
over a file; each file is then shown by the passage that the passage ranking puts first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.searching.hits import chunk_path
from semsearch.searching.lexical import lexical_expression
from semsearch.searching.rank import fuse, lexical_only, semantic_only, settle_ties
from semsearch.searching.retrieve import (
    EXACT_OVERSAMPLING,
    lexical_chunks,
    lexical_files,
    semantic_chunks,
    semantic_files,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.records import ChunkRow, Mode
    from semsearch.searching.rank import Ranked, Scored
    from semsearch.searching.retrieve import Sources, Weighed

_POOL: Final = 400
"""Chunks folded to the files of the semantic side; several may lie in one file."""
_LARGEST_POOL: Final = 20_000
_PASSAGES_PER_FILE: Final = 10
"""Passages by words for each file wanted."""
_FUSED_POOL_OVERSAMPLING: Final = 4
"""Twice what a list of passages needs: its end still brings files into the first hundred."""


class RankedFiles(NamedTuple):
    """Files in order, and the passage each is shown by."""

    ranked: list[Ranked]
    """By file id."""
    rows: dict[int, ChunkRow]
    """By file id; a file may be missing whose passages are in no list of candidates."""


def rank_files(
    sources: Sources, mode: Mode, alpha: float, depth: int, limit: int, words: Weighed
) -> RankedFiles:
    """Files by fused score, or by BM25 or cosine alone.

    Args:
        sources: where candidates come from.
        mode: which sides take part.
        alpha: weight of the semantic side.
        depth: candidates of each side.
        limit: files wanted; the semantic side reads on until it has as many.
        words: which to leave out and what the others tell, see `weigh_words`.
    """
    skip, told = words
    files: list[Scored] = []
    passages: list[Scored] = []
    if mode != "semantic":
        files = lexical_files(sources, depth, wanted=limit, skip=skip)
        # By words alone nothing else tells which passage shows a file; to ask file by file is slow.
        deep = depth if mode == "hybrid" else max(depth, _PASSAGES_PER_FILE * limit)
        passages = lexical_chunks(sources, deep, wanted=limit, skip=skip)
    size = _POOL
    oversampling = _FUSED_POOL_OVERSAMPLING if mode == "hybrid" else EXACT_OVERSAMPLING
    while True:
        pool = (
            [] if mode == "lexical" else semantic_chunks(sources, size, oversampling=oversampling)
        )
        rows = _rows(sources, [*passages, *pool])
        file_of = {id_: row.file for id_, row in rows.items()}
        nearest = semantic_files(sources, pool, file_of, depth)
        if len(nearest) >= limit or len(pool) < size or size >= _LARGEST_POOL:
            break
        size *= 4
    best: dict[int, ChunkRow] = {}
    for id_ in (
        *(one.id for one in fuse(passages, pool[:depth], alpha, told)),
        *(p[0] for p in pool),
    ):
        if id_ in rows:
            best.setdefault(rows[id_].file, rows[id_])
    if mode == "hybrid":
        return RankedFiles(fuse(files, nearest, alpha, told), best)
    return RankedFiles(lexical_only(files) if mode == "lexical" else semantic_only(nearest), best)


def file_rows(
    sources: Sources, files: RankedFiles, limit: int
) -> Iterator[tuple[Ranked, ChunkRow]]:
    """The first files with the passage each is shown by, equal scores by path."""
    ranked = files.ranked
    stop = min(limit, len(ranked))
    while stop < len(ranked) and ranked[stop].score == ranked[stop - 1].score:
        stop += 1
    rows = {}
    for one in ranked[:stop]:
        row = files.rows.get(one.id) or _best_passage(sources, one.id)
        if row is not None:
            rows[one.id] = row
    present = [one for one in ranked[:stop] if one.id in rows]
    for one in settle_ties(present, lambda id_: (chunk_path(rows[id_]), 0)):
        yield one, rows[one.id]


def _rows(sources: Sources, candidates: list[Scored]) -> dict[int, ChunkRow]:
    ids = list(dict.fromkeys(id_ for id_, _ in candidates))
    return {row.chunk: row for row in sources.store.chunk_rows(ids)}


def _best_passage(sources: Sources, file: int) -> ChunkRow | None:
    """The passage of a file that found no place among the candidates; None when it has none."""
    store = sources.store
    chunks = store.chunks_of_file(file)
    if not chunks:
        return None
    if sources.space is not None and sources.vector is not None:
        cosines = store.cosines(sources.space.id, sources.vector, chunks)
        if cosines:
            chunks = [max(chunks, key=lambda id_: cosines.get(id_, -2.0))]
    else:
        (row,) = store.chunk_rows(chunks[:1]) or (None,)
        where = sources.query.where._replace(folders=(chunk_path(row),)) if row else None
        expression = lexical_expression(sources.query, sources.segment)
        matching = store.match_chunks(expression, 1, where) if expression and where else []
        chunks = [matching[0][0]] if matching else chunks[:1]
    rows = store.chunk_rows(chunks[:1])
    return rows[0] if rows else None
