"""One engine in one thread: order, dropping what nobody waits for, stopping what is superseded."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from semsearch.engine import Engine
from semsearch.errors import Cancelled, UsageError
from semsearch.tui.engine_thread import EngineThread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.settings import Settings
    from semsearch.tui.app import SemsearchApp

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def thread(indexed: Settings) -> Iterator[EngineThread]:
    thread = EngineThread("test", lambda: Engine(indexed))
    yield thread
    thread.close()


async def test_work_runs_in_order_on_one_engine_of_one_thread(thread: EngineThread) -> None:
    seen = [thread.submit(lambda engine: (id(engine), threading.get_ident())) for _ in range(5)]
    first, *others = [await asyncio.wrap_future(future) for future in seen]
    assert set(others) == {first}
    assert first[1] != threading.get_ident()


async def test_what_the_work_raises_reaches_whoever_waits(thread: EngineThread) -> None:
    def fails(_engine: Engine) -> None:
        raise UsageError("no")

    with pytest.raises(UsageError):
        await thread.run(fails)
    assert await thread.run(lambda _engine: 7) == 7


async def test_work_nobody_waits_for_is_dropped(thread: EngineThread) -> None:
    gate, done = threading.Event(), []
    thread.submit(lambda _engine: gate.wait(10))
    dropped = asyncio.create_task(thread.run(lambda _engine: done.append("dropped")))
    await asyncio.sleep(0)
    dropped.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dropped
    gate.set()
    await thread.run(lambda _engine: done.append("kept"))
    assert done == ["kept"]


async def test_a_superseded_statement_is_stopped_and_no_other(thread: EngineThread) -> None:
    other = thread.submit(lambda engine: engine.store().status().chunks)
    await asyncio.wrap_future(other)
    running = thread.submit(lambda engine: engine.store()._db.rows(ENDLESS))
    while not running.done():
        thread.interrupt(other)
        thread.interrupt(running)
        await asyncio.sleep(0.01)
    with pytest.raises(Cancelled):
        running.result()
    assert await thread.run(lambda engine: engine.store().status().chunks) > 0


async def test_closing_stops_what_runs(indexed: Settings) -> None:
    thread = EngineThread("closing", lambda: Engine(indexed))
    await thread.run(lambda engine: engine.store())
    running = thread.submit(lambda engine: engine.store()._db.rows(ENDLESS))
    while not running.done():
        thread.close(wait=False)
        await asyncio.sleep(0.01)
    with pytest.raises(Cancelled):
        running.result()


async def test_engines_that_stay_hold_few_pages_of_the_index(app: SemsearchApp) -> None:
    def kibibytes(engine: Engine) -> int:
        return -int(engine.store()._db.pragma("cache_size"))

    writer = app.open_engine()
    async with app.run_test(size=(80, 24)):
        for thread in (app.desk, app.remote):
            assert await thread.run(kibibytes) <= kibibytes(writer) // 8
    writer.close()
