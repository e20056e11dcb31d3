"""Questions asked on a terminal: what an answer, and what no answer, leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import data_of
from tests.tui.pty_app import PtyApp

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


@pytest.mark.parametrize("keys", ["n\r", "\r", "perhaps\r", "\x04"])
def test_anything_but_yes_removes_nothing(run: Run, notes: Path, keys: str) -> None:
    assert run("index", str(notes), "--offline").returncode == 0
    with PtyApp("forget", str(notes)) as app:
        app.until(lambda text: "[y/N]" in text)
        app.send(keys)
        assert app.wait() == 4
        assert "\r\nerror: Nothing was removed." in app.text
    assert data_of(run("status", "--json"))["roots"]


@pytest.mark.usefixtures("isolated_home")
def test_no_key_at_the_prompt_is_no_bug() -> None:
    with PtyApp("key", "set") as app:
        app.until(lambda text: "API key for" in text)
        app.send("\x04")
        assert app.wait() == 2
        assert "\r\nerror: No key was given." in app.text
