"""Killed at any moment and run again, an index ends as if nothing had happened, paid for once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import apsw
import pytest

from semsearch.store import open_index
from tests.cli.conftest import data_of
from tests.fakes.api_server import KEY, FakeApi
from tests.store.invariants import invariants

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

FILES = 400


def fill(folder: Path) -> None:
    for number in range(FILES):
        path = folder / f"{number % 7}" / f"{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Note {number}\n\nAbout subject{number}.\n\n## More\n\nLine {number}.\n")
        os.utime(path, (1_700_000_000, 1_700_000_000))


def content(index: Path) -> dict[bytes, list[str]]:
    """What is searchable, by file."""
    store = open_index(str(index), read_only=True)
    try:
        return {
            file.relative: [row.text for row in store.chunk_rows(store.chunks_of_file(file.id))]
            for file in store.files()
        }
    finally:
        store.close()


def has_tables(index: Path) -> bool:
    """Whether the kill came after the schema was made, which is one transaction."""
    if not index.exists():
        return False
    connection = apsw.Connection(str(index))
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").get
    connection.close()
    return bool(tables)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_and_run_again(
    run: Run, tmp_path: Path, isolated_home: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "notes"
    fill(folder)
    index = tmp_path / "index.db"
    chance = random.Random(int(number))
    with FakeApi(lambda _request: None) as api:
        env = {
            **os.environ,
            "OPENROUTER_API_KEY": KEY,
            "SEMSEARCH_BASE_URL": api.url,
            "SEMSEARCH_API_BATCH_INPUTS": "16",
            "PYTHONPATH": os.getcwd(),
        }
        command = [sys.executable, "-m", "semsearch", "index", str(folder), "--yes", "--json"]
        kills = 0
        while kills < 6:
            process = subprocess.Popen(
                [*command, "--index", str(index)],
                env=env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            time.sleep(chance.uniform(0.2, 0.6))
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
            assert b"Traceback" not in errors
            kills += 1
            if has_tables(index):
                invariants(str(index))
        report = data_of(run(*command[3:], "--index", str(index), env=env))
        assert report["files"]["failed"] == 0
        whole = tmp_path / "whole.db"
        paid = api.paid_inputs
        run(*command[3:], "--index", str(whole), env=env)
        undisturbed = api.paid_inputs - paid
        in_flight = 4 * 16
        assert paid <= undisturbed + kills * in_flight
    assert content(index) == content(whole)
    invariants(str(index))
