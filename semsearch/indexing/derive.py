"""Shorter vectors cut from longer ones of the same model: nothing is sent, nothing is paid.

Matryoshka training makes the beginning of a vector a vector; the store gives it back its length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from semsearch.protocols import Store
    from semsearch.records import Space

_AT_ONCE: Final = 1024


def derive(store: Store, source: Space, space: Space) -> Iterator[int]:
    """Cut everything `source` has and `space` has not; yields how many after each commit.

    It can end anywhere: what is missing is found again.
    """
    width, last = 4 * space.key.dimensions, 0
    while rows := store.vectors_beyond(source.id, space.id, _AT_ONCE, last):
        passages = [passage for _, passage, _ in rows]
        store.add_vectors(space.id, passages, [vector[:width] for _, _, vector in rows], None)
        last = rows[-1][0]
        yield len(rows)


def derive_chunks(store: Store, source: Space, space: Space, chunks: Sequence[int]) -> int:
    """The same for these chunks alone; returns how many vectors were cut."""
    passages = store.passages_of_chunks(chunks)
    vectors = store.chunk_vectors(source.id, chunks)
    have = store.embedded(space.id, [passage.digest for passage in passages.values()])
    missing = {
        passage.digest: (passage, vectors[chunk][: 4 * space.key.dimensions])
        for chunk, passage in passages.items()
        if chunk in vectors and passage.digest not in have
    }
    if missing:
        texts, cut = zip(*missing.values(), strict=True)
        store.add_vectors(space.id, texts, cut, None)
    return len(missing)
