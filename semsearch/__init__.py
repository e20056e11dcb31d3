"""Semantic search over your own files: index, ask, re-rank after a model switch."""

__version__ = "0.1.0"
