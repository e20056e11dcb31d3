"""The runs that are killed: what each starts from, what it does, what it must come to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

from tests.fakes.api_server import KEY, FakeApi
from tests.harness.logical import Content, content
from tests.harness.notes import edit_notes, remove_notes, write_notes
from tests.store.older import VERSIONS, downgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.fakes.http_server import Received
    from tests.fakes.replies import Step

MODEL: Final = "acme/tiny"
OTHER_MODEL: Final = "acme/other"
BATCH_INPUTS: Final = 8
CONCURRENCY: Final = 4

_DAMAGE: Final = """
DELETE FROM code WHERE key % 5 = 0;
DELETE FROM lexical_chunk WHERE rowid % 4 = 0;
DELETE FROM lexical_file WHERE rowid % 6 = 0;
UPDATE vector SET checksum = checksum + 1 WHERE key % 11 = 0;
UPDATE space SET covered = covered + 3;
"""
"""What `repair` mends without the network, but for the vectors, which it removes."""


class Phase(NamedTuple):
    """One kind of run, prepared once and started again for every trial."""

    name: str
    folder: Path
    """Of this phase: `index.db` is put here for each trial."""
    start: Path | None
    """The index a trial starts from; None: there is none."""
    commands: tuple[tuple[str, ...], ...]
    expected: Content
    """What an undisturbed run comes to."""
    seconds: float
    """How long an undisturbed run took, from the first line of the child to its end."""
    commits: int
    paid_inputs: int
    """What an undisturbed run sends."""
    may_go: frozenset[bytes]
    """Files this run removes: an acknowledged one of these may be missing."""

    @property
    def path(self) -> Path:
        """Where the trial's index is."""
        return self.folder / "index.db"


def environment(folder: Path, api: FakeApi) -> dict[str, str]:
    """Of the children: a home of their own, the key, small batches."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    homes = {
        f"XDG_{name}_HOME": str(folder / name.lower())
        for name in ("CONFIG", "DATA", "CACHE", "STATE")
    }
    return {
        **kept,
        **homes,
        "HOME": str(folder),
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
        "OPENROUTER_API_KEY": KEY,
        "SEMSEARCH_BASE_URL": api.url,
        "SEMSEARCH_API_BATCH_INPUTS": str(BATCH_INPUTS),
        "SEMSEARCH_API_CONCURRENCY": str(CONCURRENCY),
    }


def run_to_end(
    commands: Sequence[Sequence[str]], index: Path, env: Mapping[str, str]
) -> tuple[float, int]:
    """Run commands undisturbed; returns seconds from the first line, and how many commits.

    Raises:
        AssertionError: a command failed.
    """
    reading, writing = os.pipe()
    words = [sys.executable, "-m", "tests.harness.watched", str(writing), "-"]
    for command in commands:
        words += ["--", *command, "--index", str(index)]
    with subprocess.Popen(
        words, env=env, pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as child:
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            stream.readline()
            started = time.monotonic()
            commits = sum(1 for _ in stream)
        seconds = time.monotonic() - started
        _, errors = child.communicate()
    assert child.returncode == 0, errors.decode("utf-8", "replace")
    return seconds, commits


@contextmanager
def prepared(
    scratch: str,
    names: Sequence[str],
    files: int,
    script: Callable[[Received], Step | None] = lambda _request: None,
) -> Iterator[tuple[Path, FakeApi, list[Phase]]]:
    """A scratch folder, a server, and the phases prepared with them.

    Args:
        scratch: how the folder's name begins.
        names: of the phases.
        files: notes in the folder that is indexed.
        script: how the server answers; as OpenRouter would where it says nothing.
    """
    with (
        tempfile.TemporaryDirectory(prefix=scratch) as folder,
        FakeApi(script, strict=False) as api,
    ):
        preparation = Preparation(Path(folder), api, files)
        yield Path(folder), api, [preparation.prepare(name) for name in names]


class Preparation:
    """Prepares phases in a scratch folder."""

    def __init__(self, scratch: Path, api: FakeApi, files: int) -> None:
        self._scratch = scratch
        self._api = api
        self._files = files

    def prepare(self, name: str) -> Phase:
        """Make what a phase starts from, and run it once undisturbed."""
        folder = self._scratch / name
        notes = folder / "notes"
        write_notes(notes, 1 if name == "create" else self._files)
        index = ("index", str(notes), "--model", MODEL, "--yes", "--json")
        make = _PHASES[name]
        start, commands = make(self, folder, notes, index)
        env = environment(folder, self._api)
        copied = place(start, folder / "whole.db")
        paid = self._api.paid_inputs
        before = set() if start is None else _names(start)
        seconds, commits = run_to_end(commands, copied, env)
        return Phase(
            name,
            folder,
            start,
            commands,
            content(copied),
            seconds,
            commits,
            self._api.paid_inputs - paid,
            frozenset(before - _names(copied)),
        )

    def indexed(self, folder: Path, *commands: Sequence[str]) -> Path:
        """An index these commands have made."""
        start = folder / "start.db"
        run_to_end(commands, start, environment(folder, self._api))
        return start


def place(start: Path | None, index: Path) -> Path:
    """Put a fresh copy of an index, or none, where a run will find it."""
    for suffix in ("", "-wal", "-shm", ".lock"):
        Path(f"{index}{suffix}").unlink(missing_ok=True)
    for backup in index.parent.glob(index.name + ".version-*"):
        backup.unlink()
    if start is not None:
        shutil.copyfile(start, index)
    return index


def copied(index: Path, target: Path) -> Path:
    """A copy of an index with its log, to look at while the original stays as it was found."""
    if not index.exists():
        return place(None, target)
    place(index, target)
    if (log := Path(f"{index}-wal")).exists():
        shutil.copyfile(log, f"{target}-wal")
    return target


def has_tables(index: Path) -> bool:
    """Whether what ended a run came after the tables were made, which is one transaction."""
    if not index.exists():
        return False
    with closing(apsw.Connection(str(index))) as connection:
        return bool(connection.execute("SELECT count(*) FROM sqlite_schema").get)


def _names(index: Path) -> set[bytes]:
    with closing(apsw.Connection(str(index))) as connection:
        return {row[0] for row in connection.execute("SELECT relative FROM file")}


# --- the phases --------------------------------------------------------------------------------

_Made = tuple["Path | None", tuple[tuple[str, ...], ...]]


def _first_index(_: Preparation, __: Path, ___: Path, index: tuple[str, ...]) -> _Made:
    return None, (index,)


def _again(made: Preparation, folder: Path, notes: Path, index: tuple[str, ...]) -> _Made:
    start = made.indexed(folder, index)
    edit_notes(notes)
    return start, (index,)


def _gone(made: Preparation, folder: Path, notes: Path, index: tuple[str, ...]) -> _Made:
    start = made.indexed(folder, index)
    remove_notes(notes)
    return start, (index,)


def _forget(made: Preparation, folder: Path, notes: Path, index: tuple[str, ...]) -> _Made:
    start = made.indexed(folder, index)
    return start, (("forget", str(notes / "1"), str(notes / "3"), "--yes", "--json"),)


def _switch(made: Preparation, folder: Path, notes: Path, index: tuple[str, ...]) -> _Made:
    start = made.indexed(folder, index)
    build = ("models", "build", OTHER_MODEL, "--use", "--yes", "--json")
    return start, (build,)


def _repair(made: Preparation, folder: Path, notes: Path, index: tuple[str, ...]) -> _Made:
    start = made.indexed(folder, index)
    with closing(apsw.Connection(str(start))) as connection:
        connection.execute(_DAMAGE)
        connection.pragma("wal_checkpoint(TRUNCATE)")
    # A repair that was killed after it had mended has nothing left to bring back; indexing does.
    return start, (("repair", "--yes", "--json"), index)


def _migrate(made: Preparation, folder: Path, notes: Path, index: tuple[str, ...]) -> _Made:
    start = made.indexed(folder, index)
    downgrade(start, VERSIONS[0])
    return start, (("status", "--json"),)


_PHASES: Final[dict[str, Callable[..., _Made]]] = {
    "create": _first_index,
    "index": _first_index,
    "re-index": _again,
    "gone": _gone,
    "forget": _forget,
    "switch": _switch,
    "migrate": _migrate,
    "repair": _repair,
}

PHASES: Final = tuple(_PHASES)
