"""Cuts documents into overlapping chunks with breadcrumbs, and makes the passages to embed."""

from __future__ import annotations

from semsearch.chunk.chunker import CHUNKER_VERSION, ChunkOptions, chunk_document
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
