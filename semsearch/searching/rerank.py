"""One model finds candidates, another one orders them: searching while a model's space fills.

The shortlist comes from a space that covers the index and from words. The final order is the other
model's cosine and nothing else, so vectors of two spaces never meet in one ranking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.errors import AccessError, EmbeddingError
from semsearch.records import SearchResult
from semsearch.searching.answer import Options
from semsearch.searching.hits import choose, make_hits, ranked_rows, well_chosen
from semsearch.searching.rank import Ranked, fuse
from semsearch.searching.retrieve import (
    DEPTH,
    Sources,
    lexical_chunks,
    semantic_chunks,
    weigh_words,
)
from semsearch.searching.snippet import Matcher
from semsearch.searching.vector import query_vector
from semsearch.store import segment
from semsearch.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from semsearch.protocols import Embedder, Store
    from semsearch.records import ChunkRow, Query, Space

UNRANKED: Final = -1.0
"""Score of a candidate without a vector: no cosine is lower, so it comes last."""

_DEFAULT: Final = Options()


class Shortlist(NamedTuple):
    """Candidates of one query in fused order."""

    ranked: tuple[Ranked, ...]
    vector: bytes | None
    """The query in the space that found them; None: they were found by words alone."""
    cost_usd: float = 0.0
    notices: tuple[str, ...] = ()

    @property
    def chunks(self) -> tuple[int, ...]:
        """Row ids, best first."""
        return tuple(one.id for one in self.ranked)


def shortlist(
    store: Store,
    query: Query,
    space: Space | None,
    embedder: Callable[[], Embedder] | None,
    size: int,
    options: Options = _DEFAULT,
) -> Shortlist:
    """The union of what meaning and words find, in fused order, at most `size`.

    Args:
        store: the index.
        query: what to look for.
        space: the space that covers the index; None: words alone.
        embedder: makes the client of the space's model.
        size: candidates wanted.
        options: `alpha` and `offline` count.
    """
    sources = Sources(store, query, segment, None, None)
    covered, chunks = store.coverage(0 if space is None else space.id)
    cost_usd = 0.0
    notices: tuple[str, ...] = ()
    if space is not None and covered:
        try:
            found = query_vector(store, space, query.text, embedder, offline=options.offline)
        except (AccessError, EmbeddingError) as error:
            notices = (f"Candidates were found by words only: {error.message}",)
        else:
            sources = sources._replace(space=space, vector=found.unit)
            cost_usd, notices = found.cost_usd, tuple(filter(None, [found.notice]))
    skip, told = weigh_words(sources, chunks)
    lexical = lexical_chunks(sources, DEPTH, wanted=size, skip=skip)
    alpha = options.alpha
    if alpha is None:
        alpha = 0.0 if sources.space is None else sources.space.alpha
    fused = fuse(lexical, semantic_chunks(sources, DEPTH), alpha, told)
    return Shortlist(tuple(fused[:size]), sources.vector, cost_usd, notices)


def rerank(
    store: Store,
    query: Query,
    listed: Shortlist,
    space: Space,
    vector: bytes,
    options: Options = _DEFAULT,
) -> SearchResult:
    """The shortlist in the order of one space's cosines; nothing is sent.

    Candidates the space has no vector of come last.

    Args:
        store: the index.
        query: what was looked for.
        listed: its candidates.
        space: whose vectors decide.
        vector: the query in that space.
        options: how many hits, and whether one a file.
    """
    cosines = store.cosines(space.id, vector, listed.chunks)
    ranked = _in_order(listed, cosines)
    rows: Iterable[tuple[Ranked, ChunkRow]] = ranked_rows(store, ranked, options.limit)
    if options.per_file:
        rows = _first_of_file(rows)
    finder = Matcher(query.terms, query.phrases, segment)
    fold = options.mode == "hybrid" and not options.per_file
    shown = choose(rows, finder, options.limit, fold=fold)
    shown = well_chosen(shown, finder, space, options.likeness)
    covered, chunks = store.coverage(space.id)
    share = covered / chunks if chunks else 0.0
    return SearchResult(
        query=query,
        mode=options.mode,
        space=space,
        coverage=share,
        hits=make_hits(shown, cosines, options.stale),
        notices=(*listed.notices, *_remarks(space, listed, cosines, share)),
        timing_ms={},
        cost_usd=listed.cost_usd,
    )


def order_by_cosine(chunks: Iterable[int], cosines: dict[int, float]) -> list[int]:
    """The chunks that have a cosine, best first; ties by row id, as in a search."""
    return sorted((one for one in chunks if one in cosines), key=lambda one: (-cosines[one], one))


def _in_order(listed: Shortlist, cosines: dict[int, float]) -> list[Ranked]:
    ordered = order_by_cosine(listed.chunks, cosines)
    ranks = {chunk: rank for rank, chunk in enumerate(ordered, 1)}
    ranked = [
        one._replace(
            score=cosines.get(one.id, UNRANKED),
            semantic_rank=ranks.get(one.id),
            lexical_part=0.0,
            semantic_part=cosines.get(one.id, 0.0),
        )
        for one in listed.ranked
    ]
    ranked.sort(key=lambda one: -one.score)
    return ranked


def _first_of_file(
    rows: Iterable[tuple[Ranked, ChunkRow]],
) -> Iterator[tuple[Ranked, ChunkRow]]:
    seen: set[int] = set()
    for ranked, row in rows:
        if row.file not in seen:
            seen.add(row.file)
            yield ranked, row


def _remarks(space: Space, listed: Shortlist, cosines: dict[int, float], share: float) -> list[str]:
    name = one_line(space.key.model)
    remarks = [
        f"{name} covers {min(share * 100, 99.9):.3g} % of the passages: it ordered "
        f"{len(cosines):,} candidates that others found."
    ]
    without = len(listed.ranked) - len(cosines)
    if without:
        remarks.append(f"{without:,} candidates can have no vector of it and come last.")
    return remarks
