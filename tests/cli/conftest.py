"""A semsearch process with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.fakes.api_server import KEY, FakeApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Run(Protocol):
    """Runs `semsearch` and waits for it."""

    def __call__(
        self, *arguments: str, stdin: str = "", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture
def run(isolated_home: Path, tmp_path: Path) -> Run:
    def run(
        *arguments: str, stdin: str = "", env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "semsearch", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.getcwd(), **(env or {})},
            timeout=100,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode != 70, done.stderr
        return done

    return run


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


@pytest.fixture
def env(api: FakeApi) -> dict[str, str]:
    """What points a process at the server."""
    return {"OPENROUTER_API_KEY": KEY, "SEMSEARCH_BASE_URL": api.url}


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A small folder of several kinds of document."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "cabbage.md").write_text(
        "# Sauerkraut\n\n## Salt\n\nTwo per cent of salt by weight, no less.\n\n"
        "## Waiting\n\nFermenting cabbage at home takes two weeks at eighteen degrees.\n"
    )
    (folder / "bicycle.txt").write_text("The chain clicks under load.\n\nGrease the pedals.\n")
    (folder / "backoff.py").write_text(
        'def wait(attempt):\n    """Seconds to wait before a retry."""\n    return 2**attempt\n'
    )
    (folder / "page.html").write_text(
        "<html><title>Heating</title><body><h1>Heating</h1>"
        "<p>The boiler shows F22 when pressure is low.</p></body></html>"
    )
    return folder


def data_of(done: subprocess.CompletedProcess[str]) -> Any:
    """The `data` of a `--json` answer that went well."""
    envelope = json.loads(done.stdout)
    assert envelope["ok"] is True, envelope["error"]
    assert done.stdout.isascii()
    return envelope["data"]


def error_of(done: subprocess.CompletedProcess[str]) -> Any:
    """The `error` of a `--json` answer that did not."""
    envelope = json.loads(done.stdout)
    assert envelope["ok"] is False
    assert envelope["error"]["exit"] == done.returncode
    return envelope["error"]
