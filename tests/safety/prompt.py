"""How long from Ctrl-C to the prompt, wherever a command is (T20)?

    python -m tests.safety.prompt --trials 10

A command is started, and once it is in the thick of it gets SIGINT; the time until it is gone is
taken. The places: waiting for a server that never answers, waiting between attempts, reading a
large hostile page, embedding on this machine, many small files, checking, searching, waiting for
another run. Then the index must hold its invariants.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.store.lock import indexer_lock
from tests.fakes import replies
from tests.fakes.api_server import KEY, FakeApi
from tests.safety.processes import COMMAND, environment, index_of, run
from tests.store.invariants import problems

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.http_server import Received
    from tests.fakes.replies import Step

INTERRUPTED: Final = 130
_API: Final = ("waiting for the server", "waiting between attempts", "many small files")


class Place(NamedTuple):
    """Where a command is interrupted."""

    command: tuple[str, ...]
    after_s: float
    """Seconds from the moment it is under way."""
    step: Step | None = None
    """What the server answers."""


class Trial:
    """A home with a folder to index; a context manager."""

    def __init__(self, folder: Path, model: Path | None, files: int) -> None:
        self.folder = folder
        self._files = files
        self.model = model
        self._step: Step | None = None
        self._asked = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> Trial:
        self.api = self._stack.enter_context(FakeApi(self._pick))
        self.notes = self.folder / "notes"
        (self.notes / "small").mkdir(parents=True)
        for number in range(self._files):
            text = f"# Note {number}\n\nAbout subject{number}.\n\n## More\n\nLine {number}.\n"
            (self.notes / "small" / f"{number}.md").write_text(text * 3)
        (self.folder / "page").mkdir()
        (self.folder / "page" / "hostile.html").write_text("<ul><li>" * 1_200_000)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def interrupted(self, name: str, number: int) -> float:
        """Seconds from SIGINT to the end of the command."""
        home = self.folder / f"home-{name.replace(' ', '-')}-{number}"
        place = self._places()[name]
        env = environment(
            home,
            OPENROUTER_API_KEY=KEY,
            SEMSEARCH_BASE_URL=self.api.url,
            SEMSEARCH_MODEL="acme/tiny",
        )
        with ExitStack() as held:
            self._step = None
            if name in {"checking", "searching", "waiting for another run"}:
                run(env, "index", str(self.notes), "--yes")
            if name == "waiting for another run":
                held.enter_context(indexer_lock(str(index_of(home))))
            if self.model is not None and name == "embedding here":
                folder = home / "data" / "semsearch" / "models" / "all-MiniLM-L6-v2"
                folder.parent.mkdir(parents=True)
                folder.symlink_to(self.model)
            self._step = place.step
            self._asked.clear()
            took = self._stop(env, place, wait_for_request=name in _API)
        index = index_of(home)
        if index.exists():
            assert problems(index) == []
        return took

    def _stop(self, env: dict[str, str], place: Place, *, wait_for_request: bool) -> float:
        process = subprocess.Popen(
            [*COMMAND, *place.command],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            if wait_for_request:
                assert self._asked.wait(60), "nothing was sent"
            time.sleep(place.after_s * random.uniform(0.5, 1.5))
            if process.poll() is not None:
                return 0.0
            process.send_signal(signal.SIGINT)
            started = time.monotonic()
            _, errors = process.communicate(timeout=60)
            took = time.monotonic() - started
        finally:
            process.kill()
            process.wait()
        assert "Traceback" not in errors, errors
        assert process.returncode == INTERRUPTED, (process.returncode, errors)
        return took

    def _places(self) -> dict[str, Place]:
        index = ("index", str(self.notes), "--yes")
        here = ("index", str(self.notes), "--yes", "--model", "local")
        return {
            "waiting for the server": Place(index, 0.2, replies.stall()),
            # Told when to come back: failures without a word would soon end the run by themselves.
            "waiting between attempts": Place(
                index, 0.6, replies.status(503, headers={"Retry-After": "30"})
            ),
            "many small files": Place(index, 0.1),
            "a hostile page": Place(("index", str(self.folder / "page"), "--yes"), 1.2),
            "embedding here": Place(here, 1.5),
            "checking": Place(("check",), 0.25),
            "searching": Place(("search", "subject7", "more"), 0.4, replies.stall()),
            "waiting for another run": Place(("index", "--wait", "--yes"), 0.5),
        }

    @property
    def names(self) -> list[str]:
        """The places there are on this machine."""
        return [name for name in self._places() if self.model or name != "embedding here"]

    def _pick(self, received: Received) -> Step | None:
        if received.method == "POST":
            self._asked.set()
            return self._step
        return None


def measure(
    folder: Path,
    trials: int,
    model: Path | None,
    tell: Callable[[str], object],
    *,
    files: int = 1500,
    places: int | None = None,
) -> dict[str, list[float]]:
    """Seconds from SIGINT to the end, by place; of the first `places` of them."""
    taken: dict[str, list[float]] = {}
    with Trial(folder, model, files) as trial:
        for name in trial.names[:places]:
            taken[name] = [trial.interrupted(name, number) for number in range(trials)]
            real = [one for one in taken[name] if one]
            shown = (
                f"mean {statistics.mean(real):.3f} s, worst {max(real):.3f} s" if real else "done"
            )
            tell(f"{name}: {shown} ({len(real)} of {trials} interrupted)\n")
    return taken


def main() -> int:
    """Measure every place and print mean and worst."""
    parser = argparse.ArgumentParser(description="Time from Ctrl-C to the prompt.")
    parser.add_argument("--trials", type=int, default=10)
    arguments = parser.parse_args()
    named = os.environ.get("SEMSEARCH_TEST_MODEL", "")
    with tempfile.TemporaryDirectory(prefix="prompt-") as folder:
        model = Path(named) if named else None
        taken = measure(Path(folder), arguments.trials, model, sys.stdout.write)
    times = [one for group in taken.values() for one in group if one]
    print(f"all: {len(times)} times, mean {statistics.mean(times):.3f} s, worst {max(times):.3f} s")
    return 0 if statistics.mean(times) < 1 else 1


if __name__ == "__main__":
    sys.exit(main())
