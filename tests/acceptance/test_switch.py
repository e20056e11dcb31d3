"""The acceptance command on a folder small enough for every day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.acceptance.switch import QUESTIONS, measure

if TYPE_CHECKING:
    from pathlib import Path


def test_every_promise_of_a_switch_is_kept(tmp_path: Path) -> None:
    assert measure(tmp_path, 30, 2, 10, 0.005, QUESTIONS[:2]) == 0
