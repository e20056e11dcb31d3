"""The settings screen: every setting, where it comes from, and a key that never shows."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, OptionList

from semsearch import keys, settings
from semsearch.settings import DECLARED, declared
from semsearch.text import printable
from semsearch.tui import key_text
from semsearch.tui.app import SemsearchApp
from semsearch.tui.screens.ask import AskChoice, AskText
from semsearch.tui.screens.settings import SettingsScreen, setting_line, value_fault
from tests.fakes.api_server import KEY
from tests.tui.conftest import grid, type_text, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tests.fakes.api_server import FakeApi

SIZE = (120, 36)


async def open_settings(pilot: Pilot[int]) -> SemsearchApp:
    app = pilot.app
    assert isinstance(app, SemsearchApp)
    await pilot.press("f2")
    await until(pilot, lambda: isinstance(app.screen, SettingsScreen) and app.screen._key)
    return app


async def go_to(pilot: Pilot[int], name: str) -> None:
    """Put the cursor on a setting."""
    listed = pilot.app.screen.query_one("#settings", OptionList)
    listed.focus()
    listed.highlighted = [setting.name for setting in DECLARED].index(name)
    await pilot.pause()


async def test_every_setting_is_listed_with_where_it_comes_from(app: SemsearchApp) -> None:
    async with app.run_test(size=(120, 80)) as pilot:
        await open_settings(pilot)
        shown = grid(app)
        assert all(setting.name in shown for setting in DECLARED)
        for setting, _, origin in app.settings.rows():
            row = re.compile(f"│[ ▌]{re.escape(setting.name)} ")
            line = next(line for line in shown.splitlines() if row.search(line))
            assert {"environment": "environment", "default": "default"}[origin] in line


async def test_a_change_is_written_and_holds_at_once(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await go_to(pilot, "index.hidden")
        await pilot.press("enter")
        await until(pilot, lambda: app.settings.flag("index.hidden"))
        assert settings.load().origin("index.hidden") == "file"
        await pilot.press("delete")
        await until(pilot, lambda: not app.settings.flag("index.hidden"))
        assert settings.load().origin("index.hidden") == "default"


async def test_one_click_moves_the_cursor_and_two_change(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        listed = app.screen.query_one("#settings", OptionList)
        await pilot.click("#settings", offset=(5, 2))
        await pilot.pause()
        assert listed.highlighted == 1
        assert not app.settings.flag("index.hidden")
        await pilot.click("#settings", offset=(5, 2), times=2)
        await until(pilot, lambda: app.settings.flag("index.hidden"))


async def test_one_of_several_is_chosen_from_a_list(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await go_to(pilot, "search.mode")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskChoice))
        assert app.screen.query_one(OptionList).highlighted == 0
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: app.settings.text("search.mode") == "lexical")


async def test_a_value_it_cannot_have_is_refused_in_place(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await go_to(pilot, "search.limit")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskText))
        field = app.screen.query_one(Input)
        field.value = "many"
        await pilot.press("enter")
        await pilot.pause()
        assert "whole number" in grid(app)
        field.value = "25"
        await pilot.press("enter")
        await until(pilot, lambda: app.settings.integer("search.limit") == 25)


async def test_what_the_environment_sets_stays_and_is_said(app: SemsearchApp, api: FakeApi) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await go_to(pilot, "model.name")
        assert "environment" in grid(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskText))
        app.screen.query_one(Input).value = "acme/other"
        await pilot.press("enter")
        await until(pilot, lambda: "kept in your file, but the environment" in grid(app))
        assert app.settings.text("model.name") == "acme/tiny"


async def test_the_list_narrows_to_what_is_typed(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await pilot.press("slash")
        await type_text(pilot, "cost")
        listed = app.screen.query_one("#settings", OptionList)
        await until(pilot, lambda: listed.option_count < len(DECLARED))
        assert "index.max_cost" in grid(app)
        assert "model.workers" not in grid(app)
        await pilot.press("escape")
        await until(pilot, lambda: listed.option_count == len(DECLARED))
        assert isinstance(app.screen, SettingsScreen)


async def test_the_key_is_checked_and_shows_only_its_end(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await until(pilot, lambda: "accepted just now" in grid(app))
        assert f"••••{KEY[-4:]}" in grid(app)
        assert "OPENROUTER_API_KEY" in grid(app)
        assert KEY[:12] not in app.export_screenshot()


async def test_a_typed_key_is_hidden_kept_private_and_can_be_forgotten(
    app: SemsearchApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY")
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        assert "none for 127.0.0.1" in grid(app)
        await pilot.press("k", "enter")
        await until(pilot, lambda: isinstance(app.screen, AskText))
        await type_text(pilot, KEY)
        assert KEY not in grid(app)
        await pilot.press("enter")
        await until(pilot, lambda: "accepted just now" in grid(app))
        assert os.stat(keys.key_file()).st_mode & 0o077 == 0
        await pilot.press("k", "down", "enter")
        await until(pilot, lambda: "none for 127.0.0.1" in grid(app))


async def test_a_refused_key_says_so(app: SemsearchApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-v1-nobody-knows-this-one")
    async with app.run_test(size=SIZE) as pilot:
        await open_settings(pilot)
        await until(pilot, lambda: "refuse" in grid(app) or "401" in grid(app))
        assert "accepted" not in grid(app)


async def test_everything_fits_a_small_terminal(app: SemsearchApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_settings(pilot)
        shown = grid(app)
        for part in ("API key", "index.path", "default", "enter change", "set by"):
            assert part in shown


def test_a_value_from_the_file_never_drives_the_terminal() -> None:
    line = setting_line(declared("api.user"), "\x1b]0;x\x07[/b]\u202e", "file", 110).plain
    assert line == printable(line)
    assert "[/b]" in line


def test_faults_name_what_is_wanted() -> None:
    assert value_fault(declared("search.limit"), "10") == ""
    assert "1000" in value_fault(declared("search.limit"), "5000")


def test_key_lines_never_hold_more_than_the_end() -> None:
    facts = key_text.KeyFacts("host\x1b[2J", key_text.mask(keys.Secret(KEY)), "the key file")
    text = " ".join(key_text.key_lines(facts))
    assert KEY[:-4] not in text
    assert text == printable(text)
    assert key_text.key_fault("two words") != ""
    assert key_text.key_fault(KEY) == ""
