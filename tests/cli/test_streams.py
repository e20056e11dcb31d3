"""Standard streams that are full, closed or interrupted, and how a bug of ours is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

BUG = """
import sys
from semsearch.cli import main, status
def run(arguments, context):
    raise {error}
status.run = run
sys.exit(main.main(sys.argv[1:]))
"""


@pytest.fixture
def index(run: Run, notes: Path) -> Path:
    assert run("index", str(notes), "--offline").returncode == 0
    return notes


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command line as a shell runs it; `semsearch` stands for the program."""
    command = command.replace("semsearch", f"'{sys.executable}' -m semsearch")
    return subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("sink", ["/dev/full", "&-"])
@pytest.mark.parametrize(
    "command", ["--version", "search chain", "search chain --json", "search chain --paths", "help"]
)
def test_output_that_cannot_be_written_is_told(index: Path, command: str, sink: str) -> None:
    done = shell(f"semsearch {command} >{sink}", index)
    assert done.returncode == 3
    assert "error: The output could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr


def test_talk_that_cannot_be_written_and_input_that_is_closed_stop_nothing(index: Path) -> None:
    assert shell("semsearch search zeppelin --mode lexical 2>/dev/full", index).returncode == 1
    found = shell("semsearch search chain --paths 2>&-", index)
    assert (found.returncode, found.stdout) == (0, "bicycle.txt\n")
    assert shell("semsearch index --offline <&- >&- 2>&-", index).returncode == 3
    assert shell("semsearch index --offline -q <&- >&-", index).returncode == 0


def test_a_pipe_that_nobody_reads_is_no_fault(index: Path) -> None:
    done = shell("{ semsearch search chain; echo $? >&2; } | true", index)
    assert done.stderr.split()[-1] in {"0", "141"}
    assert "error" not in done.stderr


@pytest.fixture
def told(isolated_home: Path, tmp_path: Path) -> Any:
    """Runs `status` with a fault in it."""

    def told(error: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", BUG.format(error=error), "status", *arguments],
            env={**os.environ, "PYTHONPATH": os.getcwd()},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return told


def test_a_bug_is_told_in_the_form_asked_for(told: Any) -> None:
    done = told("KeyError('my notes')", "--json", "-qv")
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["exit"], done.returncode) == ("bug", 70, 70)
    assert "KeyError" in error["message"]
    assert "my notes" not in done.stdout + done.stderr
    assert " in run\n" in done.stderr, "-qv asks for the path to it"
    plain = told("KeyError('my notes')")
    assert (plain.stdout, plain.returncode) == ("", 70)
    assert "a bug in semsearch" in plain.stderr


def test_only_what_can_run_out_of_memory_is_said_to_have(told: Any) -> None:
    assert told("ValueError('cannot allocate memory of my notes')").returncode == 70
    assert told("OSError(12, 'Cannot allocate memory')").returncode == 3
    assert told("ImportError('x.so: failed to map segment')").returncode == 3


def test_an_interrupt_is_told_in_the_form_asked_for(isolated_home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-v", "-m", "semsearch", "key", "set", "--json"],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        while "semsearch.cli.key" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert json.loads(output)["error"]["code"] == "cancelled"
