"""Index a judged collection as a user would, ask every query in every mode, print the measures.

    python -m tests.quality.evaluate FOLDER --index PATH
    python -m tests.quality.evaluate FOLDER --index PATH --unrelated tests/quality/unrelated.txt

FOLDER holds `docs/`, `queries.tsv` (id, text) and `qrels.tsv` (query id, path below docs, grade).
The index is made with the model the settings name (the embedded one without a key) and kept at
PATH, so a second run only asks; it asks what `semsearch eval FOLDER --index PATH` asks.

With `--unrelated`, a file of questions the collection cannot answer, it also counts how many of
them are answered all the same, and how many of the collection's own are not.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from semsearch import settings
from semsearch.engine import Engine
from semsearch.engine.evaluating import EvaluationRequest, evaluate, plan
from semsearch.engine.job import JobOptions
from semsearch.present.evaluation import evaluation_text
from semsearch.records import IndexReport, Progress


def main() -> int:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--index", required=True)
    parser.add_argument("--unrelated", type=Path)
    arguments = parser.parse_args()
    engine = Engine(settings.load(flags={"index.path": arguments.index}))
    folder = arguments.folder.resolve()
    build(engine, os.fsencode(folder / "docs"))
    request = EvaluationRequest(
        queries=os.fsencode(folder / "queries.tsv"),
        qrels=os.fsencode(folder / "qrels.tsv"),
        documents=os.fsencode(folder),
    )
    print(evaluation_text(evaluate(engine, plan(engine, request), tell)))
    if arguments.unrelated is not None:
        unrelated = arguments.unrelated.read_text("utf-8").splitlines()
        judged = (folder / "queries.tsv").read_text("utf-8").splitlines()
        print(answered(engine, "unrelated", unrelated))
        print(answered(engine, "judged", [line.partition("\t")[2] for line in judged]))
    engine.close()
    return 0


def answered(engine: Engine, what: str, questions: list[str]) -> str:
    """How many questions a hybrid search answers, and how sure it is of the first hit."""
    counts = {"nothing": 0, "weak": 0, "fair": 0, "strong": 0, "no band": 0}
    files = 0
    for number, question in enumerate(questions, 1):
        hits = engine.search(question, mode="hybrid", limit=10).hits
        best = max(hits, key=lambda hit: hit.cosine or -1.0, default=None)
        counts["nothing" if best is None else best.band or "no band"] += 1
        files += not engine.search(question, mode="hybrid", limit=10, per_file=True).hits
        tell(what, number, len(questions))
    shares = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    return f"{len(questions)} {what} questions, nearest hit: {shares}; by files: nothing {files}"


def build(engine: Engine, documents: bytes) -> None:
    """Bring the index up to date."""
    with engine.index_job([documents], engine.choice(), JobOptions()) as job:
        for event in job.run():
            if isinstance(event, Progress):
                tell("passages", event.chunks_done, event.chunks_total)
            elif isinstance(event, IndexReport) and event.stopped_by is not None:
                raise event.stopped_by


def tell(what: str, done: int, total: int) -> None:
    """Where it stands, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r{what}: {done}/{total}    ", end="", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
