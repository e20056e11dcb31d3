"""The index run beside the screen: it gives way to somebody who types."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import pytest

from semsearch.records import Progress
from semsearch.tui import background
from semsearch.tui.app import SemsearchApp
from semsearch.tui.background import BackgroundRun, RunRequest
from tests.tui.conftest import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from semsearch.settings import Settings


class Steps:
    """An engine and its job: tells progress as often as it is asked to."""

    host = ""
    needs_consent = False

    def __init__(self, count: int) -> None:
        self.stop = threading.Event()
        self.reached: SimpleQueue[int] = SimpleQueue()
        self._count = count

    def index_job(self, *_: object) -> AbstractContextManager[Steps]:
        return nullcontext(self)

    def close(self) -> None:
        """Nothing is held."""

    def run(self) -> Iterator[Progress]:
        for number in range(self._count):
            self.reached.put(number)
            yield Progress(number, 9, number, 9, 0, 0.0, 0.0, "indexing")


def started(steps: Steps) -> BackgroundRun:
    engine: Any = steps
    run = BackgroundRun(lambda _: engine, lambda: None)
    run.give_way()
    assert run.start(RunRequest(keywords_only=True), agreed=True)
    return run


def test_a_run_rests_while_somebody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_REST_S", 60.0)
    monkeypatch.setattr(background, "_LONGEST_REST_S", 60.0)
    steps = Steps(2)
    run = started(steps)
    assert steps.reached.get(timeout=10) == 0
    with pytest.raises(Empty):
        steps.reached.get(timeout=0.3)
    run.stop()  # does not wait for the rest to be over
    assert steps.reached.get(timeout=10) == 1
    run.close()


def test_a_run_goes_on_however_long_somebody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_REST_S", 60.0)
    monkeypatch.setattr(background, "_LONGEST_REST_S", 0.01)
    steps = Steps(20)
    run = started(steps)
    assert [steps.reached.get(timeout=10) for _ in range(20)] == list(range(20))
    run.close()


async def test_a_key_makes_the_run_give_way(
    indexed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    monkeypatch.setattr(BackgroundRun, "give_way", lambda _: given.append(1))
    app = SemsearchApp(indexed)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.facts.known)
        await pilot.press("a")
        assert not given  # nothing runs, nothing is made for it
        app.background.start(RunRequest(), agreed=True)
        await pilot.press("b", "down")
        assert len(given) >= 2
        await until(pilot, lambda: app.background.state.stage == "finished")
