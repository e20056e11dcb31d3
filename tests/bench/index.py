"""Index real source files through an API that answers at once, per chunk, against plain inserts.

    python -m tests.bench.index --files 1500

The documents are the standard library's sources. The server is a process of its own on loopback
that answers every request with vectors prepared beforehand, so what is measured is ours: walking,
reading, extracting, chunking, requests, gating, storing. Rivals in the same run: inserting the same
rows (text, words, vectors) into plain SQLite tables, and `chromadb` where it is installed.
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import os
import shutil
import socketserver
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

DIMENSIONS = 1536
PREPARED = 256


def serve(
    port: multiprocessing.Queue[int], latency_s: float = 0.0, dimensions: int = DIMENSIONS
) -> None:
    """Answer every embeddings request with prepared vectors until the process is ended."""
    import numpy as np

    vectors = np.random.default_rng(3).standard_normal((PREPARED, dimensions)).astype("<f4")
    items = [
        b'{"object":"embedding","index":%d,"embedding":"%s"}'
        % (number, base64.b64encode(vectors[number].tobytes()))
        for number in range(PREPARED)
    ]
    usage = b'"usage":{"prompt_tokens":1,"total_tokens":1,"cost":0}'

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while line := self.rfile.readline():
                length = 0
                while (header := self.rfile.readline()) not in {b"\r\n", b""}:
                    name, _, value = header.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                count = len(json.loads(self.rfile.read(length))["input"]) if length else 0
                del line
                body = b'{"object":"list","model":"bench","data":[%s],%s}' % (
                    b",".join(items[:count]),
                    usage,
                )
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                time.sleep(latency_s)
                self.wfile.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        port.put(server.server_address[1])
        server.serve_forever()


def collect(target: Path, files: int, first: int = 0) -> None:
    """Copy `files` modules of the standard library, from the `first` on."""
    library = Path(sysconfig.get_path("stdlib"))
    found = [path for path in sorted(library.rglob("*.py")) if "site-packages" not in path.parts]
    for number, path in enumerate(found[first : first + files]):
        place = target / str(number % 50)
        place.mkdir(exist_ok=True)
        shutil.copyfile(path, place / f"{number}_{path.name}")


def run(command: list[str], environment: dict[str, str]) -> tuple[dict[str, object], float, float]:
    """`(report, CPU seconds, wall seconds)` of an index run in its own process."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        output.seek(0)
        report = json.loads(output.read())
    assert report["ok"], report["error"]
    return report["data"], usage.ru_utime + usage.ru_stime, wall


def plain_insert(index: str, target: str) -> tuple[int, float]:
    """`(rows, CPU seconds)` of the least any program must do to keep the same chunks searchable.

    Text, words (one FTS5 table), sign code and the float32 vector as the API sends it, one row at
    a time, 1000 in a transaction, everything prepared beforehand: the baseline of the design's
    laboratory.
    """
    import apsw
    import numpy as np

    with_texts = apsw.Connection(index).execute("SELECT text FROM passage").fetchall()
    vectors = np.random.default_rng(3).standard_normal((PREPARED, DIMENSIONS), np.float32)
    values = [vector.tobytes() for vector in vectors]
    codes = [np.packbits(vector > 0).tobytes() for vector in vectors]
    database = apsw.Connection(target)
    database.execute(
        "PRAGMA page_size=16384; PRAGMA journal_mode=wal; PRAGMA synchronous=normal;"
        "PRAGMA cache_size=-32000;"
        "CREATE TABLE chunk(id INTEGER PRIMARY KEY, text TEXT);"
        "CREATE TABLE code(id INTEGER PRIMARY KEY, bits BLOB);"
        "CREATE TABLE vector(id INTEGER PRIMARY KEY, v BLOB);"
        "CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1, "
        "tokenize='porter unicode61')"
    ).fetchall()
    start = time.process_time()
    for first in range(0, len(with_texts), 1000):
        with database:
            for row, (text,) in enumerate(with_texts[first : first + 1000], start=first + 1):
                database.execute("INSERT INTO chunk VALUES(?, ?)", (row, text))
                database.execute("INSERT INTO words(rowid, text) VALUES(?, ?)", (row, text))
                database.execute("INSERT INTO code VALUES(?, ?)", (row, codes[row % PREPARED]))
                database.execute("INSERT INTO vector VALUES(?, ?)", (row, values[row % PREPARED]))
    return len(with_texts), time.process_time() - start


def chroma_add(rows: int, folder: str) -> float | None:
    """CPU seconds of adding as many vectors to chromadb; None where it is not installed."""
    try:
        import chromadb
    except ImportError:
        return None
    import numpy as np

    vectors = np.random.default_rng(3).standard_normal((rows, DIMENSIONS), np.float32)
    collection = chromadb.PersistentClient(folder).create_collection("bench")
    start = time.process_time()
    for first in range(0, rows, 1000):
        batch = vectors[first : first + 1000]
        collection.add([str(first + i) for i in range(len(batch))], embeddings=batch)
    return time.process_time() - start


class Round(NamedTuple):
    """What one round measured, in CPU seconds."""

    chunks: int
    index: float
    wall: float
    again: float
    plain: float
    bytes_on_disk: int


def measure(documents: Path, folder: Path, environment: dict[str, str]) -> Round:
    """Index, index again, insert the same rows: all new, in a folder of their own."""
    index = str(folder / "index.db")
    command = [sys.executable, "-m", "semsearch", "index", str(documents), "--yes", "--json"]
    command += ["--index", index, "--model", "bench"]
    report, cpu, wall = run(command, environment)
    again, cpu_again, _ = run(command, environment)
    assert again["api"]["requests"] == 0  # type: ignore[index]
    rows, plain = plain_insert(index, str(folder / "plain.db"))
    chunks = report["chunks"]["embedded"]  # type: ignore[index]
    assert rows == chunks
    return Round(chunks, cpu, wall, cpu_again, plain, os.path.getsize(index))


def tell(rounds: list[Round], files: int, chroma: float | None) -> None:
    """Print the medians and their ratios."""
    chunks = rounds[0].chunks
    index, plain = (median(getattr(one, name) for one in rounds) for name in ("index", "plain"))
    speed = chunks / median(one.wall for one in rounds)
    size = rounds[0].bytes_on_disk / chunks
    print(f"{files} files, {chunks} chunks x {DIMENSIONS}, API answers at once, "
          f"medians of {len(rounds)}")  # fmt: skip
    print(f"semsearch index       {index / chunks * 1e6:8.0f} us CPU per chunk   "
          f"{speed:8.0f} chunks/s")  # fmt: skip
    print(f"index again, nothing  {median(one.again for one in rounds):8.2f} s CPU, 0 requests")
    ratios = ", ".join(f"{one.index / one.plain:.2f}" for one in rounds)
    print(f"plain insert          {plain / chunks * 1e6:8.0f} us CPU per row   "
          f"ratio {index / plain:6.2f}   (each round: {ratios})")  # fmt: skip
    if chroma is not None:
        per_row = chroma / chunks * 1e6
        print(f"chromadb add          {per_row:8.0f} us CPU per row   ratio {index / chroma:6.2f}")
    print(f"database              {size:8.0f} bytes per chunk, "
          f"{size / (DIMENSIONS * 4):.2f} of the raw float32 vectors")  # fmt: skip


def main() -> None:
    """Measure in rounds, one after the other, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(ports,), daemon=True)
    server.start()
    environment = {
        **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        "SEMSEARCH_BASE_URL": f"http://127.0.0.1:{ports.get()}/v1",
        "SEMSEARCH_API_KEY": "bench-key-0123456789",
    }
    rounds: list[Round] = []
    with tempfile.TemporaryDirectory() as folder:
        documents = Path(folder) / "documents"
        documents.mkdir()
        collect(documents, arguments.files)
        for number in range(arguments.rounds):
            place = Path(folder) / str(number)
            place.mkdir()
            rounds.append(measure(documents, place, environment))
            shutil.rmtree(place)
        chroma = chroma_add(rounds[0].chunks, str(Path(folder) / "chroma"))
    server.terminate()
    tell(rounds, arguments.files, chroma)


if __name__ == "__main__":
    main()
