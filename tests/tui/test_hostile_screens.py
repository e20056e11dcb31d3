"""Index, models and settings under names, model lists and messages that try to drive a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from semsearch import settings
from tests.fakes import replies
from tests.fakes.api_server import KEY, FakeApi
from tests.tui.conftest import MODEL, make_index
from tests.tui.hostile import PAYLOADS, plant
from tests.tui.pty_app import PtyApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

F2, F5, F6 = "\x1bOQ", "\x1b[15~", "\x1b[17~"
DOWN, PAGE_DOWN, QUIT = "\x1b[B", "\x1b[6~", "\x11"


@pytest.fixture
def hostile_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    """A server whose model list and error messages are made of payloads."""
    names = {f"evil{number}/{payload}": 8 for number, payload in enumerate(PAYLOADS)}
    with FakeApi(models={MODEL: 64, **names}) as api:
        monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
        monkeypatch.setenv("SEMSEARCH_BASE_URL", api.url)
        monkeypatch.setenv("SEMSEARCH_MODEL", MODEL)
        monkeypatch.setenv("SEMSEARCH_API_USER", "user \x1b]0;owned\x07 [/nope] \u202e")
        yield api


@pytest.fixture
def sea(tmp_path: Path) -> Path:
    """Hostile notes, and hostile names that are left out and told as problems."""
    folder = tmp_path / "sea"
    plant(folder)
    for number, payload in enumerate(PAYLOADS):
        name = f"problem {number} {payload}".replace("/", "_").replace("\0", "")[:90]
        (folder / f"{name}.pem").write_text("-----BEGIN")
    return folder


def test_no_screen_lets_a_name_a_model_or_a_message_drive_the_terminal(
    hostile_api: FakeApi, sea: Path
) -> None:
    make_index(settings.load(), sea)
    hostile_api._pick = lambda request: (
        replies.error(402, "".join(PAYLOADS)) if request.method == "POST" else None
    )
    with PtyApp(size=(110, 34)) as app:
        app.until(lambda screen: "changed lately" in screen and "kraken" in screen)
        app.send(DOWN * 3 + F5)
        app.until(lambda screen: "problem 0" in screen and "r starts the run" in screen)
        app.send("d")
        app.until(lambda screen: "It looks like a file" in screen)
        app.send("q")
        app.until(lambda screen: "╭─ problem ─" not in screen)
        app.send("\t" + DOWN * (len(PAYLOADS) - 1))
        app.until(lambda screen: re.search("▌.*problem 9", screen))
        app.send(F6)
        app.until(lambda screen: "evil0/" in screen)
        app.send(DOWN * 2)
        app.until(lambda screen: re.search("▌○ evil", screen))
        app.send("b")
        app.until(lambda screen: "build evil" in screen)
        app.send("\r")  # the build is refused in hostile words
        app.until(lambda screen: "The account" in screen)
        app.send(F5)
        app.until(lambda screen: "r tries again" in screen)
        app.send(F2)
        app.until(lambda screen: "api.profile" in screen)
        app.send(PAGE_DOWN + PAGE_DOWN)
        app.until(lambda screen: "ui.theme" in screen)
        app.send(QUIT)
        assert app.wait() == 0
        assert "problem 0" in app.text
        assert app.forbidden == []
        assert app.modes == (True, True)
