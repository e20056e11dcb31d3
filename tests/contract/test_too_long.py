"""A text longer than its model takes is tried once more as two halves (fault A2)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from semsearch.embed.batch import embed_resilient
from semsearch.embed.halves import halves
from semsearch.errors import EmbeddingError, RequestRefused
from semsearch.vectors import gate
from tests.fakes import replies
from tests.fakes.api_server import FakeApi
from tests.fakes.vectors import embed_text, pack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.conftest import Connect
    from tests.fakes.http_server import Received
    from tests.fakes.replies import Step

LONG = "fermenting cabbage takes weeks. " * 40 + "grease the bicycle chain. " * 40
SHORT = ["one note", "another note", "a third"]
LIMIT = 1800
"""Characters the pretended model takes; both halves of `LONG` fit."""

REFUSALS: dict[str, Step] = {
    "openrouter": replies.error(400, "x", metadata={"error_type": "context_length_exceeded"}),
    "openai": replies.error(400, "This model's maximum context length is 8192 tokens."),
    "tei": replies.status(413, {"error": "`inputs` must have less than 512 tokens. Given: 700"}),
    "ollama": replies.status(400, {"error": "the input length exceeds the context length"}),
    "shrug": replies.error(404, "No successful provider responses.", in_200=True),
}


def refuse_long(step: Step, limit: int = LIMIT) -> Callable[[Received], Step | None]:
    def pick(received: Received) -> Step | None:
        return step if any(len(text) > limit for text in received.inputs) else None

    return pick


def direction(text: str) -> list[float]:
    width = 64
    return list(
        struct.unpack(f"<{width}f", gate(pack(embed_text(text, width, "acme/tiny")), width))
    )


@pytest.mark.parametrize("name", REFUSALS)
def test_both_halves_are_embedded_and_their_weighted_mean_kept(name: str, connect: Connect) -> None:
    with FakeApi(refuse_long(REFUSALS[name])) as api:
        result = embed_resilient(connect(api.url), [*SHORT, LONG], "document")
        assert result.cost_usd == pytest.approx(api.spent_usd)
        assert result.requests == len(api.embedding_requests)
        assert api.paid_inputs == len(SHORT) + 2
    assert result.stopped is None
    vector = result.outcomes[3]
    assert isinstance(vector, bytes)
    parts = halves(LONG)
    assert parts is not None
    mean = [
        (len(parts[0]) * one + len(parts[1]) * other) / len(LONG)
        for one, other in zip(direction(parts[0]), direction(parts[1]), strict=True)
    ]
    expected = struct.unpack("<64f", gate(pack(mean), 64))
    assert struct.unpack("<64f", vector) == pytest.approx(expected, abs=1e-5)


def test_a_text_whose_halves_are_too_long_as_well_fails_after_one_more_call(
    connect: Connect,
) -> None:
    with FakeApi(refuse_long(REFUSALS["openai"], 700)) as api:
        result = embed_resilient(connect(api.url), [*SHORT, LONG], "document")
        whole = [request for request in api.embedding_requests if LONG in request.inputs]
        rest = [request.inputs for request in api.embedding_requests if LONG not in request.inputs]
        assert [inputs for inputs in rest if len("".join(inputs)) > LIMIT] == [
            list(halves(LONG) or ())
        ]
        assert len(whole) == 3  # among four, among two, alone
        assert api.paid_inputs == len(SHORT)
        assert result.requests == len(api.embedding_requests)
    outcome = result.outcomes[3]
    assert isinstance(outcome, RequestRefused)
    assert "longer than the model takes" in outcome.hint
    assert all(isinstance(one, bytes) for one in result.outcomes[:3])


@pytest.mark.parametrize(
    "step",
    [replies.error(400, "input is too strange"), replies.status(422)],
    ids=["strange", "unprocessable"],
)
def test_other_refusals_are_final(step: Step, connect: Connect) -> None:
    with FakeApi(refuse_long(step)) as api:
        result = embed_resilient(connect(api.url), [*SHORT, LONG], "document")
        assert api.paid_inputs == len(SHORT)
    assert isinstance(result.outcomes[3], EmbeddingError)


def test_running_out_of_credit_between_the_halves_leaves_the_text_for_later(
    connect: Connect,
) -> None:
    def pick(received: Received) -> Step | None:
        if any(len(text) > LIMIT for text in received.inputs):
            return REFUSALS["openai"]
        return replies.status(402) if received.inputs[0] in LONG else None

    with FakeApi(pick) as api:
        result = embed_resilient(connect(api.url), [*SHORT, LONG], "document")
    assert result.stopped is not None
    assert result.stopped.code == "auth.no_credit"
    assert result.outcomes[3] is None


def test_a_cut_falls_between_words_and_leaves_two_texts() -> None:
    parts = halves(LONG)
    assert parts is not None
    assert "".join(parts) == LONG
    assert parts[0].endswith((" ", ".", "\n"))
    assert abs(len(parts[0]) - len(parts[1])) < len(LONG) / 3
    assert halves("far too long") is None
    assert halves("x" * 500) == ("x" * 250, "x" * 250)
    assert halves(" " * 800 + "x") is None
