"""A whole hybrid search on real text, against an exact vec0 scan alone.

    python -m tests.bench.hybrid --rows 100000 --dimensions 1024

Text is that of a folder, of this Python's own modules unless another is named, cut into pieces of
about 1 KB; each query is six words in a row of one of them. Vectors are synthetic. Every figure is
the median CPU time of interleaved calls in one process; query vectors are in the cache, and files
are not looked at.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sysconfig
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.vectors import PEER, build, interleaved, synthetic, vec0

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.records import Mode, SearchResult
    from semsearch.store import SqliteStore

PIECE = 1000
TIMED = 40


def pieces(folders: list[Path]) -> Iterator[str]:
    """About 1 KB of text each, cut at line ends; the order does not depend on the disk."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix not in {".py", ".md", ".rst", ".txt", ".html"} or not path.is_file():
                continue
            text = path.read_text("utf-8", errors="replace")
            start = 0
            while start < len(text):
                end = text.find("\n", start + PIECE)
                end = len(text) if end < 0 else end + 1
                if text[start:end].strip():
                    yield f"{path.name} {start}\n{text[start:end]}"
                start = end


def asked(bodies: list[str], count: int) -> list[str]:
    """Six words in a row of some of the texts, as a person quotes from memory."""
    chooser = random.Random(5)
    found: list[str] = []
    while len(found) < count:
        words = [word for word in chooser.choice(bodies).split() if word.isalpha()]
        if len(words) >= 12:
            start = chooser.randrange(len(words) - 6)
            found.append(" ".join(words[start : start + 6]))
    return found


def main() -> None:
    """Build, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--dimensions", type=int, default=1024)
    parser.add_argument("--text", type=Path, action="append", help="a folder; several add up")
    options = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    paths = sysconfig.get_paths()
    folders = options.text or [Path(paths["stdlib"]), Path(paths["purelib"])]
    bodies = [body for body, _ in zip(pieces(folders), range(options.rows), strict=False)]
    base, queries = synthetic(len(bodies), options.dimensions, TIMED)
    with tempfile.TemporaryDirectory() as folder:
        built = build(Path(folder) / "index.db", base, bodies)
        built.store.calibrate(built.space)
        built.store.activate_space(built.space)
        texts = asked(bodies, TIMED)
        for text, query in zip(texts, queries, strict=True):
            built.store.cache_query(built.space, text, query.tobytes())
        peer = vec0(Path(folder) / "peer.db", base)
        vectors = [query.tobytes() for query in queries]
        report(Path(folder), built.store, texts, {
            PEER: lambda i: peer.execute(
                "SELECT id FROM peer WHERE value MATCH ? AND k = 10", (vectors[i],)
            ).fetchall(),
        })  # fmt: skip


def report(folder: Path, store: SqliteStore, texts: list[str], peer: dict) -> None:  # type: ignore[type-arg]
    """Time every mode on codes in SQL and in memory, and print the ratios."""
    from semsearch.store import open_index

    held = open_index(str(folder / "index.db"))
    space = store.active_space()
    assert space is not None
    held.hold_codes(space.id)
    contenders = {
        "hybrid": partial(ask, store, "hybrid", texts),
        "hybrid, codes in memory": partial(ask, held, "hybrid", texts),
        "hybrid, files ranked": partial(ask, store, "hybrid", texts, per_file=True),
        "by words": partial(ask, store, "lexical", texts),
        "by meaning": partial(ask, store, "semantic", texts),
        **peer,
    }
    spent = interleaved(contenders, TIMED)
    base = statistics.median(spent[PEER])
    print(f"{store.counts().chunks} passages of real text x {space.key.dimensions}, "
          f"m = {space.candidates}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    print(f"  {'CPU ms':26} {'median':>8} {'of vec0':>8} {'95 %':>8}")
    for name, times in spent.items():
        median = statistics.median(times)
        print(
            f"  {name:26} {median:8.2f} {median / base:8.3f} {times[int(len(times) * 0.95)]:8.2f}"
        )
    print("  goal: hybrid at 100,000 x 1024 <= 0.2 of vec0")


def ask(
    store: SqliteStore, mode: Mode, texts: list[str], number: int, *, per_file: bool = False
) -> SearchResult:
    """A whole search, snippets and all, but for a look at the disk."""
    from semsearch.searching import Options, parse_query, search

    query = parse_query(texts[number], cwd=b"/", now=0)
    options = Options(mode=mode, per_file=per_file, stale=lambda _row: False)
    return search(store, query, store.active_space(), None, options)


if __name__ == "__main__":
    main()
