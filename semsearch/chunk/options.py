"""How chunks are cut: the sizes, and the version that says when old chunks are out of date."""

from __future__ import annotations

from typing import Final, NamedTuple

CHUNKER_VERSION: Final = 2
"""Changes when equal files would give other passages; old files are then chunked anew."""


class ChunkOptions(NamedTuple):
    """How large chunks may be.

    The defaults make 120 to 180 words of English, and fit a model that reads 256 tokens.
    """

    max_tokens: int = 250
    """Estimated tokens of a chunk, breadcrumb included."""
    max_chars: int = 1800
    overlap: float = 0.25
    """Share of a chunk that the next one may repeat."""
    max_chunks: int = 20_000
    """Chunks of one document; what follows is left out."""


DEFAULT_OPTIONS: Final = ChunkOptions()
