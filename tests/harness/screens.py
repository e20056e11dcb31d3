"""End the terminal UI by signals at random moments; the terminal must come back as it was.

    python -m tests.harness.screens --trials 60 --seed 1

Each trial starts the program on a pseudo-terminal of its own, types into it, and sends SIGINT,
SIGTERM or SIGHUP at some moment from before the first picture on. Afterwards the terminal must echo
and read by lines again, the program's own screen, mouse reports and pastes in brackets must be
switched off as often as they were switched on, and the cursor must show.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.fakes.api_server import FakeApi
from tests.harness.notes import write_notes
from tests.harness.phases import MODEL, environment, run_to_end
from tests.tui.pty_app import PtyApp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_MODES: Final = (b"1049", b"1000", b"1002", b"1003", b"1006", b"2004", b"1004")
"""Own screen, four ways of reporting the mouse, pastes in brackets, reports of focus."""
_KEYS: Final = ("boiler", "\x1b[B", "\x1b[B", "\x1bOP", "\x1b", "pressure ", "\x7f", "\x1b[15~")
_TRACES: Final = ("Traceback", "a bug in semsearch")


class Figures:
    """Counts over all trials."""

    def __init__(self) -> None:
        self.trials = 0
        self.before_first = 0
        """Signals that came before the program had taken the terminal."""
        self.restored = 0
        self.failures: list[str] = []


def run(trials: int, seed: int) -> Figures:
    """So many programs ended by a signal."""
    chance = random.Random(seed)
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="screens-") as scratch, FakeApi(strict=False) as api:
        folder = Path(scratch)
        write_notes(folder / "notes", 20)
        env = {**environment(folder, api), "SEMSEARCH_INDEX": str(folder / "index.db")}
        index = ("index", str(folder / "notes"), "--model", MODEL, "--yes", "--quiet")
        run_to_end([index], folder / "index.db", env)
        for number in range(trials):
            _trial(figures, number, chance, env)
    return figures


def _trial(figures: Figures, number: int, chance: random.Random, env: Mapping[str, str]) -> None:
    which = chance.choice(SIGNALS)
    told = f"trial {number}, {which.name}"
    with PtyApp(env=env) as app:
        early = chance.random() < 0.2
        if early:
            time.sleep(chance.uniform(0, 0.4))
        else:
            app.until(lambda screen: "passages of" in screen)
            for key in chance.choices(_KEYS, k=chance.randrange(4)):
                app.send(key)
            time.sleep(chance.uniform(0, 0.3))
        untouched = not app.output
        os.kill(app.pid, which)
        try:
            status = app.wait(20)
        except AssertionError as error:
            figures.failures.append(f"{told}: {error}")
            return
        finally:
            figures.trials += 1
        figures.before_first += b"\x1b[?1049h" not in app.output
        # An interpreter that has not come to our code yet ends in its own way.
        said = [] if untouched and app.modes == (True, True) else wrong(app, status, which)
        figures.restored += not said
        figures.failures += [f"{told}: {one}" for one in said]


def wrong(app: PtyApp, status: int, which: signal.Signals) -> list[str]:
    """What is not as it was before the program."""
    said = []
    # Before its own handlers are there, the system ends it; then it has touched nothing.
    if status not in {128 + which, -which, 130}:
        said.append(f"ended with status {status}")
    if app.modes != (True, True):
        said.append(f"echo and lines are {app.modes}")
    for mode in _MODES:
        switched = re.findall(rb"\x1b\[\?" + mode + rb"([hl])", app.output)
        if switched and switched[-1] != b"l":
            said.append(f"mode {mode.decode()} is left on")
    cursor = re.findall(rb"\x1b\[\?25([hl])", app.output)
    if cursor and cursor[-1] != b"h":
        said.append("the cursor is left hidden")
    for trace in _TRACES:
        _, found, after = app.text.partition(trace)
        if found:
            said.append(f"{trace}{after[:400]}")
    return said


def main(words: Sequence[str] | None = None) -> int:
    """Run the trials and print the figures."""
    parser = argparse.ArgumentParser(description="End the terminal UI by signals.")
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(words)
    started = time.monotonic()
    figures = run(arguments.trials, arguments.seed)
    print(f"{'signals':28} {figures.trials:8}")
    print(f"{'  before the first picture':28} {figures.before_first:8}")
    print(f"{'terminal restored':28} {figures.restored:8}")
    print(f"{'failures':28} {len(figures.failures):8}")
    for line in figures.failures[:10]:
        print(f"  {line[:500]!a}")
    print(f"seed {arguments.seed}, {time.monotonic() - started:.0f} s")
    return bool(figures.failures)


if __name__ == "__main__":
    sys.exit(main())
