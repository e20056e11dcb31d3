"""A small index made through the loopback API, and the application on it."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING

import pytest
from textual import events

from semsearch import settings
from semsearch.engine import Engine
from semsearch.engine.job import JobOptions
from semsearch.tui.app import SemsearchApp
from tests.fakes.api_server import KEY, FakeApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.pilot import Pilot

MODEL = "acme/tiny"

DOCUMENTS = {
    "cabbage.md": "# Sauerkraut\n\n## Salt\n\nTwo per cent of salt by weight, no less.\n\n"
    "## Waiting\n\nFermenting cabbage at home takes two weeks at eighteen degrees. The cabbage "
    "must stay under the brine.\n",
    "bicycle.txt": "The chain clicks under load.\n\nGrease the pedals, then the chain.\n",
    "code/backoff.py": "import random\n\n\ndef wait(attempt: int) -> float:\n"
    '    """Seconds to wait before the chain of calls is tried again."""\n'
    "    return random.uniform(0, 2**attempt)\n",
    "page.html": "<html><title>Heating</title><body><h1>Heating</h1>"
    "<p>The boiler shows F22 when the pressure is low.</p></body></html>",
    "notes/long.md": "# Long\n\n"
    + "".join(f"Line {number} says nothing.\n\n" for number in range(1, 60))
    + "## Needle\n\nThe haystack holds one needle here.\n\n"
    + "".join(f"After {number} there is more hay.\n\n" for number in range(1, 60)),
}


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(obj: object) -> None:
    """Coroutines run by anyio's plugin, which comes with httpx."""
    if inspect.iscoroutinefunction(obj):
        pytest.mark.anyio(obj)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    for name, text in DOCUMENTS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return root


@pytest.fixture
def configured(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> settings.Settings:
    """Settings that use the loopback API."""
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    monkeypatch.setenv("SEMSEARCH_BASE_URL", api.url)
    monkeypatch.setenv("SEMSEARCH_MODEL", MODEL)
    return settings.load()


def make_index(configured: settings.Settings, *folders: Path, model: bool = True) -> None:
    """Index folders, with vectors or for keywords only."""
    engine = Engine(configured)
    try:
        choice = engine.choice() if model else None
        paths = [os.fsencode(folder) for folder in folders]
        with engine.index_job(paths, choice, JobOptions()) as job:
            job.grant_consent()
            for _ in job.run():
                pass
    finally:
        engine.close()


@pytest.fixture
def indexed(configured: settings.Settings, folder: Path) -> settings.Settings:
    """Settings whose index holds the folder."""
    make_index(configured, folder)
    return configured


@pytest.fixture
def app(indexed: settings.Settings) -> SemsearchApp:
    return SemsearchApp(indexed)


async def until(pilot: Pilot[int], condition: Callable[[], object], seconds: float = 10) -> None:
    """Let the application run until something holds."""
    for _ in range(int(seconds / 0.02)):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.02)
    pytest.fail(f"this never came true:\n{grid(pilot.app)}")


async def at_rest(pilot: Pilot[int]) -> None:
    """Let the application run until a picture stays as it is."""
    seen: list[str] = []
    while len(seen) < 4 or len(set(seen[-4:])) > 1:
        await pilot.pause(0.05)
        seen.append(grid(pilot.app))


async def type_text(pilot: Pilot[int], text: str) -> None:
    """Put a text into the focused field at once, as a very fast typist: by pasting it."""
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()


def grid(app: object) -> str:
    """What is on the screen, line by line, without trailing blanks."""
    strips = app.screen._compositor.render_strips()  # type: ignore[attr-defined]
    return "\n".join(strip.text.rstrip() for strip in strips)
