"""Two models on the same candidates: both rankings, every move, and how far they agree.

Each ranking is its model's cosine alone. Within the candidates it is the order an index made from
scratch with that model would give them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.records import ComparedRow
from semsearch.searching.hits import chunk_path
from semsearch.searching.rerank import order_by_cosine
from semsearch.searching.snippet import Matcher, best_snippet
from semsearch.store import segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.protocols import Store
    from semsearch.records import Query, Space
    from semsearch.searching.rerank import Shortlist


def compared_rows(
    store: Store,
    query: Query,
    listed: Shortlist,
    a: tuple[Space, bytes | None],
    b: tuple[Space, bytes | None],
) -> tuple[ComparedRow, ...]:
    """Every candidate with its rank and cosine in both spaces; B's order, then A's.

    Args:
        store: the index.
        query: what was looked for.
        listed: the candidates.
        a: a space, and the query in it (None: it cannot be ranked there).
        b: the other one.
    """
    sides = []
    for space, vector in (a, b):
        cosines = {} if vector is None else store.cosines(space.id, vector, listed.chunks)
        ordered = order_by_cosine(listed.chunks, cosines)
        sides.append((cosines, {chunk: rank for rank, chunk in enumerate(ordered, 1)}))
    (cosines_a, ranks_a), (cosines_b, ranks_b) = sides
    finder = Matcher(query.terms, query.phrases, segment)
    rows = [
        ComparedRow(
            row.chunk,
            chunk_path(row),
            row.start_line,
            row.breadcrumb,
            best_snippet(row.text, finder).text,
            ranks_a.get(row.chunk),
            ranks_b.get(row.chunk),
            cosines_a.get(row.chunk),
            cosines_b.get(row.chunk),
        )
        for row in store.chunk_rows(listed.chunks)
    ]
    last = len(rows) + 1
    rows.sort(key=lambda row: (row.rank_b or last, row.rank_a or last))
    return tuple(rows)


def overlap(rows: Sequence[ComparedRow], k: int) -> float | None:
    """Share of the first k passages that both rankings have; None when one has none.

    Where there are fewer than k candidates, all of them are the first k.
    """
    first_a = {row.chunk for row in rows if row.rank_a is not None and row.rank_a <= k}
    first_b = {row.chunk for row in rows if row.rank_b is not None and row.rank_b <= k}
    if not first_a or not first_b:
        return None
    return len(first_a & first_b) / max(len(first_a), len(first_b))


def agreement(rows: Sequence[ComparedRow]) -> float | None:
    """Kendall's tau over the passages both rank; None for fewer than two of them."""
    pairs = [
        (row.rank_a, row.rank_b)
        for row in rows
        if row.rank_a is not None and row.rank_b is not None
    ]
    total = len(pairs) * (len(pairs) - 1) // 2
    if not total:
        return None
    in_a = [b for _, b in sorted(pairs)]
    swapped = sum(
        first > second for place, first in enumerate(in_a) for second in in_a[place + 1 :]
    )
    return 1.0 - 2.0 * swapped / total
