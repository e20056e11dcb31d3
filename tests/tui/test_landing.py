"""Without a question: what one asked before and what changed lately, a key or a click away."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from semsearch.engine import Engine
from semsearch.tui.widgets.blank import Blank
from semsearch.tui.widgets.query_bar import QueryBar
from tests.tui.conftest import grid, type_text, until

if TYPE_CHECKING:
    from pathlib import Path

    from semsearch.settings import Settings
    from semsearch.tui.app import SemsearchApp

SIZE = (100, 30)


@pytest.fixture
def asked(indexed: Settings) -> Settings:
    """An index that was asked two questions."""
    engine = Engine(indexed)
    for question in ("boiler", "cabbage [bold]salt[/bold]"):
        engine.store().remember_query(question, "hybrid", 1)
    engine.close()
    return indexed


def line_with(app: SemsearchApp, text: str) -> int:
    return next(i for i, line in enumerate(grid(app).splitlines()) if text in line)


async def test_the_arrows_and_enter_take_a_question(asked: Settings, app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "asked before" in grid(app))
        assert "cabbage [bold]salt[/bold]" in grid(app)
        assert app.screen.query_one(QueryBar).field.has_focus
        await pilot.press("down", "down", "enter")
        assert app.screen.query_one(QueryBar).text == "boiler"
        await until(pilot, lambda: "page.html" in grid(app))


async def test_a_click_takes_a_question(asked: Settings, app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "asked before" in grid(app))
        await pilot.click(offset=(10, line_with(app, "  boiler")))
        await until(pilot, lambda: app.screen.query_one(QueryBar).text == "boiler")


async def test_files_stand_by_their_latest_change(
    indexed: Settings, app: SemsearchApp, folder: Path
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "changed lately" in grid(app))
        assert "docs/cabbage.md" in grid(app)
        assert "asked before" not in grid(app)
        blank = app.screen.query_one(Blank)
        await pilot.press(*["down"] * 20)
        assert blank.choice is not None
        assert blank.choice.path.startswith(os.fsencode(folder))
        await type_text(pilot, "zeppelin")
        await until(pilot, lambda: "changed lately" not in grid(app))


async def test_a_short_terminal_scrolls_to_what_is_chosen(
    asked: Settings, app: SemsearchApp
) -> None:
    async with app.run_test(size=(60, 12)) as pilot:
        await until(pilot, lambda: "asked before" in grid(app))
        await pilot.press(*["down"] * 7)
        choice = app.screen.query_one(Blank).choice
        assert choice is not None
        await until(pilot, lambda: f"▌ {choice.label}" in grid(app))
        assert "Type to search" not in grid(app)
