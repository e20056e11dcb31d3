"""File rows and their chunks: what the index shows of each path."""

from __future__ import annotations

import time
from itertools import count

from semsearch.records import StoredFile
from semsearch.store.base import (
    BATCH,
    batches,
    id_list,
    joined,
    signed,
    split,
    unsigned,
)
from semsearch.store.filters import suffix_of
from semsearch.store.lexical import Lexical, path_words
from semsearch.store.passages import Passages
from semsearch.store.roots import Roots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Final

    from semsearch.records import FileRef, NewFile
    from semsearch.store.driver import Row

_FILE: Final = (
    "id, root, relative, size, mtime_ns, ctime_ns, inode, digest, kind, title, state, reason"
)


class Files(Roots, Lexical, Passages):
    """File versions and their chunks. Every change of one is a single transaction."""

    def fingerprints(self, root: int) -> dict[bytes, int]:
        """`relative -> fingerprint` of every file row of the root; made for 100k rows."""
        # Without the unary plus SQLite would fetch the rows in the order of the path index,
        # which costs twice what a scan of the table does.
        return dict(
            self._db.rows("SELECT relative, fingerprint FROM file WHERE +root = ?", (root,))
        )

    def file(self, root: int, relative: bytes) -> StoredFile | None:
        """The row of this path, also of a skipped or failed file."""
        row = self._db.row(
            f"SELECT {_FILE} FROM file WHERE root = ? AND relative = ?", (root, relative)
        )
        return _stored_file(row) if row else None

    def files(self, root: int | None = None, state: str | None = None) -> Iterator[StoredFile]:
        """File rows by id, read in pages so that no snapshot stays open between them."""
        last = 0
        while True:
            rows = self._db.rows(
                f"SELECT {_FILE} FROM file WHERE id > ?1 AND (?2 IS NULL OR +root = ?2) "
                "AND (?3 IS NULL OR state = ?3) ORDER BY id LIMIT ?4",
                (last, root, state, BATCH),
            )
            for row in rows:
                yield _stored_file(row)
            if len(rows) < BATCH:
                return
            last = rows[-1][0]

    def recent_files(self, limit: int) -> list[tuple[bytes, bytes, int]]:
        """`(root, relative path, mtime_ns)` of indexed files, the latest change first."""
        return self._db.rows(
            "SELECT root.path, file.relative, file.mtime_ns FROM file INDEXED BY file_by_mtime "
            "JOIN root ON root.id = file.root WHERE file.state IN ('indexed', 'partial') "
            "ORDER BY file.mtime_ns DESC LIMIT ?",
            (limit,),
        )

    def files_with_digest(self, digest: bytes) -> list[StoredFile]:
        """Files whose indexed content has this SHA-256."""
        rows = self._db.rows(f"SELECT {_FILE} FROM file WHERE digest = ? ORDER BY id", (digest,))
        return [_stored_file(row) for row in rows]

    def publish(self, new: NewFile) -> int:
        """Replace whatever the path held by this version and return the file's row id."""
        return self.publish_all([new])[0]

    def publish_all(self, versions: Sequence[NewFile]) -> list[int]:
        """`publish` of versions of different paths, in one transaction and cheaper together.

        Passages that are not stored yet are.
        """
        with self._db.change():
            files = [self._replace_file(new) for new in versions]
            self._add_chunks(list(zip(files, versions, strict=True)))
            self._count_covered(files, 1)
            return files

    def _replace_file(self, new: NewFile) -> int:
        """Write the row of a file whose content, if there was any, is gone."""
        old = self._file_id(new.root, new.ref.relative)
        if old is not None:
            self._remove_content([old])
        return self._write_file_row(old, new)

    def _file_id(self, root: int, relative: bytes) -> int | None:
        found = self._db.value(
            "SELECT id FROM file WHERE root = ? AND relative = ?", (root, relative)
        )
        return None if found is None else int(found)

    def _write_file_row(self, old: int | None, new: NewFile) -> int:
        from semsearch.store.checksums import row_checksum

        ref = new.ref
        name = ref.relative or self._root_path(new.root)
        values = (
            new.root,
            ref.relative,
            signed(new.fingerprint),
            ref.size,
            ref.mtime_ns,
            ref.ctime_ns,
            signed(ref.inode),
            new.digest,
            new.kind,
            suffix_of(name),
            new.title,
            new.state,
            new.reason,
            time.time_ns(),
        )
        row = self._db.insert(
            "INSERT INTO file(id, root, relative, fingerprint, size, mtime_ns, ctime_ns, inode, "
            "digest, kind, suffix, title, state, reason, indexed_ns, checksum) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT(id) DO UPDATE SET fingerprint = excluded.fingerprint, "
            "size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, "
            "inode = excluded.inode, digest = excluded.digest, kind = excluded.kind, "
            "suffix = excluded.suffix, title = excluded.title, state = excluded.state, "
            "reason = excluded.reason, indexed_ns = excluded.indexed_ns, "
            "checksum = excluded.checksum",
            (old, *values, row_checksum(*values)),
        )
        return row if old is None else old

    def _add_chunks(self, versions: Sequence[tuple[int, NewFile]]) -> None:
        """Add the chunks of `(file, version)`: every row first, then every word.

        The other way round FTS5 would write out what it has gathered with each statement.
        """
        from semsearch.store.checksums import row_checksum

        passages = [passage for _, new in versions for _, passage in new.chunks]
        before, now = self._store_passages(passages)
        ids = before | now
        rows = [
            (
                file,
                chunk.ordinal,
                ids[passage.digest],
                chunk.start,
                chunk.end,
                chunk.start_line,
                chunk.end_line,
                chunk.page,
                joined(chunk.breadcrumb),
            )
            for file, new in versions
            for chunk, passage in new.chunks
        ]
        self._db.insert_many(
            "chunk(file, ordinal, passage, start_char, end_char, start_line, end_line, page, "
            "breadcrumb, checksum)",
            [(*row, row_checksum(*row)) for row in rows],
        )
        # AUTOINCREMENT hands out consecutive ids within a transaction.
        chunk_ids = count(self._db.connection.last_insert_rowid() - len(rows) + 1)
        for file, new in versions:
            if new.chunks:
                self._index_version(file, new, chunk_ids)

    def _index_version(self, file: int, new: NewFile, chunk_ids: Iterator[int]) -> None:
        where = path_words(new.ref.relative or self._root_path(new.root))
        self._index_chunks(
            where,
            [
                # The passage's text, not the chunk's: the same words come back in a repair.
                (next(chunk_ids), chunk.breadcrumb, passage.text[passage.body :])
                for chunk, passage in new.chunks
            ],
        )
        self._index_file(file, new.title, where, new.text)

    def mark_failed(self, root: int, ref: FileRef, reason: str, fingerprint: int = 0) -> int:
        """Record that a file cannot be read now; what the index holds of it stays searchable.

        With the default fingerprint the next run tries the file again.
        """
        with self._db.change():
            old = self._file_id(root, ref.relative)
            if old is None:
                from semsearch.records import NewFile

                failed = NewFile(root, ref, b"", "", "", "failed", reason, "", (), fingerprint)
                return self._write_file_row(None, failed)
            self._db.run(
                "UPDATE file SET state = 'failed', reason = ?, fingerprint = ? WHERE id = ?",
                (reason, signed(fingerprint), old),
            )
            self._seal_file(old)
            return old

    def touch(self, file: int, ref: FileRef, fingerprint: int) -> None:
        """Same content, new stat."""
        with self._db.change():
            self._db.run(
                "UPDATE file SET fingerprint = ?, size = ?, mtime_ns = ?, ctime_ns = ?, inode = ? "
                "WHERE id = ?",
                (
                    signed(fingerprint),
                    ref.size,
                    ref.mtime_ns,
                    ref.ctime_ns,
                    signed(ref.inode),
                    file,
                ),
            )
            self._seal_file(file)

    def _seal_file(self, file: int) -> None:
        from semsearch.store.seals import seal

        seal(self._db, "file", "id = ?", (file,))

    def remove_files(self, files: Iterable[int]) -> int:
        """Remove file rows with their chunks and lexical rows; returns chunks removed."""
        removed = 0
        with self._db.change():
            for batch in batches(files):
                removed += self._remove_content(batch)
                self._db.run(
                    "DELETE FROM file WHERE id IN (SELECT value FROM json_each(?))",
                    (id_list(batch),),
                )
        return removed

    def _remove_content(self, files: list[int]) -> int:
        """Chunks and lexical rows of these files; returns how many chunks."""
        these = (id_list(files),)
        chunks = "SELECT id FROM chunk WHERE file IN (SELECT value FROM json_each(?))"
        rows = self._db.rows(chunks, these)
        if not rows:
            return 0
        self._count_covered(files, -1)
        # Row by row: a statement that may delete many makes FTS5 write out what it has gathered.
        self._db.many("DELETE FROM lexical_chunk WHERE rowid = ?", rows)
        self._db.many("DELETE FROM lexical_file WHERE rowid = ?", [(file,) for file in files])
        return self._db.run(f"DELETE FROM chunk WHERE id IN ({chunks})", these)

    def _count_covered(self, files: list[int], sign: int) -> None:
        """Keep `space.covered` true as chunks come and go, so that a search need not count."""
        covered = self._db.rows(
            "SELECT count(*), space.id FROM json_each(?) CROSS JOIN chunk "
            "ON chunk.file = json_each.value CROSS JOIN space CROSS JOIN code "
            "ON code.key = (space.id << 40 | chunk.passage) GROUP BY space.id",
            (id_list(files),),
        )
        for chunks, space in covered:
            self._db.run(
                "UPDATE space SET covered = covered + ? WHERE id = ?", (sign * chunks, space)
            )

    # --- rebuilding --------------------------------------------------------------------------

    def rebuild_lexical(self, file: int) -> None:
        """Make the lexical rows of a file again from its stored passages."""
        row = self._db.row("SELECT root, relative, title FROM file WHERE id = ?", (file,))
        if row is None:
            return
        root, relative, title = row
        chunks = self._db.rows(
            "SELECT chunk.id, breadcrumb, text, body, start_char, end_char FROM chunk "
            "CROSS JOIN passage ON passage.id = chunk.passage WHERE file = ? ORDER BY ordinal",
            (file,),
        )
        with self._db.change():
            self._db.many("DELETE FROM lexical_chunk WHERE rowid = ?", [row[:1] for row in chunks])
            self._db.run("DELETE FROM lexical_file WHERE rowid = ?", (file,))
            if not chunks:
                return
            where = path_words(relative or self._root_path(root))
            texts = [
                (id, split(breadcrumb), text[body:]) for id, breadcrumb, text, body, *_ in chunks
            ]
            self._index_chunks(where, texts)
            spans = [(start, text[body:]) for _, _, text, body, start, _ in chunks]
            self._index_file(file, title, where, merged_text(spans))


def _stored_file(row: Row) -> StoredFile:
    return StoredFile(*row)._replace(inode=unsigned(row[6]))


def merged_text(spans: list[tuple[int, str]]) -> str:
    """The text of a file from its chunks, each given with its start, overlaps left out."""
    parts: list[str] = []
    end = 0
    for start, text in spans:
        parts.append(text[max(0, end - start) :])
        end = max(end, start + len(text))
    return "\n".join(parts)
