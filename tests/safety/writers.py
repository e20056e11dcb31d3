"""Do several processes get on with each other over one index (T13)?

    python -m tests.safety.writers --writers 4 --transactions 400 --rounds 15

Several processes publish file versions as fast as they can while another one searches; then six
processes open an index that does not exist yet, round after round. Nobody may be told that the
database is locked, no answer may mix two versions of a file, and the index must be whole.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from semsearch.store import open_index
from tests.safety.processes import environment
from tests.store.invariants import problems
from tests.store.material import KEY, ROOT, fresh, vector_of

_WRITER = """
import json, sys, time
from semsearch.store import open_index
from tests.store.material import KEY, put, version
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = open_index(path)
space = store.ensure_space(KEY, 0.5).id
longest = 0.0
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    relative = f"{name}-{number % 20}.md"
    texts = [f"{relative} edition {number} part {part} apple" for part in range(3)]
    started = time.monotonic()
    put(store, space, version(1, relative.encode(), texts))
    longest = max(longest, time.monotonic() - started)
store.close()
print(json.dumps({"longest_s": longest}))
"""
_COLD = """
import sys
from semsearch.store import open_index
sys.stdin.readline()
store = open_index(sys.argv[1], create=True)
store.add_root(b"/" + sys.argv[2].encode())
store.close()
print("done")
"""
READERS_AT_ONCE = 6


class Crowd(NamedTuple):
    """What writers and reader met."""

    transactions: int
    errors: list[str]
    torn: int
    answers: int
    longest_wait_s: float
    problems: list[str]


def crowd(folder: Path, writers: int, transactions: int) -> Crowd:
    """Let processes write at once while this one searches."""
    store = fresh(folder)
    store.add_root(ROOT)
    space = store.ensure_space(KEY, 0.5).id
    path = str(folder / "index.db")
    children = [
        _start(_WRITER, folder, path, f"w{number}", str(transactions)) for number in range(writers)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n", child.communicate()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    torn = answers = 0
    query = vector_of("edition part apple")
    while any(child.poll() is None for child in children):
        with store._db.snapshot():  # as a search does
            hits = [chunk for chunk, _ in store.nearest(space, query, 20)]
            hits += [chunk for chunk, _ in store.match_chunks("apple", 20)]
            rows = store.chunk_rows(hits)
            for row in rows:
                siblings = store.chunk_rows(store.chunks_of_file(row.file))
                editions = {one.text.split()[2] for one in siblings}
                torn += len(editions) != 1 or len(siblings) != 3
                torn += not row.text.startswith(row.relative.decode())
            torn += len(rows) != len(hits)
        answers += 1
    finished: list[Any] = []
    errors = []
    for child in children:
        out, error = child.communicate()
        if child.returncode:
            errors.append(error.strip().splitlines()[-1] if error.strip() else "no reason")
        else:
            finished.append(json.loads(out))
    store.close()
    return Crowd(
        transactions * len(finished),
        errors,
        torn,
        answers,
        max((one["longest_s"] for one in finished), default=0.0),
        problems(path),
    )


def cold_opens(folder: Path, rounds: int) -> tuple[int, list[str]]:
    """Processes that open and fill an index at once that is not there yet; how many could."""
    good, errors = 0, []
    for number in range(rounds):
        path = folder / f"cold-{number}" / "index.db"
        children = [
            _start(_COLD, folder, str(path), str(reader)) for reader in range(READERS_AT_ONCE)
        ]
        for child in children:
            out, error = child.communicate("go\n")
            good += out == "done\n"
            errors += error.strip().splitlines()[-1:]
        store = open_index(str(path))
        assert len(store.roots()) == READERS_AT_ONCE
        store.close()
        errors += problems(path)
    return good, errors


def _start(program: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(folder),
    )


def main() -> int:
    """Run both and print the figures."""
    parser = argparse.ArgumentParser(description="Several processes over one index.")
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--transactions", type=int, default=400, help="of each writer")
    parser.add_argument("--rounds", type=int, default=15, help="of cold opens")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="writers-") as name:
        folder = Path(name)
        met = crowd(folder, arguments.writers, arguments.transactions)
        good, errors = cold_opens(folder, arguments.rounds)
    print(
        f"{met.transactions} transactions by {arguments.writers} writers, {met.answers} answers: "
        f"{len(met.errors)} errors, {met.torn} torn, {len(met.problems)} problems, "
        f"longest wait {met.longest_wait_s:.3f} s"
    )
    print(f"cold opens: {good} of {READERS_AT_ONCE * arguments.rounds}, {len(errors)} errors")
    for line in (*met.errors, *met.problems[:10], *errors[:10]):
        print(" ", line)
    whole = good == READERS_AT_ONCE * arguments.rounds and not errors
    return 0 if whole and not (met.errors or met.torn or met.problems) else 1


if __name__ == "__main__":
    sys.exit(main())
