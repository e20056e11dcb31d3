"""`semsearch` as a process of its own, with a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COMMAND = (sys.executable, "-m", "semsearch")


def environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the person who runs the trial, and nothing they could notice."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    folders = {
        f"XDG_{name}_HOME": str(home / name.lower())
        for name in ("DATA", "CONFIG", "CACHE", "STATE")
    }
    path = os.pathsep.join([os.getcwd(), *(one for one in sys.path if one)])
    return {**kept, **folders, "HOME": str(home), "PYTHONPATH": path, **more}


def run(
    environment: Mapping[str, str],
    *arguments: str,
    prefix: tuple[str, ...] = COMMAND,
    cwd: Path | None = None,
    timeout: float = 100,
    bug: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run to the end; a traceback is a failure of the trial, so is a bug where none is meant."""
    done = subprocess.run(
        [*prefix, *arguments],
        env=dict(environment),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert (done.returncode == 70) == bug, done.stderr
    return done


def data_of(done: subprocess.CompletedProcess[str]) -> Any:
    """The data of a `--json` answer."""
    return json.loads(done.stdout)["data"]


def index_of(home: Path) -> Path:
    """Where the index of such a home is."""
    return home / "data" / "semsearch" / "index.db"
