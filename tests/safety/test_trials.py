"""Small runs of the trials; each is a command of its own for large ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.safety.canary import trial
from tests.safety.prompt import measure
from tests.safety.swap import race
from tests.safety.writers import READERS_AT_ONCE, cold_opens, crowd

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_keys_and_secrets_stay_where_they_belong(tmp_path: Path) -> None:
    hits = trial(tmp_path)
    assert hits.kinds >= 15
    assert not any(hits[:5]), hits


def test_a_swapped_folder_never_leads_out(tmp_path: Path) -> None:
    found = race(tmp_path, 1.0)
    assert found.leaks == 0, found
    assert {"public", "symlink"} <= set(found.outcomes), "the swap was never met half-way"


def test_writers_and_a_reader_get_on(tmp_path: Path) -> None:
    met = crowd(tmp_path, writers=4, transactions=15)
    assert (met.transactions, met.errors, met.torn, met.problems) == (60, [], 0, [])
    assert met.answers
    assert cold_opens(tmp_path, 1) == (READERS_AT_ONCE, [])


def test_ctrl_c_ends_every_command_and_keeps_the_index(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """How long it takes is measured by the command; here only that it ends, and how."""
    taken = measure(tmp_path, 1, None, print, files=300, places=4)
    assert list(taken)[-1] == "a hostile page"
    assert sum(bool(times[0]) for times in taken.values()) >= 3, capsys.readouterr().out
