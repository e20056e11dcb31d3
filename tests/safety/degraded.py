"""Does a search answer when something it would like to have is missing (T18)?

    python -m tests.safety.degraded

An index with vectors is made with an API on loopback. Then the same question is asked with the API
down, without a key, without credit, without the SQLite extension, on a disk nothing can be written
to, and while an indexing run is at work. Each must answer with the hit that has the words.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.fakes import replies
from tests.fakes.api_server import KEY, FakeApi
from tests.safety.processes import COMMAND, environment, index_of, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.http_server import Received
    from tests.fakes.replies import Step

QUESTION = "how long does cabbage ferment"
ANSWER = "cabbage.md"
_NOTES = {
    ANSWER: "# Sauerkraut\n\nTo ferment cabbage takes two weeks at eighteen degrees.\n",
    "bicycle.md": "# Bicycle\n\nThe chain clicks under load.\n",
    "heating.md": "# Heating\n\nThe boiler shows F22 when pressure is low.\n",
}
_WITHOUT_EXTENSION = (
    "import importlib.util, sys\nreal = importlib.util.find_spec\n"
    "importlib.util.find_spec = lambda name, *rest: "
    "None if name == 'sqlite_vec' else real(name, *rest)\n"
    "from semsearch.cli.main import main\nsys.exit(main(sys.argv[1:]))"
)
_CONFINED = (
    "import sys\nfrom tests.safety.degraded import lose_privileges\nlose_privileges()\n"
    "from semsearch.cli.main import main\nsys.exit(main(sys.argv[1:]))"
)


class Answered(NamedTuple):
    """What a search said."""

    status: int
    mode: str
    first: str
    semantic: bool
    """Whether the first hit has a cosine."""
    notices: tuple[str, ...]


def lose_privileges() -> None:
    """Make permissions count for this process even where it runs as root."""
    import struct

    libc = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
    if libc.capset(header, ctypes.create_string_buffer(24)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def trial(folder: Path) -> dict[str, Answered]:
    """Every mode in turn, in an empty folder."""
    notes = folder / "notes"
    notes.mkdir()
    for name, text in _NOTES.items():
        (notes / name).write_text(text)
    script = _Script()
    with FakeApi(script.pick) as api:
        home = folder / "home"
        whole = environment(
            home,
            OPENROUTER_API_KEY=KEY,
            SEMSEARCH_BASE_URL=api.url,
            SEMSEARCH_MODEL="acme/tiny",
        )
        made = run(whole, "index", str(notes), "--yes")
        assert made.returncode == 0, made.stderr
        answers = {"whole": _ask(whole)}
        with script.answering(replies.status(402)):
            answers["no credit"] = _ask(whole, "more")
        keyless = {name: value for name, value in whole.items() if name != "OPENROUTER_API_KEY"}
        answers["no key"] = _ask(keyless, "other")
        prefix = (sys.executable, "-c", _WITHOUT_EXTENSION)
        answers["extension missing"] = _ask(whole, prefix=prefix)
        with _unwritable(index_of(home).parent):
            prefix = (sys.executable, "-c", _CONFINED)
            answers["read-only disk"] = _ask(whole, prefix=prefix)
        with _run_in_progress(script, whole, notes):
            answers["index run in progress"] = _ask(whole)
    answers["API down"] = _ask(whole, "again")
    return answers


class _Script:
    """The right replies, unless told otherwise."""

    def __init__(self) -> None:
        self._step: Step | None = None

    def pick(self, received: Received) -> Step | None:
        return self._step if received.method == "POST" else None

    @contextmanager
    def answering(self, step: Step) -> Iterator[None]:
        self._step = step
        try:
            yield
        finally:
            self._step = None


def _ask(environment: dict[str, str], *words: str, prefix: tuple[str, ...] = COMMAND) -> Answered:
    """Ask; with more words it is a question whose vector is not cached."""
    done = run(environment, "search", QUESTION, *words, "--json", prefix=prefix)
    answer = json.loads(done.stdout)
    hits = answer["data"]["hits"] if answer["data"] else []
    return Answered(
        done.returncode,
        answer["data"]["mode"] if answer["data"] else "",
        os.path.basename(hits[0]["path"]) if hits else "",
        bool(hits) and hits[0]["cosine"] is not None,
        tuple(answer["warnings"]),
    )


@contextmanager
def _unwritable(folder: Path) -> Iterator[None]:
    """Nothing below can be written, no log can be made."""
    everything = [folder, *folder.iterdir()]
    before = {path: path.stat().st_mode for path in everything}
    for path in everything:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path, mode in before.items():
            path.chmod(mode)


@contextmanager
def _run_in_progress(script: _Script, environment: dict[str, str], notes: Path) -> Iterator[None]:
    """An indexing process that waits for its server."""
    (notes / "new.md").write_text("# New\n\nSomething not yet embedded.\n")
    answer, asked = threading.Event(), threading.Event()

    def stall(exchange: object) -> None:
        asked.set()
        replies.stall(answer)(exchange)  # type: ignore[arg-type]

    with script.answering(stall):
        process = subprocess.Popen(
            [*COMMAND, "index", str(notes), "--yes"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert asked.wait(60), "the run did not begin"
            yield
        finally:
            answer.set()
            assert process.wait(60) == 0


def main(write: Callable[[str], object] = sys.stdout.write) -> int:
    """Run the trial and print a line for each mode."""
    with tempfile.TemporaryDirectory(prefix="degraded-") as folder:
        answers = trial(Path(folder))
    good = 0
    for name, answer in answers.items():
        fine = answer.status == 0 and answer.first == ANSWER
        good += fine and name != "whole"
        write(f"{'ok  ' if fine else 'FAIL'} {name}: {answer}\n")
    write(f"{good} of {len(answers) - 1} degraded modes answer\n")
    return 0 if good == len(answers) - 1 else 1


if __name__ == "__main__":
    sys.exit(main())
