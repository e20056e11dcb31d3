"""What is said in place when there is no index, or none that can be used, and the way out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from semsearch.engine import Engine
from semsearch.errors import AccessError, EmbeddingError, SemsearchError
from semsearch.records import Filter, Query, SearchResult
from semsearch.tui import run_text, states
from semsearch.tui.app import SemsearchApp
from semsearch.tui.background import RunState
from semsearch.tui.facts import Facts
from semsearch.tui.keys import key_names
from semsearch.tui.screens.search import SearchScreen
from semsearch.tui.widgets.query_bar import QueryBar
from semsearch.tui.widgets.result_list import ResultList
from tests.fakes import replies
from tests.tui.conftest import grid, make_index, type_text, until

if TYPE_CHECKING:
    from semsearch.settings import Settings
    from tests.fakes.api_server import FakeApi

SIZE = (100, 30)


def index_path(settings: Settings) -> Path:
    engine = Engine(settings)
    return Path(engine.index_path)


async def test_without_an_index_the_first_steps_are_shown(configured: Settings) -> None:
    app = SemsearchApp(configured)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.screen.id == "welcome")
        await pilot.press("escape")
        await until(pilot, lambda: "no index yet" in grid(app))
        assert "f5" in grid(app)
        assert not index_path(configured).exists()


def test_a_screen_may_be_filled_before_it_is_shown(configured: Settings) -> None:
    """As it is from Python 3.12 on, where a task runs as soon as it is made."""
    app = SemsearchApp(configured)
    assert not app.screen_stack
    app.clear_selection()


async def test_a_damaged_index_is_told_with_the_way_out(indexed: Settings) -> None:
    path = index_path(indexed)
    content = path.read_bytes()
    path.write_bytes(b"x" * 4096 + content[4096:])
    app = SemsearchApp(indexed)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "not possible now" in grid(app))
        assert "repair" in grid(app)


async def test_an_index_for_keywords_only_says_so(configured: Settings, folder: Path) -> None:
    make_index(configured, folder, model=False)
    app = SemsearchApp(configured)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "No vectors yet" in grid(app))
        await type_text(pilot, "cabbage")
        await until(pilot, lambda: "cabbage.md" in grid(app))
        assert "keyword only" in grid(app)


async def test_an_index_that_changes_is_asked_again(indexed: Settings, folder: Path) -> None:
    app = SemsearchApp(indexed)
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "walrus")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen) and app.screen.result)
        (folder / "walrus.md").write_text("# Walrus\n\nThe walrus has tusks.\n")
        make_index(indexed, folder)
        app.refresh_facts()
        await until(pilot, lambda: "walrus.md" in grid(app))


async def test_typing_over_the_hits_goes_into_the_question(indexed: Settings) -> None:
    app = SemsearchApp(indexed)
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "chai")
        await until(pilot, lambda: app.screen.query_one(ResultList).hits)
        await pilot.press("tab")
        await until(pilot, lambda: app.screen.query_one(ResultList).has_focus)
        await pilot.press("n")
        bar = app.screen.query_one(QueryBar)
        await until(pilot, lambda: bar.text == "chain")
        assert bar.field.has_focus


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (AccessError("x", code="auth.no_key"), "f2"),
        (AccessError("x", code="auth.key_refused"), "f2"),
        (AccessError("x", code="auth.no_credit"), "no credit"),
        (AccessError("x", code="consent.needed"), "f5"),
        (EmbeddingError("x", code="api.offline"), "offline"),
        (EmbeddingError("x", status=429), "busy"),
        (EmbeddingError("x", status=503), "busy"),
        (EmbeddingError("The server is on fire."), "on fire"),
    ],
)
def test_every_reason_for_keywords_only_names_a_way_out(error: SemsearchError, said: str) -> None:
    result = SearchResult(
        Query("q", "q", ("q",)), "lexical", None, 0.0, (), (), {}, 0.0, fault=error
    )
    assert said in states.degraded(result, key_names({}))
    assert states.degraded(result._replace(fault=None), key_names({})) == ""


FIXED = re.compile(r"\bf\d+\b|\bctrl\+\w|\balt\+\w")


def test_what_is_said_names_the_keys_a_person_has() -> None:
    def key(action: str) -> str:
        return f"<{action}>"

    asked = Query("q in:x", "q", ("q",), Filter(folders=(b"/x",)), ("q",), ("z",))
    nothing = SearchResult(asked, "lexical", None, 0.0, (), (), {}, 0.0)
    texts = [
        line
        for code in (*states._WAYS_OUT, "other")
        for line in states.failure(SemsearchError("x", code=code), key).lines
    ]
    texts += states.nothing_found(nothing, Facts(), "hybrid", key).lines
    for code in ("auth.no_key", "auth.no_credit", "consent.needed", "model.missing"):
        texts.append(states.degraded(nothing._replace(fault=AccessError("x", code=code)), key))
    stages = ("idle", "paused", "failed", "planned")
    texts += [run_text.status_line(RunState(stage), key)[0] for stage in stages]
    assert any("<go.models>" in text for text in texts)
    assert any("<index.run>" in text for text in texts)
    for text in texts:
        assert not FIXED.search(text), text
        assert "{" not in text, text


async def test_the_way_out_is_told_whole_in_a_narrow_terminal(
    indexed: Settings, api: FakeApi
) -> None:
    api._pick = lambda _: replies.error(402, "Insufficient credits")
    app = SemsearchApp(indexed)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.facts.known)
        await type_text(pilot, "haystack needle")
        await until(pilot, lambda: "by keyword only" in grid(app))
        assert "no credit: add some at the provider, or f6 another model" in grid(app)
        assert "1 hits" not in grid(app)
