"""What the screens look like, as grids of text; `UPDATE_SNAPSHOTS=1` writes them anew.

Grids rather than pictures: a difference can be read in a review. Colours do not move anything, so
the light theme and NO_COLOR must give the same grid as the dark one.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from semsearch import settings
from semsearch.engine import Engine
from semsearch.tui.app import SemsearchApp
from semsearch.tui.screens.search import SearchScreen
from semsearch.tui.widgets.preview import Preview
from tests.tui.conftest import at_rest, grid, type_text, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.pilot import Pilot

    Open = Callable[[Pilot[int]], Awaitable[None]]

KEPT = Path(__file__).parent / "snapshots"
UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))
SIZES = {"120x36": (120, 36), "80x24": (80, 24), "50x16": (50, 16)}


@pytest.fixture
def dated(
    indexed: settings.Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> settings.Settings:
    """The documents as if changed three days ago, after they were indexed; one question asked."""
    three_days_ago = time.time() - 3 * 86400 - 60
    for path in folder.rglob("*.*"):
        os.utime(path, (three_days_ago, three_days_ago))
    engine = Engine(indexed)
    engine.store().remember_query("how much salt", "hybrid", 3)
    engine.close()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return settings.load()


async def landing(pilot: Pilot[int]) -> None:
    await until(pilot, lambda: "changed lately" in grid(pilot.app))


async def search(pilot: Pilot[int]) -> None:
    await type_text(pilot, "cabbage")
    screen = pilot.app.screen
    assert isinstance(screen, SearchScreen)
    await until(pilot, lambda: screen.result is not None and screen.result.mode == "hybrid")
    await until(pilot, lambda: screen.query_one(Preview).shown)


async def help_(pilot: Pilot[int]) -> None:
    await pilot.press("f1")
    await until(pilot, lambda: "QUERY LANGUAGE" in grid(pilot.app) or "KEYS" in grid(pilot.app))


async def index(pilot: Pilot[int]) -> None:
    await pilot.press("f5")
    await until(pilot, lambda: "starts the run" in grid(pilot.app))


async def models(pilot: Pilot[int]) -> None:
    await pilot.press("f6")
    await until(pilot, lambda: "acme/other" in grid(pilot.app))


async def settings_(pilot: Pilot[int]) -> None:
    """Narrowed, or every new setting would be another picture."""
    await pilot.press("f2")
    await until(pilot, lambda: "accepted just now" in grid(pilot.app))
    await pilot.press("slash", *"ui.")
    await until(pilot, lambda: "ui.theme" in grid(pilot.app))


async def welcome(pilot: Pilot[int]) -> None:
    app = pilot.app
    assert isinstance(app, SemsearchApp)
    app.action_welcome()
    await until(pilot, lambda: "accepted just now" in grid(app))


SCREENS: dict[str, Open] = {
    "landing": landing,
    "search": search,
    "help": help_,
    "index": index,
    "models": models,
    "settings": settings_,
    "welcome": welcome,
}


def normal(text: str) -> str:
    """Without what differs from run to run; nothing changes its width."""
    text = re.sub(r"127\.0\.0\.1:\d{5}", "127.0.0.1:43210", text)
    text = re.sub(r" +\$[\d.]+ today", " $ today", text)
    text = re.sub(r"\$[\d.]+ used", "$ used", text)
    text = re.sub(r"\$[\d.]+ left.*", "$ left", text)
    text = re.sub(r"changed \d+ [a-z] ago", "changed 3 d ago", text)
    text = re.sub(r"fresh (now|\d+ m ago)", "fresh", text)
    text = re.sub(r"\d+ y ago", "3 y ago", text)
    text = re.sub(r"of \d\d( differ|\b)", r"of 40\1", text)
    return re.sub(r" hits · .*", " hits · timing", text) + "\n"


async def shown(app: SemsearchApp, screen: str, size: str) -> str:
    async with app.run_test(size=SIZES[size]) as pilot:
        await until(pilot, lambda: app.facts.known)
        await SCREENS[screen](pilot)
        await at_rest(pilot)
        return normal(grid(app))


PICTURES = [
    *((screen, size) for screen in SCREENS for size in ("120x36", "80x24")),
    *(("search", "50x16"), ("help", "50x16")),
]


@pytest.mark.parametrize(("screen", "size"), PICTURES)
async def test_the_grid_is_as_it_was(dated: settings.Settings, screen: str, size: str) -> None:
    seen = await shown(SemsearchApp(dated), screen, size)
    path = KEPT / f"{screen}-{size}.txt"
    if UPDATE:
        KEPT.mkdir(exist_ok=True)
        path.write_text(seen, "utf-8")
    assert seen == path.read_text("utf-8")


@pytest.mark.parametrize("screen", [name for name in SCREENS if name != "settings"])
@pytest.mark.parametrize("colours", ["light", "none"])
async def test_colours_move_nothing(
    dated: settings.Settings, monkeypatch: pytest.MonkeyPatch, colours: str, screen: str
) -> None:
    # Not of the settings: they tell where the theme comes from.
    if colours == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.setenv("SEMSEARCH_UI_THEME", "semsearch-light")
    seen = await shown(SemsearchApp(settings.load()), screen, "80x24")
    assert seen == (KEPT / f"{screen}-80x24.txt").read_text("utf-8")
