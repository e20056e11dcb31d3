"""The tables, how a file becomes an index, and how we know that it still is ours.

Statements are written as SQLite keeps them in `sqlite_schema`, so the text below is also the
fingerprint an opened file is compared with: a view, trigger or generated column slipped into a
file someone sent is refused before a query can run it.

Why a table looks as it does:

* `code` and `vector` are keyed by one integer, `space << 40 | passage`: scanning the codes takes a
  fifth less time than with a key of two columns. And a table with an integer key keeps rows of up
  to 16 KB in its leaves, where a `WITHOUT ROWID` table moves everything above 4 KB to a page of
  its own, which would triple the size of a 3072-dimensional space.
* `code` repeats `vector` in narrow rows, because a search reads every one of them.
* `code`, `vector` and `refusal` declare no foreign key to `passage`: deleting a passage would have
  to search them for it, and they have no index that starts with the passage.
* Ids are never given out twice (`AUTOINCREMENT`): a result list or the codes a process holds in
  memory must not point at another text after the next indexing run.
"""

from __future__ import annotations

import os
import time

from semsearch.errors import DamagedError, UsageError
from semsearch.record import Record
from semsearch.store.driver import Database, wrong_version
from semsearch.store.faults import REPAIR, read_only
from semsearch.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    Migration = Callable[[Database], None]

PAGE_SIZE: Final = 16384
"""Vectors of 1024 or 1536 dimensions waste a third of a 4096-byte page."""

BACKUP: Final = ".version-"
"""Between the name of an index and the version its copy from before a migration has."""

APPLICATION_ID: Final = 0x73656D73
"""`sems`, in the file's header."""

TOKENIZER: Final = ("porter", "unicode61", "remove_diacritics", "2", "categories", "L* N* Co M*")
"""M*: vowel signs and tone marks are part of a word in Thai, Hindi and others, not a gap in it."""

_TOKENIZE: Final = "tokenize = \"porter unicode61 remove_diacritics 2 categories 'L* N* Co M*'\""
FULL_TEXT_OPTIONS: Final = (("pgsz", 15000), ("automerge", 16))
"""Leaves as large as our pages and late merges: a quarter less work while indexing in batches."""

_FULL_TEXT: Final = f"fts5(title, body, content = '', contentless_delete = 1, {_TOKENIZE})"

SHARE: Final = """CREATE TABLE share(
  ledger INTEGER NOT NULL REFERENCES ledger ON DELETE CASCADE,
  root INTEGER NOT NULL,
  part REAL NOT NULL CHECK(part > 0 AND part <= 1),
  PRIMARY KEY(ledger, root)
) STRICT, WITHOUT ROWID"""
"""How much of a call is text of which root; a root's id is kept when the root itself is gone."""

SEALED: Final = (
    "meta",
    "root",
    "consent",
    "file",
    "passage",
    "chunk",
    "space",
    "refusal",
    "query_vector",
    "ledger",
    "share",
    "judgment",
    "history",
)
"""Tables whose rows carry a checksum; see `seals.py`."""

PLAIN: Final = (
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE root(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  path BLOB NOT NULL UNIQUE,
  include TEXT NOT NULL,
  exclude TEXT NOT NULL,
  created_ns INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE consent(
  root INTEGER NOT NULL REFERENCES root ON DELETE CASCADE,
  host TEXT NOT NULL,
  granted_ns INTEGER NOT NULL,
  PRIMARY KEY(root, host)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE file(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  root INTEGER NOT NULL REFERENCES root,
  relative BLOB NOT NULL,
  fingerprint INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  digest BLOB NOT NULL,
  kind TEXT NOT NULL,
  suffix TEXT NOT NULL,
  title TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('indexed', 'partial', 'skipped', 'failed')),
  reason TEXT NOT NULL,
  indexed_ns INTEGER NOT NULL
) STRICT""",
    "CREATE UNIQUE INDEX file_by_path ON file(root, relative)",
    "CREATE INDEX file_by_digest ON file(digest)",
    "CREATE INDEX file_by_suffix ON file(suffix)",
    "CREATE INDEX file_by_mtime ON file(mtime_ns)",
    """CREATE TABLE passage(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  digest BLOB NOT NULL UNIQUE CHECK(length(digest) = 32),
  text TEXT NOT NULL,
  body INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  withheld TEXT NOT NULL
) STRICT""",
    """CREATE TABLE chunk(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  file INTEGER NOT NULL REFERENCES file,
  ordinal INTEGER NOT NULL,
  passage INTEGER NOT NULL REFERENCES passage,
  start_char INTEGER NOT NULL,
  end_char INTEGER NOT NULL,
  start_line INTEGER NOT NULL,
  end_line INTEGER NOT NULL,
  page INTEGER,
  breadcrumb TEXT NOT NULL
) STRICT""",
    "CREATE INDEX chunk_by_file ON chunk(file, ordinal, passage)",
    "CREATE INDEX chunk_by_passage ON chunk(passage)",
    """CREATE TABLE space(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  dimensions INTEGER NOT NULL,
  native INTEGER NOT NULL,
  document_form TEXT NOT NULL,
  query_form TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('building', 'ready', 'retired')),
  active INTEGER NOT NULL,
  candidates INTEGER NOT NULL,
  alpha REAL NOT NULL,
  covered INTEGER NOT NULL,
  created_ns INTEGER NOT NULL,
  UNIQUE(endpoint, model, dimensions, document_form, query_form)
) STRICT""",
    "CREATE UNIQUE INDEX space_active ON space(active) WHERE active",
    "CREATE TABLE code(key INTEGER PRIMARY KEY, bits BLOB NOT NULL) STRICT",
    """CREATE TABLE vector(
  key INTEGER PRIMARY KEY,
  value BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  ledger INTEGER
) STRICT""",
    """CREATE TABLE refusal(
  space INTEGER NOT NULL,
  passage INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at_ns INTEGER NOT NULL,
  PRIMARY KEY(space, passage)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE query_vector(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  space INTEGER NOT NULL,
  query TEXT NOT NULL,
  value BLOB NOT NULL,
  bits BLOB NOT NULL,
  UNIQUE(space, query)
) STRICT""",
    """CREATE TABLE ledger(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ns INTEGER NOT NULL,
  host TEXT NOT NULL,
  model TEXT NOT NULL,
  served_by TEXT NOT NULL,
  purpose TEXT NOT NULL,
  inputs INTEGER NOT NULL,
  tokens INTEGER,
  cost_usd REAL,
  request_id TEXT NOT NULL,
  digest BLOB NOT NULL
) STRICT""",
    SHARE,
    """CREATE TABLE judgment(
  id INTEGER PRIMARY KEY,
  query TEXT NOT NULL,
  path BLOB NOT NULL,
  passage BLOB NOT NULL,
  grade INTEGER NOT NULL,
  at_ns INTEGER NOT NULL,
  UNIQUE(query, path, passage)
) STRICT""",
    """CREATE TABLE history(
  id INTEGER PRIMARY KEY,
  query TEXT NOT NULL,
  mode TEXT NOT NULL,
  hits INTEGER NOT NULL,
  at_ns INTEGER NOT NULL
) STRICT""",
    f"CREATE VIRTUAL TABLE lexical_file USING {_FULL_TEXT}",
    f"CREATE VIRTUAL TABLE lexical_chunk USING {_FULL_TEXT}",
    "CREATE VIRTUAL TABLE vocabulary USING fts5vocab('lexical_chunk', 'row')",
)
"""The tables as version 2 had them; the checksums of rows come on top."""


def table_of(statement: str) -> str:
    """The name of what a statement of a schema creates."""
    head = statement.partition("(")[0].partition(" ON ")[0].partition(" USING ")[0]
    return head.rsplit(" ", 1)[1]


def _sealed(statement: str) -> str:
    """A table with the column for its rows' checksums, written as `ALTER TABLE` writes it."""
    if table_of(statement) not in SEALED:
        return statement
    for end in (",\n  PRIMARY KEY(", ",\n  UNIQUE(", ") STRICT"):
        at = statement.rfind(end)
        if at >= 0:
            break
    return f"{statement[:at]}, checksum INTEGER NOT NULL DEFAULT 0{statement[at:]}"


TABLES: Final = tuple([_sealed(statement) for statement in PLAIN])

FULL_TEXT_TABLES: Final = ("lexical_file", "lexical_chunk")
_SHADOWS: Final = frozenset(
    f"{table}_{part}" for table in FULL_TEXT_TABLES for part in ("data", "idx", "docsize", "config")
)


class Definition(Record):
    """A schema with the way to it from every older one."""

    tables: tuple[str, ...]
    migrations: tuple[Migration, ...] = ()
    """`migrations[n - 1]` takes a file from version n to n + 1, inside one transaction."""

    @property
    def version(self) -> int:
        """What a file of this schema carries as its `user_version`."""
        return len(self.migrations) + 1


def _add_shares(db: Database) -> None:
    """Version 2. Calls of before it belong to the roots whose passages still point at them."""
    db.run(SHARE)
    db.run(
        "INSERT INTO share(ledger, root, part) SELECT ledger, root, "
        "sum(tokens) / sum(sum(tokens)) OVER (PARTITION BY ledger) FROM ("
        "SELECT vector.ledger, file.root, max(1.0, passage.tokens) AS tokens FROM vector "
        f"CROSS JOIN passage ON passage.id = vector.key & {(1 << 40) - 1} "
        "CROSS JOIN chunk ON chunk.id = (SELECT min(id) FROM chunk WHERE passage = passage.id) "
        "CROSS JOIN file ON file.id = chunk.file WHERE vector.ledger IS NOT NULL) "
        "GROUP BY ledger, root"
    )


def _seal_everything(db: Database) -> None:
    """Version 3."""
    from semsearch.store.seals import seal_everything

    seal_everything(db)


CURRENT: Final = Definition(TABLES, (_add_shares, _seal_everything))


def prepare(
    db: Database, *, create: bool, wal: bool | None = None, definition: Definition = CURRENT
) -> None:
    """Make sure that the open file is an index of this version, making one of an empty file.

    Raises:
        UsageError: no index there and not `create`, or a database of another application.
        NewerIndexError: a newer version wrote it.
        DamagedError: the tables are not the ones this version makes.
    """
    application, version = db.pragma("application_id"), db.pragma("user_version")
    if application != APPLICATION_ID:
        _refuse_foreign(db, application, version)
        if not create:
            raise missing(db.path)
        if db.read_only:
            raise read_only(db.path)
        _make(db, definition, wal=wal)
        version = db.pragma("user_version")
    if version > definition.version:
        raise wrong_version(db.path, version)
    db.use_durable_log(wal=wal)
    if version < definition.version:
        _migrate(db, definition)
    db.version = definition.version
    check_fingerprint(db, definition.tables)


def missing(path: str) -> UsageError:
    """The error for a path where nothing has been indexed yet."""
    return UsageError(
        f"There is no index at {printable(path)} yet.",
        hint="Make one with: semsearch index PATH",
        code="index.missing",
    )


def check_fingerprint(db: Database, tables: tuple[str, ...] = TABLES) -> None:
    """Compare the file's schema with this version's, word for word.

    Raises:
        DamagedError: something is missing, different or too much.
    """
    expected = {table_of(statement): statement for statement in tables}
    found: set[str] = set()
    for kind, name, sql in db.rows("SELECT type, name, sql FROM sqlite_schema"):
        if kind == "index" and sql is None and name.startswith("sqlite_autoindex_"):
            continue
        # The shadow tables' text belongs to SQLite and may change with it.
        known = name in _SHADOWS or name == "sqlite_sequence"
        if kind != "table" if known else expected.get(name) != sql:
            raise _different(db, name)
        found.add(name)
    for name in [*expected, *_SHADOWS]:
        if name not in found:
            raise _different(db, name)


def _different(db: Database, name: str) -> DamagedError:
    return DamagedError(
        f"The index {printable(db.path)} is not as semsearch made it: {printable(name)!a} differs.",
        hint=REPAIR,
        code="index.schema",
    )


def _refuse_foreign(db: Database, application: int, version: int) -> None:
    if application or version or db.value("SELECT count(*) FROM sqlite_schema"):
        raise UsageError(
            f"{printable(db.path)} is a database of another application; it is left as it is.",
            hint="Choose another place with --index.",
            code="index.foreign",
        )


def _make(db: Database, definition: Definition, *, wal: bool | None) -> None:
    if wal is None:
        from semsearch.store.placement import shared_by

        wal = not shared_by(db.path)
    # Page size and vacuum mode can only be chosen before the first page is written, and WAL mode
    # writes it. Several processes may be here at once: the transaction decides who goes first.
    db.pragma("page_size", PAGE_SIZE)
    db.pragma("auto_vacuum", "INCREMENTAL")
    db.use_durable_log(wal=wal)
    with db.write():
        if db.value("PRAGMA user_version"):
            return
        for statement in definition.tables:
            db.run(statement)
        for table in FULL_TEXT_TABLES:
            for option, value in FULL_TEXT_OPTIONS:
                db.run(f"INSERT INTO {table}({table}, rank) VALUES(?, ?)", (option, value))
        db.many(
            "INSERT INTO meta(key, value, checksum) VALUES(?1, ?2, row_checksum(?1, ?2))",
            [("created_ns", str(time.time_ns())), ("platform", _platform())],
        )
        db.run(f"PRAGMA application_id = {APPLICATION_ID}")
        db.run(f"PRAGMA user_version = {definition.version}")


def _platform() -> str:
    import sys

    return f"{sys.platform} {sys.byteorder}-endian"


def _migrate(db: Database, definition: Definition) -> None:
    """Copy the file aside, then bring it up in one transaction; a kill leaves old or new."""
    if db.read_only:
        raise read_only(db.path)
    with db.write():  # several processes may be here at once: the first one does it
        version = db.value("PRAGMA user_version")
        if version >= definition.version:
            return
        backup = f"{db.path}{BACKUP}{version}"
        if not os.path.exists(backup):
            db.copy_to(backup)
        for migration in definition.migrations[version - 1 :]:
            migration(db)
        db.run(f"PRAGMA user_version = {definition.version}")
