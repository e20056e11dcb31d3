"""The terminal UI: from a key to painted keyword results, start to ready, memory.

    python -m tests.bench.tui --rows 100000

Builds a synthetic index (`tests.bench.oneshot`), then prints CPU medians: of one question typed
into the running application until its keyword hits are painted, and of whole processes that end
when they are ready, against a minimal Textual application measured in turn with ours.

The peak of memory is that of processes that ask, walk through hits and look at passages: by
keyword, by meaning with question vectors that are known, and with new ones from a server on
loopback. The goal is 2.2 times the minimal application, and where codes are held in memory
`dimensions / 8 + 8` bytes for each passage.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.index import serve
from tests.bench.oneshot import DIMENSIONS, QUESTION, cost

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from semsearch.tui.screens.search import SearchScreen

FRAME_MS = 1000 / 60
MEMORY_GOAL = 2.2
"""Peak as a multiple of the minimal application's, without the codes."""

HITS_SEEN = 10

MINIMAL = """
from textual.app import App
from textual.widgets import Input, Static
class Minimal(App):
    def compose(self):
        yield Static("title"); yield Input(); yield Static("status")
    def on_ready(self): self.exit()
Minimal().run(headless=True, size=(120, 36))
"""

READY = """
from semsearch import settings, tui
app = tui.application(settings.load())
type(app).on_ready = lambda app: app.exit()
app.run(headless=True, size=(120, 36))
"""

FACTS = """
from semsearch import settings, tui
app = tui.application(settings.load())
ready = type(app).on_ready
def facts(value):
    if value.known: app.call_after_refresh(app.exit)
def on_ready(app):
    ready(app)
    app.watch(app, "facts", facts)
type(app).on_ready = on_ready
app.run(headless=True, size=(120, 36))
"""


class Typist:
    """Puts questions into a running application and waits until their hits are painted."""

    def __init__(self, screen: SearchScreen) -> None:
        from semsearch.tui.widgets.query_bar import QueryBar
        from semsearch.tui.widgets.result_list import ResultList

        self._screen, self._bar = screen, screen.query_one(QueryBar)
        self._painted = asyncio.Event()
        self._wanted = ""
        results = screen.query_one(ResultList)
        paint = results.render_lines

        def watched(crop: object) -> object:
            lines = paint(crop)  # type: ignore[arg-type]
            if screen.result is not None and screen.result.query.raw == self._wanted:
                self._painted.set()
            return lines

        results.render_lines = watched  # type: ignore[method-assign, assignment]

    async def ask(self, question: str) -> tuple[float, float]:
        """CPU and wall milliseconds from a question to its painted hits."""
        self._wanted = question
        self._painted.clear()
        cpu, wall = time.process_time(), time.perf_counter()
        self._bar.put(question)
        await asyncio.wait_for(self._painted.wait(), 30)
        return (time.process_time() - cpu) * 1e3, (time.perf_counter() - wall) * 1e3


async def keys(questions: int) -> tuple[list[float], list[float]]:
    """CPU and wall milliseconds from a question to its painted keyword hits."""
    from semsearch import settings
    from semsearch.tui import application
    from semsearch.tui.screens.search import SearchScreen

    chooser = random.Random(11)
    app = application(settings.load())
    measured = []
    async with app.run_test(size=(120, 36)) as pilot:
        while not app.facts.known:
            await pilot.pause(0.05)
        assert isinstance(app.screen, SearchScreen)
        app.screen.mode = "lexical"
        typist = Typist(app.screen)
        for _ in range(questions):
            await pilot.pause(0.5)  # rest and preview of the question before are done
            words = (f"w{chooser.randrange(20_000):05d}" for _ in range(3))
            measured.append(await typist.ask(" ".join(words)))
        await look(pilot)
    # The first one warms up.
    return [cpu for cpu, _ in measured[1:]], [wall for _, wall in measured[1:]]


async def meanings(questions: list[str]) -> None:
    """Ask by words and meaning, and look at what was found."""
    from semsearch import settings
    from semsearch.tui import application
    from semsearch.tui.screens.search import SearchScreen
    from semsearch.tui.widgets.query_bar import QueryBar

    app = application(settings.load())
    async with app.run_test(size=(120, 36)) as pilot:
        while not app.facts.known:
            await pilot.pause(0.05)
        screen = app.screen
        assert isinstance(screen, SearchScreen)
        for question in questions:
            screen.query_one(QueryBar).put(question)
            # An answer by words alone names no vectors.
            while not (
                screen.result is not None
                and screen.result.query.raw == question
                and screen.result.space is not None
            ):
                await pilot.pause(0.05)
            await look(pilot)


async def look(pilot: Pilot[int]) -> None:
    """Walk through hits, resting on each until its passage is shown."""
    for _ in range(HITS_SEEN):
        await pilot.press("down")
        await pilot.pause(0.1)


def measure(part: str, questions: int) -> None:
    """Print what a child measures of itself: medians where there are any, and peak memory."""
    cpu, wall = [0.0], [0.0]
    if part == "keyword":
        cpu, wall = asyncio.run(keys(questions))
    elif part == "known":
        asyncio.run(meanings([QUESTION, f"{QUESTION} ", QUESTION]))
    else:
        asyncio.run(meanings([f"w{number:05d} w00017 w00999" for number in range(5)]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(statistics.median(cpu), statistics.median(wall), peak)


def measured_by_child(part: str, questions: int, environment: dict[str, str]) -> list[float]:
    """`[CPU ms, wall ms, peak KiB]` of a child that runs the application."""
    command = [sys.executable, "-m", "tests.bench.tui", "--measure", part]
    done = subprocess.run(
        [*command, "--questions", str(questions)],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [float(figure) for figure in done.stdout.split()]


def passages(index: str) -> int:
    """How many passages with vectors an index holds."""
    from semsearch.store import open_index

    store = open_index(index, read_only=True)
    count = store.count_vectors()
    store.close()
    return count


def starts(runs: int, environment: dict[str, str]) -> dict[str, list[tuple[float, float, int]]]:
    """CPU ms, wall ms and peak KiB of processes that end when they are ready, in turns."""
    programs = {
        "minimal Textual app": MINIMAL,
        "semsearch, ready": READY,
        "semsearch, index read": FACTS,
    }
    measured: dict[str, list[tuple[float, float, int]]] = {name: [] for name in programs}
    for turn in range(runs + 1):
        for name, program in programs.items():
            run = cost([sys.executable, "-c", program], environment)
            if turn:  # the first one warms the disk
                measured[name].append(run)
    return measured


def print_memory(peaks: dict[str, float], minimal: float, rows: int) -> None:
    """Peaks in KiB, each against its goal."""
    codes = rows * (DIMENSIONS // 8 + 8) / 1024
    for name, peak in peaks.items():
        held = 0.0 if name == "keyword" else codes
        goal = MEMORY_GOAL * minimal + held
        print(f"peak memory, {name:12}{peak / 1024:6.1f} MB, goal {goal / 1024:5.1f} MB", end="")
        print(f" = {MEMORY_GOAL} x {minimal / 1024:.1f} + {held / 1024:.1f} of codes", end="")
        print(f"   {(peak - held) / minimal:.2f}x without them")


def print_results(
    children: dict[str, list[float]], measured: dict[str, list[tuple[float, float, int]]], rows: int
) -> None:
    """Medians and ratios, then the peaks of memory."""
    cpu, wall, _ = children["keyword"]
    print(f"key to painted keyword hits: {cpu:.1f} ms CPU ({cpu / FRAME_MS:.1f} frames), ", end="")
    print(f"{wall:.0f} ms on the wall, 60 of them the pause")
    base = statistics.median(run[0] for run in measured["minimal Textual app"])
    memory = statistics.median(run[2] for run in measured["minimal Textual app"])
    for name, runs in measured.items():
        cpu = statistics.median(run[0] for run in runs)
        peak = statistics.median(run[2] for run in runs)
        print(f"{name:22}{cpu:8.0f} ms CPU to ready {cpu / base:6.2f}x", end="")
        print(f"{peak / 1024:8.0f} MB {peak / memory:6.2f}x")
    names = {"keyword": "keyword", "known": "known vector", "new": "new vector"}
    print_memory({names[part]: peak for part, (*_, peak) in children.items()}, memory, rows)


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--questions", type=int, default=25)
    parser.add_argument(
        "--index", metavar="PATH", help="an index made by oneshot --build; asks no new questions"
    )
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.questions)
        return
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(ports, 0.0, DIMENSIONS), daemon=True)
    server.start()
    endpoint = f"http://127.0.0.1:{ports.get(timeout=60)}/v1"
    with tempfile.TemporaryDirectory() as folder:
        index = arguments.index or str(Path(folder) / "index.db")
        if not arguments.index:
            build = [sys.executable, "-m", "tests.bench.oneshot", "--build", index]
            build += ["--rows", str(arguments.rows), "--endpoint", endpoint]
            subprocess.run(build, check=True)
        environment = {**os.environ, "SEMSEARCH_INDEX": index, "XDG_CONFIG_HOME": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
        if not arguments.index:
            environment["SEMSEARCH_BASE_URL"] = endpoint
            environment["SEMSEARCH_API_KEY"] = "bench-key-0123456789"
        parts = ["keyword", "known", *([] if arguments.index else ["new"])]
        children = {
            part: measured_by_child(part, arguments.questions, environment) for part in parts
        }
        measured = starts(arguments.runs, environment)
        rows = passages(index)
    server.terminate()
    print_results(children, measured, rows)


if __name__ == "__main__":
    main()
