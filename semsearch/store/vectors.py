"""Vectors of passages: storing paid batches, and knowing what is still missing."""

from __future__ import annotations

import time

from semsearch.errors import MalformedReply
from semsearch.store.base import (
    DIGESTS,
    KEYS_OF_SPACE,
    PASSAGE_BITS,
    PASSAGE_MASK,
    digest_list,
    id_list,
)
from semsearch.store.ledger import Ledger
from semsearch.store.passages import Passages
from semsearch.store.spaces import Spaces
from semsearch.vectors import gate_many, narrow_many, widen, widen_many

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Final

    from semsearch.records import Passage, Sent

_CALIBRATION_VECTORS: Final = 2000
"""Latest vectors whose calls calibrate the token estimate; more would cost time, not add to it."""

_ENCODED_AT_ONCE: Final = 24_576
"""Values; 96 KB as float32."""


class Vectors(Spaces, Passages, Ledger):
    """Vectors hang on passages, so equal text is embedded once, wherever it stands."""

    # --- storing -----------------------------------------------------------------------------

    def embedded(self, space: int, digests: Sequence[bytes]) -> set[bytes]:
        """Which of these passages already have a vector in the space."""
        rows = self._db.rows(
            f"SELECT digest FROM {DIGESTS} CROSS JOIN code ON code.key = (? << 40 | passage.id)",
            (digest_list(digests), space),
        )
        return {digest for (digest,) in rows}

    def add_vectors(
        self,
        space: int,
        passages: Sequence[Passage],
        vectors: Sequence[bytes],
        sent: Sent | None,
        entry: int | None = None,
    ) -> None:
        """Store one paid batch with its ledger entry, passages included, in one transaction.

        A passage that has a vector in the space keeps it. With `entry`, `sent` completes a call
        that was announced.

        Raises:
            MalformedReply: a vector is not what `gate` lets pass, or one is missing; nothing has
                been written then.
        """
        if len(passages) != len(vectors):
            raise MalformedReply(f"{len(vectors)} vectors came for {len(passages)} texts.")
        if not passages:
            return
        known = self._dimensions(space)
        dimensions = known or len(vectors[0]) // 4
        values, codes = self._encode(vectors, dimensions)
        with self._db.change():
            ledger = None
            if sent is not None:
                ledger = self._add_sent(sent) if entry is None else self._complete_sent(entry, sent)
            if not known:
                self._learn_dimensions(space, dimensions)
            self._insert_vectors(space, passages, values, codes, ledger)

    def _encode(self, vectors: Sequence[bytes], dimensions: int) -> tuple[list[bytes], list[bytes]]:
        """Proven vectors as they are stored, with their sign codes."""
        rotation, width = self._rotation(dimensions), 2 * dimensions
        values: list[bytes] = []
        codes: list[bytes] = []
        # In parts small enough that their arrays stay in the processor's cache.
        step = max(1, _ENCODED_AT_ONCE // dimensions)
        for start in range(0, len(vectors), step):
            part = gate_many(vectors[start : start + step], dimensions, first=start)
            halves = narrow_many(part).tobytes()
            values += [halves[i : i + width] for i in range(0, len(halves), width)]
            # From the vector as it is stored, so that repair makes the same code.
            codes += rotation.sign_codes(widen_many(halves, dimensions))
        return values, codes

    def _insert_vectors(
        self,
        space: int,
        passages: Sequence[Passage],
        values: list[bytes],
        codes: list[bytes],
        ledger: int | None,
    ) -> None:
        from semsearch.store.checksums import vector_checksum

        digests = [passage.digest for passage in passages]
        before, now = self._store_passages(passages)
        waiting = self._without_vector(space, before) if before else []
        first = space << PASSAGE_BITS
        place = {digest: number for number, digest in enumerate(digests)}
        rows = [(first | id, place[digest]) for digest, id in (*waiting, *now.items())]
        self._db.insert_many("code(key, bits)", [(key, codes[number]) for key, number in rows])
        self._db.insert_many(
            "vector(key, value, checksum, ledger)",
            [
                (key, values[i], vector_checksum(space, digests[i], values[i]), ledger)
                for key, i in rows
            ],
        )
        if waiting:  # a text that is new stands in no chunk yet
            self._db.run(
                "UPDATE space SET covered = covered + (SELECT count(*) FROM json_each(?) "
                "CROSS JOIN chunk ON chunk.passage = json_each.value) WHERE id = ?",
                (id_list(id for _, id in waiting), space),
            )

    def _without_vector(self, space: int, passages: dict[bytes, int]) -> list[tuple[bytes, int]]:
        """Those of these row ids, with their digests, that have no vector in the space."""
        first = space << PASSAGE_BITS
        held = {
            key - first
            for (key,) in self._db.rows(
                "SELECT key FROM code WHERE key IN (SELECT value FROM json_each(?))",
                (id_list(first | id for id in passages.values()),),
            )
        }
        return [(digest, id) for digest, id in passages.items() if id not in held]

    def _learn_dimensions(self, space: int, dimensions: int) -> None:
        self._db.run("UPDATE space SET dimensions = ? WHERE id = ?", (dimensions, space))
        self._seal_space(space)

    def _dimensions(self, space: int) -> int:
        return int(self._space_row(space)[3])

    def unembedded(self, space: int, limit: int, remote: bool) -> list[Passage]:
        """Passages of visible chunks that still need a vector; recently changed files come first.

        Those the model has refused are left out; with `remote`, withheld ones are too.
        """
        rows = self._db.rows(
            "SELECT passage.digest, text, body, tokens, withheld "
            f"FROM file CROSS JOIN chunk ON chunk.file = file.id {_PENDING} "
            "ORDER BY file.mtime_ns DESC, chunk.id LIMIT ?3",
            (space, int(remote), limit),
        )
        from semsearch.records import Passage

        return [Passage(*row) for row in rows]

    def unembedded_of(self, space: int, chunks: Sequence[int], remote: bool) -> list[Passage]:
        """The passages of these chunks that `unembedded` would return, each once, in order."""
        rows = self._db.rows(
            "SELECT DISTINCT passage.digest, text, body, tokens, withheld FROM json_each(?3) "
            f"CROSS JOIN chunk ON chunk.id = json_each.value {_PASSAGE} WHERE {_WANTING}",
            (space, int(remote), id_list(chunks)),
        )
        from semsearch.records import Passage

        return [Passage(*row) for row in rows]

    def vectors_beyond(
        self, space: int, other: int, limit: int, after: int = 0
    ) -> list[tuple[int, Passage, bytes]]:
        """`(passage id, passage, float32 vector)` of what `space` has and `other` has not.

        By ascending passage id, those above `after`.
        """
        rows = self._db.rows(
            "SELECT passage.id, digest, text, body, tokens, withheld, vector.value FROM vector "
            f"CROSS JOIN passage ON passage.id = vector.key & {PASSAGE_MASK} "
            f"WHERE vector.key > (?1 << 40 | ?4) AND vector.key <= (?1 << 40 | {PASSAGE_MASK}) "
            "AND NOT EXISTS (SELECT 1 FROM code WHERE code.key = (?2 << 40 | passage.id)) "
            "AND EXISTS (SELECT 1 FROM chunk WHERE chunk.passage = passage.id) "
            "ORDER BY vector.key LIMIT ?3",
            (space, other, limit, after),
        )
        from semsearch.records import Passage

        return [(row[0], Passage(*row[1:6]), widen(row[6])) for row in rows]

    def pending(self, space: int, remote: bool) -> tuple[int, int]:
        """`(passages, estimated tokens)` of everything `unembedded` would return without limit."""
        row = self._db.row(
            f"SELECT count(*), coalesce(sum(tokens), 0) FROM chunk {_PENDING}",
            (space, int(remote)),
        )
        assert row is not None
        return row[0], row[1]

    def token_ratio(self, space: int) -> float:
        """How many tokens the space's model counted for each one estimated; 1.0 while unknown.

        Over the latest calls whose passages are all still here.
        """
        row = self._db.row(
            "SELECT sum(ledger.tokens), sum(estimated) FROM (SELECT ledger AS id, "
            "count(*) AS held, sum(tokens) AS estimated FROM ("
            "SELECT vector.ledger, passage.tokens FROM vector "
            f"CROSS JOIN passage ON passage.id = vector.key & {PASSAGE_MASK} "
            f"WHERE {KEYS_OF_SPACE} AND vector.ledger IS NOT NULL ORDER BY key DESC LIMIT ?2) "
            "GROUP BY ledger) AS held_calls CROSS JOIN ledger ON ledger.id = held_calls.id "
            "WHERE ledger.tokens > 0 AND ledger.inputs = held",
            (space, _CALIBRATION_VECTORS),
        )
        assert row is not None
        return float(row[0] / row[1]) if row[0] and row[1] else 1.0

    def reused_tokens(self, space: int) -> int:
        """Estimated tokens this space did not have to be sent: repeated texts, and cut vectors."""
        repeated = self._db.value(
            "SELECT sum(tokens * (copies - 1)) FROM (SELECT passage AS id, count(*) AS copies "
            "FROM chunk GROUP BY passage HAVING copies > 1) AS repeated "
            "CROSS JOIN passage ON passage.id = repeated.id "
            "CROSS JOIN code ON code.key = (?1 << 40 | repeated.id)",
            (space,),
        )
        cut = self._db.value(
            "SELECT sum(passage.tokens) FROM vector "
            f"CROSS JOIN passage ON passage.id = vector.key & {PASSAGE_MASK} "
            f"WHERE {KEYS_OF_SPACE} AND vector.ledger IS NULL",
            (space,),
        )
        return int(repeated or 0) + int(cut or 0)

    def record_failures(self, space: int, failures: Iterable[tuple[bytes, str]]) -> None:
        """Remember `(digest, reason)` of passages the model refuses, so nobody pays again."""
        now = time.time_ns()
        with self._db.change():
            self._db.many(
                "INSERT OR REPLACE INTO refusal(space, passage, reason, at_ns, checksum) "
                "SELECT ?1, id, ?2, ?3, row_checksum(?1, id, ?2, ?3) FROM passage "
                "WHERE digest = ?4",
                [(space, reason, now, digest) for digest, reason in failures],
            )

    def forget_failures(self, space: int) -> int:
        """Let everything the model refused be tried again; returns how many passages."""
        with self._db.change():
            return self._db.run("DELETE FROM refusal WHERE space = ?", (space,))


_PASSAGE: Final = "CROSS JOIN passage ON passage.id = chunk.passage"

_WANTING: Final = """NOT EXISTS (SELECT 1 FROM code WHERE code.key = (?1 << 40 | chunk.passage))
AND NOT EXISTS (SELECT 1 FROM refusal WHERE refusal.space = ?1 AND refusal.passage = chunk.passage)
AND (?2 = 0 OR passage.withheld = '')"""

_PENDING: Final = f"""{_PASSAGE}
WHERE chunk.id = (SELECT min(twin.id) FROM chunk AS twin WHERE twin.passage = chunk.passage)
AND {_WANTING}"""
"""A passage that stands in several chunks counts for the first of them."""
