"""Trying again: one controller per server and key, shared by every worker that talks to it.

The controller holds what concerns all workers at once: how many requests may be in flight (added
to slowly, halved when the server says it is too much), a pause the server asked for, and a circuit
that opens when nothing works any more. Clock and chance are injected, so tests wait for nothing.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar
from weakref import WeakValueDictionary

from semsearch.embed.faults import Fault
from semsearch.errors import Cancelled, EmbeddingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from semsearch.errors import SemsearchError
    from semsearch.keys import Secret

T = TypeVar("T")


class Policy(NamedTuple):
    """How patient a call is; all times in seconds."""

    name: str
    attempts: int
    budget: float
    """From the first attempt to the last, waits included."""
    base_delay: float
    longest_delay: float
    longest_hint: float
    """A server that asks for more ends the call instead."""
    connect: float
    read: float
    write: float
    total: float
    """For one attempt, from connecting to the last byte."""
    waits_in_line: bool
    """Keeps to the shared number of requests in flight."""
    unreachable_attempts: int
    """Attempts when the host cannot be reached at all."""


INDEX: Final = Policy(
    "index",
    attempts=6,
    budget=300,
    base_delay=0.5,
    longest_delay=30,
    longest_hint=120,
    connect=5,
    read=60,
    write=30,
    total=120,
    waits_in_line=True,
    unreachable_attempts=6,
)
QUERY: Final = Policy(
    "query",
    attempts=3,
    budget=8,
    base_delay=0.25,
    longest_delay=2,
    longest_hint=3,
    connect=3,
    read=8,
    write=8,
    total=8,
    waits_in_line=False,
    unreachable_attempts=1,
)
"""A person waits; after this a search answers by words."""

CIRCUIT_FAILURES: Final = 5
"""Calls in a row that failed for good before the circuit opens."""
CIRCUIT_SECONDS: Final = 60.0


class Clock(Protocol):
    """Time, as the controller needs it."""

    def monotonic(self) -> float:
        """Seconds that never jump."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Sleep, or less when the event is set."""


class SystemClock:
    """The real one."""

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Sleep, or less when the event is set."""
        event.wait(seconds)


class Controller:
    """Admission, pauses and retries for all workers of one server and key.

    Args:
        host: for messages.
        limit: requests in flight at most.
        clock: injected by tests.
        chance: a number in [0, 1) for the jitter.
    """

    def __init__(
        self,
        host: str,
        limit: int = 4,
        *,
        clock: Clock | None = None,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self._host = host
        self._chance = chance or _uniform
        self._limit = max(1, limit)
        self._condition = threading.Condition()
        self._window = float(self._limit)
        self._halvings = 0
        self._busy = 0
        self._paused_until = 0.0
        self._failures = 0
        self._last_failure = ""
        self._open_until = 0.0
        self._proven = False

    @property
    def window(self) -> int:
        """Requests allowed in flight now."""
        with self._condition:
            return int(self._window)

    def allow(self, limit: int) -> None:
        """Let at least so many requests be in flight when all goes well."""
        with self._condition:
            if limit > self._limit:
                if self._window == self._limit:
                    self._window = float(limit)
                self._limit = limit
                self._condition.notify_all()

    def wake(self) -> None:
        """Make whoever waits in line look at its cancel event."""
        with self._condition:
            self._condition.notify_all()

    def run(self, attempt: Callable[[float], T], policy: Policy, cancelled: threading.Event) -> T:
        """Call `attempt` until it returns, or until trying again would not help.

        Args:
            attempt: gets the monotonic time by which it must be over; raises `Fault`.
            policy: how often and how long.
            cancelled: ends every wait at once.

        Raises:
            SemsearchError: that of the last fault; `Cancelled`; `EmbeddingError` with code
                `api.circuit` or `api.paused` when the server is not asked at all.
        """
        started: float | None = None
        tries = 0
        seen: dict[tuple[str, int | None], int] = {}
        while True:
            halvings = self._admit(policy, cancelled)
            now = self.clock.monotonic()
            started = now if started is None else started
            deadline = min(now + policy.total, started + policy.budget)
            tries += 1
            try:
                result = attempt(deadline)
            except Fault as fault:
                self._note(fault, policy, halvings)
                kind = (fault.error.code, getattr(fault.error, "status", None))
                seen[kind] = seen.get(kind, 0) + 1
                spent = tries >= policy.attempts or seen[kind] >= fault.attempts
                delay = None if spent else self._delay(fault, policy, tries, started)
                if delay is None:
                    self._count_failure(fault)
                    raise self._final(fault, policy) from fault
            else:
                self._count_success()
                return result
            finally:
                self._leave(policy)
            self.clock.wait(cancelled, delay)

    # --- admission ---------------------------------------------------------------------------

    def _admit(self, policy: Policy, cancelled: threading.Event) -> int:
        """Wait until a request may start; returns how often the window was halved so far."""
        while True:
            with self._condition:
                while True:
                    if cancelled.is_set():
                        raise Cancelled("Embedding was cancelled.")
                    now = self.clock.monotonic()
                    self._check_circuit(now)
                    pause = self._paused_until - now
                    if pause > policy.longest_hint:
                        raise self._paused(pause)
                    if pause > 0:
                        break
                    if not policy.waits_in_line or self._busy < int(self._window):
                        self._busy += policy.waits_in_line
                        return self._halvings
                    self._condition.wait()
            self.clock.wait(cancelled, pause)

    def _leave(self, policy: Policy) -> None:
        with self._condition:
            self._busy -= policy.waits_in_line
            # All, not one: the one might be about to be cancelled, and the place be lost.
            self._condition.notify_all()

    def _check_circuit(self, now: float) -> None:
        if now < self._open_until:
            raise EmbeddingError(
                f"{self._host} is left alone for a while after {self._failures} failures in a "
                f"row, the last one: {self._last_failure}",
                hint="Run the same command again in a minute; all that is done is kept.",
                code="api.circuit",
                retryable=True,
            )

    def _paused(self, seconds: float) -> EmbeddingError:
        moment = time.strftime("%H:%M", time.localtime(self.clock.time() + seconds))
        return EmbeddingError(
            f"{self._host} asks to be left alone until {moment} (for {seconds:.0f} s).",
            hint="Run the same command again then; all that is done is kept.",
            code="api.paused",
            retryable=True,
            status=429,
        )

    # --- outcomes ----------------------------------------------------------------------------

    def _note(self, fault: Fault, policy: Policy, halvings: int) -> None:
        """Let all workers know what concerns them: a pause, or that it was too much."""
        with self._condition:
            if fault.after is not None and fault.attempts > 1:
                until = self.clock.monotonic() + fault.after
                self._paused_until = max(self._paused_until, until)
            # Requests that were in flight together are refused together: that counts once.
            if fault.congestion and policy.waits_in_line and halvings == self._halvings:
                self._window = max(1.0, self._window / 2)
                self._halvings += 1

    def _delay(self, fault: Fault, policy: Policy, tries: int, started: float) -> float | None:
        """Seconds to wait before the next attempt; None when there shall be none."""
        ceiling = min(policy.longest_delay, policy.base_delay * 2.0 ** (tries - 1))
        delay = ceiling * self._chance()  # full jitter
        if fault.after is not None:
            if fault.after > policy.longest_hint:
                return None
            delay = max(delay, fault.after)
        if self.clock.monotonic() + delay > started + policy.budget:
            return None
        return delay

    def _final(self, fault: Fault, policy: Policy) -> SemsearchError:
        if fault.attempts > 1 and fault.after is not None and fault.after > policy.longest_hint:
            return self._paused(fault.after)
        return fault.error

    def _count_failure(self, fault: Fault) -> None:
        """Count towards the circuit what tells of the service, not of one text.

        Refusals count too while nothing was ever accepted: then it is the request as such that is
        wrong, and every further text would be refused at a price in time.
        """
        with self._condition:
            if fault.service or (not self._proven and isinstance(fault.error, EmbeddingError)):
                self._failures += 1
                self._last_failure = fault.error.message
                if self._failures >= CIRCUIT_FAILURES:
                    self._open_until = self.clock.monotonic() + CIRCUIT_SECONDS

    def _count_success(self) -> None:
        with self._condition:
            self._proven = True
            self._failures = 0
            if self._window < self._limit:
                # One more in flight after about two full windows without complaint.
                self._window = min(float(self._limit), self._window + 0.5 / self._window)
                self._condition.notify_all()


def _uniform() -> float:
    from random import random  # pulls in hashlib, which a cached query has no use for

    return random()  # noqa: S311 - jitter, not a secret


_controllers: WeakValueDictionary[tuple[str, Secret | None], Controller] = WeakValueDictionary()
_controllers_lock = threading.Lock()


def shared_controller(base_url: str, key: Secret | None, host: str, limit: int) -> Controller:
    """The controller every embedder of this process uses for a server and key."""
    with _controllers_lock:
        controller = _controllers.get((base_url, key))
        if controller is None:
            controller = _controllers[base_url, key] = Controller(host, limit)
        controller.allow(limit)
        return controller
