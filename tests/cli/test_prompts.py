"""Questions asked on a terminal: what an answer, and what no answer, leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import data_of
from tests.fakes.api_server import FakeApi
from tests.tui.pty_app import PtyApp

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

MODEL = "openai/text-embedding-3-small"


@pytest.mark.parametrize("command", [["index"], ["models", "build", MODEL]], ids=["index", "build"])
@pytest.mark.parametrize(("keys", "sends"), [("y\r", True), ("n\r", False), ("\x04", False)])
def test_text_leaves_after_a_yes_and_no_other_answer(
    run: Run,
    notes: Path,
    api: FakeApi,
    env: dict[str, str],
    command: list[str],
    keys: str,
    sends: bool,
) -> None:
    assert run("index", str(notes), "--offline").returncode == 0
    with PtyApp(*command, env=env) as app:
        app.until(lambda text: "Send it? [y/N]" in text)
        assert "127.0.0.1" in app.text, "who is asked is told where it would go"
        assert api.embedding_requests == []
        app.send(keys)
        assert app.wait() == (0 if sends else 4)
        assert ("\r\nerror: Nothing was sent." in app.text) is not sends
    assert bool(api.embedding_requests) is sends


@pytest.mark.parametrize("command", [["index"], ["models", "build", MODEL]], ids=["index", "build"])
def test_where_nobody_can_be_asked_yes_must_be_said_beforehand(
    run: Run, notes: Path, api: FakeApi, env: dict[str, str], command: list[str]
) -> None:
    assert run("index", str(notes), "--offline").returncode == 0
    refused = run(*command, env=env)
    assert refused.returncode == 4
    assert "nobody agreed to it" in refused.stderr
    assert "--yes" in refused.stderr
    assert api.embedding_requests == []
    assert run(*command, "--yes", env=env).returncode == 0
    assert api.embedding_requests


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
