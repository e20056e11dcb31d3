"""Index a judged collection as a user would, ask every query in every mode, print the measures.

    python -m tests.quality.evaluate FOLDER --index PATH

FOLDER holds `docs/`, `queries.tsv` (id, text) and `qrels.tsv` (query id, path below docs, grade).
The index is made with the model the settings name (the embedded one without a key) and kept at
PATH, so a second run only asks.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from semsearch import settings
from semsearch.engine import Engine
from semsearch.engine.job import JobOptions
from semsearch.records import IndexReport, Mode, Progress
from tests.quality.measures import interval, ndcg, recall, reciprocal_rank

if TYPE_CHECKING:
    from semsearch.settings import Value

DEPTH = 100


def main() -> int:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index", required=True)
    arguments = parser.parse_args()
    flags: dict[str, Value] = {"index.path": arguments.index}
    engine = Engine(settings.load(flags=flags))
    documents = os.fsencode((arguments.folder / "docs").resolve())
    build(engine, documents)
    queries = dict(read_table(arguments.folder / "queries.tsv", 2))
    judged: dict[str, dict[str, int]] = {}
    for query, path, grade in read_table(arguments.folder / "qrels.tsv", 3):
        judged.setdefault(query, {})[path] = int(grade)
    print(f"{len(judged)} judged queries, {engine.status().chunks:,} passages")
    print(f"{'mode':10}{'nDCG@10':>9}{'95 % CI':>16}{'R@100':>8}{'MRR@10':>8}{'ms':>7}")
    for mode in get_args(Mode):
        report(engine, documents, mode, queries, judged)
    engine.close()
    return 0


def build(engine: Engine, documents: bytes) -> None:
    """Bring the index up to date."""
    with engine.index_job([documents], engine.choice(), JobOptions()) as job:
        for event in job.run():
            if isinstance(event, Progress) and sys.stderr.isatty():
                print(f"\r{event.chunks_done} passages", end="", file=sys.stderr)
            elif isinstance(event, IndexReport) and event.stopped_by is not None:
                raise event.stopped_by


def report(
    engine: Engine,
    documents: bytes,
    mode: Mode,
    queries: dict[str, str],
    judged: dict[str, dict[str, int]],
) -> None:
    """One line: the measures of a mode over all judged queries, files ranked."""
    rows: list[tuple[float, float, float]] = []
    start = time.perf_counter()
    for query, grades in judged.items():
        found = engine.search(plain(queries[query]), mode=mode, limit=DEPTH, per_file=True)
        ranked = [os.path.relpath(hit.path, documents).decode() for hit in found.hits]
        rows.append((ndcg(ranked, grades), recall(ranked, grades), reciprocal_rank(ranked, grades)))
    spent = (time.perf_counter() - start) / len(rows) * 1e3
    columns = list(zip(*rows, strict=True))
    means = [100 * sum(column) / len(column) for column in columns]
    low, high = interval(columns[0])
    print(
        f"{mode:10}{means[0]:9.2f}{100 * low:8.2f} -{100 * high:6.2f}"
        f"{means[1]:8.2f}{means[2]:8.2f}{spent:7.1f}"
    )


def plain(text: str) -> str:
    """A query without what the query language would take for a filter or an exclusion."""
    return " ".join(word.lstrip("-").replace(":", " ").replace('"', " ") for word in text.split())


def read_table(path: Path, columns: int) -> list[tuple[str, ...]]:
    """Rows of a tab-separated file, `columns` wide."""
    lines = path.read_text("utf-8").splitlines()
    return [tuple(line.split("\t", columns - 1)) for line in lines if line.strip()]


if __name__ == "__main__":
    sys.exit(main())
