"""CPU of a no-op pass over a tree: our scan, `git status` and a bare scandir with stat.

Run as `python -m tests.bench.walk --files 100000`. Prints medians of interleaved runs and their
ratios; the goals are at most 2.5 (stretch 2.0) times `git status` and 1.5 times the bare scan.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

import apsw

from semsearch.files import fingerprint, scan

if TYPE_CHECKING:
    from collections.abc import Callable

SUFFIXES = ("md", "txt", "py")
IGNORE = "*.log\nbuild/\n__pycache__/\n*.pyc\n/dist\n*.tmp\n!keep.log\ndocs/_build/\nout-*.d\n"


def main() -> None:
    """Build the tree, check that the pass is a no-op, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--ignored", type=float, default=0.0, help="share of `*.log` files")
    parser.add_argument("--runs", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = os.path.join(folder, "tree")
        grow(tree, arguments.files, arguments.ignored)
        git(tree, "init", "--quiet")
        git(tree, "add", "--all")
        git(tree, "-c", "gc.auto=0", "commit", "--quiet", "--message", "tree")
        measure(os.fsencode(tree), os.path.join(folder, "known.db"), arguments.runs)


def grow(tree: str, files: int, ignored: float) -> None:
    """A hundred files to a folder, twenty folders to a folder."""
    for number in range(files):
        folder = f"{tree}/p{number // 2000}/q{number // 100 % 20}"
        if number % 100 == 0:
            os.makedirs(folder)
        suffix = "log" if number % 100 < ignored * 100 else SUFFIXES[number % 3]
        with open(f"{folder}/note_{number}.{suffix}", "w", encoding="utf-8") as file:
            file.write(f"note {number} " * 40)
    with open(f"{tree}/.gitignore", "w", encoding="utf-8") as file:
        file.write(IGNORE)


def git(tree: str, *arguments: str) -> None:
    """Run git without anybody's configuration."""
    identity = {
        f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environment = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(
        ["git", "-C", tree, *arguments], check=True, capture_output=True, env=environment
    )


def measure(tree: bytes, database: str, runs: int) -> None:
    """Interleave the contestants and print CPU medians and ratios."""
    first = scan(tree, {})
    known = {ref.relative: fingerprint(ref) for ref in first.refs}
    trusted = first.rules_digest
    store(database, known)

    def no_op() -> None:
        result = scan(tree, known, trusted=trusted)
        assert result.unchanged == len(known), result.counts
        assert not result.refs
        assert not result.gone

    def no_op_from_database() -> None:
        loaded = load(database)
        assert scan(tree, loaded, trusted=trusted).unchanged == len(known)

    contestants: dict[str, Callable[[], float]] = {
        "git status": lambda: child_cpu_ms(lambda: git(os.fsdecode(tree), "status", "--porcelain")),
        "bare scandir+stat": lambda: cpu_ms(lambda: bare(os.fsdecode(tree))),
        "scan": lambda: cpu_ms(no_op),
        "scan + load from SQLite": lambda: cpu_ms(no_op_from_database),
        "first scan": lambda: cpu_ms(lambda: scan(tree, {})),
    }
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(runs):
        for name, contestant in contestants.items():
            times[name].append(contestant())
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{len(known)} files known, {first.counts} passed over")
    for name, median in medians.items():
        against_git = median / medians["git status"]
        against_bare = median / medians["bare scandir+stat"]
        print(f"{name:26} {median:8.1f} CPU ms   {against_git:5.2f} git   {against_bare:5.2f} bare")


def bare(tree: str) -> int:
    """The least that finds out whether any file changed."""
    stack, count = [tree], 0
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    entry.stat(follow_symlinks=False)
                    count += 1
                elif entry.name != ".git":
                    stack.append(entry.path)
    return count


def store(database: str, known: dict[bytes, int]) -> None:
    """Keep fingerprints as an index would."""
    with apsw.Connection(database) as connection:
        connection.execute("create table file (relative blob primary key, fingerprint int)")
        connection.executemany("insert into file values (?, ?)", known.items())


def load(database: str) -> dict[bytes, int]:
    """Read them back."""
    connection = apsw.Connection(database)
    return dict(connection.execute("select relative, fingerprint from file"))


def cpu_ms(work: Callable[[], object]) -> float:
    """CPU time of a call in this process."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1e3


def child_cpu_ms(work: Callable[[], object]) -> float:
    """CPU time of the processes a call waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return (user + system) * 1e3


if __name__ == "__main__":
    main()
