"""Hits in the order of a rerank model: chosen, agreed to, shown, and left again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semsearch import settings
from semsearch.engine import Engine
from semsearch.tui import asking
from semsearch.tui.app import SemsearchApp
from semsearch.tui.screens.ask import AskChoice, AskYesNo
from semsearch.tui.screens.models import ModelsScreen
from semsearch.tui.screens.search import SearchScreen
from semsearch.tui.screens.why import WhyDialog
from tests.fakes import replies
from tests.fakes.api_server import RERANK_MODEL
from tests.tui.conftest import grid, type_text, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from semsearch.records import SearchResult
    from semsearch.settings import Settings
    from tests.fakes.api_server import FakeApi

SIZE = (120, 36)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No second is waited for."""
    monkeypatch.setattr(asking, "RERANK_SECONDS", 0.3)


def found(app: SemsearchApp) -> SearchResult | None:
    assert isinstance(app.screen_stack[0], SearchScreen)
    return app.screen_stack[0].result


def reranked(app: SemsearchApp) -> bool:
    result = found(app)
    return result is not None and result.reranked_by == RERANK_MODEL


async def agree(pilot: Pilot[int], key: str) -> None:
    """From the screen to the end of the boxes."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, AskChoice))
    assert RERANK_MODEL in grid(pilot.app)
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, AskYesNo))
    assert "100 of its passages" in grid(pilot.app)
    assert "127.0.0.1" in grid(pilot.app)
    await pilot.press("y")
    await until(pilot, lambda: isinstance(pilot.app, SemsearchApp) and pilot.app.reranker)


async def test_hits_are_put_in_order_once_it_is_agreed_to(app: SemsearchApp, api: FakeApi) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "fermenting cabbage")
        await until(pilot, lambda: found(app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(app.screen, AskChoice))
        assert api.rerank_calls == 0
        await pilot.press("escape")
        assert not app.reranker
        await agree(pilot, "ctrl+t")
        await until(pilot, lambda: reranked(app))
        assert api.rerank_calls == 1
        assert f"ordered by {RERANK_MODEL}" in grid(app)
        assert "hybrid, re-ranked" in grid(app)
        result = found(app)
        assert result is not None
        assert [hit.rank for hit in result.hits] == list(range(1, len(result.hits) + 1))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: not reranked(app))
        assert "re-ranked" not in grid(app)
        assert api.rerank_calls == 1


async def test_enter_does_not_wait_for_the_pause_and_typing_sends_nothing(
    app: SemsearchApp, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "RERANK_SECONDS", 60.0)
    async with app.run_test(size=SIZE) as pilot:
        await agree(pilot, "ctrl+t")
        await type_text(pilot, "grease the chain")
        await until(pilot, lambda: f"{RERANK_MODEL} puts them in order" in grid(app))
        await until(pilot, lambda: (result := found(app)) and result.mode == "hybrid")
        assert api.rerank_calls == 0
        await pilot.press("enter")
        await until(pilot, lambda: reranked(app))
        assert api.rerank_calls == 1


async def test_without_its_answer_the_order_stays_and_the_status_says_why(
    app: SemsearchApp, api: FakeApi
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await agree(pilot, "ctrl+t")
        await type_text(pilot, "fermenting cabbage")
        await until(pilot, lambda: reranked(app))
        api._pick = lambda request: (
            replies.error(402, "Insufficient credits") if "/rerank" in request.path else None
        )
        await type_text(pilot, " at home")
        await until(pilot, lambda: "could not order these" in grid(app))
        assert not reranked(app)
        result = found(app)
        assert result is not None
        assert result.hits


async def test_a_model_is_chosen_on_the_models_screen_too(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.facts.known)
        await pilot.press("f6")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen) and app.screen._rows)
        await agree(pilot, "o")
        await until(pilot, lambda: "ctrl+t in search stops it" in grid(app))
        await pilot.press("o")
        assert not app.reranker


async def test_without_a_server_it_is_said_and_nothing_is_asked(indexed: Settings) -> None:
    app = SemsearchApp(indexed.replaced("offline", True))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.facts.known)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "offline" in grid(app).lower())
        assert not isinstance(app.screen, AskChoice)
        assert not app.reranker


async def test_another_server_ends_it(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await agree(pilot, "ctrl+t")
        app.use_settings(app.settings)
        assert app.reranker
        app.use_settings(app.settings.replaced("api.base_url", "http://127.0.0.1:9/v1"))
        assert not app.reranker


async def test_consent_is_asked_for_and_kept(configured: Settings, folder: object) -> None:
    from tests.tui.conftest import make_index

    make_index(configured, folder, model=False)  # type: ignore[arg-type]
    app = SemsearchApp(settings.load())
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.facts.known)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(app.screen, AskChoice))
        await pilot.press("enter")
        await until(pilot, lambda: "yes agrees, for every folder" in grid(app))
        await pilot.press("y")
        await until(pilot, lambda: app.reranker)
    engine = Engine(configured)
    assert not engine.rerank_outlay(RERANK_MODEL).needs_consent
    engine.close()


async def test_the_box_that_says_why_follows_a_later_answer(
    app: SemsearchApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "RERANK_SECONDS", 60.0)
    async with app.run_test(size=SIZE) as pilot:
        await agree(pilot, "ctrl+t")
        await type_text(pilot, "fermenting cabbage")
        await until(pilot, lambda: found(app))
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, WhyDialog))
        assert "re-rank  " not in grid(app)
        search = app.screen_stack[0]
        assert isinstance(search, SearchScreen)
        assert search._asker is not None
        search._asker.hurry()
        await until(pilot, lambda: "re-rank  " in grid(app))
        assert "why rank" in grid(app)
        result = found(app)
        assert result is not None
        search.follow_why(result._replace(hits=()))  # its hit is no longer among them
        await until(pilot, lambda: app.screen is search)
