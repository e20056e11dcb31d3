"""The books: what was sent where and what it cost, cached queries, relevance marks, run notes."""

from __future__ import annotations

import sys
import time

from semsearch.errors import BusyError, StorageError
from semsearch.store.base import Part, absolute, id_list
from semsearch.store.filters import restriction
from semsearch.vectors import Rotation, gate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    from semsearch.records import DaySpend, Judgment, LedgerEntry, RootSpend, Sent, Spend

_CACHED_QUERIES: Final = 4096
"""Oldest go first; 4096 queries of 1536 dimensions take 26 MB."""

_CODES_KEPT: Final = 64
"""Codes of recent queries, kept so that a cached query is not rotated again."""

_SENT: Final = (
    "at_ns, host, model, served_by, purpose, inputs, tokens, cost_usd, request_id, digest"
)


class Ledger(Part):
    """Everything about the past: calls, queries, marks, and notes the flows leave for later."""

    # --- calls -------------------------------------------------------------------------------

    def record_sent(self, sent: Sent, shares: Mapping[int, float] | None = None) -> None:
        """A ledger entry for a call that stored no passage vectors (a query, a failure).

        `shares` as in `announce_sent`.
        """
        with self._db.change():
            self._add_sent(sent, shares)

    def announce_sent(self, sent: Sent, shares: Mapping[int, float] | None = None) -> int:
        """Enter a call before it is made, its cost unknown; returns the entry to settle.

        `shares`: how much of it is text of which root, adding up to 1; none for a question.

        Whatever ends this process, the books then know what may have been paid for. A power cut
        may lose an entry that no later commit has followed: waiting for the disk would cost more
        than the call.
        """
        try:
            with self._db.change(hurried=True):
                return self._add_sent(sent, shares)
        except BusyError:
            with self._db.change():
                return self._add_sent(sent, shares)

    def settle_sent(self, entry: int, sent: Sent | None) -> None:
        """What came of an announced call that stored no vectors; None: it was never made."""
        with self._db.change():
            if sent is None:
                self._db.run("DELETE FROM ledger WHERE id = ?", (entry,))
            else:
                self._complete_sent(entry, sent)

    def _complete_sent(self, entry: int, sent: Sent) -> int:
        self._db.run(
            "UPDATE ledger SET served_by = ?, tokens = ?, cost_usd = ?, request_id = ? "
            "WHERE id = ?",
            (sent.served_by, sent.tokens, sent.cost_usd, sent.request_id, entry),
        )
        self._seal_call(entry)
        return entry

    def _seal_call(self, entry: int) -> None:
        from semsearch.store.seals import seal

        seal(self._db, "ledger", "id = ?", (entry,))

    def _add_sent(self, sent: Sent, shares: Mapping[int, float] | None = None) -> int:
        entry = self._db.insert(
            f"INSERT INTO ledger({_SENT}) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (time.time_ns(), *sent),
        )
        self._seal_call(entry)
        if shares:
            self._db.many(
                "INSERT INTO share(ledger, root, part, checksum) "
                "VALUES(?1, ?2, ?3, row_checksum(?1, ?2, CAST(?3 AS REAL)))",
                [(entry, root, part) for root, part in shares.items()],
            )
        return entry

    def sent(self, path: bytes | None = None) -> list[LedgerEntry]:
        """Every call, oldest first; with an absolute `path`, those that carried its text.

        That is the text standing at or below `path` now: what has been edited away since is in
        the full list only.
        """
        from semsearch.records import Filter, LedgerEntry, Sent

        condition, bindings = "", ()
        if path is not None:
            only = restriction(self._db, Filter(folders=(path,)), first=1)
            assert only is not None
            condition, bindings = (
                "WHERE id IN (SELECT vector.ledger FROM file CROSS JOIN chunk "
                "ON chunk.file = file.id CROSS JOIN space CROSS JOIN vector "
                f"ON vector.key = (space.id << 40 | chunk.passage) WHERE {only.sql})",
                only.bindings,
            )
        rows = self._db.rows(f"SELECT {_SENT} FROM ledger {condition} ORDER BY id", bindings)
        return [LedgerEntry(row[0], Sent(*row[1:])) for row in rows]

    def spend(self) -> list[Spend]:
        """What each model at each host has cost, dearest first."""
        from semsearch.records import Spend

        rows = self._db.rows(
            "SELECT host, model, count(*), sum(inputs), coalesce(sum(tokens), 0), "
            "coalesce(sum(cost_usd), 0.0) AS cost FROM ledger GROUP BY host, model "
            "ORDER BY cost DESC, host, model"
        )
        return [Spend(*row) for row in rows]

    def spend_by_day(self, days: int) -> list[DaySpend]:
        """What each model at each host cost on each of the latest days with a call, in UTC."""
        from semsearch.records import DaySpend, Spend

        rows = self._db.rows(
            "SELECT date(at_ns / 1000000000, 'unixepoch') AS day, host, model, count(*), "
            "sum(inputs), coalesce(sum(tokens), 0), coalesce(sum(cost_usd), 0.0) AS cost "
            "FROM ledger GROUP BY day, host, model HAVING day >= (SELECT min(day) FROM (SELECT "
            "DISTINCT date(at_ns / 1000000000, 'unixepoch') AS day FROM ledger "
            "ORDER BY day DESC LIMIT ?)) ORDER BY day DESC, cost DESC, host, model",
            (days,),
        )
        return [DaySpend(row[0], Spend(*row[1:])) for row in rows]

    def spend_by_root(self, days: int) -> list[RootSpend]:
        """What each model cost for each root on each of the latest days with a call, in UTC.

        A call with text of several roots counts for each by its share; one without text of any (a
        question), and what older versions did not write down, stands under no root. Together they
        are what `spend_by_day` says.
        """
        from semsearch.records import RootSpend

        rows = self._db.rows(
            "SELECT date(at_ns / 1000000000, 'unixepoch') AS day, host, model, share.root, "
            "root.path, sum(coalesce(tokens, 0) * coalesce(part, 1.0)), "
            "sum(coalesce(cost_usd, 0.0) * coalesce(part, 1.0)) AS cost FROM ledger "
            "LEFT JOIN share ON share.ledger = ledger.id LEFT JOIN root ON root.id = share.root "
            "GROUP BY day, host, model, share.root HAVING day >= (SELECT min(day) FROM (SELECT "
            "DISTINCT date(at_ns / 1000000000, 'unixepoch') AS day FROM ledger "
            "ORDER BY day DESC LIMIT ?)) ORDER BY day DESC, cost DESC, host, model, share.root",
            (days,),
        )
        return [
            RootSpend(day, host, model, root, path, round(tokens), cost)
            for day, host, model, root, path, tokens, cost in rows
        ]

    def calls_without_cost(self) -> dict[str, int]:
        """By host, calls of which nobody said what they cost: it never does, or was cut short."""
        return dict(
            self._db.rows("SELECT host, count(*) FROM ledger WHERE cost_usd IS NULL GROUP BY host")
        )

    def providers(self, host: str, model: str) -> list[str]:
        """Who answered for a model at a host when texts were embedded, in order of appearance."""
        rows = self._db.rows(
            "SELECT served_by FROM ledger WHERE host = ? AND model = ? AND served_by <> '' "
            "AND purpose IN ('document', 'query') GROUP BY served_by ORDER BY min(id)",
            (host, model),
        )
        return [name for (name,) in rows]

    def spend_of_roots(self) -> dict[int, float]:
        """US dollars each root's text has cost so far, by root id."""
        rows = self._db.rows(
            "SELECT root, sum(cost_usd * part) FROM share "
            "CROSS JOIN ledger ON ledger.id = share.ledger WHERE cost_usd IS NOT NULL GROUP BY root"
        )
        return dict(rows)

    def dearest_call(self, host: str, model: str, purpose: str) -> float:
        """What the dearest call of this kind has cost so far, in US dollars; 0 when none did."""
        cost = self._db.value(
            "SELECT coalesce(max(cost_usd), 0.0) FROM ledger "
            "WHERE host = ? AND model = ? AND purpose = ?",
            (host, model, purpose),
        )
        assert isinstance(cost, float)
        return cost

    def spent_since(self, at_ns: int) -> float:
        """US dollars spent since a moment, over the calls whose cost is known."""
        cost = self._db.value(
            "SELECT coalesce(sum(cost_usd), 0.0) FROM ledger WHERE at_ns >= ?", (at_ns,)
        )
        assert isinstance(cost, float)
        return cost

    # --- cached queries ----------------------------------------------------------------------

    def cached_query(self, space: int, text: str) -> bytes | None:
        """The vector this query had in the space, so that asking again costs nothing."""
        row = self._db.row(
            "SELECT value, bits FROM query_vector WHERE space = ? AND query = ?", (space, text)
        )
        if row is None or not (isinstance(row[0], bytes) and isinstance(row[1], bytes)):
            return None  # not asked before, or damaged: then it is asked again
        self._codes[row[0]] = row[1]
        return row[0]

    def cache_query(self, space: int, text: str, vector: bytes) -> None:
        """Keep a query's vector; does nothing when the index cannot be written now."""
        if self._db.read_only:
            return
        try:
            with self._db.change(hurried=True):
                id = self._db.insert(
                    "INSERT OR REPLACE INTO query_vector(space, query, value, bits, checksum) "
                    "VALUES(?1, ?2, ?3, ?4, row_checksum(?1, ?2, ?3, ?4))",
                    (space, text, vector, self._code_of(vector, gate(vector, len(vector) // 4))),
                )
                self._db.run("DELETE FROM query_vector WHERE id <= ?", (id - _CACHED_QUERIES,))
        except (BusyError, StorageError):
            # Nobody waits for a cache, and a full disk must not take the answer away.
            return

    def _code_of(self, vector: bytes, unit: bytes) -> bytes:
        """The sign code of a query's vector, given with its unit form; remembered for a while."""
        code = self._codes.get(vector)
        if code is None:
            rotation = self._rotation(len(unit) // 4)
            if "numpy" in sys.modules:
                # Not imported for one vector, but ten times as fast where it is there.
                import numpy as np

                code = rotation.sign_codes(np.frombuffer(unit, "<f4")[None])[0]
            else:
                code = rotation.sign_code(unit)
            if len(self._codes) >= _CODES_KEPT:
                self._codes.clear()
            self._codes[vector] = code
        return code

    def _rotation(self, dimensions: int) -> Rotation:
        rotation = self._rotations.get(dimensions)
        if rotation is None:
            rotation = self._rotations[dimensions] = Rotation(dimensions)
        return rotation

    # --- history and judgments ---------------------------------------------------------------

    def remember_query(self, query: str, mode: str, hits: int) -> None:
        """Add to the history; does nothing when the index cannot be written now."""
        if self._db.read_only:
            return
        try:
            with self._db.change(hurried=True):
                self._db.run(
                    "INSERT INTO history(query, mode, hits, at_ns, checksum) "
                    "VALUES(?1, ?2, ?3, ?4, row_checksum(?1, ?2, ?3, ?4))",
                    (query, mode, hits, time.time_ns()),
                )
        except (BusyError, StorageError):
            # As with the cache: a search has its answer whether or not it is remembered.
            return

    def recent_queries(self, limit: int) -> list[str]:
        """Past queries, each once, the latest first."""
        rows = self._db.rows(
            "SELECT query FROM history GROUP BY query ORDER BY max(id) DESC LIMIT ?", (limit,)
        )
        return [query for (query,) in rows]

    def judge(self, query: str, chunk: int, grade: int | None) -> None:
        """Mark how relevant a chunk is to a query (0: not at all); None takes the mark back."""
        with self._db.change():
            row = self._db.row(
                "SELECT root.path, file.relative, passage.digest FROM chunk CROSS JOIN file "
                "ON file.id = chunk.file CROSS JOIN root ON root.id = file.root "
                "CROSS JOIN passage ON passage.id = chunk.passage WHERE chunk.id = ?",
                (chunk,),
            )
            if row is None:
                return
            mark = (query, absolute(row[0], row[1]), row[2])
            if grade is None:
                self._db.run(
                    "DELETE FROM judgment WHERE query = ? AND path = ? AND passage = ?",
                    mark,
                )
                return
            self._db.run(
                "INSERT OR REPLACE INTO judgment(query, path, passage, grade, at_ns, checksum) "
                "VALUES(?1, ?2, ?3, ?4, ?5, row_checksum(?1, ?2, ?3, ?4, ?5))",
                (*mark, grade, time.time_ns()),
            )

    def grades(self, query: str, chunks: Sequence[int]) -> dict[int, int]:
        """The marks these chunks have for a query; unmarked ones are left out."""
        rows = self._db.rows("SELECT path, passage, grade FROM judgment WHERE query = ?", (query,))
        marks = {(path, passage): grade for path, passage, grade in rows}
        if not marks:
            return {}
        rows = self._db.rows(
            "SELECT chunk.id, root.path, file.relative, passage.digest FROM json_each(?) AS wanted "
            "CROSS JOIN chunk ON chunk.id = wanted.value CROSS JOIN file ON file.id = chunk.file "
            "CROSS JOIN root ON root.id = file.root "
            "CROSS JOIN passage ON passage.id = chunk.passage",
            (id_list(chunks),),
        )
        found = {id: marks.get((absolute(root, name), digest)) for id, root, name, digest in rows}
        return {id: grade for id, grade in found.items() if grade is not None}

    def judgments(self) -> list[Judgment]:
        """Every mark, in the order they were made."""
        from semsearch.records import Judgment

        rows = self._db.rows("SELECT query, path, passage, grade FROM judgment ORDER BY at_ns, id")
        return [Judgment(*row) for row in rows]

    # --- notes -------------------------------------------------------------------------------

    def note(self, key: str) -> str | None:
        """A value some flow left with `set_note`, such as the digest of a root's rules."""
        value = self._db.value("SELECT value FROM meta WHERE key = ?", (key,))
        return None if value is None else str(value)

    def set_note(self, key: str, value: str | None) -> None:
        """Keep a small value with the index; None removes it."""
        with self._db.change():
            if value is None:
                self._db.run("DELETE FROM meta WHERE key = ?", (key,))
            else:
                self._db.run(
                    "INSERT OR REPLACE INTO meta(key, value, checksum) "
                    "VALUES(?1, ?2, row_checksum(?1, ?2))",
                    (key, value),
                )
