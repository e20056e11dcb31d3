"""Kill runs at random moments, look at what is left, run again, compare with an undisturbed run.

    python -m tests.harness.kill --trials 200 --seed 1
    python -m tests.harness.kill --trials 200 --signals INT,TERM

Every phase in turn: making an index, indexing, indexing again after edits, files gone, forgetting,
switching the model, migrating from the oldest version, repairing. Half the kills come at a random
time of the run, half at a commit: just before it or just after it. After each kill the index must
hold its invariants and everything that was acknowledged; after one to three kills the run is
repeated to its end, and the index must say what that of an undisturbed run says. Inputs paid for
twice are counted on the server, and the ledger is held against what the server charged.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import apsw

from semsearch.errors import DamagedError, UsageError
from semsearch.store import open_index
from semsearch.store.schema import BACKUP
from tests.fakes.api_server import FakeApi
from tests.harness.logical import Books, books, content, differences
from tests.harness.phases import (
    BATCH_INPUTS,
    CONCURRENCY,
    PHASES,
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
    from collections.abc import Sequence

    from tests.fakes.http_server import Exchange, Received
    from tests.fakes.replies import Step

SIGNALS: Final = ("KILL", "TERM", "INT")
_PATIENCE_S: Final = 60.0


class Kill(NamedTuple):
    """When and how a child is ended."""

    number: signal.Signals
    moment: str
    """`time`, `before` or `after` (a commit)."""
    at: float
    """Seconds, or which commit."""


class Left(NamedTuple):
    """What a child had acknowledged when it ended."""

    published: list[bytes]
    vectors: int
    status: int
    errors: str


class Figures:
    """Counts over all trials of a phase."""

    def __init__(self) -> None:
        self.kills = 0
        self.trials = 0
        self.struck = 0
        """Kills that found the child still at work."""
        self.acknowledged = 0
        self.paid_twice = 0
        self.most_paid_twice = 0
        self.unknown = 0
        """Inputs the ledger knows of without a cost."""
        self.failures: list[str] = []


def run(
    trials: int, seed: int, phases: Sequence[str], signals: Sequence[str], files: int
) -> dict[str, Figures]:
    """So many kills, spread over the phases; figures by phase."""
    chance = random.Random(seed)
    found = {name: Figures() for name in phases}
    script = _unhurried(random.Random(seed))
    with prepared("kill-", phases, files, script) as (_, api, every):
        numbers = [getattr(signal, f"SIG{name}") for name in signals]
        while sum(one.kills for one in found.values()) < trials:
            phase = min(every, key=lambda one: found[one.name].kills)
            _trial(phase, found[phase.name], api, chance, numbers)
    return found


def _unhurried(chance: random.Random) -> Any:
    """A script that answers after 5 to 60 ms, so that requests are in flight at most moments."""

    def answer(exchange: Exchange) -> None:
        time.sleep(chance.uniform(0.005, 0.06))
        exchange.server.respond(exchange)

    def pick(received: Received) -> Step | None:
        return answer if received.method == "POST" else None

    return pick


def _trial(
    phase: Phase,
    figures: Figures,
    api: FakeApi,
    chance: random.Random,
    numbers: Sequence[signal.Signals],
) -> None:
    """One to three kills of the same run, then the run to its end."""
    index = place(phase.start, phase.path)
    env = environment(phase.folder, api)
    before = Books(0, 0, 0.0, 0) if phase.start is None else books(index)
    paid, spent = api.paid_inputs, api.spent_usd
    acknowledged: set[bytes] = set()
    kills = chance.randrange(1, 4)
    said: list[str] = []
    for _ in range(kills):
        kill = _choose(phase, chance, numbers)
        left = _killed(phase, index, env, kill)
        acknowledged.update(left.published)
        figures.kills += 1
        figures.struck += left.status != 0
        said += [f"{kill}: {one}" for one in _look(phase, index, acknowledged, left)]
    figures.trials += 1
    figures.acknowledged += len(acknowledged)
    try:
        run_to_end(_left_to_do(phase, index), index, env)
        said += differences(content(index), phase.expected)
        said += problems(index, acknowledged - phase.may_go)
    except (AssertionError, apsw.Error) as error:
        said.append(f"did not run to the end: {error}")
    else:
        after = books(index)
        twice = api.paid_inputs - paid - phase.paid_inputs
        figures.paid_twice += max(0, twice)
        figures.most_paid_twice = max(figures.most_paid_twice, twice)
        figures.unknown += after.unknown_inputs - before.unknown_inputs
        said += _money(api, paid, spent, before, after)
        if twice > kills * BATCH_INPUTS * CONCURRENCY:
            said.append(f"{twice} inputs paid twice")
    figures.failures += [f"{phase.name}: {one}" for one in said]


def _left_to_do(phase: Phase, index: Path) -> list[tuple[str, ...]]:
    """The commands of the run that goes on; one refuses to forget what is forgotten already."""
    if phase.name != "forget":
        return list(phase.commands)
    # The run that goes on shall find what the kill has left, and nothing else.
    with closing(open_index(str(copied(index, index.with_name("copy.db"))))) as store:
        commands = [
            tuple(word for word in words if word[:1] != "/" or store.files_at(os.fsencode(word)))
            for words in phase.commands
        ]
    return [words for words in commands if any(word[:1] == "/" for word in words)]


def _choose(phase: Phase, chance: random.Random, numbers: Sequence[signal.Signals]) -> Kill:
    number = chance.choice(numbers)
    if chance.random() < 0.5:
        return Kill(number, "time", chance.uniform(0, 1.05 * phase.seconds))
    return Kill(number, chance.choice(("before", "after")), chance.randint(1, phase.commits))


def _killed(phase: Phase, index: Path, env: dict[str, str], kill: Kill) -> Left:
    """Start the run, end it, and say what it had acknowledged."""
    reading, writing = os.pipe()
    when = "-" if kill.moment == "time" else f"{kill.moment}:{kill.at}:{int(kill.number)}"
    words = [sys.executable, "-m", "tests.harness.watched", str(writing), when]
    for command in _left_to_do(phase, index):
        words += ["--", *command, "--index", str(index)]
    child = subprocess.Popen(
        words, env=env, pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        stream.readline()
        if kill.moment == "time":
            time.sleep(kill.at)
            child.send_signal(kill.number)
        try:
            _, errors = child.communicate(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            _, errors = child.communicate()
            errors += b"\nhung"
        lines = [json.loads(line) for line in stream if line.endswith(b"\n")]
    return Left(
        [bytes.fromhex(name) for line in lines for name in line.get("published", ())],
        sum(line.get("vectors", 0) for line in lines),
        child.returncode,
        errors.decode("utf-8", "replace"),
    )


def _look(phase: Phase, index: Path, acknowledged: set[bytes], left: Left) -> list[str]:
    """What is wrong with what a kill has left."""
    said = []
    if left.status not in {0, 130, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT}:
        said.append(f"ended with status {left.status}: {left.errors[-800:]}")
    if "Traceback" in left.errors or "hung" in left.errors:
        said.append(f"a traceback or worse: {left.errors[-800:]}")
    # The run that goes on shall find what the kill has left, and nothing else.
    copy = copied(index, index.with_name("copy.db"))
    if not has_tables(copy):
        return said + ["acknowledged work is gone"] * bool(acknowledged)
    if phase.name == "repair" and not _is_whole(copy):
        return said
    said += problems(copy, acknowledged - phase.may_go)
    said += _backups(index)
    try:
        store = open_index(str(copy))
        with closing(store):
            said += [
                f"check: {one.name}: {one.detail}" for one in store.check() if one.state != "ok"
            ]
            vectors = store._db.value("SELECT count(*) FROM vector")
    except (DamagedError, UsageError) as error:
        return [*said, f"does not open: {error}"]
    if phase.name in {"index", "switch"} and vectors < left.vectors:
        said.append(f"{left.vectors} vectors were acknowledged, {vectors} are there")
    return said


def _backups(index: Path) -> list[str]:
    """Copies from before a migration that are there under their name, and not whole."""
    said = []
    for backup in index.parent.glob(f"{index.name}{BACKUP}?"):
        with closing(apsw.Connection(str(backup))) as connection:
            if connection.execute("PRAGMA integrity_check").get != "ok":
                said.append(f"{backup.name} is not whole")
    return said


def _is_whole(index: Path) -> bool:
    """Whether a repair has been committed: before that, damage is what there is to find."""
    with closing(apsw.Connection(str(index))) as connection:
        covered = connection.execute(
            "SELECT count(*) FROM vector LEFT JOIN code USING (key) WHERE code.key IS NULL"
        ).get
    return not covered


def _money(api: FakeApi, paid: int, spent: float, before: Books, after: Books) -> list[str]:
    """The ledger against what the server has charged."""
    said = []
    charged = api.spent_usd - spent
    known = after.cost_usd - before.cost_usd
    told = after.inputs - before.inputs
    if told < api.paid_inputs - paid:
        said.append(f"{api.paid_inputs - paid} inputs were charged, the ledger knows {told}")
    if known > charged + 1e-9:
        said.append(f"the ledger says ${known:.9f}, charged was ${charged:.9f}")
    if after.unknown_inputs == before.unknown_inputs and abs(known - charged) > 1e-9:
        said.append(f"all costs known, but ${known:.9f} is not the ${charged:.9f} charged")
    return said


def main() -> int:
    """Run the trials and print the figures."""
    parser = argparse.ArgumentParser(description="Kill semsearch at random moments.")
    parser.add_argument("--trials", type=int, default=200, help="kills, over all phases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=120, help="notes in the folder")
    parser.add_argument("--phases", default=",".join(PHASES))
    parser.add_argument("--signals", default=",".join(SIGNALS), help="of KILL, TERM, INT")
    words = parser.parse_args()
    started = time.monotonic()
    found = run(
        words.trials, words.seed, words.phases.split(","), words.signals.split(","), words.files
    )
    print(f"{'phase':10} {'kills':>6} {'struck':>7} {'re-runs':>8} {'acked':>6} "
          f"{'paid twice':>11} {'most':>5} {'unknown':>8} {'failures':>9}")  # fmt: skip
    for name, one in found.items():
        print(f"{name:10} {one.kills:6} {one.struck:7} {one.trials:8} {one.acknowledged:6} "
              f"{one.paid_twice:11} {one.most_paid_twice:5} {one.unknown:8} "
              f"{len(one.failures):9}")  # fmt: skip
    failures = [line for one in found.values() for line in one.failures]
    for line, count in Counter(failures).most_common(20):
        print(f"{count} x {line[:1500]}")
    print(f"seed {words.seed}, {time.monotonic() - started:.0f} s; a kill may cost up to "
          f"{BATCH_INPUTS} x {CONCURRENCY} inputs twice")  # fmt: skip
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
