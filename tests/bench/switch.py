"""Search on the old model while another process builds the new one, against before and after.

    python -m tests.bench.switch --files 600 --latency-ms 30

The documents are the standard library's sources, the API a process on loopback that answers with
prepared vectors after the given time. Questions have been asked before, so a search is local: what
could slow it is the build's commits, its pages in the cache, and the processor it takes. The last
is told apart by counting the CPU time of the searching thread beside the clock on the wall. Every
answer is held against the first one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.index import collect, serve

if TYPE_CHECKING:
    from semsearch.engine import Engine

QUESTIONS = ("parse a command line", "temporary folder removed", "retry after a timeout", "decode")


class Rounds(NamedTuple):
    """Milliseconds of every search of one stretch of time."""

    wall: list[float]
    cpu: list[float]

    def add(self, other: Rounds) -> None:
        """Take in another stretch."""
        self.wall.extend(other.wall)
        self.cpu.extend(other.cpu)

    def line(self, name: str, base: Rounds) -> str:
        """Medians, the slow end, and ratios to another stretch."""
        wall, cpu = statistics.median(self.wall), statistics.median(self.cpu)
        return (
            f"{name:<18}{len(self.wall):>6} searches  "
            f"wall {wall:7.2f} ms  p95 {p95(self.wall):7.2f} ms  "
            f"CPU {cpu:7.2f} ms  p95 {p95(self.cpu):7.2f} ms   "
            f"ratio wall {wall / statistics.median(base.wall):5.2f}  "
            f"p95 {p95(self.wall) / p95(base.wall):5.2f}  "
            f"CPU {cpu / statistics.median(base.cpu):5.2f}  "
            f"p95 {p95(self.cpu) / p95(base.cpu):5.2f}"
        )


def p95(values: list[float]) -> float:
    """The value 95 % are not above."""
    return sorted(values)[int(0.95 * len(values))]


def searches(engine: Engine, expected: dict[str, list[tuple[int, float]]]) -> Rounds:
    """One search for each question; every answer must be the expected one."""
    rounds = Rounds([], [])
    for question in QUESTIONS:
        wall, cpu = time.perf_counter(), time.thread_time()
        found = engine.search(question)
        rounds.cpu.append((time.thread_time() - cpu) * 1e3)
        rounds.wall.append((time.perf_counter() - wall) * 1e3)
        answer = [(hit.chunk, hit.score) for hit in found.hits]
        assert expected.setdefault(question, answer) == answer, question
    return rounds


def measure(engine: Engine, build: list[str], environment: dict[str, str], rounds: int) -> None:
    """Search before, during and after a build, and print."""
    expected: dict[str, list[tuple[int, float]]] = {}
    searches(engine, expected)  # fills the cache of questions

    def stretch() -> Rounds:
        gathered = Rounds([], [])
        for _ in range(rounds):
            gathered.add(searches(engine, expected))
        return gathered

    before = stretch()
    during = Rounds([], [])
    process = subprocess.Popen(build, stdout=subprocess.PIPE, env=environment)
    while process.poll() is None:
        during.add(searches(engine, expected))
    assert process.stdout is not None
    report = json.loads(process.stdout.read())
    assert report["ok"], report["error"]
    after = stretch()
    chunks = report["data"]["chunks"]
    print(f"{chunks['embedded']:,} passages built in {report['data']['elapsed_s']:.1f} s meanwhile")
    print(before.line("before", before))
    print(during.line("during", before))
    print(after.line("after", before))
    print("every answer was the same")


def main() -> None:
    """Index with one model, then build another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=100, help="before, and after")
    parser.add_argument("--latency-ms", type=float, default=30.0, help="of a reply")
    arguments = parser.parse_args()
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(
        target=serve, args=(ports, arguments.latency_ms / 1e3), daemon=True
    )
    server.start()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["SEMSEARCH_BASE_URL"] = f"http://127.0.0.1:{ports.get()}/v1"
    os.environ["SEMSEARCH_API_KEY"] = "bench-key-0123456789"
    from semsearch import settings
    from semsearch.engine import Engine

    with tempfile.TemporaryDirectory() as folder:
        for kind in ("CONFIG", "DATA", "CACHE"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(folder) / kind)
        documents = Path(folder) / "documents"
        documents.mkdir()
        collect(documents, arguments.files)
        index = str(Path(folder) / "index.db")
        common = [sys.executable, "-m", "semsearch", "--index", index, "--json", "--yes"]
        environment = dict(os.environ)
        subprocess.run(
            [*common, "index", str(documents), "--model", "bench/old"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        engine = Engine(settings.load(), index_path=index)
        measure(engine, [*common, "models", "build", "bench/new"], environment, arguments.rounds)
        engine.close()
    server.terminate()


if __name__ == "__main__":
    main()
