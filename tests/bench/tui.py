"""The terminal UI: from a key to painted keyword results, start to ready, memory.

    python -m tests.bench.tui --rows 100000

Builds a synthetic index (`tests.bench.oneshot`), then prints CPU medians: of one question typed
into the running application until its keyword hits are painted, and of whole processes that end
when they are ready, against a minimal Textual application measured in turn with ours.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.oneshot import cost

FRAME_MS = 1000 / 60

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


async def keys(questions: int) -> tuple[list[float], list[float]]:
    """CPU and wall milliseconds from a question to its painted keyword hits."""
    from semsearch import settings
    from semsearch.tui import application
    from semsearch.tui.screens.search import SearchScreen
    from semsearch.tui.widgets.query_bar import QueryBar
    from semsearch.tui.widgets.result_list import ResultList

    chooser = random.Random(11)
    app = application(settings.load())
    cpu, wall = [], []
    async with app.run_test(size=(120, 36)) as pilot:
        while not app.facts.known:
            await pilot.pause(0.05)
        screen = app.screen
        assert isinstance(screen, SearchScreen)
        screen.mode = "lexical"
        bar, results = screen.query_one(QueryBar), screen.query_one(ResultList)
        painted = asyncio.Event()
        paint = results.render_lines
        wanted = ""

        def watched(crop: object) -> object:
            lines = paint(crop)  # type: ignore[arg-type]
            if screen.result is not None and screen.result.query.raw == wanted:
                painted.set()
            return lines

        results.render_lines = watched  # type: ignore[method-assign, assignment]
        for number in range(questions):
            wanted = " ".join(f"w{chooser.randrange(20_000):05d}" for _ in range(3))
            await pilot.pause(0.5)  # rest and preview of the question before are done
            painted.clear()
            cpu_start, start = time.process_time(), time.perf_counter()
            bar.put(wanted)
            await asyncio.wait_for(painted.wait(), 30)
            if number:  # the first one warms up
                cpu.append((time.process_time() - cpu_start) * 1e3)
                wall.append((time.perf_counter() - start) * 1e3)
    return cpu, wall


def measure_keys(questions: int) -> None:
    """Print what a child measures of itself: medians and peak memory."""
    cpu, wall = asyncio.run(keys(questions))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(statistics.median(cpu), statistics.median(wall), peak)


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--questions", type=int, default=25)
    parser.add_argument("--index", metavar="PATH", help="an index made by oneshot --build")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure_keys(arguments.questions)
        return
    with tempfile.TemporaryDirectory() as folder:
        index = arguments.index or str(Path(folder) / "index.db")
        if not arguments.index:
            build = [sys.executable, "-m", "tests.bench.oneshot", "--build", index]
            subprocess.run([*build, "--rows", str(arguments.rows)], check=True)
        environment = {**os.environ, "SEMSEARCH_INDEX": index, "XDG_CONFIG_HOME": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled
        itself = [sys.executable, "-m", "tests.bench.tui", "--measure", "--questions"]
        done = subprocess.run(
            [*itself, str(arguments.questions)],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        cpu, wall, peak = map(float, done.stdout.split())
        programs = {
            "minimal Textual app": MINIMAL,
            "semsearch, ready": READY,
            "semsearch, index read": FACTS,
        }
        measured: dict[str, list[tuple[float, float, int]]] = {name: [] for name in programs}
        for turn in range(arguments.runs + 1):
            for name, program in programs.items():
                run = cost([sys.executable, "-c", program], environment)
                if turn:  # the first one warms the disk
                    measured[name].append(run)
    print(f"key to painted keyword hits: {cpu:.1f} ms CPU ({cpu / FRAME_MS:.1f} frames), ", end="")
    print(f"{wall:.0f} ms on the wall, 60 of them the pause; peak {peak / 1024:.0f} MB")
    base = statistics.median(run[0] for run in measured["minimal Textual app"])
    memory = statistics.median(run[2] for run in measured["minimal Textual app"])
    for name, runs in measured.items():
        cpu = statistics.median(run[0] for run in runs)
        peak = statistics.median(run[2] for run in runs)
        print(f"{name:22}{cpu:8.0f} ms CPU to ready {cpu / base:6.2f}x", end="")
        print(f"{peak / 1024:8.0f} MB {peak / memory:6.2f}x")


if __name__ == "__main__":
    main()
