"""Candidates of each side, filters and requirements applied before the list is cut.

Phrases and exclusions bind the semantic side too: a phrase narrows it to the chunks the lexical
index finds, an exclusion removes those it finds.
"""

from __future__ import annotations

from semsearch.record import Record
from semsearch.searching.lexical import (
    COMMON_SHARE,
    COMMON_SHARE_ALONE,
    LARGE_INDEX,
    bounded_terms,
    common_terms,
    exclusion,
    lexical_expression,
    requirement,
    told_by,
)
from semsearch.searching.rank import best_per_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import Final

    from semsearch.protocols import Store
    from semsearch.records import Query, Space
    from semsearch.searching.rank import Scored

    Segment = Callable[[str], str]
    Weighed = tuple[frozenset[str], float]
    """Words to leave out, and the BM25 of a passage that holds each of the others once, or 0."""

DEPTH: Final = 200
"""Candidates of each side that are fused."""
EXACT_OVERSAMPLING: Final = 6
"""Candidates of the sign codes per row of a list whose end counts as much as its beginning."""
FUSED_OVERSAMPLING: Final = 1
"""The same for fusion, where the last of 200 rows only set the scale: more of them made no order
better (SciFact, passages: nDCG@10 73.5 with 1, 72.8 with 2, 72.6 with 6)."""
MAX_REQUIRED: Final = 5_000
"""Chunks with a required phrase whose cosines are computed, the best by BM25 first."""
MAX_EXCLUDED: Final = 100_000
"""Chunks with an excluded word that are kept out of the semantic side."""


class Sources(Record):
    """Where candidates of one search come from."""

    store: Store
    query: Query
    segment: Segment
    space: Space | None
    vector: bytes | None
    """None: no semantic side."""
    leave_out: frozenset[int] = frozenset()
    """Chunks that are the question themselves."""


def lexical_chunks(
    sources: Sources, depth: int, *, wanted: int = 0, skip: Collection[str] = ()
) -> list[Scored]:
    """Chunks by BM25, at most `depth`; without the words to skip if that still finds `wanted`."""
    expression = lexical_expression(sources.query, sources.segment, skip)
    if not expression:
        return []
    limit = depth + len(sources.leave_out)
    rows = sources.store.match_chunks(expression, limit, sources.query.where)
    if skip and len(rows) < min(wanted, limit):
        return lexical_chunks(sources, depth)
    return [row for row in rows if row[0] not in sources.leave_out][:depth]


def lexical_files(
    sources: Sources, depth: int, *, wanted: int = 0, skip: Collection[str] = ()
) -> list[Scored]:
    """Files by BM25 over their whole text, otherwise as `lexical_chunks`."""
    expression = lexical_expression(sources.query, sources.segment, skip)
    if not expression:
        return []
    rows = sources.store.match_files(expression, depth, sources.query.where)
    return lexical_files(sources, depth) if skip and len(rows) < wanted else rows


def semantic_chunks(
    sources: Sources, depth: int, *, oversampling: int = EXACT_OVERSAMPLING
) -> list[Scored]:
    """Chunks by cosine, at most `depth`; empty without a vector."""
    store, query, space, vector = sources.store, sources.query, sources.space, sources.vector
    if space is None or vector is None:
        return []
    if query.phrases:
        expression = requirement(query, sources.segment)
        required = store.match_chunks(expression, MAX_REQUIRED, query.where)
        chunks = [id_ for id_, _ in required if id_ not in sources.leave_out]
        return _by_score(store.cosines(space.id, vector, chunks))[:depth]
    unwanted = set(sources.leave_out)
    if query.excluded:
        expression = exclusion(query, sources.segment)
        unwanted.update(id_ for id_, _ in store.match_chunks(expression, MAX_EXCLUDED, query.where))
    ask = depth + min(len(unwanted), depth)
    while True:
        rows = store.nearest(space.id, vector, ask, query.where, oversampling=oversampling)
        kept = [row for row in rows if row[0] not in unwanted]
        if len(kept) >= depth or len(rows) < ask:
            return kept[:depth]
        ask *= 4


def semantic_files(
    sources: Sources, pool: Sequence[Scored], file_of: dict[int, int], depth: int
) -> list[Scored]:
    """Files by the cosine of their best chunk in `pool`, at most `depth`.

    A file that holds an excluded word anywhere is left out, as it is on the lexical side.
    """
    files = best_per_file(pool, file_of)
    expression = exclusion(sources.query, sources.segment)
    if files and expression:
        where = sources.query.where
        unwanted = {id_ for id_, _ in sources.store.match_files(expression, MAX_EXCLUDED, where)}
        files = [row for row in files if row[0] not in unwanted]
    return files[:depth]


def weigh_words(sources: Sources, chunks: int) -> Weighed:
    """Common words that a large index can do without, and what the others tell.

    A phrase asks for words and not for what they mean, so what its words tell is not weighed.

    Args:
        sources: the question; what words tell matters beside a semantic side only.
        chunks: in the index; a small one is fast with all words.
    """
    alone, large = sources.vector is None, chunks >= LARGE_INDEX
    terms = bounded_terms(sources.query, sources.segment)
    if not terms or (alone and not large):
        return frozenset(), 0.0
    shares = sources.store.document_frequencies(list(dict.fromkeys(terms)))
    skip: frozenset[str] = frozenset()
    if large:
        skip = common_terms(shares, COMMON_SHARE_ALONE if alone else COMMON_SHARE)
    if alone or sources.query.phrases:
        return skip, 0.0
    return skip, told_by([term for term in terms if term not in skip], shares, chunks)


def _by_score(scores: dict[int, float]) -> list[Scored]:
    return sorted(scores.items(), key=lambda one: (-one[1], one[0]))
