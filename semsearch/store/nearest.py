"""Questions to the vectors: the two-stage search, exact cosines, stored vectors."""

from __future__ import annotations

import math

from semsearch.record import Record
from semsearch.store.base import KEYS_OF_SPACE, PASSAGE_BITS, PASSAGE_MASK, id_list
from semsearch.store.filters import restriction
from semsearch.store.ledger import Ledger
from semsearch.store.spaces import Spaces
from semsearch.vectors import gate, gate_many, widen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    import numpy as np
    from numpy.typing import NDArray

    from semsearch.records import Filter, Passage
    from semsearch.store.filters import Restriction
    from semsearch.store.resident import ResidentCodes

OVERSAMPLING: Final = 6
"""Candidates per wanted row, at least: calibration is for ten rows, a long list needs more."""

_FEWEST: Final = 100
"""Candidates a filtered search keeps, however small the set it searches."""

_BROAD: Final = 0.3
"""Share of the files from which on a filter is applied to a scan of all codes."""

# Parameters of every statement: 1 space, 2 sign code, 3 vector, 4 candidates, 5 limit,
# 6 codes scanned (broad filters), from 7 on the filter.

_SEARCH: Final = """WITH {candidates},
scored AS MATERIALIZED (
  SELECT candidate.key & {mask} AS passage, {cosine} AS cosine
  FROM candidate CROSS JOIN vector ON vector.key = candidate.key
)
SELECT chunk.id, cosine, {count}
FROM scored CROSS JOIN chunk ON chunk.passage = scored.passage {files}
WHERE cosine IS NOT NULL {condition} ORDER BY cosine DESC, chunk.id LIMIT ?5"""

_ATTEMPTS: Final = 3
"""Times candidates are looked for among codes in memory of which some were deleted since."""

_READ_AT_ONCE: Final = 2_000
"""Codes read into memory by one statement."""

_VECTORS_AT_ONCE: Final = 64
"""Vectors read and compared by one statement where the codes are in memory."""

_WIDER: Final = 1.5
"""Codes in memory that are compared closely, for each candidate. Of 100,000 vectors that find 0.994
to 0.998 of the ten nearest (384, 1024 and 1536 dimensions) and have three to four tenths of the
candidates read."""

_STORED: Final = (
    "SELECT vector.key, vector.value FROM json_each(?) "
    "CROSS JOIN vector ON vector.key = json_each.value"
)

_SHOWN: Final = (
    "SELECT chunk.id, json_each.value FROM json_each(?) "
    f"CROSS JOIN chunk ON chunk.passage = json_each.value & {PASSAGE_MASK}"
)

# Read only once, and so not written to a table of its own first: that would be done for every code
# before it is known whether it is near.
_ALL: Final = """candidate AS NOT MATERIALIZED (
  SELECT key FROM code WHERE {keys} ORDER BY {hamming} LIMIT ?4
)"""

_NARROW: Final = """allowed AS MATERIALIZED (
  SELECT DISTINCT ?1 << 40 | chunk.passage AS key FROM file CROSS JOIN chunk ON chunk.file = file.id
  WHERE {condition}
),
candidate AS MATERIALIZED (
  SELECT code.key FROM allowed CROSS JOIN code ON code.key = allowed.key
  ORDER BY {hamming}, code.key LIMIT ?4
)"""

_BROADLY: Final = """near AS MATERIALIZED (
  SELECT key, {hamming} AS distance FROM code WHERE {keys} ORDER BY distance, key LIMIT ?6
),
candidate AS MATERIALIZED (
  SELECT key FROM near WHERE EXISTS (
    SELECT 1 FROM chunk CROSS JOIN file ON file.id = chunk.file
    WHERE chunk.passage = near.key & {mask} AND {condition}
  ) ORDER BY distance, key LIMIT ?4
)"""


class _Plan(Record):
    """How one question is put."""

    space: int
    code: bytes
    query: bytes
    limit: int
    candidates: int
    only: Restriction | None


class Nearest(Spaces, Ledger):
    """Two stages in one statement: the codes that differ least, then exact cosines."""

    def nearest(
        self,
        space: int,
        vector: bytes,
        limit: int,
        where: Filter | None = None,
        *,
        oversampling: int = OVERSAMPLING,
    ) -> list[tuple[int, float]]:
        """`(chunk id, cosine)` by descending cosine, ties by chunk id.

        Exact when the candidates cover the (filtered) set; exactly `limit` rows when there are
        that many. `where` applies before the cut.

        Args:
            space: whose vectors.
            vector: the question, float32.
            limit: rows wanted.
            where: restricts which chunks may answer.
            oversampling: candidates per wanted row, at least. Fewer than usual say that the list
                is to be fused with another: then half the calibrated number is enough, which
                measured 0.994 of the ten nearest where all of it found 0.998 (100,000 x 1024).

        Raises:
            MalformedReply: the vector does not fit the space.
        """
        row = self._space_row(space)
        dimensions, candidates = row[3], row[7]
        if not dimensions or limit < 1:
            return []
        only = restriction(self._db, where, first=7) if where is not None else None
        if only is None and self._holds(space):
            query = gate_many([vector], dimensions).tobytes()
        else:
            query = gate(vector, dimensions)
        least = oversampling * limit
        if oversampling < OVERSAMPLING and only is None:
            candidates = math.ceil(candidates / 2)
        plan = _Plan(
            space, self._code_of(vector, query), query, limit, max(candidates, least), only
        )
        rows = self._nearest_of_all(plan) if only is None else self._nearest_filtered(plan, least)
        return [(chunk, min(cosine, 1.0)) for chunk, cosine, _ in rows]

    def hold_large_spaces(self, least: int) -> None:
        """Keep the sign codes of every space searched from now on that has `least` vectors.

        For processes that stay; see `hold_codes`.
        """
        self._hold_from = least

    def hold_codes(self, space: int) -> bool:
        """Keep the sign codes of a space in memory from now on; worth it for processes that stay.

        Costs `dimensions / 8 + 8` bytes per vector and imports numpy; what is added later is read
        when the next question comes. Filtered questions go on using SQL. Returns False when numpy
        is too old to count bits.
        """
        import numpy as np

        if not hasattr(np, "bitwise_count"):
            return False
        dimensions = self._space_row(space)[3]
        if dimensions and space not in self._held:
            self._load_codes(space)
        return bool(dimensions)

    def _load_codes(self, space: int) -> None:
        from semsearch.store.resident import ResidentCodes

        # Every page of codes is read once and never again from here.
        self._db.keep_few_pages()
        width = self._rotation(self._space_row(space)[3]).code_bytes
        self._held[space] = ResidentCodes(width, self._code_count(space))
        self._read_new_codes(space)

    def _read_new_codes(self, space: int) -> ResidentCodes:
        codes = self._held[space]
        first = space << PASSAGE_BITS
        while True:
            rows = self._db.rows(
                "SELECT key, bits FROM code WHERE key > ? AND key <= ? ORDER BY key LIMIT ?",
                (max(codes.last_key, first), first | PASSAGE_MASK, _READ_AT_ONCE),
            )
            codes.extend(rows)
            if len(rows) < _READ_AT_ONCE:
                return codes

    def _holds(self, space: int) -> bool:
        """Whether the codes of a space are in memory, reading them where they are to be."""
        if self._hold_from is not None and space not in self._held:
            covered = self._db.value("SELECT covered FROM space WHERE id = ?", (space,))
            if covered >= self._hold_from:
                self.hold_codes(space)
        return space in self._held

    def _nearest_of_held(self, plan: _Plan) -> list[Any]:
        """Candidates by the codes in memory, their cosines in products of matrices."""
        import numpy as np

        from semsearch.store.resident import best_of

        unit = np.frombuffer(plan.query, "<f4")
        point = self._rotation(len(unit)).rotated(unit[None])[0]
        with self._db.snapshot():
            for _ in range(_ATTEMPTS):
                codes = self._read_new_codes(plan.space)
                keys, agreement = codes.likeliest(
                    plan.code, point, math.ceil(_WIDER * plan.candidates)
                )
                measured, gone = self._measured(plan, keys, agreement)
                if not gone:
                    break
                if len(gone) > len(measured) // 8:
                    self._load_codes(plan.space)
                else:
                    codes.discard(gone)
            cosines = best_of(measured, plan.limit)
            rows = self._db.rows(_SHOWN, (id_list(cosines),))
        ranked = [(chunk, cosines[key], len(measured)) for chunk, key in rows]
        ranked.sort(key=lambda row: (-row[1], row[0]))
        return ranked[: plan.limit]

    def _measured(
        self, plan: _Plan, keys: Sequence[int], agreement: NDArray[np.float32]
    ) -> tuple[dict[int, float], list[int]]:
        """Cosines of the likeliest vectors, as many as it takes, and those that are gone meanwhile.

        Not all are read at once: the vectors of one question are megabytes, and a few tell how far
        the codes can be trusted.
        """
        from semsearch.store.resident import are_enough, cosines_of

        cosines: dict[int, float] = {}
        for start in range(0, min(len(keys), plan.candidates), _VECTORS_AT_ONCE):
            block = sorted(keys[start : start + _VECTORS_AT_ONCE])
            rows = self._db.rows(_STORED, (id_list(block),))
            if rows:
                found, halves = zip(*rows, strict=True)
                cosines.update(zip(found, cosines_of(halves, plan.query), strict=True))
            if len(rows) < len(block):
                return cosines, [key for key in block if key not in cosines]
            known = [cosines[key] for key in keys[: len(cosines)]]
            if are_enough(agreement[: plan.candidates], known, plan.limit):
                break
        return cosines, []

    def _nearest_of_all(self, plan: _Plan) -> list[Any]:
        if plan.space in self._held:
            rows = self._nearest_of_held(plan)
            if len(rows) == plan.limit:
                return rows
        rows = self._ask(_ALL, plan)
        # Candidates may be passages that no chunk shows any more.
        while len(rows) < plan.limit and plan.candidates < self._code_count(plan.space):
            plan = plan._replace(candidates=8 * plan.candidates)
            rows = self._ask(_ALL, plan)
        return rows

    def _nearest_filtered(self, plan: _Plan, least: int) -> list[Any]:
        """A narrow filter looks up the codes it allows; a broad one is applied to a scan.

        Both give the same rows: when the scan did not reach far enough to find as many allowed
        candidates as the look-up would have taken, the look-up is made after all.
        """
        share = self._share_of_files(plan)
        if not share:
            return []
        # A smaller set needs fewer candidates, by the square root as in `calibrate`; three times
        # that, because what a folder holds is more alike than a random sample of the same size.
        needed = math.ceil(plan.candidates * min(1.25, 3 * math.sqrt(share)))
        plan = plan._replace(candidates=max(needed, least, _FEWEST))
        if share >= _BROAD:
            rows = self._ask(_BROADLY, plan, sixth=math.ceil(1.5 * plan.candidates / share))
            if rows and rows[0][2] == plan.candidates:
                return rows
        return self._ask(_NARROW, plan)

    def _share_of_files(self, plan: _Plan) -> float:
        """The share of files the filter lets pass."""
        assert plan.only is not None
        files = self._db.value("SELECT count(*) FROM file")
        if not files:
            return 0.0
        # The filter's parameters are numbered from 7, for the search; here nothing is before them.
        before = [None] * 6 if plan.only.bindings else []
        allowed = self._db.value(
            f"SELECT count(*) FROM file WHERE {plan.only.sql}", (*before, *plan.only.bindings)
        )
        return float(allowed / files)

    def _ask(self, candidates: str, plan: _Plan, sixth: int | str | None = None) -> list[Any]:
        with self._db.snapshot():
            newest = self._db.value("SELECT max(key) FROM code") or 0
            # Without an end to look for at every code, where no other space comes behind.
            last = newest >> PASSAGE_BITS <= plan.space
            keys = "key >= ?1 << 40" if last else KEYS_OF_SPACE
            return self._ask_codes(candidates, keys, plan, sixth)

    def _ask_codes(
        self, candidates: str, keys: str, plan: _Plan, sixth: int | str | None
    ) -> list[Any]:
        condition = plan.only.sql if plan.only else ""
        functions = self._functions
        sql = _SEARCH.format(
            candidates=candidates.format(
                hamming=functions.hamming,
                condition=condition,
                keys=keys,
                mask=PASSAGE_MASK,
            ),
            mask=PASSAGE_MASK,
            cosine=functions.cosine,
            count="(SELECT count(*) FROM candidate)" if plan.only else "?4",
            files="CROSS JOIN file ON file.id = chunk.file" if condition else "",
            condition=f"AND {condition}" if condition else "",
        )
        bindings: list[Any] = [plan.space, plan.code, plan.query, plan.candidates, plan.limit]
        if plan.only or sixth is not None:
            bindings.append(sixth)
        if plan.only:
            bindings += plan.only.bindings
        return self._db.rows(sql, bindings)

    def _code_count(self, space: int) -> int:
        return int(self._db.value(f"SELECT count(*) FROM code WHERE {KEYS_OF_SPACE}", (space,)))

    def cosines(self, space: int, vector: bytes, chunks: Sequence[int]) -> dict[int, float]:
        """Exact cosine for these chunks, leaving out those without a vector."""
        dimensions = self._space_row(space)[3]
        if not dimensions:
            return {}
        rows = self._db.rows(
            f"SELECT chunk.id, {self._functions.cosine} FROM json_each(?2) "
            "CROSS JOIN chunk ON chunk.id = json_each.value "
            "CROSS JOIN vector ON vector.key = (?1 << 40 | chunk.passage)",
            (space, id_list(chunks), gate(vector, dimensions)),
        )
        return {chunk: min(cosine, 1.0) for chunk, cosine in rows if cosine is not None}

    def chunk_vectors(self, space: int, chunks: Sequence[int]) -> dict[int, bytes]:
        """Stored unit vectors, float32."""
        rows = self._db.rows(
            "SELECT chunk.id, vector.value FROM json_each(?2) "
            "CROSS JOIN chunk ON chunk.id = json_each.value "
            "CROSS JOIN vector ON vector.key = (?1 << 40 | chunk.passage)",
            (space, id_list(chunks)),
        )
        return {chunk: widen(value) for chunk, value in rows}

    def sample_passages(self, space: int, count: int) -> list[tuple[Passage, bytes]]:
        """Up to `count` passages spread over the space, with their float32 vectors: canaries."""
        rows = self._db.rows(f"SELECT key FROM code WHERE {KEYS_OF_SPACE} ORDER BY key", (space,))
        step = max(1, len(rows) // max(1, count))
        found = self._db.rows(
            "SELECT digest, text, body, tokens, withheld, vector.value FROM json_each(?) "
            "CROSS JOIN vector ON vector.key = json_each.value "
            f"CROSS JOIN passage ON passage.id = vector.key & {PASSAGE_MASK}",
            (id_list(key for (key,) in rows[::step][:count]),),
        )
        from semsearch.records import Passage

        return [(Passage(*row[:5]), widen(row[5])) for row in found]
