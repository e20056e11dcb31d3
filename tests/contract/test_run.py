"""A whole run against a server in a bad mood: every text gets its own vector, nobody else's."""

from __future__ import annotations

import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from semsearch.embed.batch import embed_resilient
from semsearch.errors import AccessError, Cancelled, EmbeddingError, RequestRefused
from tests.fakes import replies
from tests.fakes.api_server import FakeApi
from tests.fakes.vectors import embed_text

if TYPE_CHECKING:
    from tests.contract.conftest import Connect
    from tests.fakes.clock import FakeClock
    from tests.fakes.http_server import Received
    from tests.fakes.replies import Step

TEXTS = [f"text number {number} about subject {number % 7}" for number in range(240)]
BATCHES = [TEXTS[start : start + 20] for start in range(0, len(TEXTS), 20)]


def close_to(vector: object, text: str) -> bool:
    assert isinstance(vector, bytes)
    values = struct.unpack("<64f", vector)
    return values == pytest.approx(embed_text(text, 64, seed="acme/tiny"), abs=1e-6)


def shuffle(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return data[::2] + data[1::2]


def lose_one(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return data[:-1]


def one_null(data: list[dict[str, Any]]) -> None:
    data[0]["embedding"] = None


MOODS: list[Step | None] = [
    None,
    None,
    None,
    replies.edited(shuffle),
    replies.edited(lose_one),
    replies.edited(one_null),
    replies.status(429),
    replies.status(429, headers={"Retry-After": "2"}),
    replies.status(503, headers={"Retry-After": "1"}),
    replies.status(502),
    replies.status(500),
    replies.status(524),
    replies.reset,
    replies.close,
    replies.half_body,
    replies.half_chunks,
    replies.half_until_close,
    replies.html(),
    replies.raw(b""),
    replies.gzipped,
    replies.error(502, "from within", in_200=True),
    replies.error(404, "No successful provider responses.", in_200=True),
]


@pytest.mark.parametrize("seed", range(4))
def test_every_text_gets_its_vector_in_spite_of_everything(seed: int, connect: Connect) -> None:
    seen: dict[bytes, int] = {}

    def pick(received: Received) -> Step | None:
        """A mood by the request and how often it came; no more than two bad ones in a row."""
        times = seen[received.body] = seen.get(received.body, 0) + 1
        if times % 3 == 0:
            return None
        digest = sha256(received.body + bytes([seed, times])).digest()
        return MOODS[digest[0] % len(MOODS)]

    with FakeApi(pick) as api:
        embedder = connect(api.url)
        with ThreadPoolExecutor(4) as pool:
            results = list(
                pool.map(lambda batch: embed_resilient(embedder, batch, "document"), BATCHES)
            )
        cost = sum(result.cost_usd or 0 for result in results)
        assert len(api.requests) == sum(result.requests for result in results)
        # What was billed for replies that never arrived whole cannot be known here.
        assert 0 < cost <= api.spent_usd + 1e-12
        assert api.most_in_flight <= 4
    for batch, result in zip(BATCHES, results, strict=True):
        assert result.stopped is None
        for text, outcome in zip(batch, result.outcomes, strict=True):
            assert close_to(outcome, text)


POISONS: dict[str, Step] = {
    "400": replies.error(400, "input is too strange"),
    "413": replies.error(413, "payload too large"),
    "422": replies.error(422, "cannot be processed"),
    "moderation": replies.error(403, "flagged", metadata={"flagged_input": "poison"}),
    "pseudo-404": replies.error(404, "No successful provider responses.", in_200=True),
    "NaN as a 500": replies.status(500, {"error": "json: unsupported value: NaN"}),
    "out of time": replies.status(524),
}


@pytest.mark.parametrize("name", POISONS)
def test_one_poisoned_text_is_isolated(name: str, connect: Connect) -> None:
    texts = [*TEXTS[:37], "poison", *TEXTS[37:63]]

    def pick(received: Received) -> Step | None:
        return POISONS[name] if "poison" in received.inputs else None

    with FakeApi(pick) as api:
        result = embed_resilient(connect(api.url), texts, "document")
        assert api.paid_inputs == 63
    assert result.stopped is None
    assert [type(outcome) is bytes for outcome in result.outcomes].count(False) == 1
    assert isinstance(result.outcomes[37], EmbeddingError)
    assert all(
        close_to(outcome, text)
        for text, outcome in zip(texts, result.outcomes, strict=True)
        if text != "poison"
    )


@pytest.mark.parametrize(
    "step",
    [
        replies.error(400, "provider preferences are wrong"),
        replies.error(404, "No successful provider responses.", in_200=True),
        replies.html(),
    ],
)
def test_a_request_that_is_refused_whatever_is_in_it_ends_soon(
    step: Step, connect: Connect
) -> None:
    with FakeApi(lambda _: step) as api:
        embedder = connect(api.url)
        result = embed_resilient(embedder, TEXTS[:64], "document")
        assert len(api.requests) <= 15
        assert result.stopped is not None
        assert result.stopped.code == "api.circuit"
        assert result.outcomes == (None,) * 64
        assert embed_resilient(embedder, TEXTS[64:128], "document").requests == 0


def test_running_out_of_credit_keeps_what_was_bought(connect: Connect) -> None:
    def pick(received: Received) -> Step | None:
        return replies.status(402) if len(api.requests) > 3 else None

    with FakeApi(pick) as api:
        embedder = connect(api.url, batch_inputs=10)
        result = embed_resilient(embedder, TEXTS[:60], "document")
        assert len(api.requests) == 4
    assert isinstance(result.stopped, AccessError)
    assert [isinstance(outcome, bytes) for outcome in result.outcomes].count(True) == 30
    assert result.tokens


def test_what_was_billed_before_the_credit_ran_out_is_known(connect: Connect) -> None:
    with FakeApi([replies.edited(lose_one), replies.status(402)]) as api:
        result = embed_resilient(connect(api.url), TEXTS[:10], "document")
        assert result.cost_usd == pytest.approx(api.spent_usd)
    assert isinstance(result.stopped, AccessError)
    assert result.requests == 2


def test_winding_down_lets_a_request_in_flight_be_answered(connect: Connect) -> None:
    answer = threading.Event()
    with FakeApi([replies.stall(answer)]) as api, ThreadPoolExecutor(1) as pool:
        embedder = connect(api.url)
        call = pool.submit(embedder.embed, TEXTS[:3], "document")
        assert api.reached.wait(30)
        embedder.wind_down()
        answer.set()
        assert len(call.result().vectors) == 3
        with pytest.raises(Cancelled):
            embedder.embed(TEXTS[:3], "document")
        assert len(api.requests) == 1


def test_congestion_narrows_the_flow_for_all_workers(connect: Connect, clock: FakeClock) -> None:
    with FakeApi([replies.status(429)] * 3) as api:
        embedder = connect(api.url, concurrency=8)
        for batch in BATCHES[:4]:
            embedder.embed(batch, "document")
        assert embedder._service.controller.window < 8
    assert len(clock.waits) == 3


def test_too_long_texts_are_told_from_bad_ones(connect: Connect) -> None:
    step = replies.error(400, "x", metadata={"error_type": "context_length_exceeded"})
    with FakeApi([step]) as api:
        result = embed_resilient(connect(api.url), ["far too long"], "document")
    (outcome,) = result.outcomes
    assert isinstance(outcome, RequestRefused)
    assert "longer than the model takes" in outcome.hint
    assert not outcome.retryable
