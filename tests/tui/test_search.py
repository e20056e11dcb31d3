"""Search as one types, and what one does with a hit."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from semsearch import settings
from semsearch.engine import Engine
from semsearch.tui.app import SemsearchApp
from semsearch.tui.screens.search import SearchScreen
from semsearch.tui.widgets.preview import Preview
from semsearch.tui.widgets.query_bar import QueryBar
from semsearch.tui.widgets.result_list import ResultList
from tests.fakes import replies
from tests.tui.conftest import grid, type_text, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from semsearch.settings import Settings
    from tests.fakes.api_server import FakeApi

SIZE = (120, 36)


def results(app: SemsearchApp) -> ResultList:
    return app.screen.query_one(ResultList)


def screen(app: SemsearchApp) -> SearchScreen:
    assert isinstance(app.screen, SearchScreen)
    return app.screen


def settled(app: SemsearchApp, mode: str = "hybrid") -> bool:
    """Whether the answer by meaning has come."""
    result = screen(app).result
    return result is not None and result.mode == mode


@contextmanager
def held(api: FakeApi) -> Iterator[threading.Event]:
    """The server answers nothing until the event is set."""
    release = threading.Event()

    def wait(_request: object) -> None:
        release.wait(20)

    api._pick = wait
    try:
        yield release
    finally:
        release.set()
        api._pick = None


async def test_keywords_answer_first_and_meaning_follows(app: SemsearchApp, api: FakeApi) -> None:
    with held(api) as release:
        async with app.run_test(size=SIZE) as pilot:
            await type_text(pilot, "cabbage")
            await until(pilot, lambda: results(app).hits)
            assert screen(app).result.mode == "lexical"
            assert results(app).hits[0].cosine is None
            assert screen(app).query_one(QueryBar).field.has_focus
            release.set()
            await until(pilot, lambda: settled(app))
            assert results(app).hits[0].cosine is not None
            assert "cabbage.md" in grid(app)


async def test_typing_goes_on_while_a_server_is_slow(app: SemsearchApp, api: FakeApi) -> None:
    with held(api) as release:
        async with app.run_test(size=SIZE) as pilot:
            await type_text(pilot, "cabbage")
            await until(pilot, lambda: "looking by meaning" in grid(app))
            await pilot.press("escape")
            await type_text(pilot, "pedals")
            await until(pilot, lambda: results(app).hits and "bicycle.txt" in grid(app))
            assert screen(app).result.mode == "lexical"
            release.set()
            await until(pilot, lambda: settled(app))
            assert screen(app).result.query.raw == "pedals"


async def test_a_query_asked_before_is_answered_in_one_pass(
    app: SemsearchApp, api: FakeApi
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "grease")
        await until(pilot, lambda: settled(app))
        sent = len(api.embedding_requests)
        await pilot.press("escape")
        await until(pilot, lambda: not results(app).hits)
        await type_text(pilot, "grease")
        await until(pilot, lambda: settled(app))
        assert len(api.embedding_requests) == sent
        assert "cached" in grid(app)


async def test_a_large_index_is_searched_by_codes_in_memory(
    app: SemsearchApp, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("semsearch.engine.desk.MANY_VECTORS", 1)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.holds_codes)
        for _ in range(2):  # by a server, then by the vector that is kept
            await type_text(pilot, "grease")
            await until(pilot, lambda: settled(app))
            assert results(app).hits[0].path.endswith(b"bicycle.txt")
            held = await app.remote.run(lambda engine: dict(engine.store()._held))
            assert len(held) == 1
            await pilot.press("escape")
            await until(pilot, lambda: not results(app).hits)
        assert len(api.embedding_requests) == 2  # documents, and the question once


async def test_two_characters_are_looked_up_by_keyword_only(
    app: SemsearchApp, api: FakeApi
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        sent = len(api.embedding_requests)
        await type_text(pilot, "no")
        await until(pilot, lambda: screen(app).result is not None)
        await until(pilot, lambda: not screen(app)._asker.waiting)
        assert screen(app).result.mode == "lexical"
        assert len(api.embedding_requests) == sent


async def test_an_answer_to_an_older_question_is_dropped(indexed: Settings, api: FakeApi) -> None:
    app = SemsearchApp(indexed)
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "cabbage")
        await until(pilot, lambda: len(api.embedding_requests) > 0)
        await pilot.press(*["backspace"] * 7)
        await type_text(pilot, "boiler")
        await until(pilot, lambda: settled(app))
        assert screen(app).result.query.raw == "boiler"
        assert b"page.html" in results(app).hits[0].path


async def test_the_cursor_stays_on_the_hit_it_was_put_on(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "chain")
        await until(pilot, lambda: settled(app))
        await pilot.press("down")
        chosen = results(app).hit.chunk
        assert results(app).cursor == 1
        await pilot.press("f3", "f3")
        await until(pilot, lambda: settled(app, "lexical"))
        assert results(app).hit.chunk == chosen
        await pilot.press(*["backspace"] * 5)
        await type_text(pilot, "pedals")
        await until(pilot, lambda: screen(app).result is not None)
        assert results(app).cursor == 0


async def test_modes_change_with_a_key_and_ask_again(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "chain")
        await until(pilot, lambda: settled(app))
        await pilot.press("f3")
        await until(pilot, lambda: settled(app, "semantic"))
        assert "meaning ·" in grid(app)
        await pilot.press("f3")
        await until(pilot, lambda: settled(app, "lexical"))
        assert "keyword ·" in grid(app)


async def test_without_a_key_keywords_answer_and_say_so(
    indexed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMSEARCH_BASE_URL", "https://openrouter.ai/api/v1")
    monkeypatch.delenv("OPENROUTER_API_KEY")
    app = SemsearchApp(settings.load())
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "cabbage")
        await until(pilot, lambda: "by keyword only" in grid(app))
        assert results(app).hits


async def test_without_credit_keywords_answer_and_say_so(indexed: Settings, api: FakeApi) -> None:
    api._pick = lambda _request: replies.status(402)
    app = SemsearchApp(indexed)
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "cabbage")
        await until(pilot, lambda: "no credit" in grid(app))
        assert results(app).hits


async def test_nothing_found_says_what_was_searched(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f3", "f3")
        await type_text(pilot, "xylophone")
        await until(pilot, lambda: "nothing found" in grid(app))
        assert "f3" in grid(app)


async def test_a_bad_filter_is_told_in_place(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "cabbage after:yesteryear")
        await until(pilot, lambda: "not possible now" in grid(app))
        assert "query language" in grid(app)
        await pilot.press(*["backspace"] * 17)
        await until(pilot, lambda: results(app).hits)


async def test_more_like_this_asks_by_stored_vectors(app: SemsearchApp, api: FakeApi) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "boiler")
        await until(pilot, lambda: settled(app))
        sent = len(api.embedding_requests)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: settled(app, "semantic"))
        assert screen(app).query_one(QueryBar).text.startswith("like:/")
        assert len(api.embedding_requests) == sent


async def test_marks_are_kept_in_the_index_and_taken_back(
    app: SemsearchApp, indexed: Settings
) -> None:
    def kept() -> list[tuple[str, int]]:
        engine = Engine(indexed)
        try:
            return [(one.query, one.grade) for one in engine.store().judgments()]
        finally:
            engine.close()

    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "boiler")
        await until(pilot, lambda: settled(app))
        await pilot.press("f7")
        await until(pilot, lambda: kept() == [("boiler", 1)])
        assert "+" in grid(app)
        await pilot.press("f8")
        await until(pilot, lambda: kept() == [("boiler", 0)])
        await pilot.press("f8")
        await until(pilot, lambda: kept() == [])


async def test_marks_are_shown_again_another_time(indexed: Settings) -> None:
    for shown in ("+", ""):
        app = SemsearchApp(indexed)
        async with app.run_test(size=SIZE) as pilot:
            await type_text(pilot, "boiler")
            await until(pilot, lambda app=app: settled(app))
            first = results(app)
            if shown:
                await pilot.press("f7")
            await until(pilot, lambda first=first: first._grades)
            assert set(first._grades.values()) == {1}
            if not shown:
                await pilot.press("f7")
                await until(pilot, lambda first=first: not first._grades)


async def test_past_queries_come_back(app: SemsearchApp, indexed: Settings) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "boiler")
        await until(pilot, lambda: settled(app))
        screen(app).remember()
        await pilot.press("escape")
        await until(pilot, lambda: "asked before" in grid(app))
        await pilot.press("alt+up")
        assert screen(app).query_one(QueryBar).text == "boiler"
        await pilot.press("alt+down")
        assert screen(app).query_one(QueryBar).text == ""
    engine = Engine(indexed)
    assert engine.store().recent_queries(5) == ["boiler"]
    engine.close()


async def test_copy_gives_the_place_then_the_text(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "boiler")
        await until(pilot, lambda: settled(app))
        hit = results(app).hit
        await pilot.press("ctrl+y")
        assert app.clipboard == f"{os.fsdecode(hit.path)}:{hit.line}"
        await pilot.press("ctrl+y")
        assert app.clipboard == hit.text


async def test_why_tells_both_ranks_and_closes(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "boiler")
        await until(pilot, lambda: settled(app))
        await pilot.press("f9")
        await until(pilot, lambda: "why rank 1" in grid(app))
        assert "by meaning" in grid(app)
        assert "cosine" in grid(app)
        await pilot.press("escape")
        assert isinstance(app.screen, SearchScreen)


async def test_the_filter_form_writes_into_the_query(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "chain type:py")
        await pilot.press("f4")
        await until(pilot, lambda: "changed after" in grid(app))
        await pilot.press("tab", *["backspace"] * 2, "t", "x", "t", "enter")
        await until(pilot, lambda: isinstance(app.screen, SearchScreen))
        assert screen(app).query_one(QueryBar).text == "chain type:txt"
        await until(pilot, lambda: results(app).hits)
        assert {hit.path.rsplit(b".")[-1] for hit in results(app).hits} == {b"txt"}


async def test_the_preview_shows_the_passage_a_third_down(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "needle")
        preview = app.screen.query_one(Preview)
        await until(pilot, lambda: preview.shown is not None and preview.shown.matches)
        lines = [line.split("│")[3] for line in grid(app).splitlines() if line.count("│") >= 4]
        at = next((number for number, line in enumerate(lines) if "┃" in line), 0)
        assert len(lines) / 4 < at < len(lines) / 2, grid(app)
        assert "holds one needle here" in grid(app)


async def test_matches_are_stepped_through(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "cabbage")
        preview = app.screen.query_one(Preview)
        await until(pilot, lambda: preview.shown is not None and len(preview.shown.matches) > 1)
        before = grid(app)
        assert "match 1 of 2" in before
        await pilot.press("tab", "tab", "n")
        await until(pilot, lambda: "match 2 of 2" in grid(app))
        await pilot.press("N")
        await until(pilot, lambda: "match 1 of 2" in grid(app))


async def test_a_changed_and_a_vanished_file_are_told(app: SemsearchApp, folder: Path) -> None:
    (folder / "cabbage.md").write_text("Something else entirely.\n")
    (folder / "page.html").unlink()
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "cabbage")
        await until(pilot, lambda: "this is the text the index has" in grid(app))
        assert "! changed; this" in grid(app)
        assert "must stay under the brine" in grid(app)
        await pilot.press("escape")
        await type_text(pilot, "boiler")
        await until(pilot, lambda: "the file is gone" in grid(app))


async def test_a_passage_that_moved_is_shown_where_it_is_now(
    app: SemsearchApp, folder: Path
) -> None:
    path = folder / "bicycle.txt"
    path.write_text("New first line.\n\n" + path.read_text())
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "pedals")
        preview = app.screen.query_one(Preview)
        await until(pilot, lambda: preview.shown is not None)
        assert preview.shown.state == "moved"
        start, _ = preview.shown.passage
        assert preview.shown.numbers[start] == 3


async def test_a_click_chooses_a_hit(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await type_text(pilot, "chain")
        await until(pilot, lambda: settled(app))
        await pilot.click(ResultList, offset=(10, 3))
        assert results(app).cursor == 1


async def test_narrow_terminals_swap_panes(app: SemsearchApp) -> None:
    async with app.run_test(size=(50, 24)) as pilot:
        await type_text(pilot, "needle")
        await until(pilot, lambda: results(app).hits)
        assert not app.screen.query_one(Preview).display
        await pilot.press("tab", "tab")
        await until(pilot, lambda: app.screen.query_one(Preview).display)
        assert not results(app).display
        await pilot.press("escape")
        await until(pilot, lambda: results(app).display)


async def test_the_smallest_terminals_show_the_list(app: SemsearchApp) -> None:
    async with app.run_test(size=(30, 8)) as pilot:
        await type_text(pilot, "needle")
        await until(pilot, lambda: results(app).hits)
        assert "long.md" in grid(app)
