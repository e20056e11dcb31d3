"""The index screen: nothing leaves before a yes, and a run never stands in the way of typing."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from textual.widgets import Input, OptionList

from semsearch import settings
from semsearch.engine import Engine
from semsearch.engine.job import JobOptions
from semsearch.errors import AccessError, BusyError
from semsearch.records import IndexReport, Problem, Progress
from semsearch.text import printable
from semsearch.tui import run_text
from semsearch.tui.app import SemsearchApp
from semsearch.tui.background import RunRequest, RunState
from semsearch.tui.screens.ask import AskText, AskYesNo
from semsearch.tui.screens.index import IndexScreen, folder_fault, problem_line
from semsearch.tui.widgets.query_bar import QueryBar
from semsearch.tui.widgets.stage_bars import StageBar, StageBars, bar_text
from tests.fakes import replies
from tests.fakes.api_server import FakeApi
from tests.tui.conftest import grid, make_index, type_text, until

if TYPE_CHECKING:
    from pathlib import Path

    from textual.pilot import Pilot

    from semsearch.settings import Settings

SIZE = (120, 36)
HOSTILE = "e[bold]vil [@click=app.quit]x\x1b]52;c;aGk=\x07.pem"


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """No key, no embedded model: words are all there is."""
    monkeypatch.setenv("SEMSEARCH_MODEL", "local")
    return settings.load()


@pytest.fixture
def unasked(configured: Settings, folder: Path) -> Settings:
    """Words of the folder are indexed; its text was never allowed to leave."""
    engine = Engine(configured)
    with engine.index_job([os.fsencode(folder)], None, JobOptions()) as job:
        list(job.run())
    engine.close()
    return configured


def stage(app: SemsearchApp) -> str:
    return app.background.state.stage


async def add_folder(pilot: Pilot[int], folder: str) -> None:
    """From the first steps, which a missing index opens with, to the box for a folder."""
    await until(pilot, lambda: pilot.app.screen.id == "welcome")
    await pilot.press("f5")
    await until(pilot, lambda: pilot.app.screen.id == "index")
    await pilot.press("a")
    await until(pilot, lambda: isinstance(pilot.app.screen, AskText))
    pilot.app.screen.query_one(Input).value = folder
    await pilot.press("enter")
    await pilot.pause()


async def test_the_plan_is_there_before_anything_is_sent(unasked: Settings, api: FakeApi) -> None:
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f5")
        await until(pilot, lambda: stage(app) == "planned")
        shown = grid(app)
        assert "passages · ~" in shown
        assert "127.0.0.1" in shown
        assert "r starts the run" in shown
        assert api.embedding_requests == []


async def test_no_sends_nothing_and_yes_sends_what_was_shown(
    unasked: Settings, api: FakeApi
) -> None:
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f5")
        await until(pilot, lambda: stage(app) == "planned")
        wanted = app.background.state.plan.estimate.inputs
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        assert f"{wanted} passages" in grid(app)
        await pilot.press("n")
        await until(pilot, lambda: app.screen.id == "index")
        assert (stage(app), api.embedding_requests) == ("planned", [])
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.id == "index")
        assert api.embedding_requests == [], "enter alone must not agree"
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("y")
        await until(pilot, lambda: stage(app) == "finished")
        assert api.paid_inputs == wanted
        assert "Done." in grid(app)
        await pilot.press("r")
        await until(pilot, lambda: stage(app) == "finished" and app.background.state.report)
        assert api.paid_inputs == wanted, "a second run pays for nothing"


async def test_a_yes_holds_only_for_the_host_that_was_shown(
    unasked: Settings, api: FakeApi
) -> None:
    app = SemsearchApp(unasked)
    with FakeApi() as elsewhere:
        async with app.run_test(size=SIZE) as pilot:
            await pilot.press("f5")
            await until(pilot, lambda: stage(app) == "planned")
            app.use_settings(unasked.replaced("api.base_url", elsewhere.url))
            app.background.start(RunRequest(), agreed=True)
            await until(pilot, lambda: stage(app) == "planned")
            assert app.background.state.needs_consent
            assert elsewhere.embedding_requests == api.embedding_requests == []


async def test_typing_goes_on_while_a_run_waits_for_the_server(
    unasked: Settings, api: FakeApi
) -> None:
    release = threading.Event()
    api._pick = lambda request: replies.stall(release) if request.method == "POST" else None
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        try:
            app.background.start(RunRequest(), agreed=True)
            await until(pilot, lambda: api.embedding_requests)
            await type_text(pilot, "cabbage")
            assert app.screen.query_one(QueryBar).text == "cabbage"
            await until(pilot, lambda: "cabbage.md" in grid(app))
            assert stage(app) == "running"
        finally:
            release.set()
        await until(pilot, lambda: stage(app) == "finished")


async def test_a_pause_holds_the_run_and_a_stop_keeps_its_work(
    unasked: Settings, api: FakeApi
) -> None:
    release = threading.Event()
    api._pick = lambda request: replies.stall(release) if request.method == "POST" else None
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f5")
        await until(pilot, lambda: stage(app) == "planned")
        app.background.start(RunRequest(), agreed=True)
        await until(pilot, lambda: api.embedding_requests and stage(app) == "running")
        await pilot.press("p")
        assert stage(app) == "paused"
        await until(pilot, lambda: app.background.held)
        release.set()
        await until(pilot, lambda: api.paid_inputs)
        assert stage(app) == "paused"
        assert "p goes on" in grid(app)
        await pilot.press("s")
        await until(pilot, lambda: stage(app) == "finished")
        assert app.background.state.report.interrupted
        assert "everything done so far is kept" in grid(app)
        paid = api.paid_inputs
        app.background.start(RunRequest(), agreed=True)
        await until(pilot, lambda: stage(app) == "finished")
        assert api.paid_inputs == paid == app.background.state.report.chunks_total


async def test_a_plan_for_another_model_is_never_started_as_an_index_run(
    unasked: Settings, api: FakeApi
) -> None:
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        app.background.plan(RunRequest(model="acme/other"))
        await until(pilot, lambda: stage(app) == "planned")
        await pilot.press("f5")
        await until(pilot, lambda: app.screen.id == "index")
        assert "acme/other" in grid(app)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        assert app.background.state.request == RunRequest()


async def test_a_plan_that_is_stopped_starts_nothing(unasked: Settings, api: FakeApi) -> None:
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f5")
        await until(pilot, lambda: stage(app) == "planned")
        screen = app.screen
        assert isinstance(screen, IndexScreen)
        screen.action_retry()
        screen.action_stop()
        await until(pilot, lambda: stage(app) == "planned")
        assert app.screen is screen
        assert not app.background.wanted


async def test_leaving_the_application_ends_a_run_in_order(unasked: Settings, api: FakeApi) -> None:
    api._pick = lambda request: replies.stall() if request.method == "POST" else None
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        app.background.start(RunRequest(), agreed=True)
        await until(pilot, lambda: api.embedding_requests)
        run = app.background
    assert run.state.stage == "finished"
    assert run.state.report.interrupted


async def test_without_a_model_words_are_indexed_and_nothing_else_is_promised(
    keyless: Settings, folder: Path
) -> None:
    app = SemsearchApp(keyless)
    async with app.run_test(size=SIZE) as pilot:
        await add_folder(pilot, str(folder))
        await until(pilot, lambda: stage(app) == "planned")
        assert "the embedded model is not installed" in grid(app)
        await pilot.press("r")
        await until(pilot, lambda: stage(app) == "finished")
        assert [bar.name for bar in app.screen.query_one(StageBars).stages] == ["walk", "read"]
        await pilot.press("escape")
        await type_text(pilot, "cabbage")
        await until(pilot, lambda: "cabbage.md" in grid(app))


async def test_a_folder_that_is_not_there_is_refused_in_the_box(keyless: Settings) -> None:
    app = SemsearchApp(keyless)
    async with app.run_test(size=SIZE) as pilot:
        await add_folder(pilot, "/nowhere/at/all")
        assert "There is no such folder" in grid(app)
        assert stage(app) == "idle"


async def test_a_problem_can_be_read_ignored_and_is_gone_from_the_next_plan(
    unasked: Settings, folder: Path
) -> None:
    (folder / HOSTILE).write_text("-----BEGIN")
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f5")
        await until(pilot, lambda: stage(app) == "planned")
        assert len(app.background.state.problems) == 1
        shown = grid(app)
        assert "[@click=app.quit]" in shown
        assert "\x1b" not in shown
        await pilot.press("d")
        await until(pilot, lambda: app.screen.id != "index")
        assert "[bold]" in grid(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.id == "index")
        await pilot.press("i")
        await until(pilot, lambda: "left out from the next run" in grid(app))
        app.background.plan(RunRequest())
        await until(pilot, lambda: stage(app) == "planned")
        assert app.background.state.problems == ()
        assert app.screen.query_one("#problems", OptionList).option_count == 0
    assert (folder / HOSTILE).exists()


async def test_a_refusal_is_told_with_the_way_out(unasked: Settings, api: FakeApi) -> None:
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f5")
        await until(pilot, lambda: stage(app) == "planned")
        for status, told in ((401, "key"), (402, "credit")):
            answer = replies.status(status)
            api._pick = lambda request, answer=answer: answer if request.method == "POST" else None
            app.background.start(RunRequest(), agreed=True)
            await until(pilot, lambda: stage(app) == "failed")
            shown = grid(app)
            assert told in shown
            assert "r tries again" in shown
            assert isinstance(app.background.state.error, AccessError)


async def test_an_index_that_is_busy_says_so_and_can_be_tried_again(
    unasked: Settings, api: FakeApi
) -> None:
    other = Engine(unasked)
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f5")
        await until(pilot, lambda: stage(app) == "planned")
        with other.index_job([], None, JobOptions()):
            app.background.start(RunRequest(), agreed=True)
            await until(pilot, lambda: stage(app) == "failed")
            assert isinstance(app.background.state.error, BusyError)
            assert "r tries again" in grid(app)
        other.close()
        app.background.start(RunRequest(), agreed=True)
        await until(pilot, lambda: stage(app) == "finished")


async def test_a_folder_leaves_the_index_once_that_is_agreed_to(
    unasked: Settings, folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "walrus.md").write_text("The walrus has tusks.\n")
    make_index(unasked, other, model=False)
    app = SemsearchApp(unasked)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("f5")
        await until(pilot, lambda: stage(app) == "planned" and "folders 2" in grid(app))
        await pilot.press("down", "x")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        assert "1 file and 1 passage would leave the index" in grid(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.id == "index")
        assert "folders 2" in grid(app), "enter alone must not agree"
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, AskYesNo))
        await pilot.press("y")
        await until(pilot, lambda: "folders 1" in grid(app))
        await until(pilot, lambda: stage(app) == "planned")
    engine = Engine(unasked)
    assert [root.path for root in engine.store().roots()] == [os.fsencode(folder)]
    engine.close()
    assert (other / "walrus.md").exists()


async def test_everything_fits_a_small_terminal(unasked: Settings, folder: Path) -> None:
    (folder / "id_rsa").write_text("-----BEGIN")
    app = SemsearchApp(unasked)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f5")
        await until(pilot, lambda: stage(app) == "planned")
        shown = grid(app)
        for part in ("plan", "progress", "problems 1", "id_rsa", "embed", "Ready."):
            assert part in shown


def test_a_bar_is_full_only_when_nothing_is_left() -> None:
    assert bar_text(10, 0.999) == ("━" * 9, "╌")
    assert bar_text(10, 1.0) == ("━" * 10, "")
    assert StageBar("embed", 0, 0, "passages").share == 1.0
    assert StageBar("embed", 3, None, "passages").share == 0.0


def test_time_left_counts_on_files_not_read_yet() -> None:
    progress = Progress(50, 100, 30, 60, 0, 0.0, 10.0)
    state = RunState(stage="running", progress=progress, rate=3.0)
    assert state.seconds_left == pytest.approx((60 / 0.5 - 30) / 3)
    assert RunState(stage="running", progress=progress).seconds_left is None
    assert run_text.share_text(state).startswith("25 %")


def test_rates_become_blocks_of_the_asked_width() -> None:
    assert run_text.spark_text([0.0, 5.0, 10.0], 2) == "▅█"
    assert run_text.spark_text([], 10) == ""


def test_problem_lines_never_drive_the_terminal() -> None:
    problem = Problem(b"/a/\x1b[2J\xff.md", "bad \x9b name\n", "hint\x07")
    plain = problem_line(problem, 100).plain
    assert plain == printable(plain)


def test_a_folder_to_index_must_be_there(tmp_path: Path) -> None:
    assert folder_fault(str(tmp_path)) == ""
    assert folder_fault(str(tmp_path / "no")) != ""
    assert folder_fault("  ") != ""


def test_a_report_of_an_interrupted_run_says_that_work_is_kept() -> None:
    report = IndexReport(
        False, (), 3, 2, 0, 0, 0, 1, {}, 0, 9, 4, 0, 4, 0, 1, 4, 100, 0.5, None, (), True, 2.0
    )
    lines = run_text.finished_lines(report)
    assert "kept" in lines[0]
    assert any("$0.5" in line for line in lines)
