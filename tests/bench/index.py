"""Index real source files through an API that answers at once, per chunk, against plain inserts.

    python -m tests.bench.index --files 1500

The documents are the standard library's sources. The server is a process of its own on loopback
that answers every request with vectors prepared beforehand, so what is measured is ours: walking,
reading, extracting, chunking, requests, gating, storing. Rivals in the same run: inserting the same
rows into tables like ours, the least that keeps the same texts searchable in SQLite (one keyword
table, no file rows, no checksums), and `chromadb` where it is installed. Everything that is
measured runs on one core, the server on the others.
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
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import apsw

DIMENSIONS = 1536
PREPARED = 256
IN_TRANSACTION = 1000


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


def least(index: str, target: str) -> tuple[int, float]:
    """`(chunks, CPU seconds)` of the least any program must do to keep the same texts searchable.

    Text, words (one FTS5 table), sign code and the float32 vector as the API sends it, one row at
    a time, 1000 in a transaction, everything prepared beforehand. The rows our index holds on top
    (words of whole files, places in files, digests, checksums) are not in it.
    """
    import apsw
    import numpy as np

    with_texts = apsw.Connection(index).execute("SELECT text FROM passage").fetchall()
    vectors = np.random.default_rng(3).standard_normal((PREPARED, DIMENSIONS), np.float32)
    values = [vector.tobytes() for vector in vectors]
    codes = [np.packbits(vector > 0).tobytes() for vector in vectors]
    database = _database(
        target,
        [
            "CREATE TABLE chunk(id INTEGER PRIMARY KEY, text TEXT)",
            "CREATE TABLE code(id INTEGER PRIMARY KEY, bits BLOB)",
            "CREATE TABLE vector(id INTEGER PRIMARY KEY, v BLOB)",
            "CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1, "
            "tokenize='porter unicode61')",
        ],
    )
    start = time.process_time()
    for first in range(0, len(with_texts), IN_TRANSACTION):
        with database:
            batch = with_texts[first : first + IN_TRANSACTION]
            for row, (text,) in enumerate(batch, start=first + 1):
                database.execute("INSERT INTO chunk VALUES(?, ?)", (row, text))
                database.execute("INSERT INTO words(rowid, text) VALUES(?, ?)", (row, text))
                database.execute("INSERT INTO code VALUES(?, ?)", (row, codes[row % PREPARED]))
                database.execute("INSERT INTO vector VALUES(?, ?)", (row, values[row % PREPARED]))
    return len(with_texts), time.process_time() - start


def same_rows(index: str, target: str) -> float:
    """CPU seconds of inserting what an index holds of its files into tables like its own.

    Every row of files, chunks, passages, codes, vectors and both keyword tables, one at a time,
    those of 1000 chunks in a transaction, everything read beforehand. The words of a file are those
    of its chunks, a few more where they overlap.
    """
    import apsw

    from semsearch.store.schema import FULL_TEXT_OPTIONS, FULL_TEXT_TABLES

    source = apsw.Connection(index)
    kept = ("file", "passage", "chunk", "code", "vector")
    listed = ", ".join(f"'{name}'" for name in (*kept, "lexical_chunk", "lexical_file"))
    schema = source.execute(
        f"SELECT sql FROM sqlite_schema WHERE tbl_name IN ({listed}) AND sql IS NOT NULL"
    )
    database = _database(target, [sql for (sql,) in schema])
    for table in FULL_TEXT_TABLES:
        for option in FULL_TEXT_OPTIONS:
            database.execute(f"INSERT INTO {table}({table}, rank) VALUES(?, ?)", option)
    work = [(name, source.execute(f"SELECT * FROM {name}").fetchall()) for name in kept]
    words = (
        "SELECT chunk.id, breadcrumb || ' ' || CAST(relative AS TEXT), "
        "substr(passage.text, body + 1) FROM chunk JOIN passage ON passage.id = passage "
        "JOIN file ON file.id = file ORDER BY chunk.id"
    )
    texts = (
        "SELECT file.id, title || ' ' || CAST(relative AS TEXT), group_concat(body, ' ') FROM "
        "(SELECT file, substr(text, body + 1) AS body FROM chunk JOIN passage "
        "ON passage.id = passage ORDER BY chunk.id) AS chunks JOIN file ON file.id = chunks.file "
        "GROUP BY file.id"
    )
    work += [
        ("lexical_chunk(rowid, title, body)", source.execute(words).fetchall()),
        ("lexical_file(rowid, title, body)", source.execute(texts).fetchall()),
    ]
    parts = -(-len(work[2][1]) // IN_TRANSACTION)
    start = time.process_time()
    for part in range(parts):
        with database:
            for table, rows in work:
                statement = f"INSERT INTO {table} VALUES({', '.join('?' * len(rows[0]))})"
                for row in rows[len(rows) * part // parts : len(rows) * (part + 1) // parts]:
                    database.execute(statement, row)
    return time.process_time() - start


def _database(path: str, schema: list[str]) -> apsw.Connection:
    """A new database with the settings of ours."""
    import apsw

    database = apsw.Connection(path)
    database.execute(
        "PRAGMA page_size=16384; PRAGMA journal_mode=wal; PRAGMA synchronous=normal;"
        "PRAGMA cache_size=-32000;"
    ).fetchall()
    for statement in schema:
        database.execute(statement)
    return database


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
    same: float
    least: float
    bytes_on_disk: int


def measure(documents: Path, folder: Path, environment: dict[str, str]) -> Round:
    """Index, index again, and insert what the rivals do: all new, in a folder of their own."""
    index = str(folder / "index.db")
    command = [sys.executable, "-m", "semsearch", "index", str(documents), "--yes", "--json"]
    command += ["--index", index, "--model", "bench"]
    report, cpu, wall = run(command, environment)
    again, cpu_again, _ = run(command, environment)
    assert again["api"]["requests"] == 0  # type: ignore[index]
    same = same_rows(index, str(folder / "same.db"))
    rows, bare = least(index, str(folder / "least.db"))
    chunks = report["chunks"]["embedded"]  # type: ignore[index]
    assert rows == chunks
    return Round(chunks, cpu, wall, cpu_again, same, bare, os.path.getsize(index))


def tell(rounds: list[Round], files: int, chroma: float | None) -> None:
    """Print the medians and their ratios."""
    chunks = rounds[0].chunks
    index = median(one.index for one in rounds)
    speed = chunks / median(one.wall for one in rounds)
    size = rounds[0].bytes_on_disk / chunks
    print(f"{files} files, {chunks} chunks x {DIMENSIONS}, API answers at once, "
          f"medians of {len(rounds)}")  # fmt: skip
    print(f"semsearch index       {index / chunks * 1e6:8.0f} us CPU per chunk   "
          f"{speed:8.0f} chunks/s")  # fmt: skip
    print(f"index again, nothing  {median(one.again for one in rounds):8.2f} s CPU, 0 requests")
    for name, field in (("the same rows", "same"), ("the least", "least")):
        rival = median(getattr(one, field) for one in rounds)
        ratios = ", ".join(f"{one.index / getattr(one, field):.2f}" for one in rounds)
        print(f"insert {name:15}{rival / chunks * 1e6:8.0f} us CPU per chunk   "
              f"ratio {index / rival:6.2f}   (each round: {ratios})")  # fmt: skip
    if chroma is not None:
        per_row = chroma / chunks * 1e6
        print(
            f"chromadb add          {per_row:8.0f} us CPU per chunk   ratio {index / chroma:6.2f}"
        )
    print(f"database              {size:8.0f} bytes per chunk, "
          f"{size / (DIMENSIONS * 4):.2f} of the raw float32 vectors")  # fmt: skip


def share_cores(server: multiprocessing.Process) -> None:
    """Keep what is measured on one core, where the system lets us choose."""
    if sys.platform != "linux":
        return
    *others, ours = sorted(os.sched_getaffinity(0))
    if others and server.pid is not None:
        os.sched_setaffinity(server.pid, others)
    os.sched_setaffinity(0, {ours})


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
    share_cores(server)
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
