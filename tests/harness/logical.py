"""What an index says, apart from row numbers and times: two runs that mean the same are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import apsw

if TYPE_CHECKING:
    from pathlib import Path

Content = dict[str, list[tuple[Any, ...]]]
"""Rows by name, sorted."""

_FILE: Final = "root.path, file.relative"

_QUERIES: Final = {
    "roots": "SELECT path, include, exclude FROM root",
    "consents": "SELECT path, host FROM consent JOIN root ON root.id = consent.root",
    "files": f"SELECT {_FILE}, size, digest, kind, suffix, title, state, reason FROM file "
    "JOIN root ON root.id = file.root",
    "chunks": f"SELECT {_FILE}, ordinal, passage.digest, start_char, end_char, start_line, "
    "end_line, page, breadcrumb FROM chunk JOIN file ON file.id = chunk.file "
    "JOIN root ON root.id = file.root JOIN passage ON passage.id = chunk.passage",
    "passages": "SELECT digest, text, body, tokens, withheld FROM passage",
    "spaces": "SELECT endpoint, model, dimensions, native, document_form, query_form, state, "
    "active, candidates, alpha, covered FROM space",
    "vectors": "SELECT model, space.dimensions, digest, value FROM vector "
    "JOIN space ON space.id = vector.key >> 40 "
    "JOIN passage ON passage.id = vector.key & ((1 << 40) - 1)",
    "codes": "SELECT model, space.dimensions, digest, bits FROM code "
    "JOIN space ON space.id = code.key >> 40 "
    "JOIN passage ON passage.id = code.key & ((1 << 40) - 1)",
    "refusals": "SELECT model, digest, reason FROM refusal JOIN space ON space.id = refusal.space "
    "JOIN passage ON passage.id = refusal.passage",
    "words of chunks": f"SELECT {_FILE}, ordinal, term, col, offset FROM temp.chunk_words "
    "JOIN chunk ON chunk.id = doc JOIN file ON file.id = chunk.file "
    "JOIN root ON root.id = file.root",
    "words of files": f"SELECT {_FILE}, term, col, offset FROM temp.file_words "
    "JOIN file ON file.id = doc JOIN root ON root.id = file.root",
}


class Books(NamedTuple):
    """What the ledger says was sent."""

    calls: int
    inputs: int
    cost_usd: float
    unknown_inputs: int
    """Inputs of calls whose cost nobody told: no answer came."""


def content(path: Path) -> Content:
    """Everything the index says."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        for name in ("chunk", "file"):
            connection.execute(
                f"CREATE VIRTUAL TABLE temp.{name}_words USING fts5vocab(main, lexical_{name}, "
                "'instance')"
            )
        return {
            name: sorted(connection.execute(sql).fetchall(), key=repr)
            for name, sql in _QUERIES.items()
        }
    finally:
        connection.close()


def books(path: Path) -> Books:
    """The ledger's totals."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        rows: list[Any] = connection.execute(
            "SELECT count(*), coalesce(sum(inputs), 0), coalesce(sum(cost_usd), 0.0), "
            "coalesce(sum(inputs) FILTER (WHERE cost_usd IS NULL), 0) FROM ledger"
        ).fetchall()
        return Books(*rows[0])
    finally:
        connection.close()


def differences(found: Content, expected: Content) -> list[str]:
    """What differs, a line for each kind of row."""
    told = []
    for name, rows in expected.items():
        have, want = set(map(repr, found[name])), set(map(repr, rows))
        if have != want or len(found[name]) != len(rows):
            example = next(iter((want - have) or (have - want)), "the same rows, more than once")
            told.append(
                f"{name}: {len(want - have)} missing, {len(have - want)} too many; {example[:300]}"
            )
    return told
