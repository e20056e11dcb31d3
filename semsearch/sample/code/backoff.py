"""Waiting politely for a busy server."""

import random
from collections.abc import Iterator


def delays(base: float = 0.5, cap: float = 30.0, attempts: int = 6) -> Iterator[float]:
    """Yield the seconds to wait before each further attempt.

    Full jitter: every delay is drawn between zero and a bound that doubles. Without the randomness
    all clients that were refused together come back together, and are refused again.
    """
    for attempt in range(attempts):
        yield random.uniform(0, min(cap, base * 2**attempt))


class Gate:
    """One pause for all workers: nobody knocks while the server asked for silence."""

    def __init__(self) -> None:
        self.closed_until = 0.0

    def close_for(self, seconds: float, now: float) -> None:
        """Keep the gate closed; a longer request wins over a shorter one."""
        self.closed_until = max(self.closed_until, now + seconds)

    def wait_seconds(self, now: float) -> float:
        """How long a worker that arrives now has to wait."""
        return max(0.0, self.closed_until - now)
