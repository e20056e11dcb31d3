"""An index run on a thread with an engine of its own: searching and typing go on meanwhile.

Nothing here knows the terminal. The thread replaces one immutable `RunState` and calls `changed`;
whoever shows it reads `state` on its own thread.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from semsearch.engine.job import JobOptions
from semsearch.errors import SemsearchError
from semsearch.records import IndexReport, Problem, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from contextlib import AbstractContextManager

    from semsearch.engine import Engine

Stage = Literal[
    "idle",
    "planning",
    "planned",
    "preparing",
    "running",
    "paused",
    "stopping",
    "finished",
    "failed",
]

ACTIVE: Final = frozenset({"planning", "preparing", "running", "paused", "stopping"})
"""Stages during which a thread is at work."""

PROBLEMS_SHOWN: Final = 1000

_RATE_WINDOW_S: Final = 30.0
"""Longer than a slow model takes for a batch, or the rate would drop to nothing in between."""
_SAMPLES: Final = 120
_SWITCH_S: Final = 0.001
"""How long the interpreter lets the run compute before the terminal gets its turn."""

_REST_S: Final = 0.4
"""How long the run rests after a key: until the hits are painted, or the next key comes."""
_LONGEST_REST_S: Final = 1.0
"""Then it does a little even while somebody types on."""
_SHOWN_S: Final = 0.1
"""How often progress is shown; it is told more often, so that a rest begins soon."""


class Job(Protocol):
    """What a run is made of; `engine.job.IndexJob` is one."""

    stop: threading.Event

    @property
    def host(self) -> str:
        """Where text would be sent; empty when nothing leaves."""

    @property
    def needs_consent(self) -> bool:
        """Whether the user was never asked about this host."""

    def grant_consent(self) -> None:
        """Record that the user agreed."""

    def estimate(self) -> IndexReport:
        """A dry run."""

    def run(self) -> Iterator[Progress | Problem | IndexReport]:
        """Do it; the last event is the report."""


class RunRequest(NamedTuple):
    """What to run."""

    paths: tuple[bytes, ...] = ()
    """Absolute; empty: every root."""
    retry_failed: bool = False
    rehash: bool = False
    max_cost: float | None = None
    """Cap in US dollars for this run, 0 for none; None: the setting."""
    model: str = ""
    """Give this model's vectors to what the index holds, and look at no file; empty: index."""
    keywords_only: bool = False
    """Embed nothing: words are found, and vectors may follow later."""


class RunState(NamedTuple):
    """Where the run stands; replaced as a whole, never changed."""

    stage: Stage = "idle"
    request: RunRequest = RunRequest()
    plan: IndexReport | None = None
    host: str = ""
    needs_consent: bool = False
    keywords_only: bool = False
    """There is no model to embed with: the run makes words findable, nothing more."""
    progress: Progress | None = None
    problems: tuple[Problem, ...] = ()
    rate: float = 0.0
    """Passages a second over the last half minute."""
    rates: tuple[float, ...] = ()
    """One sample of `rate` a second, oldest first."""
    report: IndexReport | None = None
    error: SemsearchError | None = None

    @property
    def active(self) -> bool:
        """Whether a thread is at work."""
        return self.stage in ACTIVE

    @property
    def seconds_left(self) -> float | None:
        """Estimate; None while too little is known."""
        progress = self.progress
        if progress is None or self.rate <= 0:
            return None
        share = progress.files_done / progress.files_total if progress.files_total else 1.0
        if share <= 0.02:
            return None
        # Passages still to come are known only for the files already read.
        return max(0.0, (progress.chunks_total / share - progress.chunks_done) / self.rate)


class BackgroundRun:
    """At most one run at a time; every method is called on the thread that shows it.

    Args:
        open_engine: makes the engine of a run, with this cost cap where one is given.
        changed: called on the run's thread after `state` was replaced.
    """

    def __init__(
        self,
        open_engine: Callable[[float | None], Engine],
        changed: Callable[[], None],
    ) -> None:
        self._open_engine = open_engine
        self._changed = changed
        self._thread: threading.Thread | None = None
        self._job: Job | None = None
        self._go_on = threading.Event()
        self._rest_until_s = 0.0
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._clock: deque[tuple[float, int]] = deque()
        self.state = RunState()
        self.held = False
        """Whether a paused run has come to where it waits."""

    def plan(self, request: RunRequest) -> bool:
        """Find out what a run would do and send; False while another is under way."""
        return self._begin(request, "planning", self._plan)

    def start(self, request: RunRequest, *, agreed: bool) -> bool:
        """Run; `agreed`: the user was shown what leaves, and where to."""
        return self._begin(request, "preparing", lambda: self._run(agreed=agreed))

    def pause(self) -> None:
        """Let requests in flight come back, then wait; the lock stays held."""
        self._go_on.clear()
        if not self._set(only_in={"running"}, stage="paused"):
            self._go_on.set()

    def resume(self) -> None:
        """Go on after a pause."""
        if self.state.stage == "paused":
            self._clock.clear()
            self._set(only_in={"paused"}, stage="running")
            self._go_on.set()

    def stop(self) -> None:
        """End the run soon and keep everything that is done."""
        self._set(only_in={"preparing", "running", "paused"}, stage="stopping")
        self._stopping.set()
        if self._job is not None:
            self._job.stop.set()
        self._go_on.set()

    def reset(self) -> None:
        """Forget what was planned or done: the folders are other ones now."""
        if not self.state.active:
            self.state = RunState()
            self._changed()

    def give_way(self) -> None:
        """Rest for a moment: somebody types, and both threads want the one interpreter."""
        self._rest_until_s = time.monotonic() + _REST_S

    def close(self, seconds: float = 5.0) -> None:
        """Stop and wait; a run that takes longer is safe to kill."""
        self.stop()
        if self._thread is not None:
            self._thread.join(seconds)

    # --- on the run's thread -----------------------------------------------------------------

    def _begin(self, request: RunRequest, stage: Stage, work: Callable[[], None]) -> bool:
        if self.state.active:
            return False
        if self._thread is not None:
            self._thread.join()  # it has told its last state and only gives the lock back
        self._stopping.clear()
        self._go_on.set()
        self._clock.clear()
        same = self.state.request._replace(max_cost=None) == request._replace(max_cost=None)
        kept = self.state.plan if stage != "planning" and same else None
        self.state = RunState(
            stage=stage,
            request=request,
            plan=kept,
            host=self.state.host if kept is not None else "",
            keywords_only=request.keywords_only,
        )
        self._changed()
        self._thread = threading.Thread(
            target=self._guarded, args=(work,), name="semsearch-index", daemon=True
        )
        self._thread.start()
        return True

    def _guarded(self, work: Callable[[], None]) -> None:
        switch_s = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_S)
        try:
            work()
        except SemsearchError as error:
            self._set(stage="failed", error=error)
        except Exception as error:  # noqa: BLE001 - the thread's last door: a bug is told, not lost
            self._set(stage="failed", error=SemsearchError(_bug_text(error), hint=_BUG_HINT))
        finally:
            self._job = None
            sys.setswitchinterval(switch_s)

    def _plan(self) -> None:
        request = self.state.request
        options = JobOptions(request.rehash, request.retry_failed, dry_run=True)
        engine = self._open_engine(request.max_cost)
        try:
            with self._open_job(engine, request, options) as job:
                report = job.estimate()
                self._set(
                    stage="planned",
                    plan=report,
                    host=job.host,
                    needs_consent=job.needs_consent,
                    problems=report.problems[:PROBLEMS_SHOWN],
                )
        finally:
            engine.close()

    def _run(self, *, agreed: bool) -> None:
        request = self.state.request
        options = JobOptions(request.rehash, request.retry_failed)
        engine = self._open_engine(request.max_cost)
        try:
            with self._open_job(engine, request, options) as job:
                self._job = job
                if self._stopping.is_set():
                    self._set(stage="idle")
                elif job.needs_consent and not (agreed and self._goes_where_planned(job)):
                    self._ask(job)
                else:
                    if job.needs_consent:
                        job.grant_consent()
                    self._set(only_in={"preparing"}, stage="running")
                    self._set(host=job.host, problems=())
                    self._follow(job)
        finally:
            engine.close()

    def _open_job(
        self, engine: Engine, request: RunRequest, options: JobOptions
    ) -> AbstractContextManager[Job]:
        if request.model:
            return engine.build_job(request.model, request.max_cost, dry_run=options.dry_run)
        if request.keywords_only:
            return engine.index_job(request.paths, None, options)
        choice = engine.choice()
        if not engine.is_installed(choice):
            self._set(keywords_only=True)
            return engine.index_job(request.paths, None, options)
        return engine.index_job(request.paths, choice, options)

    def _goes_where_planned(self, job: Job) -> bool:
        """Whether text leaves for the host that was shown; settings may have changed since."""
        return self.state.plan is None or self.state.host == job.host

    def _ask(self, job: Job) -> None:
        """Text would leave for a host the user was not asked about: plan, and wait for a yes."""
        report = job.estimate()
        self._set(stage="planned", plan=report, host=job.host, needs_consent=True)

    def _follow(self, job: Job) -> None:
        problems: list[Problem] = []
        for event in job.run():
            if isinstance(event, IndexReport):
                self._finish(event)
            elif isinstance(event, Progress):
                self._advance(event, problems)
            elif len(problems) < PROBLEMS_SHOWN:
                problems.append(event)
            self.held = not self._go_on.is_set()
            self._go_on.wait()
            self.held = False
            self._rest()

    def _rest(self) -> None:
        latest_s = time.monotonic() + _LONGEST_REST_S
        while (left_s := min(self._rest_until_s, latest_s) - time.monotonic()) > 0:
            if self._stopping.wait(left_s):
                return

    def _advance(self, progress: Progress, problems: list[Problem]) -> None:
        now = time.monotonic()
        clock, rates = self._clock, self.state.rates
        if clock and now - clock[-1][0] < _SHOWN_S:
            return
        clock.append((now, progress.chunks_done))
        while len(clock) > 2 and now - clock[0][0] > _RATE_WINDOW_S:
            clock.popleft()
        since = now - clock[0][0]
        rate = (progress.chunks_done - clock[0][1]) / since if since > 0 else self.state.rate
        if len(rates) < int(progress.elapsed_s):
            rates = (*rates, rate)[-_SAMPLES:]
        self._set(progress=progress, problems=tuple(problems), rate=rate, rates=rates)

    def _finish(self, report: IndexReport) -> None:
        failed = report.stopped_by is not None and not report.interrupted
        self._set(
            stage="failed" if failed else "finished",
            report=report,
            error=report.stopped_by if failed else None,
            problems=report.problems[:PROBLEMS_SHOWN],
        )

    def _set(self, only_in: Collection[str] = (), **fields: object) -> bool:
        """Replace the state; with `only_in`, only when it is in one of these stages."""
        with self._lock:  # both threads change it
            if only_in and self.state.stage not in only_in:
                return False
            self.state = self.state._replace(**fields)  # type: ignore[arg-type]
        self._changed()
        return True


_BUG_HINT: Final = "What was committed is kept. Please report this line."


def _bug_text(error: Exception) -> str:
    """The place of a bug, never its values: those may be the user's notes or key."""
    trace, place = error.__traceback__, "an unknown place"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "semsearch" in code.co_filename:
            name = code.co_filename.rsplit("/", 1)[-1]
            place = f"{name}:{trace.tb_lineno} ({code.co_name})"
        trace = trace.tb_next
    return f"A bug in semsearch: {type(error).__name__} at {place}."
