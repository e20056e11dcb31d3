"""The first steps: each of them can be left out, and none sends anything by itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, RadioSet, Static

from semsearch import keys, settings
from semsearch.engine import Engine
from semsearch.tui.app import SemsearchApp
from semsearch.tui.screens.ask import AskYesNo
from semsearch.tui.screens.welcome import WelcomeScreen
from tests.fakes.api_server import KEY
from tests.tui.conftest import grid, type_text, until

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from tests.fakes.api_server import FakeApi

SIZE = (120, 36)


@pytest.fixture
def fresh(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> SemsearchApp:
    """The application on a machine that has no index, no key and no model."""
    monkeypatch.setenv("SEMSEARCH_BASE_URL", api.url)
    return SemsearchApp(settings.load())


async def first_steps(pilot: Pilot[int]) -> SemsearchApp:
    app = pilot.app
    assert isinstance(app, SemsearchApp)
    await until(pilot, lambda: isinstance(app.screen, WelcomeScreen) and app.screen._key.host)
    return app


async def add_folder(pilot: Pilot[int], folder: Path) -> None:
    field = pilot.app.screen.query_one("#folder", Input)
    field.focus()
    field.value = str(folder)
    await pilot.press("enter")
    await until(pilot, lambda: "5 files" in grid(pilot.app))


def said(app: SemsearchApp, part: str) -> str:
    return str(app.screen.query_one(f"#{part}", Static).render())


async def test_a_missing_index_opens_with_the_first_steps_and_escape_leaves(
    fresh: SemsearchApp,
) -> None:
    async with fresh.run_test(size=SIZE) as pilot:
        app = await first_steps(pilot)
        assert "nothing is sent before you agree" in grid(app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, WelcomeScreen))


async def test_words_can_be_searched_without_key_and_model(
    fresh: SemsearchApp, folder: Path, api: FakeApi
) -> None:
    async with fresh.run_test(size=SIZE) as pilot:
        app = await first_steps(pilot)
        await add_folder(pilot, folder)
        assert str(folder) in said(app, "same")
        app.screen.query_one("#words").focus()
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.id == "index")
        await until(pilot, lambda: app.background.state.stage == "finished")
        await pilot.press("escape")
        await type_text(pilot, "cabbage")
        await until(pilot, lambda: "cabbage.md" in grid(app))
        assert api.embedding_requests == []


async def test_the_embedded_model_is_asked_for_before_it_is_fetched(
    fresh: SemsearchApp, folder: Path
) -> None:
    async with fresh.run_test(size=SIZE) as pilot:
        app = await first_steps(pilot)
        await until(pilot, lambda: "fetched once, 84 MB" in grid(app))
        await add_folder(pilot, folder)
        app.screen.query_one("#start").focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        assert not os.path.exists(Engine(app.settings).index_path)


@pytest.mark.usefixtures("installed_model")
async def test_the_sample_answers_a_question_here_and_leaves_the_own_index_alone(
    fresh: SemsearchApp, api: FakeApi
) -> None:
    async with fresh.run_test(size=SIZE) as pilot:
        app = await first_steps(pilot)
        app.screen.query_one("#try").focus()
        await pilot.press("enter")
        await until(pilot, lambda: "passages in" in said(app, "tried"), seconds=60)
        assert "sourdough" in said(app, "tried")
        assert api.embedding_requests == []
        assert not os.path.exists(Engine(app.settings).index_path)


async def test_a_key_is_hidden_checked_and_makes_the_server_model_the_choice(
    fresh: SemsearchApp, folder: Path, api: FakeApi
) -> None:
    async with fresh.run_test(size=SIZE) as pilot:
        app = await first_steps(pilot)
        app.screen.query_one("#key").focus()
        await type_text(pilot, KEY)
        assert KEY not in grid(app)
        await pilot.press("enter")
        await until(pilot, lambda: "accepted just now" in said(app, "key-said"))
        assert KEY not in app.export_screenshot()
        assert os.path.exists(keys.key_file())
        assert app.screen.query_one("#model", RadioSet).pressed_index == 1
        assert "Sent to 127.0.0.1" in said(app, "sent")
        await add_folder(pilot, folder)
        app.screen.query_one("#start").focus()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        assert "127.0.0.1" in grid(app)
        assert api.embedding_requests == []
        await pilot.press("y")
        await until(pilot, lambda: app.background.state.stage == "finished")
        assert api.paid_inputs == app.background.state.report.chunks_total
        assert settings.load().text("model.name") == "openai/text-embedding-3-small"


async def test_a_malformed_key_is_refused_and_not_kept(fresh: SemsearchApp) -> None:
    async with fresh.run_test(size=SIZE) as pilot:
        app = await first_steps(pilot)
        field = app.screen.query_one("#key", Input)
        field.focus()
        field.value = "two words"
        await pilot.press("enter")
        await until(pilot, lambda: "no key has" in said(app, "key-said"))
        assert not os.path.exists(keys.key_file())


async def test_starting_without_a_folder_says_what_is_missing(fresh: SemsearchApp) -> None:
    async with fresh.run_test(size=SIZE) as pilot:
        app = await first_steps(pilot)
        app.screen.query_one("#words").focus()
        await pilot.press("enter")
        await until(pilot, lambda: "Add a folder first" in grid(app))
        assert app.screen.query_one("#folder").has_focus


async def test_the_form_can_be_walked_on_a_small_terminal(fresh: SemsearchApp) -> None:
    async with fresh.run_test(size=(80, 24)) as pilot:
        app = await first_steps(pilot)
        shown = grid(app)
        for part in ("1 API key", "2 Folders", "3 Model", "(•)", "[x]", "Start indexing"):
            assert part in shown
        await pilot.press("tab", "tab", "tab", "tab", "tab")
        assert app.focused is not None
        assert app.focused.id == "words"


async def test_a_folder_that_was_added_can_be_taken_back(
    fresh: SemsearchApp, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    async with fresh.run_test(size=SIZE) as pilot:
        app = await first_steps(pilot)
        await add_folder(pilot, folder)
        field = app.screen.query_one("#folder", Input)
        field.value = str(other)
        await pilot.press("enter")
        await until(pilot, lambda: str(other) in said(app, "same"))
        assert "ctrl+t takes it back" in grid(app)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "5 files" in said(app, "folders"))
        assert str(other) not in said(app, "same")
        assert str(folder) in said(app, "same")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: said(app, "folders") == "")
        app.screen.query_one("#words").focus()
        await pilot.press("enter")
        await until(pilot, lambda: "Add a folder first" in grid(app))
