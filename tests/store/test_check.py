"""What `check` sees, what `repair` mends without asking anyone, and what damage never does."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import apsw
import pytest

from semsearch.store.check import heard_signals
from semsearch.store.seals import seal
from tests.store.invariants import invariants
from tests.store.material import KEY, ROOT, fresh, passage_of, put, vector_of, version

if TYPE_CHECKING:
    from pathlib import Path

    from semsearch.store import SqliteStore

DAMAGE = {
    "text": ("texts", "UPDATE passage SET text = text || '!' WHERE id = 2"),
    "vector": ("vectors", "UPDATE vector SET value = zeroblob(96) WHERE key & 255 = 3"),
    "checksum": ("vectors", "UPDATE vector SET checksum = checksum + 1 WHERE key & 255 = 3"),
    "width": ("vectors", "UPDATE vector SET value = x'00' WHERE key & 255 = 3"),
    "vector of nothing": ("vectors", "INSERT INTO vector VALUES((1 << 40) + 999, x'00', 0, NULL)"),
    "wrong code": ("sign codes", "UPDATE code SET bits = zeroblob(8) WHERE key & 255 = 4"),
    "no code": ("sign codes", "DELETE FROM code WHERE key & 255 = 4"),
    "code of nothing": ("sign codes", "INSERT INTO code VALUES((1 << 40) + 999, zeroblob(8))"),
    "chunk not found": ("keyword index", "DELETE FROM lexical_chunk WHERE rowid = 2"),
    "file not found": ("keyword index", "DELETE FROM lexical_file WHERE rowid = 1"),
    "found but gone": (
        "keyword index",
        "INSERT INTO lexical_chunk(rowid, title, body) VALUES(999, '', 'ghost')",
    ),
    "count of passages": (
        "keyword index",
        "UPDATE lexical_chunk_data SET block = x'05' || substr(block, 2) WHERE id = 1",
    ),
    "coverage": ("coverage", "UPDATE space SET covered = covered + 1"),
    "order": ("files", "UPDATE chunk SET ordinal = 7 WHERE id = 3"),
    "place": ("files", "UPDATE chunk SET end_line = 0 WHERE id = 3"),
    "cached query": (
        "cached queries",
        "INSERT INTO query_vector VALUES(1, 1, 'q', zeroblob(192), zeroblob(8), 0)",
    ),
    "other words": (
        "keyword index",
        "DELETE FROM lexical_chunk WHERE rowid = 2; "
        "INSERT INTO lexical_chunk(rowid, title, body) VALUES(2, 'a.md', 'a.md 1 orange')",
    ),
    "other words of a file": (
        "keyword index",
        "DELETE FROM lexical_file WHERE rowid = 1; "
        "INSERT INTO lexical_file(rowid, title, body) VALUES(1, '', 'a.md a.md 0 1 2')",
    ),
    "chunk of nothing": (
        "database",
        "PRAGMA foreign_keys = OFF; UPDATE chunk SET passage = 999 WHERE id = 2",
    ),
    "index of a table": (
        "database",
        "PRAGMA writable_schema = ON; "
        "UPDATE sqlite_schema SET sql = replace(sql, '(passage)', '(page)') "
        "WHERE name = 'chunk_by_passage'; PRAGMA writable_schema = RESET; REINDEX; "
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
        "sql = replace(sql, '(page)', '(passage)') WHERE name = 'chunk_by_passage'; "
        "PRAGMA writable_schema = RESET",
    ),
}


def filled(folder: Path) -> SqliteStore:
    store = fresh(folder)
    root, space = store.add_root(ROOT).id, store.ensure_space(KEY, 0.5).id
    for name in (b"a.md", b"b.md", b"c.md"):
        put(store, space, version(root, name, [f"{name.decode()} {n} apple" for n in range(3)]))
    return store


def failed(findings: list[tuple[str, ...]]) -> list[str]:
    return [name for name, state, *_ in findings if state != "ok"]


def test_a_whole_index_has_nothing_to_find(tmp_path: Path) -> None:
    store = filled(tmp_path)
    assert failed(store.check()) == failed(store.repair()) == []
    store.close()


@pytest.mark.parametrize(("where", "statement"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_found_and_mended(tmp_path: Path, where: str, statement: str) -> None:
    filled(tmp_path).close()
    connection = apsw.Connection(str(tmp_path / "index.db"))
    connection.execute(statement)
    connection.close()
    store = fresh(tmp_path)
    findings = store.check()
    assert where in failed(findings)
    assert next(finding.hint for finding in findings if finding.name == where)
    assert where in failed(store.repair())
    assert failed(store.check()) == []
    store.close()
    invariants(tmp_path / "index.db")


@pytest.mark.parametrize("table", ["lexical_chunk", "lexical_file"])
@pytest.mark.parametrize("column", ["data", "docsize"])
def test_a_bit_that_flips_in_a_keyword_table_is_found(
    tmp_path: Path, table: str, column: str
) -> None:
    """FTS5's own check sees one in thirty of these."""
    store = fresh(tmp_path)
    root = store.add_root(ROOT).id
    generator = random.Random(3)
    for number in range(30):
        words = " ".join(f"word{generator.randrange(400)}" for _ in range(60))
        put(store, None, version(root, b"%d.md" % number, [words]))
    store.compact()
    store.close()
    value = {"data": "block", "docsize": "sz"}[column]
    connection = apsw.Connection(str(tmp_path / "index.db"))
    rows = connection.execute(f"SELECT rowid, {value} FROM {table}_{column}").fetchall()
    found = 0
    for _ in range(12):
        row, block = generator.choice(
            [one for one in rows if len(one[1]) > 30 or column == "docsize"]
        )
        torn = bytearray(block)
        torn[generator.randrange(4 if column == "data" else 0, len(torn))] ^= 4
        update = f"UPDATE {table}_{column} SET {value} = ? WHERE rowid = ?"
        connection.execute(update, (bytes(torn), row))
        store = fresh(tmp_path)
        found += bool(failed(store.check()))
        store.close()
        connection.execute(update, (block, row))
    connection.close()
    assert found >= 11


def test_a_quick_check_reads_no_words_again(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store._db.connection.execute(DAMAGE["other words"][1])
    assert store.find_damage(quick=True).words == ""
    store._db.connection.execute(DAMAGE["chunk not found"][1])
    assert store.find_damage(quick=True).words != ""
    store.close()


def test_progress_counts_rows_up_to_their_number(tmp_path: Path) -> None:
    store = filled(tmp_path)
    told: list[tuple[str, int, int]] = []
    store.find_damage(lambda *step: told.append(step))
    assert ("texts", 9, 9) in told
    assert ("vectors", 9, 9) in told
    assert {what for what, _, _ in told} >= {"structure", "keywords of passages"}
    store.close()


@pytest.mark.timeout(20)
def test_a_check_can_be_stopped_inside_a_statement(tmp_path: Path) -> None:
    """Python looks at signals between statements; one over a large file takes minutes."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    def read_for_ever() -> None:
        with heard_signals(store._db):
            store._db.rows(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                "SELECT max(i) FROM n"
            )

    store = filled(tmp_path)
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            read_for_ever()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert failed(store.check()) == []
    store.close()


def test_a_cached_query_with_the_code_of_something_else_is_dropped(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.cache_query(1, "whole", vector_of("whole"))
    store.cache_query(1, "torn", vector_of("torn"))
    with store.write():
        store._db.run("UPDATE query_vector SET bits = zeroblob(8) WHERE query = 'torn'")
        seal(store._db, "query_vector", "TRUE")
    assert failed(store.check()) == failed(store.repair()) == ["cached queries"]
    assert store.cached_query(1, "torn") is None
    assert store.cached_query(1, "whole") == vector_of("whole")
    store.close()


def test_what_a_repair_cannot_make_again_is_told_before(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store._db.connection.execute("UPDATE vector SET checksum = 0 WHERE key & 255 = 3")
    store._db.connection.execute("UPDATE passage SET text = 'wrong' WHERE id = 5")
    files, losses = store.losses(store.find_damage())
    assert files == [ROOT + b"/b.md"]
    assert [(loss.space.id, loss.passages) for loss in losses] == [(1, 2)]
    store.close()


def test_derived_tables_come_back_as_they_were(tmp_path: Path) -> None:
    store = filled(tmp_path)
    query = vector_of("apple")
    before = store.nearest(1, query, 9), store.match_chunks("apple", 9), store.match_files("b", 9)
    store._db.connection.execute("DELETE FROM code; DELETE FROM lexical_chunk WHERE rowid < 5")
    store._db.connection.execute("DELETE FROM lexical_file WHERE rowid = 2")
    store.repair()
    after = store.nearest(1, query, 9), store.match_chunks("apple", 9), store.match_files("b", 9)
    assert after == before
    store.close()


def test_a_damaged_vector_costs_one_passage(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store._db.connection.execute("UPDATE vector SET checksum = 0 WHERE key & 255 = 3")
    store.repair()
    assert [passage.text for passage in store.unembedded(1, 99, False)] == ["a.md 2 apple"]
    assert store.coverage(1) == (8, 9)
    store.close()


def test_a_damaged_text_takes_its_file_so_that_it_is_read_again(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store._db.connection.execute("UPDATE passage SET text = 'wrong' WHERE id = 2")
    store.repair()
    assert sorted(store.fingerprints(1)) == [b"b.md", b"c.md"]
    assert store.embedded(1, [passage_of("a.md 1 apple").digest]) == set()
    assert store.embedded(1, [passage_of("a.md 0 apple").digest]) != set()
    store.close()


def test_checking_sees_one_state_while_another_process_writes(tmp_path: Path) -> None:
    store, writer = filled(tmp_path), fresh(tmp_path)
    with store._db.snapshot():
        store.counts()
        put(writer, 1, version(1, b"d.md", ["between"]))
        assert store.counts().chunks == 9
    assert store.counts().chunks == 10
    store.close()
    writer.close()


# --- bits that flip ------------------------------------------------------------------------------

READER = """
import sys
from semsearch.errors import SemsearchError
from semsearch.store import open_index
from tests.store.material import vector_of
for path in sys.argv[1:]:
    told = "whole"
    try:
        store = open_index(path)
        try:
            findings = store.check()
            store.nearest(1, vector_of("apple"), 5)
            store.match_chunks("apple", 5)
            list(store.files())
            if any(finding.state != "ok" for finding in findings):
                told = "found"
        finally:
            store.close()
    except SemsearchError as error:
        assert error.exit_status != 70, error
        told = "refused"
    print(told)
"""


def test_flipped_bits_are_found_or_harmless_and_never_crash(tmp_path: Path) -> None:
    store = filled(tmp_path)
    for number in range(40):
        text = f"apple {number} " + "filler words here " * 60
        put(store, 1, version(1, b"%d.md" % number, [text]))
    store.checkpoint()
    store.close()
    whole = (tmp_path / "index.db").read_bytes()
    generator = random.Random(13)
    mutants = []
    for number in range(36):
        content = bytearray(whole)
        kind = number % 4
        if kind == 0:
            content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        elif kind == 1:
            page = generator.randrange(len(content) // 16384)
            content[page * 16384 : (page + 1) * 16384] = bytes(16384)
        elif kind == 2:
            content = content[: generator.randrange(len(content))]
        else:
            start = generator.randrange(len(content) - 64)
            content[start : start + 64] = generator.randbytes(64)
        path = tmp_path / f"mutant{number}.db"
        path.write_bytes(content)
        mutants.append(str(path))
    run = subprocess.run(
        [sys.executable, "-c", READER, *mutants],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert run.returncode == 0, run.stderr
    told = run.stdout.split()
    assert len(told) == len(mutants)
    assert told.count("whole") < len(mutants) / 2, "most damage must be noticed"
