"""The models screen: another model is planned, capped and built beside, then one key away."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input, OptionList

from semsearch.engine import Engine
from semsearch.records import ModelChoice, ModelInfo
from semsearch.text import printable
from semsearch.tui.app import SemsearchApp
from semsearch.tui.background import RunState
from semsearch.tui.keys import key_names
from semsearch.tui.model_text import about_lines, model_line
from semsearch.tui.screens.ask import AskText, AskYesNo
from semsearch.tui.screens.models import ModelsScreen, cap_fault
from semsearch.tui.widgets.rank_diff import RankDiff, Ranked, move_text, sorted_by
from tests.fakes import replies
from tests.tui.conftest import MODEL, grid, type_text, until

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from semsearch.settings import Settings
    from tests.fakes.api_server import FakeApi

SIZE = (120, 36)
OTHER = "acme/other"


@pytest.fixture
def app(indexed: Settings, monkeypatch: pytest.MonkeyPatch) -> SemsearchApp:
    """On an index of one model; which model answers is the index's own business."""
    from semsearch import settings

    monkeypatch.delenv("SEMSEARCH_MODEL")
    return SemsearchApp(settings.load())


async def open_models(pilot: Pilot[int]) -> None:
    await pilot.press("f6")
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelsScreen))
    await until(pilot, lambda: MODEL in grid(pilot.app) and OTHER in grid(pilot.app))


async def go_to(pilot: Pilot[int], model: str) -> None:
    """Put the cursor on a model."""
    screen = pilot.app.screen
    assert isinstance(screen, ModelsScreen)
    listed = screen.query_one("#models", OptionList)
    listed.highlighted = [row.info.id for row in screen._rows].index(model)
    await pilot.pause()


def line_of(app: SemsearchApp, model: str) -> str:
    return next(line for line in grid(app).splitlines() if f" {model} " in line and "│" in line)


def documents_sent(api: FakeApi) -> int:
    """Requests that carried passages."""
    return sum(one.json["input_type"] == "search_document" for one in api.embedding_requests)


def active(app: SemsearchApp) -> str:
    engine = Engine(app.settings)
    try:
        space = engine.store().active_space()
        return "" if space is None else space.key.model
    finally:
        engine.close()


async def build(pilot: Pilot[int], model: str, cap: str = "0") -> None:
    """From the list to a build under way."""
    await go_to(pilot, model)
    await pilot.press("b")
    await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
    pilot.app.screen.query_one(Input).value = cap
    await pilot.press("enter")


async def test_the_list_tells_price_coverage_and_what_answers(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        chunks = app.facts.status.chunks
        line = line_of(app, MODEL)
        assert "●" in line
        assert f"{chunks} / {chunks}" in line
        assert "active" in line
        other = line_of(app, OTHER)
        assert "○" in other
        assert "0.020" in other
        assert "none" in other


async def test_a_build_is_planned_first_and_escape_sends_nothing(
    app: SemsearchApp, api: FakeApi
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        sent = len(api.embedding_requests)
        await go_to(pilot, OTHER)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, AskText))
        assert f"{app.facts.status.chunks} passages" in grid(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        assert len(api.embedding_requests) == sent


async def test_the_old_model_answers_until_the_other_is_built_and_one_key_switches(
    app: SemsearchApp, api: FakeApi
) -> None:
    release = threading.Event()
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        paid = api.paid_inputs
        api._pick = lambda request: replies.stall(release) if request.method == "POST" else None
        await build(pilot, OTHER)
        await until(pilot, lambda: app.background.state.stage == "running")
        assert active(app) == MODEL
        await pilot.press("escape")
        await type_text(pilot, "cabbage")
        await until(pilot, lambda: "cabbage.md" in grid(app))
        release.set()
        await until(pilot, lambda: app.background.state.stage == "finished")
        api._pick = None
        await pilot.press("f6")
        assert "enter switches to it" in grid(app)
        chunks = app.facts.status.chunks
        assert api.paid_inputs - paid >= chunks
        await until(pilot, lambda: f"{chunks} / {chunks}" in line_of(app, OTHER))
        sent = documents_sent(api)
        await go_to(pilot, OTHER)
        await pilot.press("enter")
        await until(pilot, lambda: active(app) == OTHER)
        await until(pilot, lambda: "●" in line_of(app, OTHER))
        await go_to(pilot, MODEL)
        await pilot.press("enter")
        await until(pilot, lambda: active(app) == MODEL)
        assert documents_sent(api) == sent, "going back and forth pays for nothing"


async def ask_to_compare(pilot: Pilot[int], question: str) -> None:
    await go_to(pilot, OTHER)
    await pilot.press("space")
    await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
    pilot.app.screen.query_one(Input).value = question
    await pilot.press("enter")


async def test_a_comparison_says_what_it_sends_first_and_shows_every_move(
    app: SemsearchApp, api: FakeApi
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        sent = documents_sent(api)
        await ask_to_compare(pilot, "cabbage and salt")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        chunks = app.facts.status.chunks
        assert f"{chunks} of {chunks} candidates" in grid(app)
        assert documents_sent(api) == sent
        await pilot.press("y")
        await until(pilot, lambda: "same top 10" in grid(app))
        screen = app.screen
        assert isinstance(screen, ModelsScreen)
        rows = screen.comparison.rows
        assert len(screen.query_one(RankDiff).rows) == len(rows) == chunks
        shown = grid(app)
        for part in ("A  acme/tiny 64d", "B  acme/other", "cabbage.md", "rank agreement"):
            assert part in shown
        paid = api.paid_inputs
        await pilot.press("space")
        await until(pilot, lambda: "nothing was sent" in grid(app))
        assert api.paid_inputs == paid, "what was bought is kept"
        assert active(app) == MODEL
        await pilot.press("escape")
        await until(pilot, lambda: "same top 10" not in grid(app))
        assert isinstance(app.screen, ModelsScreen)


async def test_a_comparison_that_is_declined_sends_nothing(app: SemsearchApp, api: FakeApi) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        sent = documents_sent(api)
        await ask_to_compare(pilot, "cabbage")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("n")
        await until(pilot, lambda: "Nothing was sent" in grid(app))
        assert documents_sent(api) == sent


async def test_a_comparison_that_fails_is_told_in_place(app: SemsearchApp, api: FakeApi) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        await ask_to_compare(pilot, "cabbage")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        api._pick = lambda request: replies.status(402) if request.method == "POST" else None
        await pilot.press("y")
        await until(pilot, lambda: "credit" in grid(app))
        assert isinstance(app.screen, ModelsScreen)


async def test_a_model_can_order_results_before_it_is_complete(
    app: SemsearchApp, api: FakeApi
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        engine = Engine(app.settings.replaced("search.shortlist", 2))
        found = engine.compare(OTHER, "cabbage")
        engine.close()
        assert found.b.state == "building"
        app.refresh_facts()
        await until(pilot, lambda: "building" in line_of(app, OTHER))
        await go_to(pilot, OTHER)
        await pilot.press("enter")
        await until(pilot, lambda: "orders what" in grid(app))
        assert active(app) == MODEL


async def test_a_build_never_passes_its_cap(app: SemsearchApp, api: FakeApi) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        sent = len(api.embedding_requests)
        await build(pilot, "openai/text-embedding-3-small", cap="0.0000001")
        await until(pilot, lambda: app.background.state.stage == "failed")
        assert "cost cap" in grid(app)
        assert len(api.embedding_requests) == sent
        assert active(app) == MODEL


async def test_dropping_is_asked_and_never_takes_what_answers(
    app: SemsearchApp, api: FakeApi
) -> None:
    engine = Engine(app.settings)
    engine.compare(OTHER, "cabbage")
    engine.close()
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        chunks = app.facts.status.chunks
        await go_to(pilot, OTHER)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        assert f"{chunks} / {chunks}" in line_of(app, OTHER)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("y")
        await until(pilot, lambda: "none" in line_of(app, OTHER))
        await go_to(pilot, MODEL)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        await until(pilot, lambda: "is the model that answers" in grid(app).splitlines()[-2])
        assert active(app) == MODEL


async def test_a_model_without_vectors_cannot_be_switched_to(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        await go_to(pilot, OTHER)
        await pilot.press("enter")
        await until(pilot, lambda: "no vectors of it yet" in grid(app))
        assert active(app) == MODEL


async def test_the_cursor_stays_on_its_model_when_the_list_changes(app: SemsearchApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_models(pilot)
        await go_to(pilot, OTHER)
        screen = app.screen
        screen._rows = list(reversed(screen._rows))
        screen._list()
        await pilot.pause()
        assert screen.selected().info.id == OTHER


async def test_without_the_network_the_built_in_list_is_shown_and_said(
    app: SemsearchApp, api: FakeApi
) -> None:
    api._pick = lambda request: replies.status(500) if request.path.endswith("models") else None
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f6")
        await until(pilot, lambda: "built-in list" in grid(app), seconds=30)
        assert "openai/text-embedding-3-large" in grid(app)
        assert MODEL in grid(app)


async def test_everything_fits_a_small_terminal(app: SemsearchApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await open_models(pilot)
        shown = grid(app)
        for part in ("$/M", "your index", "enter switch", OTHER):
            assert part in shown


def test_names_from_a_server_never_drive_the_terminal() -> None:
    info = ModelInfo("evil/\x1b]0;x\x07[/b]\u202e", name="\x9b2J", modalities=("\x1b[2J",))
    row = ModelChoice(info)
    for width in (60, 118):
        line = model_line(row, width, RunState()).plain
        assert line == printable(line)
    text = " ".join(about_lines(row, 10, key_names({})))
    assert text == printable(text)


def test_a_cap_is_a_sum_of_money() -> None:
    assert cap_fault("0.5") == ""
    assert [bool(cap_fault(raw)) for raw in ("", "much", "-1", "inf", "nan")] == [True] * 5


def ranked(a: int | None, b: int | None, name: str = "x") -> Ranked:
    return Ranked(name.encode(), 1, a, b, 0.5, 0.5)


def test_moves_are_counted_from_the_old_ranking_to_the_new() -> None:
    moves = [move_text(ranked(a, b), 10)[0] for a, b in ((3, 1), (1, 4), (2, 2), (12, 5), (4, 11))]
    assert moves == ["▲ 2", "▼ 3", "=", "new, A 12", "out"]
    assert move_text(ranked(None, 2), 10)[0] == "new"


def test_each_side_is_in_its_own_order() -> None:
    rows = [ranked(1, 2, "one"), ranked(2, 1, "two"), ranked(3, None, "three")]
    assert [row.path for row in sorted_by(rows, "b", 10)] == [b"two", b"one"]
    assert [row.path for row in sorted_by(rows, "a", 2)] == [b"one", b"two"]


async def test_the_comparison_is_two_columns_where_wide_and_one_table_where_narrow() -> None:
    from textual.app import App

    class Bench(App[None]):
        def compose(self) -> Any:
            yield RankDiff()

    rows = (ranked(1, 2, "one\x1b.md"), ranked(2, 1, "two.md"), ranked(11, 3, "three.md"))
    for width, expected in ((120, "B  new"), (60, "move")):
        bench = Bench()
        async with bench.run_test(size=(width, 20)) as pilot:
            bench.query_one(RankDiff).names = ("old", "new")
            bench.query_one(RankDiff).rows = rows
            await pilot.pause()
            shown = grid(bench)
            assert expected in shown
            assert "new, A 11" in shown
            assert "\x1b" not in shown
