"""Every declared status, and the bodies that make it mean something else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from semsearch.embed.retry import QUERY
from semsearch.errors import (
    AccessError,
    EmbeddingError,
    ModelUnavailable,
    ModelUnknown,
    RequestRefused,
    SemsearchError,
)
from semsearch.keys import Secret
from tests.fakes import replies
from tests.fakes.api_server import KEY, FakeApi

if TYPE_CHECKING:
    from tests.contract.conftest import Connect
    from tests.fakes.clock import FakeClock
    from tests.fakes.replies import Step

TEXTS = ["first chunk", "second chunk"]


def failing(step: Step, connect: Connect, **config: Any) -> tuple[SemsearchError, int]:
    """The error a server that always answers `step` leads to, and the requests it took."""
    with FakeApi(lambda _: step) as api:
        with pytest.raises(SemsearchError) as caught:
            connect(api.url, **config).embed(TEXTS, "document")
        return caught.value, len(api.requests)


@pytest.mark.parametrize(
    ("status", "error", "code", "exit_status", "requests"),
    [
        (400, RequestRefused, "api.refused", 8, 1),
        (401, AccessError, "auth.key_refused", 4, 1),
        (402, AccessError, "auth.no_credit", 4, 1),
        (403, AccessError, "auth.forbidden", 4, 1),
        (404, ModelUnavailable, "model.unavailable", 8, 1),
        (408, EmbeddingError, "api.timeout", 8, 2),
        (409, EmbeddingError, "api.failed", 8, 6),
        (412, RequestRefused, "api.refused", 8, 1),
        (413, RequestRefused, "api.too_long", 8, 1),
        (422, RequestRefused, "api.refused", 8, 1),
        (424, EmbeddingError, "api.failed", 8, 3),
        (425, EmbeddingError, "api.failed", 8, 6),
        (429, EmbeddingError, "api.failed", 8, 6),
        (499, EmbeddingError, "api.timeout", 8, 2),
        (500, EmbeddingError, "api.failed", 8, 3),
        (501, ModelUnavailable, "model.unavailable", 8, 1),
        (502, EmbeddingError, "api.failed", 8, 6),
        (503, EmbeddingError, "api.failed", 8, 3),
        (504, EmbeddingError, "api.timeout", 8, 2),
        (520, EmbeddingError, "api.failed", 8, 6),
        (524, EmbeddingError, "api.timeout", 8, 2),
        (529, EmbeddingError, "api.failed", 8, 6),
    ],
)
def test_each_status_has_its_meaning(
    status: int,
    error: type[SemsearchError],
    code: str,
    exit_status: int,
    requests: int,
    connect: Connect,
) -> None:
    found, made = failing(replies.status(status), connect)
    assert type(found) is error
    assert (found.code, found.exit_status, made) == (code, exit_status, requests)
    assert found.message
    assert found.hint
    if isinstance(found, EmbeddingError):
        assert (found.status, found.requests) == (status, requests)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 499, 500, 502, 503, 504, 520, 524, 529])
def test_a_passing_failure_is_survived(status: int, connect: Connect) -> None:
    with FakeApi([replies.status(status)]) as api:
        assert connect(api.url).embed(TEXTS, "document").requests == 2


def test_one_text_alone_is_tried_longer_when_time_runs_out(connect: Connect) -> None:
    """Two would be halved instead; one cannot be."""
    with FakeApi(lambda _: replies.status(524)) as api:
        with pytest.raises(EmbeddingError):
            connect(api.url).embed(["alone"], "document")
        assert len(api.requests) == 6


def test_waits_grow_with_full_jitter_up_to_the_cap(connect: Connect, clock: FakeClock) -> None:
    failing(replies.status(502), connect)
    assert clock.waits == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_a_query_is_given_up_after_three_tries(connect: Connect, clock: FakeClock) -> None:
    found, made = failing(replies.status(502), connect, policy=QUERY)
    assert made == 3
    assert clock.waits == [0.25, 0.5]
    assert found.retryable


# --- access -----------------------------------------------------------------------------------


def test_a_missing_key_is_noticed_before_anything_is_sent(connect: Connect) -> None:
    embedder = connect("https://openrouter.ai/api/v1", key=None)
    with pytest.raises(AccessError, match="wants an API key") as caught:
        embedder.embed(TEXTS, "document")
    assert "OPENROUTER_API_KEY" in caught.value.hint
    assert caught.value.code == "auth.no_key"
    with pytest.raises(AccessError):
        embedder.key_status()


def test_a_server_that_turns_out_to_want_a_key_says_which(connect: Connect) -> None:
    with FakeApi(prefix="/v1", strict=False) as api, pytest.raises(AccessError) as caught:
        connect(api.url, key=None).embed(TEXTS, "document")
    assert "SEMSEARCH_API_KEY" in caught.value.hint


def test_a_refused_key_is_named_by_its_source_and_last_letters(connect: Connect) -> None:
    with FakeApi() as api:
        embedder = connect(
            api.url, key=Secret("sk-or-v1-wrong-wrong-wrong-1234"), key_source="the key file"
        )
        with pytest.raises(AccessError) as caught:
            embedder.embed(TEXTS, "document")
    assert "the key file that ends in 1234" in caught.value.message
    assert "User not found" in caught.value.message


def test_a_401_of_a_provider_is_a_bad_gateway(connect: Connect) -> None:
    step = replies.error(401, "Provider returned error", metadata={"provider_name": "SomeProvider"})
    found, made = failing(step, connect)
    assert type(found) is EmbeddingError
    assert made == 6


@pytest.mark.parametrize(
    "metadata",
    [
        {"reasons": ["violence"], "flagged_input": "ab ... yz", "provider_name": "OpenAI"},
        {"error_type": "content_policy_violation"},
    ],
)
def test_moderation_refuses_the_text_and_not_the_key(
    metadata: dict[str, Any], connect: Connect
) -> None:
    found, made = failing(replies.error(403, "Input flagged", metadata=metadata), connect)
    assert type(found) is RequestRefused
    assert (found.code, made) == ("api.moderated", 1)


# --- what availability says -------------------------------------------------------------------


def availability(code: str, *, retryable: bool, **members: Any) -> dict[str, Any]:
    return {"code": code, "retryable": retryable, "requested_models": ["acme/tiny"], **members}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "model_not_found"),
        (400, "wrong_endpoint"),
        (403, "region_restricted"),
        (404, "no_endpoints"),
        (404, "model_deprecated"),
        (404, "free_variant_ended"),
        (503, "temporarily_unavailable"),
    ],
)
def test_what_availability_rules_out_is_not_tried_again(
    status: int, code: str, connect: Connect
) -> None:
    found, made = failing(
        replies.status(
            status,
            {"error": {"message": "no", "availability": availability(code, retryable=False)}},
        ),
        connect,
    )
    assert type(found) is (ModelUnknown if code == "model_not_found" else ModelUnavailable)
    assert code.replace("_", " ") in found.message
    assert made == 1


def test_a_privacy_filter_is_named(connect: Connect) -> None:
    body = {
        "error": {
            "message": "No endpoints match your data policy",
            "error_type": "not_found",
            "http_status": 404,
            "availability": availability(
                "privacy_restricted",
                retryable=False,
                excluded_by=["data_policy:zdr", "data_policy:training"],
            ),
        }
    }
    found, _ = failing(replies.status(404, body), connect)
    assert "data_policy:zdr, data_policy:training" in found.hint


def test_a_retryable_404_is_tried_again_after_its_pause(connect: Connect, clock: FakeClock) -> None:
    body = {
        "error": {
            "message": "busy",
            "availability": availability(
                "model_unavailable_upstream", retryable=True, retry_after=40
            ),
        }
    }
    with FakeApi([replies.status(404, body)]) as api:
        connect(api.url).embed(TEXTS, "document")
    assert clock.waits == [40.0]


# --- wrong addresses --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step",
    [
        replies.status(404, text="404 page not found"),
        replies.html(404),
        replies.status(404, {"detail": "Not Found"}),
        replies.status(405, {"error": "method not allowed"}),
        replies.html(405),
        replies.html(400),
        replies.status(410, text="gone"),
    ],
)
def test_a_wrong_address_is_recognised(step: Step, connect: Connect) -> None:
    found, made = failing(step, connect)
    assert (found.code, made) == ("api.endpoint", 1)
    assert "base URL" in found.hint


@pytest.mark.parametrize(
    ("text", "code"), [("", "api.refused"), ("input too long", "api.too_long")]
)
def test_a_refusal_without_words_of_an_api_is_still_a_refusal(
    text: str, code: str, connect: Connect
) -> None:
    found, made = failing(replies.raw(text.encode(), "text/plain", 400), connect)
    assert (found.code, made) == (code, 1)
    assert text in found.message


def test_an_odd_body_is_quoted_with_its_type(connect: Connect) -> None:
    found, _ = failing(replies.html(404), connect)
    assert "text/html" in found.message
    assert "It works" in found.message


@pytest.mark.parametrize(
    "step",
    [
        replies.status(404, {"error": {"message": 'model "acme/tiny" not found, try pulling it'}}),
        replies.status(
            400, {"error": {"code": 400, "message": "acme/tiny is not a valid model ID"}}
        ),
        replies.status(400, {"error": {"message": "no such model", "code": "model_not_found"}}),
    ],
)
def test_an_unknown_model_is_a_mistake_of_the_user(step: Step, connect: Connect) -> None:
    found, made = failing(step, connect)
    assert (type(found), found.code, found.exit_status) == (ModelUnknown, "model.unknown", 2)
    assert made == 1
    assert "semsearch models" in found.hint


@pytest.mark.parametrize(
    "step",
    [
        replies.status(404, {"error": {"message": "No endpoints found for acme/tiny."}}),
        replies.status(501, {"error": {"message": "embeddings are off", "type": "not_supported"}}),
    ],
)
def test_a_model_nobody_serves_now_is_recognised(step: Step, connect: Connect) -> None:
    found, made = failing(step, connect)
    assert (type(found), found.exit_status) == (ModelUnavailable, 8)
    assert made == 1
    assert "semsearch models" in found.hint


def test_the_upstream_message_is_passed_on(connect: Connect) -> None:
    metadata = {"raw": '{"error":{"message":"input 3 has 9000 tokens"}}', "provider_name": "Nebius"}
    found, _ = failing(replies.error(400, "Provider returned error", metadata=metadata), connect)
    assert "Provider returned error: input 3 has 9000 tokens" in found.message


# --- how long to wait -------------------------------------------------------------------------


def http_date(clock: FakeClock, seconds: float) -> str:
    moment = datetime.fromtimestamp(clock.time(), UTC) + timedelta(seconds=seconds)
    return format_datetime(moment, usegmt=True)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"Retry-After": "2.5"}, 2.5),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "Retry-After": "60"}, 1.5),
        ({"Retry-After": "0.1"}, 0.5),
        ({"Retry-After": "-5"}, 0.5),
        ({"Retry-After": "soon"}, 0.5),
        ({"Retry-After": "nan"}, 0.5),
        ({"Retry-After": "inf"}, 0.5),
        ({"Retry-After": ""}, 0.5),
        ({"Retry-After": "Mon, 99 Foo 2026 99:99:99 GMT"}, 0.5),
        ({}, 0.5),
        ({"X-RateLimit-Reset": "1795348807000"}, 7.0),
        ({"X-RateLimit-Reset": "1795348807"}, 7.0),
        ({"X-RateLimit-Reset": "42"}, 0.5),
        ({"X-RateLimit-Reset": "1"}, 0.5),
    ],
)
def test_every_form_of_a_hint_is_understood(
    headers: dict[str, str], wait: float, connect: Connect, clock: FakeClock
) -> None:
    with FakeApi([replies.status(429, headers=headers)]) as api:
        connect(api.url).embed(TEXTS, "document")
    assert clock.waits == [pytest.approx(wait)]


def test_an_http_date_is_a_hint(connect: Connect, clock: FakeClock) -> None:
    headers = {"Retry-After": http_date(clock, 17)}
    with FakeApi([replies.status(503, headers=headers)]) as api:
        connect(api.url).embed(TEXTS, "document")
    assert clock.waits == [pytest.approx(17)]


def test_a_date_in_the_past_is_no_hint(connect: Connect, clock: FakeClock) -> None:
    headers = {"Retry-After": http_date(clock, -60)}
    with FakeApi([replies.status(429, headers=headers)]) as api:
        connect(api.url).embed(TEXTS, "document")
    assert clock.waits == [0.5]


def test_a_long_pause_is_surfaced_and_kept_to(connect: Connect, clock: FakeClock) -> None:
    with FakeApi([replies.status(429, headers={"Retry-After": "9999"})]) as api:
        embedder = connect(api.url)
        for _ in range(2):  # the second call does not even ask
            with pytest.raises(EmbeddingError, match="asks to be left alone until") as caught:
                embedder.embed(TEXTS, "document")
            assert caught.value.code == "api.paused"
            assert caught.value.retryable
        assert len(api.requests) == 1
        clock.advance(10_000)
        assert embedder.embed(TEXTS, "document").requests == 1
    assert clock.waits == []


def test_a_query_does_not_wait_long_for_anybody(connect: Connect, clock: FakeClock) -> None:
    with FakeApi([replies.status(429, headers={"Retry-After": "10"})]) as api:
        with pytest.raises(EmbeddingError) as caught:
            connect(api.url, policy=QUERY).embed(["question"], "query")
        assert len(api.requests) == 1
    assert caught.value.code == "api.paused"
    assert clock.waits == []


@pytest.mark.parametrize(
    "error",
    [
        {
            "code": 429,
            "message": "Rate limit exceeded: free-models-per-day",
            "metadata": {
                "headers": {"X-RateLimit-Reset": "1795352400000"},
                "limit_source": "openrouter_free_tier_daily",
            },
        },
        {"code": 429, "message": "Rate limit exceeded: free-models-per-day"},
    ],
)
def test_a_daily_quota_is_not_tried_again(
    error: dict[str, Any], connect: Connect, clock: FakeClock
) -> None:
    found, made = failing(replies.status(429, {"error": error}), connect)
    assert (found.code, made) == ("api.quota", 1)
    assert ("in 60 minutes" if "metadata" in error else "tomorrow") in found.hint
    assert clock.waits == []


# --- fields the server does not like ----------------------------------------------------------


def refusing(*names: str, status: int = 400, message: str = "Unsupported: {}") -> Any:
    """A server that refuses these members by name, one after another."""

    def pick(received: Any) -> Step | None:
        for name in names:
            if name in received.json:
                return replies.status(status, {"error": {"message": message.format(name)}})
        return None

    return pick


@pytest.mark.parametrize("status", [400, 422])
def test_fields_refused_by_name_are_left_out_for_the_rest_of_the_run(
    status: int, connect: Connect
) -> None:
    with FakeApi(refusing("input_type", "encoding_format", status=status)) as api:
        embedder = connect(api.url)
        before = embedder.key
        assert embedder.embed(TEXTS, "document").requests == 3
        assert embedder.embed(TEXTS, "query").requests == 1
        assert embedder.key == before._replace(dimensions=64)
        assert set(api.requests[-1].json) == {"model", "input"}
    assert len(embedder.notices) == 2


def test_a_refused_size_is_left_out_and_then_missed(connect: Connect) -> None:
    with FakeApi(refusing("dimensions")) as api:
        embedder = connect(api.url, dimensions=32)
        with pytest.raises(ModelUnavailable) as caught:
            embedder.embed(TEXTS, "document")
        assert len(api.requests) == 2
    assert caught.value.code == "model.dimensions"


def test_a_refused_size_that_comes_anyway_is_fine(connect: Connect) -> None:
    with FakeApi(refusing("dimensions")) as api:
        assert connect(api.url, dimensions=64).embed(TEXTS, "document").dimensions == 64


def test_a_refusal_that_names_no_field_is_final(connect: Connect) -> None:
    found, made = failing(replies.error(400, "something is wrong"), connect, dimensions=32)
    assert type(found) is RequestRefused
    assert made == 1


def test_a_refusal_of_a_field_not_sent_is_final(connect: Connect) -> None:
    found, made = failing(replies.error(400, "dimensions: unsupported"), connect)
    assert type(found) is RequestRefused
    assert made == 1


@pytest.mark.parametrize(
    ("model", "words"),
    [("voyageai/voyage-4", "document"), ("nvidia/nemotron-3-embed-1b:free", "passage")],
)
def test_the_familys_own_words_are_tried_before_none(
    model: str, words: str, connect: Connect
) -> None:
    def pick(received: Any) -> Step | None:
        if str(received.json.get("input_type", "")).startswith("search_"):
            return replies.error(400, "Invalid value for input_type")
        return None

    with FakeApi(pick, models=None, dimensions=64) as api:
        embedder = connect(api.url, model)
        embedder.embed(TEXTS, "document")
        embedder.embed(TEXTS, "query")
        sent = [request.json["input_type"] for request in api.requests]
    assert sent == ["search_document", words, "query"]
    assert embedder.key.document_form == "input_type=search_document"


def test_every_member_the_key_asks_for_is_sent_once(connect: Connect) -> None:
    with FakeApi() as api:
        embedder = connect(
            api.url,
            dimensions=32,
            user="someone",
            provider={"data_collection": "deny", "zdr": True, "order": ("nebius",)},
        )
        embedder.embed(TEXTS, "query")
        assert not api.violations
        request = api.requests[0]
        assert request.json == {
            "model": "acme/tiny",
            "input": TEXTS,
            "dimensions": 32,
            "encoding_format": "base64",
            "input_type": "search_query",
            "provider": {"data_collection": "deny", "zdr": True, "order": ["nebius"]},
            "user": "someone",
        }
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept-encoding"] == "identity"
    assert not {"http-referer", "x-openrouter-title", "x-title"} & set(request.headers)
