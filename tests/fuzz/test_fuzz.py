"""A few cases of every fuzzer; thousands by command, see CONTRIBUTING."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzz import contents, databases, names, queries, replies, sanitiser

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.command import Outcome

FUZZERS = {
    "replies": (replies.fuzz, 400),
    "queries": (queries.fuzz, 250),
    "sanitiser": (sanitiser.fuzz, 500),
    "contents": (contents.fuzz, 120),
    "names": (names.fuzz, 60),
    "databases": (databases.fuzz, 12),
}


@pytest.mark.parametrize("name", FUZZERS)
def test_hostile_input_breaks_no_promise(name: str) -> None:
    fuzz: Callable[[int, int], Outcome]
    fuzz, cases = FUZZERS[name]
    outcome = fuzz(cases, 4)
    assert outcome.failures == []
    assert outcome.cases == cases


def test_a_fuzzer_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors handed out in the order they came, whatever their index says."""
    from semsearch.embed.wire import reply

    monkeypatch.setattr(reply, "_order", lambda indices: list(range(len(indices))))
    assert replies.fuzz(400, 1).failures
