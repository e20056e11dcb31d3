"""A handful of chosen passages gets its vectors now, because somebody waits for them."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from semsearch.errors import SemsearchError
from semsearch.indexing.embedding import VectorFeed
from semsearch.indexing.tally import Tally
from semsearch.records import Filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.indexing.spending import Spending
    from semsearch.protocols import Embedder, Store
    from semsearch.records import Passage, Space


def embed_passages(
    store: Store,
    embedder: Embedder,
    space: Space,
    passages: Sequence[Passage],
    spending: Spending,
    *,
    send_withheld: bool = False,
) -> Filled:
    """Embed passages of the index into a space, in order, within a cap.

    The caller holds the index's lock: then nobody else is paying for the same passages.
    """
    tally = Tally((), 0, time.monotonic())
    stop = threading.Event()
    feed = VectorFeed(store, embedder, space, spending, tally, stop, send_withheld=send_withheld)
    fault: SemsearchError | None = None
    try:
        for _ in feed.embed(passages):
            pass
    except SemsearchError as error:
        fault = error
        feed.salvage()
    finally:
        feed.close()
    return Filled(tally.embedded, tally.tokens, tally.cost_usd, fault)
