"""Cut the power at random moments of a run, and look at what a disk could hold then.

    python -m tests.harness.power --images 100 --seed 1

A run is recorded: every write, truncation, sync and deletion of the index and its log. Each image
is the state after some of that, with what was not synced yet gone, kept, kept up to some point,
kept in whole writes or kept in sectors. It must open, hold its invariants, and say what the index
said after the last commit that had returned, or after the one that was under way. The same is done
with a run that never syncs, which must fail often: it shows that the test can see a loss. Assumed
is a disk that does what it says when it is told to sync, and a file system that keeps the order in
which files are made and deleted.
"""

from __future__ import annotations

import argparse
import pickle
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from semsearch.errors import SemsearchError, UsageError
from semsearch.store import open_index
from tests.fakes.api_server import FakeApi
from tests.harness.disk import TAILS, Operation, Replay
from tests.harness.phases import environment
from tests.harness.recorded import state_of
from tests.store.invariants import problems

FILES: Final = 24
"""Notes in the folder."""


class Verdicts(NamedTuple):
    """What became of the images of one recording."""

    synchronous: str
    operations: int
    commits: int
    by_tail: dict[str, Counter[str]]
    failures: list[str]

    @property
    def images(self) -> int:
        """How many there were."""
        return sum(sum(counts.values()) for counts in self.by_tail.values())

    @property
    def bad(self) -> int:
        """How many were inconsistent or had lost something."""
        return self.images - sum(counts["whole"] for counts in self.by_tail.values())


def run(images: int, seed: int, synchronous: str = "FULL", files: int = FILES) -> Verdicts:
    """Record a run and judge so many images of it."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="power-") as scratch:
        folder = Path(scratch)
        operations, states = _record(folder, synchronous, files)
        replay = Replay(operations, {})
        found = Verdicts(synchronous, len(operations), len(states) - 1, {}, [])
        moments = [place for place, one in enumerate(operations) if one.kind == "commit"]
        for number in range(images):
            tail = TAILS[number % len(TAILS)]
            # Half the cuts come close to a commit: there most can go wrong.
            end = chance.randrange(1, len(operations) + 1)
            if chance.random() < 0.5:
                end = min(len(operations), max(1, chance.choice(moments) + chance.randint(-3, 3)))
            image = folder / "image"
            shutil.rmtree(image, ignore_errors=True)
            image.mkdir()
            replay.leave(image, end, tail, chance)
            verdict = _judge(image / "index.db", states, replay.commits_until(end))
            found.by_tail.setdefault(tail, Counter())[verdict.partition(":")[0]] += 1
            if verdict != "whole":
                found.failures.append(f"after {end} operations, tail {tail}: {verdict}")
    return found


def _record(folder: Path, synchronous: str, files: int) -> tuple[list[Operation], list[str]]:
    with FakeApi(strict=False) as api:
        words = [sys.executable, "-m", "tests.harness.recorded", str(folder)]
        words += [synchronous, str(files)]
        done = subprocess.run(
            words, env=environment(folder, api), capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    operations, states = pickle.loads((folder / "recording.pickle").read_bytes())
    return operations, states


def _judge(index: Path, states: list[str], commits: int) -> str:
    """`whole`, `lost: …` or `inconsistent: …`."""
    if not index.exists() or not index.stat().st_size:
        return f"lost: all of {commits} commits" if commits else "whole"
    try:
        with closing(open_index(str(index))):
            pass
        said = problems(index)
        state = state_of(index)
    except UsageError as error:
        return f"lost: {error.message}" if commits else "whole"
    except (SemsearchError, apsw.Error, UnicodeDecodeError) as error:
        return f"inconsistent: {type(error).__name__}: {error}"
    if said:
        return f"inconsistent: {said[0]}"
    if state in states[commits : commits + 2]:
        return "whole"
    if commits == 0 and state not in states:
        return "whole"  # the tables were made, and nothing that lasts was promised yet
    if state in states:
        return f"lost: is at commit {states.index(state)} of {commits}"
    return "lost: says what it never said before"


def main() -> int:
    """Judge the images and print the verdicts."""
    parser = argparse.ArgumentParser(description="Cut the power at random moments.")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    started = time.monotonic()
    durable = run(words.images, words.seed)
    control = run(words.images, words.seed, "OFF")
    print(
        f"{'synchronous':12} {'tail':9} {'images':>7} {'whole':>7} {'lost':>6} {'inconsistent':>13}"
    )
    for found in (durable, control):
        for tail, counts in found.by_tail.items():
            print(f"{found.synchronous:12} {tail:9} {sum(counts.values()):7} {counts['whole']:7} "
                  f"{counts['lost']:6} {counts['inconsistent']:13}")  # fmt: skip
        print(f"{found.synchronous:12} {'all':9} {found.images:7} {found.images - found.bad:7}   "
              f"of {found.operations:,} operations, {found.commits} commits")  # fmt: skip
    for line in durable.failures[:20]:
        print(f"  {line[:400]}")
    print(f"seed {words.seed}, {time.monotonic() - started:.0f} s; "
          f"the control must lose more than half: {control.bad} of {control.images}")  # fmt: skip
    return bool(durable.failures) or control.bad * 2 <= control.images


if __name__ == "__main__":
    sys.exit(main())
