"""What can still be read of a torn index is carried over; only what is lost costs again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import apsw
import pytest

from semsearch.errors import DamagedError
from semsearch.store import open_index
from semsearch.store.salvage import salvage
from tests.store.invariants import invariants
from tests.store.material import KEY, ROOT, fresh, put, vector_of, version

if TYPE_CHECKING:
    from pathlib import Path

FILES = 70
PAGE = 16384


def filled(folder: Path) -> Path:
    """An index of several megabytes, and nothing left in its log."""
    store = fresh(folder)
    root, space = store.add_root(ROOT).id, store.ensure_space(KEY, 0.5).id
    store.activate_space(space)
    store.grant_consent(root, "api.example")
    for number in range(FILES):
        texts = [f"{number} {part} apple " + f"word{number} " * 150 for part in range(4)]
        put(store, space, version(root, b"%03d.md" % number, texts))
    store.cache_query(space, "q", vector_of("q"))
    store.checkpoint()
    store.close()
    return folder / "index.db"


def pages(path: Path, table: str) -> list[tuple[int, str, int]]:
    """Number, kind and rows of a table's pages, in the order of its keys."""
    connection = apsw.Connection(str(path))
    rows: list[tuple[int, str, int]] = connection.execute(
        "SELECT pageno, pagetype, ncell FROM dbstat WHERE name = ? ORDER BY path", (table,)
    ).fetchall()  # type: ignore[assignment]
    connection.close()
    return rows


def tear(path: Path, page: int) -> None:
    """Make one page unreadable."""
    with path.open("r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xff" * PAGE)


def saved_from(path: Path) -> tuple[set[bytes], int, int]:
    """Files, passages and vectors of what could be saved; whole, whatever it is."""
    target = path.with_name("new.db")
    found = salvage(str(path), str(target))
    assert found is not None
    invariants(target)
    store = open_index(str(target))
    names = {file.relative for file in store.files()}
    assert [one for one in store.check() if one.state != "ok"] == []
    assert (found.files, found.passages, found.vectors) == (
        len(names), store.counts().passages, store.count_vectors()
    )  # fmt: skip
    store.close()
    return names, found.passages, found.vectors


def test_an_index_that_is_whole_is_carried_over_whole(tmp_path: Path) -> None:
    path = filled(tmp_path)
    before = path.read_bytes()
    names, passages, vectors = saved_from(path)
    assert (len(names), passages, vectors) == (FILES, 4 * FILES, 4 * FILES)
    assert path.read_bytes() == before
    store = open_index(str(tmp_path / "new.db"))
    assert store.has_consent(1, "api.example")
    assert store.active_space() is not None
    assert store.nearest(1, vector_of("7 2 apple"), 1)
    assert len(store.match_chunks("word7", 9)) == 4
    assert store.spend()[0].cost_usd == pytest.approx(0.25 * FILES)
    put(store, 1, version(1, b"new.md", ["a new one"]))
    store.close()
    invariants(tmp_path / "new.db")


@pytest.mark.parametrize("table", ["code", "lexical_chunk_data", "lexical_file_data"])
def test_what_can_be_derived_costs_nothing(tmp_path: Path, table: str) -> None:
    path = filled(tmp_path)
    for page, _, _ in pages(path, table)[:2]:
        tear(path, page)
    names, passages, vectors = saved_from(path)
    assert (len(names), passages, vectors) == (FILES, 4 * FILES, 4 * FILES)


@pytest.mark.parametrize("table", ["vector", "passage", "chunk", "file"])
def test_a_torn_page_costs_what_was_on_it(tmp_path: Path, table: str) -> None:
    path = filled(tmp_path)
    leaves = [(page, rows) for page, kind, rows in pages(path, table) if kind == "leaf"]
    torn, lost = leaves[len(leaves) // 2]
    tear(path, torn)
    store = open_index(str(path))
    with pytest.raises(DamagedError):
        store.repair()
    store.close_untouched()
    names, passages, vectors = saved_from(path)
    # No more than the rows of that page are missing; a chunk or a text takes its file along.
    assert passages == 4 * FILES - (lost if table == "passage" else 0)
    assert vectors == 4 * FILES - (lost if table in {"passage", "vector"} else 0)
    files_lost = {"vector": 0, "file": lost}.get(table)
    if files_lost is None:
        assert lost / 4 <= FILES - len(names) <= lost / 4 + 2
    else:
        assert len(names) == FILES - files_lost
    store = open_index(str(tmp_path / "new.db"))
    for file in store.files():
        assert len(store.chunks_of_file(file.id)) == 4, "a file with less would never be read again"
    store.close()


def test_any_torn_pages_leave_a_whole_index(tmp_path: Path) -> None:
    path = filled(tmp_path)
    whole = path.read_bytes()
    chance = random.Random(4)
    outcomes = set()
    for _ in range(6):
        path.write_bytes(whole)
        for _ in range(chance.randrange(1, 6)):
            tear(path, chance.randrange(2, len(whole) // PAGE))
        target = tmp_path / "new.db"
        saved = salvage(str(path), str(target))
        outcomes.add(saved is None)
        if saved is not None:
            invariants(target)
    assert False in outcomes


def test_where_nothing_can_be_read_nothing_is_left(tmp_path: Path) -> None:
    path = filled(tmp_path)
    tear(path, 1)
    assert salvage(str(path), str(tmp_path / "new.db")) is None
    assert not (tmp_path / "new.db").exists()
    path.write_bytes(b"no database at all " * 100)
    assert salvage(str(path), str(tmp_path / "new.db")) is None


def test_a_hostile_schema_is_not_read(tmp_path: Path) -> None:
    path = filled(tmp_path)
    connection = apsw.Connection(str(path))
    connection.execute("ALTER TABLE history RENAME TO past; CREATE VIEW history AS SELECT 1 AS id")
    connection.close()
    assert salvage(str(path), str(tmp_path / "new.db")) is None
