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
from semsearch.tui.app import SemsearchApp
from semsearch.tui.screens.search import SearchScreen
from semsearch.tui.widgets.preview import Preview
from tests.tui.conftest import grid, type_text, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

KEPT = Path(__file__).parent / "snapshots"
UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))
SIZES = {"120x36": (120, 36), "80x24": (80, 24), "50x16": (50, 16)}


@pytest.fixture
def dated(indexed: settings.Settings, folder: Path) -> settings.Settings:
    """The documents as if changed three days ago, after they were indexed."""
    three_days_ago = time.time() - 3 * 86400 - 60
    for path in folder.rglob("*.*"):
        os.utime(path, (three_days_ago, three_days_ago))
    return indexed


async def search(pilot: Pilot[int]) -> None:
    await type_text(pilot, "cabbage")
    screen = pilot.app.screen
    assert isinstance(screen, SearchScreen)
    await until(pilot, lambda: screen.result is not None and screen.result.mode == "hybrid")
    await until(pilot, lambda: screen.query_one(Preview).shown)
    await pilot.pause(0.1)


async def help_(pilot: Pilot[int]) -> None:
    await pilot.press("f1")
    await until(pilot, lambda: "QUERY LANGUAGE" in grid(pilot.app) or "KEYS" in grid(pilot.app))
    await pilot.pause(0.1)


SCREENS = {"search": search, "help": help_}


def normal(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r" +\$[\d.]+ today", " $ today", text)
    text = re.sub(r"changed \d+ [a-z] ago", "changed 3 d ago", text)
    return re.sub(r" hits · .*", " hits · timing", text) + "\n"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", SCREENS)
async def test_the_grid_is_as_it_was(
    dated: settings.Settings, monkeypatch: pytest.MonkeyPatch, screen: str, size: str
) -> None:
    app = SemsearchApp(dated)
    async with app.run_test(size=SIZES[size]) as pilot:
        await SCREENS[screen](pilot)
        shown = normal(grid(app))
    path = KEPT / f"{screen}-{size}.txt"
    if UPDATE:
        KEPT.mkdir(exist_ok=True)
        path.write_text(shown, "utf-8")
    assert shown == path.read_text("utf-8")


@pytest.mark.parametrize("colours", ["light", "none"])
async def test_colours_move_nothing(
    dated: settings.Settings, monkeypatch: pytest.MonkeyPatch, colours: str
) -> None:
    if colours == "none":
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.setenv("SEMSEARCH_UI_THEME", "semsearch-light")
    app = SemsearchApp(settings.load())
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await search(pilot)
        assert normal(grid(app)) == (KEPT / "search-80x24.txt").read_text("utf-8")
