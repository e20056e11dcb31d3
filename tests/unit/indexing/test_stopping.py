"""A run that is stopped keeps what it has paid for; the books know what it may have paid for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from semsearch.errors import AccessError, Cancelled
from tests.fakes.embedder import FakeEmbedder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semsearch.records import Purpose
    from tests.unit.indexing.conftest import Bench


class SlowEmbedder(FakeEmbedder):
    """Its calls wait until the run winds down, or until they are called off."""

    def __init__(self, *, answers: bool) -> None:
        super().__init__(concurrency=2, max_inputs=8)
        self.winding = threading.Event()
        self.called_off = threading.Event()
        self.answers = answers
        self.stop: Callable[[], None] = lambda: None
        self.on_call = self.wait

    def wait(self, _texts: Sequence[str], _purpose: Purpose) -> None:
        self.stop()
        if self.answers:
            self.winding.wait()
        else:
            self.called_off.wait()
            error = Cancelled("called off")
            error.requests = 1
            raise error

    def wind_down(self) -> None:
        self.winding.set()

    def cancel(self) -> None:
        super().cancel()
        self.called_off.set()


def fill(bench: Bench, files: int) -> None:
    for number in range(files):
        bench.write(f"{number}.txt", f"A short note about subject{number}.")


def test_an_answer_that_arrives_after_the_stop_is_stored(bench: Bench) -> None:
    fill(bench, 40)
    slow = SlowEmbedder(answers=True)
    slow.stop = bench.stop.set
    report = bench.index(slow)
    assert report.interrupted
    assert 0 < report.embedded == slow.inputs_sent
    bench.stop.clear()
    again = FakeEmbedder()
    assert bench.index(again).stopped_by is None
    assert again.inputs_sent == 40 - slow.inputs_sent
    sent = [entry.sent for entry in bench.store.sent()]
    assert sum(one.inputs for one in sent) == 40
    assert all(one.cost_usd for one in sent)


def test_a_request_that_is_called_off_stays_in_the_books(bench: Bench) -> None:
    fill(bench, 8)
    slow = SlowEmbedder(answers=False)
    slow.stop = bench.stop.set
    report = bench.index(slow)
    assert report.interrupted
    assert report.embedded == 0
    (entry,) = bench.store.sent()
    assert (entry.sent.inputs, entry.sent.tokens, entry.sent.cost_usd) == (8, None, None)


def test_a_call_is_in_the_books_before_it_is_made(bench: Bench, fake: FakeEmbedder) -> None:
    from semsearch.store import open_index

    fill(bench, 8)
    seen: list[tuple[int, float | None]] = []

    def look(_texts: Sequence[str], _purpose: Purpose) -> None:
        other = open_index(bench.store.path, read_only=True)
        seen.extend((entry.sent.inputs, entry.sent.cost_usd) for entry in other.sent())
        other.close()

    fake.on_call = look
    report = bench.index(fake)
    assert seen == [(8, None)]
    (entry,) = bench.store.sent()
    assert entry.sent.cost_usd == report.cost_usd > 0


def test_a_call_that_was_never_made_leaves_no_entry(bench: Bench, fake: FakeEmbedder) -> None:
    def refuse(_texts: Sequence[str], _purpose: Purpose) -> None:
        raise AccessError("No key.")

    fill(bench, 8)
    fake.on_call = refuse
    assert isinstance(bench.index(fake).stopped_by, AccessError)
    assert bench.store.sent() == []
