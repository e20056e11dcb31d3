"""Passages: texts stored once however often they stand in files, and the chunks that show them."""

from __future__ import annotations

from semsearch.records import ChunkRow
from semsearch.store.base import DIGESTS, Part, absolute, batches, digest_list, id_list, split
from semsearch.store.faults import translate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.records import Passage


class Passages(Part):
    """Content-addressed texts; a passage no chunk shows any more is garbage."""

    def add_passages(self, passages: Sequence[Passage]) -> None:
        """Store texts that are new; a known digest is left alone."""
        with self._db.change():
            self._store_passages(passages)

    def _store_passages(
        self, passages: Sequence[Passage]
    ) -> tuple[dict[bytes, int], dict[bytes, int]]:
        """Row ids by digest: of texts that were stored before, and of those that are now."""
        from semsearch.store.checksums import row_checksum

        known = self._known_passages(passages)
        new: dict[bytes, Passage] = {}
        for one in passages:
            if one.digest not in known:
                new.setdefault(one.digest, one)
        self._db.insert_many(
            "passage(digest, text, body, tokens, withheld, checksum)",
            [
                (*one, row_checksum(one.digest, one.body, one.tokens, one.withheld))
                for one in new.values()
            ],
        )
        # AUTOINCREMENT hands out consecutive ids within a transaction.
        first = self._db.connection.last_insert_rowid() - len(new) + 1
        return known, dict(zip(new, range(first, first + len(new)), strict=True))

    def _known_passages(self, passages: Sequence[Passage]) -> dict[bytes, int]:
        listed = digest_list([passage.digest for passage in passages])
        return dict(self._db.rows(f"SELECT passage.digest, passage.id FROM {DIGESTS}", (listed,)))

    def collect_garbage(self) -> int:
        """Delete passages no chunk refers to, with their vectors and codes; returns how many.

        Call it when a run is complete: before that, passages that were paid for may still wait
        for the rest of their file.
        """
        orphans = self._db.rows(
            "SELECT id FROM passage WHERE NOT EXISTS "
            "(SELECT 1 FROM chunk WHERE chunk.passage = passage.id)"
        )
        return sum(
            self.delete_orphans(batch) for batch in batches(passage for (passage,) in orphans)
        )

    def delete_orphans(self, passages: list[int]) -> int:
        """Delete those of these passages that no chunk shows; returns how many."""
        with self._db.change():
            rows = self._db.rows(
                "SELECT value FROM json_each(?) WHERE NOT EXISTS "
                "(SELECT 1 FROM chunk WHERE chunk.passage = value)",
                (id_list(passages),),
            )
            these = (id_list(passage for (passage,) in rows),)
            listed = "(SELECT value FROM json_each(?))"
            for table in ("code", "vector"):
                self._db.run(
                    f"DELETE FROM {table} WHERE key IN (SELECT space.id << 40 | value "
                    "FROM space CROSS JOIN json_each(?))",
                    these,
                )
            self._db.run(
                "DELETE FROM refusal WHERE space IN (SELECT id FROM space) "
                f"AND passage IN {listed}",
                these,
            )
            return self._db.run(f"DELETE FROM passage WHERE id IN {listed}", these)

    def chunks_of_file(self, file: int) -> list[int]:
        """Chunk ids in document order."""
        rows = self._db.rows("SELECT id FROM chunk WHERE file = ? ORDER BY ordinal", (file,))
        return [chunk for (chunk,) in rows]

    def roots_of(self, digests: Sequence[bytes]) -> dict[bytes, tuple[int, ...]]:
        """Ids of the roots each of these passages stands in, by digest; those in none left out."""
        found: dict[bytes, tuple[int, ...]] = {}
        rows = self._db.rows(
            f"SELECT DISTINCT passage.digest, file.root FROM {DIGESTS} "
            "CROSS JOIN chunk ON chunk.passage = passage.id "
            "CROSS JOIN file ON file.id = chunk.file",
            (digest_list(digests),),
        )
        for digest, root in rows:
            found[digest] = (*found.get(digest, ()), root)
        return found

    def paths_of(self, digest: bytes) -> list[bytes]:
        """Absolute paths of the files that show a passage."""
        rows = self._db.rows(
            "SELECT DISTINCT root.path, relative FROM passage "
            "CROSS JOIN chunk ON chunk.passage = passage.id "
            "CROSS JOIN file ON file.id = chunk.file "
            "CROSS JOIN root ON root.id = file.root WHERE passage.digest = ?",
            (digest,),
        )
        return [absolute(root, relative) for root, relative in rows]

    def passages_of_chunks(self, chunks: Sequence[int]) -> dict[int, Passage]:
        """The passage of each chunk, by chunk id; vanished ids are left out."""
        from semsearch.records import Passage

        rows = self._db.rows(
            "SELECT chunk.id, passage.digest, text, body, tokens, withheld FROM json_each(?) "
            "CROSS JOIN chunk ON chunk.id = json_each.value "
            "CROSS JOIN passage ON passage.id = chunk.passage",
            (id_list(chunks),),
        )
        return {row[0]: Passage(*row[1:]) for row in rows}

    def chunk_rows(self, chunks: Sequence[int]) -> list[ChunkRow]:
        """Everything shown about these chunks, in the order asked; vanished ids are left out."""
        rows = self._db.rows(
            "SELECT chunk.id, file.id, root.path, file.relative, file.kind, file.size, "
            "file.mtime_ns, chunk.ordinal, chunk.start_char, chunk.end_char, chunk.start_line, "
            "chunk.end_line, chunk.page, chunk.breadcrumb, passage.text, passage.body "
            "FROM json_each(?) CROSS JOIN chunk ON chunk.id = json_each.value "
            "CROSS JOIN passage ON passage.id = chunk.passage "
            "CROSS JOIN file ON file.id = chunk.file CROSS JOIN root ON root.id = file.root",
            (id_list(chunks),),
        )
        try:
            return [
                ChunkRow._make((*shown, split(breadcrumb), text[body:]))
                for *shown, breadcrumb, text, body in rows
            ]
        except (TypeError, AttributeError) as error:  # no text where SQLite guarantees one
            raise translate(ValueError("a passage cannot be read"), self._db.path) from error
