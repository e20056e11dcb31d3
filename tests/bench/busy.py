"""Searching and typing while an index run is under way, against when there is none.

    python -m tests.bench.busy --files 800

The documents are the standard library's sources, the API a process on loopback that answers with
prepared vectors after the given time. An index is made; then, three times, searches are timed
before, during and after a run that adds a third as many files. Ratios are to those before and after
it together, because the index grows meanwhile.

The first searches are those of an engine that stays open beside a run in another process, the
second whole processes beside one. The third are typed into the terminal UI, whose run is in its own
process: there it is also told how late the screen's loop got to do what was due, which is how long
a key would have had to wait. CPU time is that of the searching thread, or of the searching process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.index import collect, serve
from tests.bench.oneshot import cost
from tests.bench.switch import QUESTIONS, Rounds, p95
from tests.bench.tui import Typist

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

    from semsearch.engine import Engine
    from semsearch.tui.app import SemsearchApp

    Stretch = dict[str, Rounds]
    Search = Callable[[], Stretch]

MODEL = "bench/model"
_KEYS = 5
"""Times a question changes before it stands; each time its hits are painted."""

_READING_S = 1.0

TICK_S = 0.005
"""How often the screen's loop is asked whether it is there."""


def by_words(engine: Engine, question: str) -> None:
    """What the terminal UI asks for with every key."""
    from semsearch.engine.desk import answer_now

    answer_now(engine, question, "lexical", 25)


def by_meaning(engine: Engine, question: str) -> None:
    """What it asks for after a pause."""
    engine.search(question, limit=200)


WAYS: dict[str, Callable[[Engine, str], None]] = {"keyword": by_words, "hybrid": by_meaning}
"""By name; for each there are rounds."""


def one_round(engine: Engine) -> Stretch:
    """Every question both ways."""
    rounds = {name: Rounds([], []) for name in WAYS}
    for question in QUESTIONS:
        for name, ask in WAYS.items():
            wall, cpu = time.perf_counter(), time.thread_time()
            ask(engine, question)
            rounds[name].cpu.append((time.thread_time() - cpu) * 1e3)
            rounds[name].wall.append((time.perf_counter() - wall) * 1e3)
    return rounds


def process_round() -> Stretch:
    """One search of each kind as a process."""
    rounds = {name: Rounds([], []) for name in WAYS}
    for name, mode in (("keyword", "lexical"), ("hybrid", "hybrid")):
        command = [sys.executable, "-m", "semsearch", "search", QUESTIONS[0], "--mode", mode]
        cpu, wall, _ = cost(command, dict(os.environ))
        rounds[name].cpu.append(cpu)
        rounds[name].wall.append(wall)
    return rounds


def repeated(search: Search, count: int) -> Stretch:
    """So many rounds."""
    stretch = {name: Rounds([], []) for name in WAYS}
    for _ in range(count):
        add(stretch, search())
    return stretch


def add(stretch: Stretch, rounds: Stretch) -> None:
    """Take in one more round."""
    for name, one in rounds.items():
        stretch[name].add(one)


def meanwhile(search: Search, run: list[str]) -> Stretch:
    """Rounds until a run has ended; what it did is printed."""
    stretch = repeated(search, 0)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(run, stdout=output)
        while process.poll() is None:
            add(stretch, search())
        output.seek(0)
        report = json.loads(output.read())
    assert report["ok"], report["error"]
    data = report["data"]
    print(f"  {data['chunks']['embedded']:,} passages indexed in {data['elapsed_s']:.1f} s")
    return stretch


def compare(search: Search, run: list[str], rounds: int) -> None:
    """Before, during and after a run, for each way of asking; prints."""
    before = repeated(search, rounds)
    during = meanwhile(search, run)
    after = repeated(search, rounds)
    for name in WAYS:
        idle = Rounds([], [])
        idle.add(before[name])
        idle.add(after[name])
        for said, stretch in (("before", before), ("during", during), ("after", after)):
            print(stretch[name].line(f"  {name}, {said}", idle))


# --- the terminal UI -----------------------------------------------------------------------------


class Pulse:
    """How late the screen's loop is, asked every few milliseconds."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []

    async def beat(self) -> None:
        """Until it is cancelled."""
        while True:
            due = time.perf_counter() + TICK_S
            await asyncio.sleep(TICK_S)
            self.late_ms.append((time.perf_counter() - due) * 1e3)

    def take(self) -> list[float]:
        """What was measured since the last time."""
        taken, self.late_ms = self.late_ms, []
        return taken


class Typing:
    """What one stretch of time on the screen was like."""

    def __init__(self) -> None:
        self.painted = Rounds([], [])
        self.still: list[float] = []
        """Lateness while nothing was typed."""
        self.typed: list[float] = []
        """Lateness while keys came and hits were painted."""

    def add(self, other: Typing) -> None:
        """Take in another stretch."""
        self.painted.add(other.painted)
        self.still += other.still
        self.typed += other.typed

    def line(self, name: str, base: Typing) -> str:
        """Painted hits, and how late the loop was."""
        slow, late = p95(self.painted.wall), self.typed + self.still
        return (
            f"  {name:<10}{len(self.painted.wall):>4} questions  painted after "
            f"{statistics.median(self.painted.wall):6.1f} ms  p95 {slow:6.1f} ms "
            f"(ratio {slow / p95(base.painted.wall):4.2f})   loop late: p95 {p95(late):5.1f} ms, "
            f"longest {max(self.still):5.1f} ms at rest, {max(self.typed):5.1f} ms typing"
        )


async def type_while(
    pilot: Pilot[int], typist: Typist, pulse: Pulse, stretch: Typing, wanted: Callable[[], bool]
) -> None:
    """Type one question after the other, read between them, as long as it is wanted."""
    number = 0
    while wanted():
        pulse.take()
        await asyncio.sleep(_READING_S)
        stretch.still += pulse.take()
        for key in range(_KEYS):
            await pilot.press("end")  # a key as any other; a fast typist's
            cpu, wall = await typist.ask(f"{QUESTIONS[number % len(QUESTIONS)]}{' ' * key}")
            stretch.painted.cpu.append(cpu)
            stretch.painted.wall.append(wall)
        stretch.typed += pulse.take()
        number += 1


async def on_screen(documents: bytes, questions: int) -> None:
    """The terminal UI, before, during and after a run of its own; prints."""
    from semsearch import settings
    from semsearch.tui import application
    from semsearch.tui.background import RunRequest
    from semsearch.tui.screens.search import SearchScreen

    app: SemsearchApp = application(settings.load())
    before, during, after = Typing(), Typing(), Typing()
    async with app.run_test(size=(120, 36)) as pilot:
        while not app.facts.known:
            await pilot.pause(0.05)
        assert isinstance(app.screen, SearchScreen)
        typist, pulse = Typist(app.screen), Pulse()
        beating = asyncio.create_task(pulse.beat())
        await typist.ask("warm up")

        def idle(stretch: Typing) -> Callable[[], bool]:
            return lambda: len(stretch.painted.wall) < questions

        await type_while(pilot, typist, pulse, before, idle(before))
        app.background.start(RunRequest((documents,)), agreed=True)
        await type_while(pilot, typist, pulse, during, lambda: app.background.state.active)
        await type_while(pilot, typist, pulse, after, idle(after))
        beating.cancel()
    state = app.background.state
    assert state.stage == "finished", state.error
    assert state.report is not None
    print(f"terminal UI, {state.report.embedded:,} passages indexed in its own process")
    idle = Typing()
    idle.add(before)
    idle.add(after)
    for name, stretch in (("before", before), ("during", during), ("after", after)):
        print(stretch.line(name, idle))


# --- all of it -----------------------------------------------------------------------------------


def beside_runs(folders: list[str], rounds: int) -> None:
    """An engine that stays, then whole processes, beside runs in other processes; prints."""
    from semsearch import settings
    from semsearch.engine import Engine

    index = [sys.executable, "-m", "semsearch", "--json", "--yes", "index", "--model", MODEL]
    subprocess.run([*index, folders[0]], check=True, stdout=subprocess.DEVNULL)
    engine = Engine(settings.load(), stays=True)
    search = partial(one_round, engine)
    repeated(search, 2)  # fills the cache of questions
    print("an engine that stays, beside a run in another process")
    compare(search, [*index, folders[1]], rounds)
    engine.close()
    print("whole processes, beside a run in another process")
    compare(process_round, [*index, folders[2]], rounds // 2)


def main() -> None:
    """Index, search, type, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=800, help="in the index")
    parser.add_argument("--rounds", type=int, default=40, help="of searches before, and after")
    parser.add_argument("--latency-ms", type=float, default=30.0, help="of a reply")
    parser.add_argument("--on-screen", metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.on_screen:
        asyncio.run(on_screen(os.fsencode(arguments.on_screen), arguments.rounds))
        return
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(
        target=serve, args=(ports, arguments.latency_ms / 1e3), daemon=True
    )
    server.start()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["SEMSEARCH_BASE_URL"] = f"http://127.0.0.1:{ports.get()}/v1"
    os.environ["SEMSEARCH_API_KEY"] = "bench-key-0123456789"
    os.environ["SEMSEARCH_MODEL"] = MODEL
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("CONFIG", "DATA", "CACHE"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(folder) / kind)
        os.environ["SEMSEARCH_INDEX"] = str(Path(folder) / "index.db")
        parts = [Path(folder) / name for name in ("index", "engine", "processes", "screen")]
        first = 0
        for part, files in zip(parts, (arguments.files, *[arguments.files // 3] * 3), strict=True):
            part.mkdir()
            collect(part, files, first)
            first += files
        beside_runs([str(part) for part in parts[:3]], arguments.rounds)
        screen = [sys.executable, "-m", "tests.bench.busy", "--on-screen", str(parts[3])]
        subprocess.run([*screen, "--rounds", str(arguments.rounds)], check=True)
    server.terminate()


if __name__ == "__main__":
    main()
