"""The models screen judges: quality on known answers, and whether a name still means its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semsearch.engine import Engine
from semsearch.tui.app import SemsearchApp
from semsearch.tui.screens.ask import AskYesNo
from semsearch.tui.screens.models import ModelsScreen
from tests.fakes import replies
from tests.tui.conftest import MODEL, grid, until
from tests.tui.test_models import OTHER, SIZE, go_to, line_of, open_models

if TYPE_CHECKING:
    from semsearch.settings import Settings
    from tests.fakes.api_server import FakeApi


@pytest.fixture
def app(indexed: Settings, monkeypatch: pytest.MonkeyPatch) -> SemsearchApp:
    """On an index of one model in which a hit was marked as relevant."""
    from semsearch import settings

    monkeypatch.delenv("SEMSEARCH_MODEL")
    engine = Engine(indexed)
    for question in ("boiler pressure", "salt by weight"):
        hit = engine.search(question, mode="lexical").hits[0]
        engine.store().judge(question, hit.chunk, 1)
    engine.close()
    return SemsearchApp(settings.load())


async def test_models_are_measured_on_the_marks(app: SemsearchApp, api: FakeApi) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        await go_to(pilot, MODEL)
        sent = len(api.embedding_requests)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        assert "2 questions" in grid(app)
        assert len(api.embedding_requests) == sent
        await pilot.press("y")
        await until(pilot, lambda: "measured on 2 questions from your marks" in grid(app))
        assert "nDCG@10" in grid(app).splitlines()[2]
        assert "–" not in line_of(app, MODEL)
        assert "recall@100" in grid(app)
        sent = len(api.embedding_requests)
        assert sent > 0
        await pilot.press("e")
        await until(pilot, lambda: "measured on" in grid(app))
        assert len(api.embedding_requests) == sent, "the vectors of the questions are known"


async def test_no_sends_no_question(app: SemsearchApp, api: FakeApi) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        sent = len(api.embedding_requests)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        assert len(api.embedding_requests) == sent


async def test_a_model_is_held_against_its_own_vectors(app: SemsearchApp, api: FakeApi) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        await go_to(pilot, MODEL)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("y")
        await until(pilot, lambda: "is still the model its vectors came from" in grid(app))
        await go_to(pilot, OTHER)
        await pilot.press("c")
        await until(pilot, lambda: "no vectors of it" in grid(app))


async def test_adopting_asks_and_a_refusal_is_told(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        await go_to(pilot, MODEL)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        assert app.settings.text("api.base_url") in grid(app)
        await pilot.press("y")
        await until(pilot, lambda: "at another server" in grid(app))  # it belongs here already


async def test_an_error_takes_the_place_of_what_was_being_done(
    app: SemsearchApp, api: FakeApi
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        await go_to(pilot, MODEL)
        api._pick = lambda _request: replies.error(402, "Insufficient credits")
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("y")
        await until(pilot, lambda: "credit" in grid(app).splitlines()[-2].lower())
        assert "a dozen" not in grid(app).splitlines()[-2]


async def test_typing_finds_a_model_and_escape_shows_all(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        await pilot.press("f", *"other")
        await until(pilot, lambda: "1 of" in grid(app))
        assert not any("○" in line and MODEL in line for line in grid(app).splitlines())
        assert not any("●" in line and MODEL in line for line in grid(app).splitlines())
        await pilot.press("enter")
        screen = app.screen
        assert isinstance(screen, ModelsScreen)
        await until(pilot, lambda: screen.query_one("#models").has_focus)
        assert screen.selected_model() == OTHER
        await pilot.press("escape")
        await until(pilot, lambda: f" {MODEL} " in grid(app))
