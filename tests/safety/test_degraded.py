"""A search answers in every degraded mode, and says what it went without (T18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.safety.degraded import ANSWER, trial

if TYPE_CHECKING:
    from pathlib import Path

MODES = {
    # name: does meaning take part, and what the notice speaks of
    "no credit": (False, "credit"),
    "no key": (False, "key"),
    "API down": (False, "127.0.0.1"),
    "extension missing": (True, ""),
    "read-only disk": (True, ""),
    "index run in progress": (True, ""),
}


def test_a_search_answers_in_six_degraded_modes(tmp_path: Path) -> None:
    answers = trial(tmp_path)
    assert answers.pop("whole").semantic
    assert set(answers) == set(MODES)
    for name, answer in answers.items():
        semantic, notice = MODES[name]
        assert (answer.status, answer.first) == (0, ANSWER), (name, answer)
        assert answer.semantic == semantic, (name, answer)
        assert any(notice in one for one in answer.notices) or not notice, (name, answer)
