"""The index: one SQLite file with texts, vectors, lexical tables and the books."""

from semsearch.store.lexical import segment
from semsearch.store.sqlite import SqliteStore, open_index, versions

__all__ = ["SqliteStore", "open_index", "segment", "versions"]
