"""The controller all workers of a server and key share."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.embed.faults import ALWAYS, Fault
from semsearch.embed.retry import (
    CIRCUIT_FAILURES,
    CIRCUIT_SECONDS,
    INDEX,
    QUERY,
    Controller,
    Policy,
    shared_controller,
)
from semsearch.errors import AccessError, Cancelled, EmbeddingError, RequestRefused
from semsearch.keys import Secret
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable


def busy(after: float | None = None) -> Fault:
    return Fault(
        EmbeddingError("busy", retryable=True),
        attempts=ALWAYS,
        after=after,
        congestion=True,
        service=True,
    )


def down() -> Fault:
    return Fault(EmbeddingError("down", retryable=True), attempts=ALWAYS, service=True)


def refused() -> Fault:
    return Fault(RequestRefused("no"))


class Bench:
    """A controller with a fake clock, and a call whose outcomes are given."""

    def __init__(self, limit: int = 4, chance: Callable[[], float] = lambda: 1.0) -> None:
        self.clock = FakeClock()
        self.controller = Controller("server", limit, clock=self.clock, chance=chance)
        self.cancelled = threading.Event()
        self.attempts = 0

    def call(self, *outcomes: Fault | str, policy: Policy = INDEX) -> str:
        """Run one call whose attempts meet `outcomes`, the last one again and again."""
        left = list(outcomes)

        def attempt(deadline: float) -> str:
            self.attempts += 1
            outcome = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(outcome, Fault):
                raise outcome
            return outcome

        return self.controller.run(attempt, policy, self.cancelled)

    def fails(self, *outcomes: Fault, policy: Policy = INDEX) -> EmbeddingError:
        with pytest.raises(EmbeddingError) as caught:
            self.call(*outcomes, policy=policy)
        return caught.value


def test_a_pause_asked_of_one_worker_holds_all() -> None:
    bench = Bench()
    bench.fails(busy(after=30), policy=INDEX._replace(attempts=1))
    assert bench.clock.waits == []
    assert bench.call("done") == "done"
    assert bench.clock.waits == [30]


def test_waiting_in_a_pause_is_not_charged_to_the_call() -> None:
    bench = Bench()
    bench.fails(busy(after=100), policy=INDEX._replace(attempts=1))
    short = INDEX._replace(budget=10)
    assert bench.call(down(), "done", policy=short) == "done"


def test_refusals_at_the_same_time_halve_the_window_once() -> None:
    bench = Bench(limit=8)
    entered = threading.Barrier(4)

    def attempt(deadline: float) -> str:
        entered.wait()  # all four are in flight before any is refused
        raise Fault(EmbeddingError("busy"), congestion=True)

    def worker() -> None:
        with pytest.raises(EmbeddingError):
            bench.controller.run(attempt, INDEX, bench.cancelled)

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.controller.window == 4


def test_the_window_is_halved_to_one_and_grows_back_slowly() -> None:
    bench = Bench(limit=4)
    for expected in (2, 1, 1):
        with pytest.raises(EmbeddingError):
            bench.call(Fault(EmbeddingError("busy"), congestion=True))
        assert bench.controller.window == expected
    successes = 0
    while bench.controller.window < 4:
        bench.call("done")
        successes += 1
    assert 10 < successes < 30
    for _ in range(10):
        bench.call("done")
    assert bench.controller.window == 4


def test_no_more_than_the_window_are_in_flight() -> None:
    controller = Controller("server", 2, clock=FakeClock())
    cancelled = threading.Event()
    lock, now, most = threading.Lock(), 0, 0
    two_inside = threading.Barrier(2)

    def attempt(deadline: float) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        two_inside.wait()  # would break (time out) if the window let only one in
        with lock:
            now -= 1

    threads = [
        threading.Thread(target=controller.run, args=(attempt, INDEX, cancelled)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_waits_are_jittered_over_their_whole_length() -> None:
    bench = Bench(chance=iter([0.0, 0.25, 0.5, 0.75, 0.999]).__next__)
    bench.fails(down())
    assert bench.clock.waits == pytest.approx([0.0, 0.25, 1.0, 3.0, 7.992])


def test_whoever_waits_in_line_can_be_called_off() -> None:
    """The one it waits for is another embedder's, which goes on."""
    waiting, leave, inside = threading.Event(), threading.Event(), threading.Event()

    class Clock(FakeClock):
        def monotonic(self) -> float:
            if inside.is_set():
                waiting.set()
            return super().monotonic()

    controller = Controller("server", 1, clock=Clock())
    cancelled = threading.Event()

    def long(deadline: float) -> None:
        inside.set()
        leave.wait()

    def second() -> None:
        with pytest.raises(Cancelled):
            controller.run(lambda _: None, INDEX, cancelled)

    holder = threading.Thread(target=controller.run, args=(long, INDEX, threading.Event()))
    holder.start()
    inside.wait()
    waiter = threading.Thread(target=second)
    waiter.start()
    waiting.wait()
    cancelled.set()
    controller.wake()  # needs the lock, which the waiter gives up only by waiting
    waiter.join(timeout=10)
    assert not waiter.is_alive()
    leave.set()
    holder.join()


def test_a_query_does_not_stand_in_line() -> None:
    controller = Controller("server", 1, clock=FakeClock())
    inside, leave = threading.Event(), threading.Event()

    def long(deadline: float) -> None:
        inside.set()
        leave.wait()

    worker = threading.Thread(target=controller.run, args=(long, INDEX, threading.Event()))
    worker.start()
    inside.wait()
    assert controller.run(lambda _: "answered", QUERY, threading.Event()) == "answered"
    leave.set()
    worker.join()


def test_the_circuit_opens_after_five_calls_and_closes_by_itself() -> None:
    bench = Bench()
    for _ in range(CIRCUIT_FAILURES):
        assert bench.fails(down()).code == "api.failed"
    made = bench.attempts
    error = bench.fails(down())
    assert error.code == "api.circuit"
    assert "down" in error.message
    assert bench.attempts == made, "the server is not asked"
    bench.clock.advance(CIRCUIT_SECONDS)
    assert bench.fails(down()).code == "api.failed"
    assert bench.fails(down()).code == "api.circuit", "one more failure is enough now"
    bench.clock.advance(CIRCUIT_SECONDS)
    bench.call("done")
    assert bench.fails(down()).code == "api.failed"


def test_a_success_between_failures_keeps_the_circuit_closed() -> None:
    bench = Bench()
    for _ in range(3 * CIRCUIT_FAILURES):
        assert bench.fails(down()).code == "api.failed"
        bench.call("done")


def test_refusals_open_the_circuit_only_while_nothing_was_ever_accepted() -> None:
    never = Bench()
    codes = [never.fails(refused()).code for _ in range(6)]
    assert codes == ["api.refused"] * 5 + ["api.circuit"]
    proven = Bench()
    proven.call("done")
    codes = [proven.fails(refused()).code for _ in range(20)]
    assert codes == ["api.refused"] * 20


def test_access_errors_are_raised_at_once_and_counted_nowhere() -> None:
    bench = Bench()
    for _ in range(10):
        with pytest.raises(AccessError):
            bench.call(Fault(AccessError("no key")))
    assert bench.attempts == 10
    assert bench.clock.waits == []


def test_kinds_of_failure_with_few_attempts_are_counted_by_kind() -> None:
    bench = Bench()

    def twice() -> Fault:
        return Fault(EmbeddingError("odd", code="api.odd"), attempts=2)

    assert bench.call(down(), down(), twice(), "done") == "done"
    assert bench.fails(down(), twice(), down(), twice()).code == "api.odd"


def test_the_budget_ends_a_call_before_its_attempts_do() -> None:
    bench = Bench()
    assert bench.fails(busy(after=110)).message == "busy"
    assert bench.attempts == 3, "two pauses of 110 s fit into 300 s, a third does not"


def test_an_attempt_is_told_when_it_must_be_over() -> None:
    bench = Bench()
    told: list[float] = []

    def attempt(deadline: float) -> None:
        told.append(deadline - bench.clock.monotonic())
        bench.clock.advance(120)
        raise down()

    with pytest.raises(EmbeddingError):
        bench.controller.run(attempt, INDEX, bench.cancelled)
    assert told == pytest.approx([120, 120, 300 - 240 - 1.5])


def test_cancelling_is_noticed_before_every_attempt() -> None:
    bench = Bench()
    bench.cancelled.set()
    with pytest.raises(Cancelled):
        bench.call("done")
    assert bench.attempts == 0


def test_a_bug_in_an_attempt_gives_its_place_back() -> None:
    bench = Bench(limit=1)

    def attempt(deadline: float) -> None:
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            bench.controller.run(attempt, INDEX, bench.cancelled)
    assert bench.call("done") == "done"


def test_a_controller_is_shared_by_server_and_key() -> None:
    a = shared_controller("https://a.test/v1", Secret("key-of-somebody"), "a.test", 2)
    assert shared_controller("https://a.test/v1", Secret("key-of-somebody"), "a.test", 6) is a
    assert a.window == 6, "the larger wish counts"
    assert shared_controller("https://a.test/v1", Secret("another-key"), "a.test", 2) is not a
    assert shared_controller("https://b.test/v1", Secret("key-of-somebody"), "b.test", 2) is not a


OUTCOMES = st.lists(
    st.one_of(
        st.just("done"),
        st.tuples(
            st.sampled_from(["busy", "down", "refused"]),
            st.one_of(st.none(), st.floats(0.01, 500)),
        ),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(outcomes=OUTCOMES, chance=st.floats(0, 0.999), policy=st.sampled_from([INDEX, QUERY]))
def test_whatever_the_server_does_a_call_stays_within_its_means(
    outcomes: list[str | tuple[str, float | None]], chance: float, policy: Policy
) -> None:
    bench = Bench(chance=lambda: chance)
    script = iter(outcomes)

    def attempt(deadline: float) -> str:
        bench.attempts += 1
        assert 0 < deadline - bench.clock.monotonic() <= policy.total + 1e-6
        outcome = next(script, "done")
        if isinstance(outcome, str):
            return outcome
        kind, after = outcome
        if kind == "refused":
            raise refused()
        raise (busy(after) if kind == "busy" else down())

    for _ in range(10):
        bench.attempts = 0
        before = len(bench.clock.waits)
        with contextlib.suppress(EmbeddingError):
            assert bench.controller.run(attempt, policy, bench.cancelled) == "done"
        assert bench.attempts <= policy.attempts
        assert 1 <= bench.controller.window <= 4
        waits = bench.clock.waits[before:]
        assert all(0 <= wait <= max(policy.longest_hint, policy.longest_delay) for wait in waits)
        # The first wait may be a pause that was asked of another call.
        assert sum(waits[1:]) <= policy.budget
