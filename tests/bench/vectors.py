"""Vector search and storing, against sqlite-vec's own tables, exact numpy and plain inserts.

    python -m tests.bench.vectors --rows 10000 --dimensions 1024
    python -m tests.bench.vectors --rows 1000000 --short-texts    # once: 8 GB of disk, an hour

Vectors are synthetic but shaped like embeddings: a power-law spectrum, a common mean, topics with
subtopics and documents of twelve passages, rotated so that no coordinate is special. Texts are
words drawn by Zipf's law, about 1 KB each. Every figure is the median CPU time of calls that were
interleaved with those of its baseline in one process. The memory floor is what reading all sign
codes once from main memory takes, at the speed this process reads a buffer no cache holds.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import apsw
    import numpy as np
    from numpy.typing import NDArray

    from semsearch.store import SqliteStore

    Matrix = NDArray[np.float32]

PASSAGES_PER_FILE = 12
BATCH = 128
BURST = 8
TIMED = 40
SQL, HELD = "ours, one SQL statement", "ours, codes in memory"
NARROW, PEER = "ours, 1 % of files", "vec0 float32, exact"
FLOOR, FLOOR_BYTES = "memory floor", 1 << 28
CALIBRATED_FROM = 10_000
"""As in `indexing.finish`: an index smaller than that keeps the candidate count it begins with."""
WORDS = 30_000


class Built(NamedTuple):
    store: SqliteStore
    space: int
    chunks: list[int]
    """Chunk id of every row."""
    cpu_s: float
    vectors_s: float


def synthetic(rows: int, dimensions: int, queries: int) -> tuple[Matrix, Matrix]:
    """Unit vectors of `rows` passages, and of queries that ask about some of their documents."""
    import numpy as np

    rng = np.random.default_rng(dimensions)
    spectrum = (np.arange(1, dimensions + 1) ** -0.6).astype(np.float32)
    spectrum *= np.sqrt(dimensions / (spectrum**2).sum())
    rotation = np.linalg.qr(rng.standard_normal((dimensions, dimensions)).astype(np.float32))[0]

    def draw(count: int) -> Matrix:
        return (rng.standard_normal((count, dimensions), np.float32) * spectrum) @ rotation

    documents = -(-rows // PASSAGES_PER_FILE)
    mean, topics, subtopics = draw(1), draw(200), draw(4000)
    subtopic = (rng.zipf(1.3, documents) - 1) % len(subtopics)
    topic_of = rng.integers(0, len(topics), len(subtopics))
    about = 0.55 * mean + 0.45 * topics[topic_of[subtopic]] + 0.45 * subtopics[subtopic]
    about += 0.45 * draw(documents)
    base = np.empty((rows, dimensions), np.float32)
    for start in range(0, rows, 12_000):
        part = np.arange(start, min(start + 12_000, rows))
        base[part] = _unit(about[part // PASSAGES_PER_FILE] + 0.55 * draw(len(part)))
    asked = about[rng.choice(documents, queries)] + 0.55 * 1.3 * draw(queries)
    return base, _unit(asked)


def _unit(matrix: Matrix) -> Matrix:
    import numpy as np

    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix


def texts(rows: int, words: int = 140) -> list[str]:
    """About 1 KB each unless told otherwise, in words of a Zipf-distributed vocabulary."""
    chooser = random.Random(3)
    weights = [1 / (rank + 5) for rank in range(WORDS)]
    cumulative = list(itertools.accumulate(weights))
    vocabulary = ["".join(chooser.choices("etaoinshrdlu", k=2 + rank % 9)) for rank in range(WORDS)]
    return [
        f"{row} " + " ".join(chooser.choices(vocabulary, cum_weights=cumulative, k=words))
        for row in range(rows)
    ]


# --- what is compared --------------------------------------------------------------------------


def build(path: Path, base: Matrix, bodies: Sequence[str]) -> Built:
    """Our index, filled as an indexing run fills it: one transaction per batch of vectors."""
    from semsearch.records import Chunk, FileRef, NewFile, Passage, SpaceKey
    from semsearch.store import open_index

    store = open_index(str(path), create=True)
    root = store.add_root(b"/bench").id
    key = SpaceKey("https://bench.test/v1", "bench", base.shape[1], "plain", "plain")
    space = store.ensure_space(key, 0.6).id
    passages = [
        Passage(hashlib.sha256(text.encode()).digest(), text, 0, len(text) // 4) for text in bodies
    ]
    files = []
    for number, first in enumerate(range(0, len(bodies), PASSAGES_PER_FILE)):
        pairs = tuple(
            (Chunk(i, 900 * i, 900 * i + len(p.text), i + 1, i + 1, None, ("Notes",), p.text), p)
            for i, p in enumerate(passages[first : first + PASSAGES_PER_FILE])
        )
        whole = "\n".join(chunk.text for chunk, _ in pairs)
        ref = FileRef(b"folder%02d/%d.md" % (number % 100, number), 1, number, number, 1, number)
        digest = hashlib.sha256(whole.encode()).digest()
        new = NewFile(root, ref, digest, "markdown", "Notes", "indexed", "", whole, pairs, number)
        files.append((first + len(pairs), new))
    spent = vectors = 0.0
    waiting = iter(files)
    last, new = next(waiting)
    for start in range(0, len(bodies), BATCH):
        raws = [row.tobytes() for row in base[start : start + BATCH]]
        begun = time.process_time()
        with store.write():
            store.add_vectors(space, passages[start : start + BATCH], raws, None)
            vectors += time.process_time() - begun
            while last <= start + len(raws):
                store.publish(new)
                last, new = next(waiting, (sys.maxsize, new))
        spent += time.process_time() - begun
    store.checkpoint()
    rows = store._db.rows("SELECT id FROM chunk ORDER BY id")
    return Built(store, space, [chunk for (chunk,) in rows], spent, vectors)


def plain_inserts(path: Path, base: Matrix, bodies: Sequence[str]) -> float:
    """CPU seconds to insert text, one FTS5 row, a code and a raw vector, 1000 rows at a time."""
    import numpy as np

    connection = _plain(path)
    connection.execute(
        "CREATE TABLE chunk(id INTEGER PRIMARY KEY, body TEXT); "
        "CREATE TABLE code(id INTEGER PRIMARY KEY, bits BLOB); "
        "CREATE TABLE vector(id INTEGER PRIMARY KEY, value BLOB); "
        "CREATE VIRTUAL TABLE fts USING fts5(body, content='', contentless_delete=1, "
        "tokenize='porter unicode61')"
    )
    begun = time.process_time()
    for start in range(0, len(bodies), 1000):
        part = base[start : start + 1000]
        codes = np.packbits(part > 0, axis=1)
        ids = range(start, start + len(part))
        with connection:
            for sql, values in (
                ("INSERT INTO chunk VALUES(?, ?)", bodies[start : start + 1000]),
                ("INSERT INTO fts(rowid, body) VALUES(?, ?)", bodies[start : start + 1000]),
                ("INSERT INTO code VALUES(?, ?)", [row.tobytes() for row in codes]),
                ("INSERT INTO vector VALUES(?, ?)", [row.tobytes() for row in part]),
            ):
                connection.executemany(sql, zip(ids, values, strict=True))
    spent = time.process_time() - begun
    connection.close()
    return spent


def vec0(path: Path, base: Matrix) -> apsw.Connection:
    """The peer: sqlite-vec's own table, float32 and exact, in its faster chunk size."""
    import apsw

    connection = _plain(path, page_size=4096)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1)
    spec = find_spec("sqlite_vec")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    connection.load_extension(os.path.join(next(iter(spec.submodule_search_locations)), "vec0"))
    connection.execute(
        f"CREATE VIRTUAL TABLE peer USING vec0(id INTEGER PRIMARY KEY, "
        f"value float[{base.shape[1]}] distance_metric=cosine, chunk_size=256)"
    )
    for start in range(0, len(base), 1000):
        with connection:
            connection.executemany(
                "INSERT INTO peer(id, value) VALUES(?, ?)",
                [(start + i, row.tobytes()) for i, row in enumerate(base[start : start + 1000])],
            )
    return connection


def _plain(path: Path, page_size: int = 16384) -> apsw.Connection:
    import apsw

    connection = apsw.Connection(str(path))
    for pragma, value in (
        ("page_size", page_size),
        ("journal_mode", "wal"),
        ("cache_size", -65536),
    ):
        connection.pragma(pragma, value)
    return connection


# --- measuring ---------------------------------------------------------------------------------


def interleaved(contenders: dict[str, Callable[[int], Any]], rounds: int) -> dict[str, list[float]]:
    """CPU milliseconds of every call of each contender, sorted.

    They take turns of `BURST` calls, the first of each uncounted: it pays for the caches the
    others have filled with their own data.
    """
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for start in range(0, rounds, BURST):
        for name, call in contenders.items():
            call(start)
            for number in range(start, min(start + BURST, rounds)):
                begun = time.process_time()
                call(number)
                spent[name].append(1e3 * (time.process_time() - begun))
    return {name: sorted(times) for name, times in spent.items()}


def main() -> None:
    """Build, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--dimensions", type=int, default=1024)
    parser.add_argument("--queries", type=int, default=200, help="for recall; 40 are timed")
    parser.add_argument(
        "--short-texts", action="store_true", help="a few words a passage: measure vectors only"
    )
    options = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    base, queries = synthetic(options.rows, options.dimensions, options.queries)
    bodies = texts(options.rows, 4 if options.short_texts else 140)
    with tempfile.TemporaryDirectory() as folder:
        report(Path(folder), base, queries, bodies, whole=not options.short_texts)


def report(
    folder: Path, base: Matrix, queries: Matrix, bodies: list[str], *, whole: bool = True
) -> None:
    """Build both, ask both, print one line per figure with its goal."""
    from semsearch.store import open_index

    plain = min(plain_inserts(folder / f"plain{i}.db", base, bodies) for i in range(2 * whole + 1))
    for file in folder.glob("plain*"):
        file.unlink()
    built = build(folder / "index.db", base, bodies)
    begun = time.process_time()
    candidates = built.store.spaces()[0].candidates
    if len(base) >= CALIBRATED_FROM:
        candidates = built.store.calibrate(built.space)
    calibrated = time.process_time() - begun
    held = open_index(str(folder / "index.db"))
    before, begun = resident_bytes(), time.process_time()
    held.hold_codes(built.space)
    loaded = time.process_time() - begun
    grown = max(0, resident_bytes() - before)
    print(f"{len(base)} x {base.shape[1]}, m = {candidates}, {built.store.extension}, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    compare(built, held, vec0(folder / "peer.db", base), base, queries)
    size = os.path.getsize(folder / "peer.db")
    sizes(built.store, len(base), 4 * base.shape[1], size, whole=whole)
    taken = held._held[built.space].nbytes
    print(f"  codes in memory             {taken / len(base):6.0f} B per passage, "
          f"{loaded:.2f} s CPU to load, process +{grown / 1e6:.0f} MB")  # fmt: skip
    ours, vectors, plainly = (
        1e6 * seconds / len(base) for seconds in (built.cpu_s, built.vectors_s, plain)
    )
    print(f"  insert: {ours:.0f} us CPU per passage (vectors {vectors:.0f}), "
          f"plain {plainly:.0f}, ratio {ours / plainly:.2f}")  # fmt: skip
    print(f"  calibration {calibrated:.2f} s CPU")


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def compare(
    built: Built, held: SqliteStore, peer: apsw.Connection, base: Matrix, queries: Matrix
) -> None:
    """Time of a search, filtered and not, and recall against the exact answer."""
    import numpy as np

    from semsearch.records import Filter

    store, space = built.store, built.space
    asked = [query.tobytes() for query in queries]
    narrow = Filter(folders=(b"/bench/folder07",))
    beyond_caches = np.ones(FLOOR_BYTES // 8, np.uint64)
    spent = interleaved(
        {
            SQL: lambda i: store.nearest(space, asked[i], 10),
            HELD: lambda i: held.nearest(space, asked[i], 10),
            NARROW: lambda i: store.nearest(space, asked[i], 10, narrow),
            PEER: lambda i: peer.execute(
                "SELECT id FROM peer WHERE value MATCH ? AND k = 10", (asked[i],)
            ).fetchall(),
            "numpy float32, exact": lambda i: np.argpartition(-(base @ queries[i]), 10)[:10],
            FLOOR: lambda _: np.bitwise_xor.reduce(beyond_caches),
        },
        min(TIMED, len(asked)),
    )
    share = len(base) * (base.shape[1] // 8) / FLOOR_BYTES
    spent[FLOOR] = [one * share for one in spent[FLOOR]]
    medians = {name: statistics.median(times) for name, times in spent.items()}
    print(f"  {'CPU ms':26} {'median':>8} {'of vec0':>8} {'of floor':>8} {'best':>8} "
          f"{'of vec0':>8} {'of floor':>8}")  # fmt: skip
    for name, times in spent.items():
        print(
            f"  {name:26} {medians[name]:8.2f} {medians[name] / medians[PEER]:8.3f} "
            f"{medians[name] / medians[FLOOR]:8.1f} {times[0]:8.2f} "
            f"{times[0] / spent[PEER][0]:8.3f} {times[0] / spent[FLOOR][0]:8.1f}"
        )
    print(f"  1 % filter / unfiltered     {medians[NARROW] / medians[SQL]:6.3f}   "
          "goal <= 0.15 at 100k")  # fmt: skip
    row_of = {chunk: row for row, chunk in enumerate(built.chunks)}
    truth = nearest_rows(base, queries)
    for name, index in (("SQL", store), ("in memory", held)):
        found = 0
        for rows, raw in zip(truth, asked, strict=True):
            found += len(rows & {row_of[chunk] for chunk, _ in index.nearest(space, raw, 10)})
        print(f"  recall@10, {name:16} {found / 10 / len(asked):6.4f}   goal >= 0.99")


def nearest_rows(base: Matrix, queries: Matrix) -> list[set[int]]:
    """The ten rows nearest to each query, exactly."""
    import numpy as np

    scores = np.concatenate(
        [queries @ base[start : start + 50_000].T for start in range(0, len(base), 50_000)], axis=1
    )
    return [{*row.tolist()} for row in np.argpartition(-scores, 10, axis=1)[:, :10]]


def sizes(store: SqliteStore, rows: int, raw: int, peer: int, *, whole: bool) -> None:
    """Bytes on disk, against the float32 vectors alone (`raw` bytes each) and vec0's file."""
    size = os.path.getsize(store.path)
    tables = dict(store._db.rows("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    vectors = tables["code"] + tables["vector"]
    words = tables["lexical_chunk_data"] + tables["lexical_file_data"]
    print(f"  vectors and codes / float32 {vectors / rows / raw:6.3f}   goal <= 0.62; "
          f"/ vec0 {vectors / peer:.3f}")  # fmt: skip
    if whole:
        print(f"  whole database / float32    {size / rows / raw:6.3f}   goal <= 1.0")
    print(f"  bytes per passage           {size / rows:6.0f}   of them text "
          f"{tables['passage'] / rows:.0f}, vector and code {vectors / rows:.0f}, "
          f"words {words / rows:.0f}; vec0 {peer / rows:.0f}")  # fmt: skip


if __name__ == "__main__":
    main()
