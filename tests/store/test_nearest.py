"""The two-stage search against brute force, with and without filters, extension and numpy."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semsearch.errors import MalformedReply, UsageError
from semsearch.records import Filter
from semsearch.store import open_index
from semsearch.store.seals import seal
from tests.store.material import (
    DIMENSIONS,
    KEY,
    ROOT,
    cosine,
    fresh,
    passage_of,
    put,
    vector_of,
    version,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from semsearch.records import ChunkRow
    from semsearch.store import SqliteStore
    from tests.store.conftest import Index

WORDS = ("apple", "pear", "plum", "fig", "grape", "melon", "lime", "peach", "kiwi", "quince")


def sentence(generator: random.Random) -> str:
    return " ".join(generator.choices(WORDS, k=generator.randrange(1, 7)))


def path_of(row: ChunkRow) -> bytes:
    return row.root + b"/" + row.relative


def passes(row: ChunkRow, where: Filter) -> bool:
    """The meaning of a filter, written down a second time."""
    path, name = path_of(row), row.relative.rsplit(b"/", 1)[-1].decode().lower()
    return (
        (
            not where.folders
            or any(
                path == folder.rstrip(b"/") or path.startswith(folder.rstrip(b"/") + b"/")
                for folder in where.folders
            )
        )
        and (not where.suffixes or any(name.endswith(f".{suffix}") for suffix in where.suffixes))
        and (where.after_ns is None or row.mtime_ns >= where.after_ns)
        and (where.before_ns is None or row.mtime_ns < where.before_ns)
    )


def brute_force(
    store: SqliteStore, space: int, query: bytes, limit: int, where: Filter
) -> list[tuple[int, float]]:
    chunks = [chunk for file in store.files() for chunk in store.chunks_of_file(file.id)]
    vectors = store.chunk_vectors(space, chunks)
    rows = [row for row in store.chunk_rows(list(vectors)) if passes(row, where)]
    scored = [(row.chunk, cosine(vectors[row.chunk], query)) for row in rows]
    return sorted(scored, key=lambda hit: (-hit[1], hit[0]))[:limit]


def same(found: list[tuple[int, float]], wanted: list[tuple[int, float]]) -> None:
    """Equal scores rank for rank; where scores are apart, equal chunks too."""
    assert [score for _, score in found] == pytest.approx([s for _, s in wanted], abs=2e-6)
    for (chunk, score), (other, _) in zip(found, wanted, strict=True):
        ties = {c for c, s in wanted if abs(s - score) < 4e-6}
        assert chunk in ties or score <= wanted[-1][1] + 4e-6, (chunk, other)


SUFFIXES = ("md", "py", "tar.gz", "MD", "txt")
FOLDERS = (b"", b"a/", b"a/b/", b"a-b/", b"a/b0/", b"c d/")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """60 files in two roots, one root inside the other's folder; texts repeat across files."""
    store = fresh(tmp_path_factory.mktemp("filled"))
    generator = random.Random(7)
    roots = [store.add_root(ROOT), store.add_root(ROOT + b"/inner")]
    space = store.ensure_space(KEY, 0.5).id
    with store.write():
        for number in range(60):
            folder = FOLDERS[number % len(FOLDERS)]
            name = b"%sfile%d.%s" % (folder, number, SUFFIXES[number % 5].encode())
            texts = [sentence(generator) for _ in range(generator.randrange(5))]
            new = version(roots[number % 2].id, name, texts, mtime_ns=number * 10)
            put(store, space if number % 9 else None, new)
        for name in (b"a0", b"a/b0", b"a/b-"):  # beside the folders a and a/b
            put(store, space, version(roots[0].id, name, [sentence(generator)]))
    yield store
    store.close()


folders = st.sampled_from(
    [ROOT, ROOT + b"/", b"/home", b"/", ROOT + b"/a", ROOT + b"/a/b", ROOT + b"/inner",
     ROOT + b"/inner/c d", ROOT + b"/file0.md", b"/home/me/note", b"/elsewhere"]
)  # fmt: skip
filters = st.builds(
    Filter,
    folders=st.lists(folders, max_size=2).map(tuple),
    suffixes=st.lists(st.sampled_from(["md", "py", "gz", "tar.gz", "x"]), max_size=2).map(tuple),
    after_ns=st.none() | st.integers(-10, 700),
    before_ns=st.none() | st.integers(-10, 700),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(where=filters, seed=st.integers(0, 99), limit=st.integers(1, 30))
def test_filtered_search_equals_brute_force(
    filled: SqliteStore, where: Filter, seed: int, limit: int
) -> None:
    query = vector_of(sentence(random.Random(seed)))
    space = filled.spaces()[0].id
    same(
        filled.nearest(space, query, limit, where), brute_force(filled, space, query, limit, where)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(where=filters, seed=st.integers(0, 99))
def test_keyword_search_respects_the_same_filters(
    filled: SqliteStore, where: Filter, seed: int
) -> None:
    word = random.Random(seed).choice(WORDS)
    everything = filled.match_chunks(word, 999)
    kept = {
        row.chunk for row in filled.chunk_rows([c for c, _ in everything]) if passes(row, where)
    }
    assert filled.match_chunks(word, 999, where) == [hit for hit in everything if hit[0] in kept]
    rows = filled.chunk_rows(list(kept))
    assert {file for file, _ in filled.match_files(word, 999, where)} == {row.file for row in rows}


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 99), limit=st.integers(1, 200))
def test_search_is_exact_when_candidates_cover_everything(
    filled: SqliteStore, seed: int, limit: int
) -> None:
    query = vector_of(sentence(random.Random(seed)))
    space = filled.spaces()[0].id
    found = filled.nearest(space, query, limit)
    same(found, brute_force(filled, space, query, limit, Filter()))
    assert found == sorted(found, key=lambda hit: (-hit[1], hit[0]))
    assert all(-1.0 <= score <= 1.0 for _, score in found)


def test_the_cosines_of_chunks_are_those_of_the_search(filled: SqliteStore) -> None:
    query = vector_of("apple fig")
    space = filled.spaces()[0].id
    found = filled.nearest(space, query, 20)
    asked = [chunk for chunk, _ in found]
    assert filled.cosines(space, query, [*asked, 10**9]) == dict(found)


def test_chunks_without_a_vector_have_no_cosine(index: Index) -> None:
    store = index.store
    file = put(store, None, version(index.root.id, b"a.md", ["apple"]))
    chunks = store.chunks_of_file(file)
    assert store.cosines(index.space.id, vector_of("apple"), chunks) == {}
    assert store.nearest(index.space.id, vector_of("apple"), 5) == []


def test_without_the_extension_the_same_is_found(filled: SqliteStore) -> None:
    plain = open_index(filled.path, extension=False)
    assert plain.extension == "python (switched off)"
    assert filled.extension.startswith("sqlite-vec v0.1")
    space = filled.spaces()[0].id
    for seed in range(5):
        query = vector_of(sentence(random.Random(seed)))
        for where in (None, Filter(suffixes=("md",)), Filter(folders=(ROOT,))):
            same(plain.nearest(space, query, 12, where), filled.nearest(space, query, 12, where))
        chunks = [chunk for chunk, _ in filled.nearest(space, query, 30)]
        assert plain.cosines(space, query, chunks) == pytest.approx(
            filled.cosines(space, query, chunks), abs=1e-6
        )
    plain.close()


WITH_BROKEN_LIBRARY = """
import sys
from semsearch.store import open_index
from semsearch.store.seals import seal
from tests.store.material import vector_of
store = open_index(sys.argv[1])
print(store.extension)
print(len(store.nearest(1, vector_of("apple"), 5)))
"""


@pytest.mark.parametrize("library", [b"", b"\x7fELF of another machine"])
def test_a_library_that_does_not_load_is_told_and_replaced(
    filled: SqliteStore, tmp_path: Path, library: bytes
) -> None:
    (tmp_path / "sqlite_vec").mkdir()
    (tmp_path / "sqlite_vec" / "__init__.py").write_text("raise RuntimeError('imported')")
    if library:
        for suffix in ("so", "dylib", "dll"):
            (tmp_path / "sqlite_vec" / f"vec0.{suffix}").write_bytes(library)
    told = subprocess.run(
        [sys.executable, "-c", WITH_BROKEN_LIBRARY, filled.path],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join([str(tmp_path), *sys.path])},
    ).stdout.splitlines()
    assert told[0].startswith("python (sqlite-vec does not load: ")
    assert told[1] == "5"


def test_codes_held_in_memory_find_no_less_and_follow_changes(tmp_path: Path) -> None:
    store, reader = fresh(tmp_path), fresh(tmp_path)
    root, space = store.add_root(ROOT).id, store.ensure_space(KEY, 0.5).id
    generator = random.Random(3)
    files = [
        put(
            store, space, version(root, b"%d.md" % n, [f"{n} {sentence(generator)}" for _ in "abc"])
        )
        for n in range(150)
    ]
    assert store._db.value("SELECT count(*) FROM code") > 400
    store._db.connection.execute("UPDATE space SET candidates = 40")
    assert reader.hold_codes(space)

    def compare() -> None:
        for seed in range(6):
            query = vector_of(sentence(random.Random(seed)))
            held = reader.nearest(space, query, 10)
            for (_, ours), (_, scanned) in zip(held, store.nearest(space, query, 10), strict=True):
                assert ours > scanned - 2e-6
            exact = dict(brute_force(store, space, query, 1_000, Filter()))
            assert [exact[chunk] for chunk, _ in held] == pytest.approx(
                [score for _, score in held], abs=2e-6
            )

    compare()
    put(store, space, version(root, b"new.md", ["apple apple fig", "kiwi kiwi"]))
    compare()
    store.remove_files(files[:100])
    store.collect_garbage()
    compare()
    store.remove_files(files[100:])
    store.collect_garbage()
    assert len(reader.nearest(space, vector_of("apple"), 10)) == 2
    reader.close()
    store.close()


def test_as_many_vectors_are_read_as_the_question_needs(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    root, space = store.add_root(ROOT).id, store.ensure_space(KEY, 0.5).id
    generator = random.Random(8)
    for number in range(90):
        texts = [f"{number} {sentence(generator)}" for _ in range(8)]
        put(store, space, version(root, b"%d.md" % number, texts))
    store._db.connection.execute("UPDATE space SET candidates = 600")
    assert store.hold_codes(space)
    statements: list[str] = []
    store._db.connection.exec_trace = lambda _, sql, __: statements.append(sql) or True
    counts, missed = [], 0
    for seed in range(8):
        query = vector_of(sentence(random.Random(seed)))
        exact = brute_force(store, space, query, 10, Filter())
        statements.clear()
        found = store.nearest(space, query, 10)
        counts.append(sum("vector.value" in sql for sql in statements))
        missed += sum(score < exact[9][1] - 2e-6 for _, score in found)
    assert missed <= 2
    # Codes this narrow tell little, so more than one lot of vectors is read, but not all ten.
    assert max(counts) > 1
    assert min(counts) < 8
    store.close()


def test_orphans_do_not_take_the_places_of_results(index: Index) -> None:
    """Passages of replaced files stay until garbage is collected; they may be the nearest."""
    store = index.store
    orphans = [passage_of(f"apple fig plum {n}") for n in range(900)]
    store.add_vectors(index.space.id, orphans, [vector_of("apple fig plum")] * 900, None)
    put(store, index.space.id, version(index.root.id, b"a.md", ["quince", "mango", "kiwi"]))
    found = store.nearest(index.space.id, vector_of("apple fig plum"), 3)
    assert [row.text for row in store.chunk_rows([c for c, _ in found])] != []
    assert len(found) == 3


def test_chunks_that_share_a_passage_are_all_found(index: Index) -> None:
    store = index.store
    for name in (b"a.md", b"b.md"):
        put(store, index.space.id, version(index.root.id, name, ["apple", "apple"]))
    found = store.nearest(index.space.id, vector_of("apple"), 10)
    assert [chunk for chunk, _ in found] == [1, 2, 3, 4]
    only_b = store.nearest(
        index.space.id, vector_of("apple"), 10, Filter(folders=(ROOT + b"/b.md",))
    )
    assert [chunk for chunk, _ in only_b] == [3, 4]
    assert [chunk for chunk, _ in store.nearest(index.space.id, vector_of("apple"), 3)] == [1, 2, 3]


def test_spaces_never_meet(index: Index) -> None:
    store = index.store
    other = store.ensure_space(KEY._replace(model="other"), 0.5)
    put(store, index.space.id, version(index.root.id, b"a.md", ["apple"]))
    put(store, other.id, version(index.root.id, b"b.md", ["pear"]))
    for space, text in ((index.space.id, "apple"), (other.id, "pear")):
        found = store.nearest(space, vector_of("apple pear"), 10)
        assert [row.text for row in store.chunk_rows([c for c, _ in found])] == [text]


def test_a_query_of_another_width_is_refused(index: Index) -> None:
    put(index.store, index.space.id, version(index.root.id, b"a.md", ["apple"]))
    for question in (index.store.nearest, index.store.cosines):
        with pytest.raises(MalformedReply):
            question(
                index.space.id, vector_of("apple", 8), 5 if question.__name__ == "nearest" else [1]
            )
    with pytest.raises(UsageError):
        index.store.nearest(99, vector_of("apple"), 5)


# --- broad and narrow filters, calibration: enough vectors for the first stage to matter ---------


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """3000 chunks of clustered vectors in 300 files, half of them Markdown."""
    store = fresh(tmp_path_factory.mktemp("crowded"))
    root = store.add_root(ROOT).id
    space = store.ensure_space(KEY, 0.5).id
    rng = np.random.default_rng(11)
    centres = rng.standard_normal((40, DIMENSIONS))
    with store.write():
        for number in range(300):
            texts = [f"file {number} part {part}" for part in range(10)]
            rows = centres[number % 40] + 0.8 * rng.standard_normal((10, DIMENSIONS))
            vectors = [row.astype("<f4").tobytes() for row in rows]
            new = version(root, b"%d.%s" % (number, (b"md", b"py")[number // 40 % 2]), texts)
            store.add_vectors(space, [p for _, p in new.chunks], vectors, None)
            store.publish(new)
    yield store
    store.close()


def queries(count: int) -> list[bytes]:
    rng = np.random.default_rng(12)
    centres = np.random.default_rng(11).standard_normal((40, DIMENSIONS))
    rows = centres[rng.integers(0, 40, count)] + 0.8 * rng.standard_normal((count, DIMENSIONS))
    return [row.astype("<f4").tobytes() for row in rows]


def recall(store: SqliteStore, where: Filter | None = None) -> float:
    space = store.spaces()[0].id
    rows = store._db.rows("SELECT chunk.id, relative FROM chunk JOIN file ON file.id = chunk.file")
    ids = [
        chunk
        for chunk, relative in rows
        if where is None or relative.endswith(where.suffixes[0].encode())
    ]
    stored = store.chunk_vectors(space, ids)
    matrix = np.frombuffer(b"".join(stored.values()), "<f4").reshape(len(stored), -1)
    keys = np.asarray(list(stored))
    found = 0
    for query in queries(60):
        best = keys[np.argsort(-(matrix @ np.frombuffer(query, "<f4")))[:10]]
        found += len({*best.tolist()} & {c for c, _ in store.nearest(space, query, 10, where)})
    return found / 600


def test_calibration_reaches_the_recall_it_promises(crowded: SqliteStore) -> None:
    space = crowded.spaces()[0].id
    chosen = crowded.calibrate(space)
    assert crowded.spaces()[0].candidates == chosen
    assert 100 <= chosen < 2000
    assert recall(crowded) >= 0.99
    assert recall(crowded, Filter(suffixes=("md",))) >= 0.99
    crowded._db.connection.execute("UPDATE space SET candidates = 1")
    assert recall(crowded) < 0.95, "else calibration would have nothing to do"


def test_short_codes_get_more_candidates_where_a_sample_stands_for_a_larger_space(
    crowded: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = crowded.spaces()[0].id
    monkeypatch.setattr("semsearch.store.calibration._SAMPLE", 300)
    short = crowded.calibrate(space)
    monkeypatch.setattr("semsearch.store.calibration._NARROW", 0)
    assert 100 < crowded.calibrate(space) < short


def test_calibration_can_be_stopped_and_keeps_the_old_value(crowded: SqliteStore) -> None:
    space = crowded.spaces()[0].id
    crowded._db.connection.execute("UPDATE space SET candidates = 777")
    assert crowded.calibrate(space, lambda: False) == 777
    assert crowded.spaces()[0].candidates == 777


def test_too_few_vectors_need_no_calibration(index: Index) -> None:
    put(index.store, index.space.id, version(index.root.id, b"a.md", ["apple"]))
    assert index.store.calibrate(index.space.id) == index.space.candidates


@pytest.mark.parametrize("candidates", [5, 40, 400])
def test_a_broad_filter_finds_what_a_narrow_one_would(
    crowded: SqliteStore, candidates: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = crowded.spaces()[0].id
    crowded._db.connection.execute("UPDATE space SET candidates = ?", (candidates,))
    where = Filter(suffixes=("md",))
    broad = [crowded.nearest(space, query, 10, where) for query in queries(10)]
    monkeypatch.setattr("semsearch.store.nearest._BROAD", 2.0)
    assert [crowded.nearest(space, query, 10, where) for query in queries(10)] == broad


def test_a_broad_filter_whose_files_are_far_away_still_fills_the_list(index: Index) -> None:
    """The scan meets only a few of them before it ends; then all of them are looked up."""
    store = index.store
    with store.write():
        store._db.run("UPDATE space SET candidates = 20")
        seal(store._db, "space", "TRUE")
    far = [f"quince {n}" for n in range(500)]
    with store.write():
        for number in range(100):
            texts = [f"apple fig {number} {part}" for part in range(10)]
            put(store, index.space.id, version(index.root.id, b"%d.py" % number, texts))
        for number in range(50):
            texts = ["apple fig"] if number < 4 else far[10 * number : 10 * number + 10]
            put(store, index.space.id, version(index.root.id, b"%d.md" % number, texts))
    found = store.nearest(index.space.id, vector_of("apple fig"), 25, Filter(suffixes=("md",)))
    assert len(found) == 25
    rows = store.chunk_rows([chunk for chunk, _ in found])
    assert [row.text for row in rows[:4]] == ["apple fig"] * 4
    assert {row.relative[-3:] for row in rows} == {b".md"}


def test_without_the_extension_the_same_candidates_are_chosen(crowded: SqliteStore) -> None:
    crowded._db.connection.execute("UPDATE space SET candidates = 40")
    plain = open_index(crowded.path, extension=False)
    space = crowded.spaces()[0].id
    for query in queries(8):
        same(plain.nearest(space, query, 10), crowded.nearest(space, query, 10))
    plain.close()


def test_a_long_list_gets_as_many_rows_as_asked(crowded: SqliteStore) -> None:
    space = crowded.spaces()[0].id
    crowded._db.connection.execute("UPDATE space SET candidates = 100")
    for limit in (1, 10, 500, 2999, 3000, 9999):
        assert len(crowded.nearest(space, queries(1)[0], limit)) == min(limit, 3000)


def test_a_list_to_be_fused_still_takes_half_the_calibrated_candidates(index: Index) -> None:
    texts = [f"word{number % 17} word{number % 13} word{number % 7}" for number in range(200)]
    put(index.store, index.space.id, version(index.root.id, b"a.md", texts))
    assert index.space.candidates >= 2 * len(texts)  # so half of them is everything
    for number in range(20):
        query = vector_of(f"word{number % 17} word{number % 11}")
        exact = index.store.nearest(index.space.id, query, 200)
        assert index.store.nearest(index.space.id, query, 1, oversampling=1) == exact[:1]
