"""Fill the disk under a run, read from it, make room, and let the run finish.

    python -m tests.harness.full --trials 50 --seed 1

As root on Linux the index lies on a small file system in memory, mounted in a name space of our
own; elsewhere, or with `--means limit`, the process may only write files up to a size, which looks
like a failing disk rather than a full one. When it is full the run must end with a clear error and
without a trace of a bug, searches must work, and the index must be whole; with room again the run
must come to what an undisturbed one comes to.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.store import open_index
from tests.fakes.api_server import FakeApi
from tests.harness.logical import content, differences
from tests.harness.phases import (
    BATCH_INPUTS,
    CONCURRENCY,
    Phase,
    copied,
    environment,
    has_tables,
    place,
    prepared,
    run_to_end,
)
from tests.store.invariants import problems

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PHASES: Final = ("index", "re-index", "switch")
_MEANS: Final = ("auto", "tmpfs", "limit")
_ROOMY: Final = "256m"
_FULL_STATUS: Final = 3
_INSIDE: Final = "SEMSEARCH_HARNESS_INSIDE"


class Figures:
    """Counts over all trials."""

    def __init__(self, means: str) -> None:
        self.means = means
        self.runs = 0
        self.full = 0
        """Runs that ended because the disk was full."""
        self.read = 0
        """Of these, with an index in which a search worked."""
        self.resumed = 0
        self.early = 0
        """Of these, full before there was an index at all."""
        self.paid_twice = 0
        self.failures: list[str] = []


class Disk(NamedTuple):
    """Where the index lies, and how it becomes full."""

    folder: Path
    means: str

    def shrink(self, size: int) -> None:
        """Leave room for so many bytes in all."""
        if self.means == "tmpfs":
            self._remount(str(size))

    def grow(self) -> None:
        """Make room."""
        if self.means == "tmpfs":
            self._remount(_ROOMY)

    def _remount(self, size: str) -> None:
        words = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        subprocess.run(words, check=True)


def run(trials: int, seed: int, means: str, files: int, phases: Sequence[str] = PHASES) -> Figures:
    """Until so many runs have met a full disk."""
    chance = random.Random(seed)
    figures = Figures(means)
    with prepared("full-", phases, files) as (scratch, api, every):
        disk = Disk(scratch / "disk", means)
        disk.folder.mkdir()
        if means == "tmpfs":
            mount = ["mount", "-t", "tmpfs", "-o", f"size={_ROOMY}", "none", str(disk.folder)]
            subprocess.run(mount, check=True)
        try:
            while figures.full < trials and figures.runs < 4 * trials + 20:
                _trial(figures, chance.choice(every), disk, api, chance)
        finally:
            if means == "tmpfs":
                subprocess.run(["umount", str(disk.folder)], check=True)
    return figures


def _trial(figures: Figures, phase: Phase, disk: Disk, api: FakeApi, chance: random.Random) -> None:
    disk.grow()
    index = place(phase.start, disk.folder / "index.db")
    env = environment(phase.folder, api)
    start = index.stat().st_size if index.exists() else 0
    growth = (phase.folder / "whole.db").stat().st_size - start
    # The log takes as much again as what it holds, and a little more.
    size = start + int(chance.uniform(0.02, 1.6) * max(growth, 1 << 18))
    paid = api.paid_inputs
    disk.shrink(size)
    status, errors = _run(phase, index, env, size if disk.means == "limit" else None)
    figures.runs += 1
    if status == 0:
        return
    figures.full += 1
    said = []
    if status != _FULL_STATUS or "Traceback" in errors:
        said.append(f"ended with status {status}: {errors[-500:]}")
    copy = copied(index, phase.folder / "copy.db")  # with room: this reader is not the product
    if not has_tables(copy):
        figures.early += 1
    else:
        said += problems(copy)
        said += _search(index, env)
        figures.read += not said
    disk.grow()
    try:
        run_to_end(phase.commands, index, env)
    except AssertionError as error:
        said.append(f"did not resume: {error}")
    else:
        said += differences(content(index), phase.expected)
        said += problems(index)
        figures.resumed += 1
        twice = api.paid_inputs - paid - phase.paid_inputs
        figures.paid_twice += max(0, twice)
        if twice > BATCH_INPUTS * CONCURRENCY:
            said.append(f"{twice} inputs paid twice")
    figures.failures += [f"{phase.name}, {size:,} bytes: {one}" for one in said]


def _run(phase: Phase, index: Path, env: Mapping[str, str], limit: int | None) -> tuple[int, str]:
    def restrain() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    (command,) = phase.commands
    done = subprocess.run(
        [sys.executable, "-m", "semsearch", *command, "--index", str(index)],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=restrain,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stderr.decode("utf-8", "replace")


def _search(index: Path, env: Mapping[str, str]) -> list[str]:
    """A search as a user types it, and one more reader; what went wrong."""
    words = ["search", "boiler", "--mode", "lexical", "--index", str(index)]
    done = subprocess.run(
        [sys.executable, "-m", "semsearch", *words], env=env, capture_output=True, check=False
    )
    said = []
    if done.returncode not in {0, 1} or b"Traceback" in done.stderr:
        said.append(f"a search ended with status {done.returncode}: {done.stderr[-300:]!r}")
    with closing(open_index(str(index), read_only=True)) as store:
        store.counts()
    return said


def can_mount() -> bool:
    """Whether this process could have a file system of its own."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return False
    tried = subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0


def main() -> int:
    """Run the trials and print the figures."""
    parser = argparse.ArgumentParser(description="Fill the disk under semsearch.")
    parser.add_argument("--trials", type=int, default=50, help="runs that meet a full disk")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=120, help="notes in the folder")
    parser.add_argument("--means", choices=_MEANS, default="auto")
    words = parser.parse_args()
    means = words.means
    if means == "auto":
        means = "tmpfs" if can_mount() else "limit"
    if means == "tmpfs" and _INSIDE not in os.environ:
        inside = ["unshare", "-m", sys.executable, "-m", "tests.harness.full", *sys.argv[1:]]
        return subprocess.run(inside, env={**os.environ, _INSIDE: "1"}, check=False).returncode
    started = time.monotonic()
    figures = run(words.trials, words.seed, means, words.files)
    print(f"{'means':28} {means:>8}")
    print(f"{'runs':28} {figures.runs:8}")
    print(f"{'disk full':28} {figures.full:8}")
    print(f"{'  before there was an index':28} {figures.early:8}")
    print(f"{'  whole, and searches work':28} {figures.read:8}")
    print(f"{'resumed':28} {figures.resumed:8}")
    print(f"{'inputs paid twice':28} {figures.paid_twice:8}")
    print(f"{'failures':28} {len(figures.failures):8}")
    for line in figures.failures[:20]:
        print(f"  {line[:600]}")
    print(f"seed {words.seed}, {time.monotonic() - started:.0f} s")
    return bool(figures.failures)


if __name__ == "__main__":
    sys.exit(main())
