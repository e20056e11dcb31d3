"""A few trials of every harness; hundreds by command, see CONTRIBUTING."""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING

import pytest

from tests.harness import full, kill, power, screens
from tests.harness.disk import Operation, Replay
from tests.tui.pty_app import PtyApp

if TYPE_CHECKING:
    from pathlib import Path


def test_a_killed_run_loses_nothing_and_ends_as_if_undisturbed() -> None:
    found = kill.run(5, 3, ("index", "migrate"), kill.SIGNALS, files=12)
    assert [line for one in found.values() for line in one.failures] == []
    assert sum(one.kills for one in found.values()) >= 5


def test_a_power_cut_loses_nothing_that_was_promised() -> None:
    durable = power.run(25, 5, files=7)
    assert durable.failures == []
    assert durable.images == 25


def test_the_power_harness_sees_a_loss() -> None:
    control = power.run(15, 5, "OFF", files=7)
    assert control.bad * 2 > control.images


def test_a_full_disk_is_told_and_survived() -> None:
    figures = full.run(2, 1, "limit", 16, ("index",))
    assert figures.failures == []
    assert figures.full == figures.resumed == 2


def test_signals_at_random_moments_give_the_terminal_back() -> None:
    figures = screens.run(2, 2)
    assert figures.failures == []
    assert figures.restored == 2


@pytest.mark.parametrize("which", screens.SIGNALS)
def test_a_signal_while_the_terminal_is_being_taken_over_gives_it_back(
    which: signal.Signals,
) -> None:
    with PtyApp() as app:
        while b"\x1b[?1049h" not in app.output:
            app._read(0.01)
        os.kill(app.pid, which)
        assert screens.wrong(app, app.wait(), which) == []


def test_what_was_not_synced_survives_as_the_tail_says(tmp_path: Path) -> None:
    operations = [
        Operation("write", "a", 0, b"first"),
        Operation("sync", "a"),
        Operation("commit", "", 1),
        Operation("write", "a", 5, b" second"),
        Operation("write", "b", 0, b"never synced"),
        Operation("truncate", "a", 3),
    ]
    replay = Replay(operations, {})
    chance = random.Random(1)
    for tail, a, b in (("none", b"first", None), ("all", b"fir", b"never synced")):
        folder = tmp_path / tail
        folder.mkdir()
        replay.leave(folder, len(operations), tail, chance)
        assert (folder / "a").read_bytes() == a
        found = (folder / "b").read_bytes() if (folder / "b").exists() else None
        assert found == b
    assert (replay.commits_until(2), replay.commits_until(3)) == (0, 1)
