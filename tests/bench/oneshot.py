"""One search as a whole process, against the bare interpreter and against importing everything.

    python -m tests.bench.oneshot --rows 100000

Builds a synthetic index (texts of random words, vectors shaped like embeddings, calibrated as a
run of `index` would), asks the same question by
keyword and with a cached query vector, and new questions whose vectors a server on loopback gives
at once; prints CPU medians over interleaved runs as ratios.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.index import serve

if TYPE_CHECKING:
    from semsearch.records import Passage

DIMENSIONS = 1024
QUESTION = "w00017 w00123 w00999"
CHUNKS_PER_FILE = 10


def build(path: str, rows: int, endpoint: str) -> None:
    """An index of `rows` chunks with one space of vectors and one cached query."""
    import numpy as np

    from semsearch.embed.config import ApiConfig, space_key
    from semsearch.records import Chunk, FileRef, NewFile
    from semsearch.store import open_index
    from tests.bench.vectors import synthetic

    base, queries = synthetic(rows, DIMENSIONS, 1)
    words = [f"w{number:05d}" for number in range(20_000)]
    chooser = random.Random(7)
    store = open_index(path, create=True)
    root = store.add_root(b"/synthetic")
    store.grant_consent(root.id, endpoint.split("/")[2])
    key = space_key(ApiConfig(endpoint, "bench", None, known_dimensions=DIMENSIONS))
    space = store.ensure_space(key, 0.6)
    store.activate_space(space.id)
    for start in range(0, rows, 1000):
        vectors = base[start : start + 1000]
        passages, files = [], []
        for first in range(start, min(start + 1000, rows), CHUNKS_PER_FILE):
            pairs = []
            for ordinal in range(min(CHUNKS_PER_FILE, rows - first)):
                text = " ".join(chooser.choices(words, k=150))
                chunk = Chunk(ordinal, 0, len(text), 1, 1, None, (), text)
                pairs.append((chunk, passage_of(text)))
            passages += [passage for _, passage in pairs]
            text = "\n".join(chunk.text for chunk, _ in pairs)
            ref = FileRef(b"f%d.md" % first, len(text), first + 1, first + 1, 1, first + 1)
            files.append(
                NewFile(root.id, ref, b"%032d" % first, "markdown", "", "indexed", "", text,
                        tuple(pairs))
            )  # fmt: skip
        with store.write():
            store.add_vectors(space.id, passages, [row.tobytes() for row in vectors], None)
            for file in files:
                store.publish(file)
    store.cache_query(space.id, QUESTION, queries[0].astype(np.float32).tobytes())
    store.set_space_state(space.id, "ready")
    store.calibrate(space.id)
    store.checkpoint()
    store.close()


def passage_of(text: str) -> Passage:
    """A passage without a breadcrumb."""
    import hashlib

    from semsearch.records import Passage

    return Passage(hashlib.sha256(text.encode()).digest(), text, 0, len(text) // 4)


def cost(command: list[str], environment: dict[str, str]) -> tuple[float, float, int]:
    """`(CPU ms, wall ms, peak KiB)` of one child process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return (usage.ru_utime + usage.ru_stime) * 1e3, wall * 1e3, usage.ru_maxrss


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--build", metavar="PATH", help="only make the index there")
    parser.add_argument("--endpoint", default="http://127.0.0.1:9/v1", help="of the index made")
    arguments = parser.parse_args()
    if arguments.build:
        build(arguments.build, arguments.rows, arguments.endpoint)
        return
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(ports, 0.0, DIMENSIONS), daemon=True)
    server.start()
    environment["SEMSEARCH_BASE_URL"] = f"http://127.0.0.1:{ports.get(timeout=60)}/v1"
    environment["SEMSEARCH_API_KEY"] = "bench-key-0123456789"
    with tempfile.TemporaryDirectory() as folder:
        index = str(Path(folder) / "index.db")
        # In a process of its own: a child's peak memory counts what it was forked from.
        itself = [sys.executable, "-m", "tests.bench.oneshot"]
        itself += ["--endpoint", environment["SEMSEARCH_BASE_URL"]]
        subprocess.run([*itself, "--build", index, "--rows", str(arguments.rows)], check=True)
        os.sync()  # half a gigabyte was written, which is on its way to the disk for a while
        environment["SEMSEARCH_INDEX"] = index
        # As in the design's laboratory: what a program has at hand that imports at the top of its
        # modules and makes its client when it starts.
        everything = "import textual.app, httpx, numpy, sqlite_vec\nhttpx.Client()\n"
        entry = "import sys; from semsearch.__main__ import main; sys.exit(main())"
        # What the installed `semsearch` script does.
        search = [sys.executable, "-c", entry, "search", QUESTION]
        commands = {
            "bare interpreter": [sys.executable, "-I", "-c", "pass"],
            "keyword search": [*search, "--mode", "lexical"],
            "cached query, hybrid": search,
            "new query, API answers at once": search,
            "the same, everything imported and a client made first": [
                sys.executable, "-c", everything + entry, "search", QUESTION,
            ],
        }  # fmt: skip
        for command in commands.values():
            cost(command, environment)
        measured: dict[str, list[tuple[float, float, int]]] = {name: [] for name in commands}
        for run in range(arguments.runs):
            for name, command in commands.items():
                new = [f"w{run:05d}"] if name.startswith("new") else []
                measured[name].append(cost([*command, *new], environment))
    server.terminate()
    bare = statistics.median(run[0] for run in measured["bare interpreter"])
    print(f"one search as a process, {arguments.rows:,} chunks x {DIMENSIONS}")
    print(f"{'':56}{'CPU ms':>8}{'wall ms':>9}{'x bare':>8}{'RSS MB':>8}")
    for name, runs in measured.items():
        cpu = statistics.median(run[0] for run in runs)
        wall = statistics.median(run[1] for run in runs)
        memory = statistics.median(run[2] for run in runs) / 1024
        print(f"{name:56}{cpu:8.1f}{wall:9.1f}{cpu / bare:8.2f}{memory:8.1f}")


if __name__ == "__main__":
    main()
