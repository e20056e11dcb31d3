"""What the fuzzers share: a seed, the clock, figures, and the cases that went wrong."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOLD = 10
_LONGEST_S = 60
"""A case that takes longer hangs."""


class Outcome:
    """Figures of one fuzzer."""

    def __init__(self) -> None:
        self.cases = 0
        self.counts: Counter[str] = Counter()
        """What became of the cases."""
        self.failures: list[str] = []
        self.slowest_s = 0.0
        self.slowest = ""
        self.more: dict[str, str] = {}
        """Further figures, as they are printed."""

    @contextmanager
    def case(self, name: str) -> Iterator[None]:
        """Time a case; whatever it raises is a failure, for the errors meant are caught inside."""
        self.cases += 1
        started = time.process_time()
        try:
            with _no_longer_than(_LONGEST_S):
                yield
        except Exception as error:  # noqa: BLE001 - finding these is the purpose
            self.fail(name, f"{type(error).__name__}: {error}")
        took = time.process_time() - started
        if took > self.slowest_s:
            self.slowest_s, self.slowest = took, name

    def fail(self, name: str, what: str) -> None:
        """An invariant was broken."""
        self.failures.append(f"{name}: {what}")


@contextmanager
def _no_longer_than(seconds: int) -> Iterator[None]:
    def give_up(_number: int, _frame: object) -> None:
        raise TimeoutError(f"still at work after {seconds} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run_as_command(description: str, cases: int, fuzz: Callable[[int, int], Outcome]) -> None:
    """Parse `--cases` and `--seed`, run, print the figures, end the process."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=cases)
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    started = time.monotonic()
    outcome = fuzz(words.cases, words.seed)
    print(f"{'cases':28} {outcome.cases:8,}")
    for name, count in sorted(outcome.counts.items()):
        print(f"  {name:26} {count:8,}")
    for name, value in outcome.more.items():
        print(f"{name:28} {value:>8}")
    print(f"{'slowest case, CPU':28} {outcome.slowest_s * 1000:8.1f} ms  {outcome.slowest[:100]}")
    print(f"{'failures':28} {len(outcome.failures):8,}")
    for line in outcome.failures[:_TOLD]:
        print(f"  {line[:600]!a}")
    print(f"seed {words.seed}, {time.monotonic() - started:.0f} s")
    sys.exit(bool(outcome.failures))
