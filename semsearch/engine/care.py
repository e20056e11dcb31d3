"""Looking after the index: is it whole, mend it, and what left this machine.

Functions rather than methods of `Engine`: a search, which loads the façade, has no use for them.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from semsearch.engine import choice as choices
from semsearch.engine import model_list
from semsearch.engine.costs import calibrated_tokens, host_of
from semsearch.errors import DamagedError, UsageError
from semsearch.records import Health
from semsearch.store import aside
from semsearch.store.check import findings
from semsearch.store.lock import indexer_lock
from semsearch.store.salvage import salvage
from semsearch.text import display_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from semsearch.engine.facade import Engine
    from semsearch.records import Aside, DaySpend, LedgerEntry, Loss, Problem, SentText
    from semsearch.store import SqliteStore
    from semsearch.store.check import Damage

    Tell = Callable[[str, int, int], None]
    """Told `(what is being read, rows done, rows in all)`."""


class Outbound(NamedTuple):
    """What left this machine, from the ledger."""

    days: list[DaySpend]
    """By day, host and model, the latest first; empty when a path was asked about."""
    calls: list[LedgerEntry]
    """Oldest first; with a path, those that carried its text."""
    files: list[SentText]
    """With a path: what left of each file at or below it."""


def check(engine: Engine, tell: Tell | None = None, *, quick: bool = False) -> Health:
    """Read the whole index and say what is not as it was stored; changes nothing.

    Args:
        engine: names the index.
        tell: told how far it is.
        quick: leave out comparing the keyword tables with the texts word by word.

    Raises:
        UsageError: there is no index.
        DamagedError: it cannot be opened at all.
        NewerIndexError: a newer semsearch wrote it.
    """
    store = engine.store()
    started = time.monotonic()
    return _health(engine, store, store.find_damage(tell, quick=quick), started)


class RepairJob:
    """A repair that has looked and not yet touched; made by `prepare_repair`."""

    def __init__(self, engine: Engine, tell: Tell | None) -> None:
        self._engine = engine
        self._tell = tell
        self._damage: Damage | None = None
        self.health: Health | None = None
        """What is wrong; None when the index cannot be opened at all."""
        self.unreadable: DamagedError | None = None
        """Why it cannot be opened."""
        started = time.monotonic()
        try:
            store = engine.store()
            self._damage = store.find_damage(tell)
            self.health = _health(engine, store, self._damage, started)
        except DamagedError as error:
            self.unreadable = error

    def mend(self) -> Health:
        """Make again what can be made here and remove what cannot; returns what had been wrong.

        Nothing is sent. What is removed comes back with the next indexing run.

        Raises:
            DamagedError: SQLite's own structures cannot be mended in place; nothing was changed.
        """
        assert self.health is not None
        assert self._damage is not None
        found = self._engine.store().repair(self._damage)
        return self.health._replace(findings=tuple(found))

    def replace(self) -> Aside:
        """Save what can be read into a new index, and move the damaged one out of the way.

        Where nothing can be read, an empty place is left to start over. A kill at any moment
        leaves one or the other, or the damaged file beside the new one.

        Raises:
            StorageError: something cannot be written or moved.
        """
        reason = "it cannot be mended in place"
        if self.unreadable is not None:
            reason = self.unreadable.message
        else:
            self._engine.store().close_untouched()
        self._engine.close()
        place = os.path.abspath(self._engine.index_path)
        new = place + ".salvaged"
        saved = salvage(place, new)
        moved = aside.move_aside(place, reason)
        if saved is not None:
            os.replace(new, place)
        return moved._replace(saved=saved)


@contextmanager
def prepare_repair(
    engine: Engine, tell: Tell | None = None, *, wait: Callable[[], bool] | None = None
) -> Iterator[RepairJob]:
    """Check the index under its lock, so that a repair finds what the check has found.

    Args:
        engine: names the index.
        tell: told how far the check is.
        wait: asked while another process indexes; True goes on waiting. None: refuse.

    Raises:
        UsageError: there is no index.
        DamagedError: the file cannot be opened, and nothing says that it was an index.
        BusyError: another process is indexing.
        NewerIndexError: a newer semsearch wrote it.
    """
    try:
        engine.store()
    except DamagedError:
        if not aside.was_index(engine.index_path):
            raise
    with indexer_lock(engine.index_path, wait=wait is not None, keep_waiting=wait):
        yield RepairJob(engine, tell)


def moved_aside(engine: Engine) -> list[bytes]:
    """Damaged indexes that repairs have left beside this one."""
    return aside.moved_aside(engine.index_path)


def sent(engine: Engine, path: bytes | None = None) -> Outbound:
    """What left this machine: all of it by day, or what is at or below an absolute path.

    Text that has been edited or deleted since is in the full list only.

    Raises:
        UsageError: there is no index, or no such path on disk or in it: a mistyped name must not
            look like one of which nothing left.
    """
    store = engine.store()
    if path is not None and not os.path.lexists(path) and not store.files_at(path):
        raise UsageError(
            f"There is no file or folder {display_path(path)!a}, and none in the index.",
            hint="`semsearch sent` lists all that left, also of files that are gone.",
            code="usage.path",
        )
    if path is None:
        return Outbound(store.spend_by_day(_EVER), store.sent(), [])
    return Outbound([], store.sent(path), store.sent_texts(path))


def known_problems(store: SqliteStore, told: Sequence[Problem]) -> tuple[Problem, ...]:
    """Problems a run told of, and those of earlier runs that still stand."""
    known = {(one.path, one.reason) for one in told}
    return (*told, *(one for one in store.troubles() if (one.path, one.reason) not in known))


_EVER = 1_000_000
"""Days."""


def _health(engine: Engine, store: SqliteStore, damage: Damage, started_s: float) -> Health:
    files: list[bytes] = []
    losses: list[Loss] = []
    if damage.any and not damage.structure:
        files, losses = store.losses(damage)
    whole = not damage.structure
    counts = store.counts() if whole else None
    return Health(
        path=os.fsencode(store.path),
        findings=tuple(findings(damage)),
        chunks=counts.chunks if counts else 0,
        passages=counts.passages if counts else 0,
        vectors=store.count_vectors() if whole else 0,
        size_bytes=counts.size if counts else os.stat(store.path).st_size,
        elapsed_s=time.monotonic() - started_s,
        files=tuple(files),
        losses=tuple(_priced(engine, store, loss) for loss in losses),
    )


def _priced(engine: Engine, store: SqliteStore, loss: Loss) -> Loss:
    """A loss with where its texts would go again, and what that would cost."""
    host = host_of(loss.space)
    if not host:
        return loss._replace(cost_usd=0.0)
    tokens = calibrated_tokens(store, loss.space, loss.tokens)
    price = model_list.price(engine.settings, choices.of_space(loss.space, store), ask=False)
    cost = None if price is None else tokens * price / 1e6
    return loss._replace(tokens=tokens, host=host, cost_usd=cost)
