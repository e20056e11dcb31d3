"""What left of which file: the ledger read from the side of the paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.records import Filter, SentText
from semsearch.store.base import absolute
from semsearch.store.filters import restriction

if TYPE_CHECKING:
    from semsearch.store.driver import Database


def sent_texts(db: Database, path: bytes) -> list[SentText]:
    """What left of each file at or below an absolute `path`, by file, host and model.

    That is the text standing there now. A passage that stands in several files counts for each;
    a call's cost is shared out by the estimated tokens of its passages.
    """
    only = restriction(db, Filter(folders=(path,)), first=1)
    assert only is not None
    rows = db.rows(
        "SELECT root.path, file.relative, ledger.host, ledger.model, count(*), "
        "sum(passage.tokens), sum(ledger.cost_usd * CASE WHEN ledger.tokens > 0 "
        "THEN min(1.0, 1.0 * passage.tokens / ledger.tokens) ELSE 1.0 / ledger.inputs END), "
        "min(ledger.at_ns), max(ledger.at_ns), count(ledger.cost_usd) "
        "FROM file CROSS JOIN root ON root.id = file.root CROSS JOIN "
        "(SELECT DISTINCT file, passage FROM chunk) AS held ON held.file = file.id "
        "CROSS JOIN passage ON passage.id = held.passage CROSS JOIN space CROSS JOIN vector "
        "ON vector.key = (space.id << 40 | held.passage) "
        "CROSS JOIN ledger ON ledger.id = vector.ledger "
        f"WHERE {only.sql} GROUP BY file.id, ledger.host, ledger.model "
        "ORDER BY root.path, file.relative, ledger.host, ledger.model",
        only.bindings,
    )
    return [
        SentText(
            absolute(root, relative),
            host,
            model,
            passages,
            tokens,
            cost if known == passages else None,
            first,
            last,
        )
        for root, relative, host, model, passages, tokens, cost, first, last, known in rows
    ]
