"""Cuts documents into overlapping chunks with breadcrumbs, and makes the passages to embed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch import lazily

if TYPE_CHECKING:
    from semsearch.chunk.chunker import chunk_document
    from semsearch.chunk.options import CHUNKER_VERSION, ChunkOptions
    from semsearch.chunk.passage import to_passage, to_passages
    from semsearch.chunk.secrets import find_secret, find_secrets
    from semsearch.chunk.tokens import estimate_tokens

__all__ = [
    "CHUNKER_VERSION",
    "ChunkOptions",
    "chunk_document",
    "estimate_tokens",
    "find_secret",
    "find_secrets",
    "to_passage",
    "to_passages",
]

_HOMES = {
    "CHUNKER_VERSION": "options",
    "ChunkOptions": "options",
    "chunk_document": "chunker",
    "estimate_tokens": "tokens",
    "find_secret": "secrets",
    "find_secrets": "secrets",
    "to_passage": "passage",
    "to_passages": "passage",
}

__getattr__ = lazily(__name__, _HOMES)
