"""Answer a question: a typed query in, ranked passages out."""

from __future__ import annotations

from semsearch.searching.answer import Options, search, similar
from semsearch.searching.filters import make_filter, merge
from semsearch.searching.query import from_arguments, parse_place, parse_query

__all__ = [
    "Options",
    "from_arguments",
    "make_filter",
    "merge",
    "parse_place",
    "parse_query",
    "search",
    "similar",
]
