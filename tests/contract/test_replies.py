"""Replies with status 200: what is a vector, what is not, and what it is worth trying again."""

from __future__ import annotations

import base64
import json
import struct
from typing import TYPE_CHECKING, Any

import pytest

from semsearch.embed.batch import IncompleteReply
from semsearch.errors import (
    AccessError,
    EmbeddingError,
    MalformedReply,
    ModelUnavailable,
    RequestRefused,
)
from tests.fakes import replies
from tests.fakes.api_server import PRICE_PER_TOKEN, FakeApi
from tests.fakes.vectors import embed_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.conftest import Connect
    from tests.fakes.clock import FakeClock
    from tests.fakes.replies import Step

TEXTS = ["first chunk", "second chunk", "third one"]


def values(vector: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(vector) // 4}f", vector))


def expected(text: str, model: str = "acme/tiny", dimensions: int = 64) -> list[float]:
    return embed_text(text, dimensions, seed=model)


def assert_right(vectors: tuple[bytes, ...], texts: list[str]) -> None:
    assert [values(vector) for vector in vectors] == [
        pytest.approx(expected(text), abs=1e-6) for text in texts
    ]


def test_base64_is_asked_for_and_read(connect: Connect) -> None:
    with FakeApi() as api:
        reply = connect(api.url).embed(TEXTS, "document")
        assert api.requests[0].json["encoding_format"] == "base64"
    assert_right(reply.vectors, TEXTS)
    assert (reply.dimensions, reply.model, reply.provider) == (64, "acme/tiny", "Fake")
    assert reply.tokens == 9
    assert reply.cost_usd == pytest.approx(9 * PRICE_PER_TOKEN)
    assert reply.request_id.startswith("gen-emb-")
    assert reply.requests == 1


def to_floats(data: list[dict[str, Any]]) -> None:
    assert all(isinstance(item["embedding"], list) for item in data)


def mixed(data: list[dict[str, Any]]) -> None:
    packed = struct.pack("<64f", *data[1]["embedding"])
    data[1]["embedding"] = base64.b64encode(packed).decode()


def without_index(data: list[dict[str, Any]]) -> None:
    for item in data:
        del item["index"]


def with_more_members(data: list[dict[str, Any]]) -> None:
    for item in data:
        item |= {"encoding_format": "float", "novelty": {"a": [1]}}


def reversed_order(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return data[::-1]


@pytest.mark.parametrize(
    "edit", [to_floats, mixed, without_index, with_more_members, reversed_order]
)
def test_odd_but_right_replies_are_accepted(
    edit: Callable[[list[dict[str, Any]]], Any], connect: Connect
) -> None:
    with FakeApi([replies.edited(edit)]) as api:
        reply = connect(api.url).embed(TEXTS, "document")
        assert len(api.requests) == 1
    assert_right(reply.vectors, TEXTS)


@pytest.mark.parametrize(
    ("changes", "tokens", "cost"),
    [
        ({"usage": ...}, None, None),
        ({"usage": None}, None, None),
        ({"usage": "free"}, None, None),
        ({"usage": {"prompt_tokens": -3, "total_tokens": -3, "cost": -1}}, None, None),
        ({"usage": {"prompt_tokens": 4, "total_tokens": "x", "cost": 1e300}}, 4, None),
        ({"usage": {"prompt_tokens": 10**30, "total_tokens": True, "cost": "1"}}, None, None),
        ({"usage": {"prompt_tokens": 4, "total_tokens": 5, "cost": 0}}, 5, 0.0),
    ],
)
def test_odd_usage_costs_no_vectors(
    changes: dict[str, Any], tokens: int | None, cost: float | None, connect: Connect
) -> None:
    with FakeApi([replies.ok(**changes)]) as api:
        reply = connect(api.url).embed(TEXTS, "document")
    assert (reply.tokens, reply.cost_usd) == (tokens, cost)
    assert_right(reply.vectors, TEXTS)


def test_members_we_do_not_need_may_be_missing_or_odd(connect: Connect) -> None:
    step = replies.ok(object=..., model=..., id=17, provider=None, error=None, novelty=[[]])
    with FakeApi([step]) as api:
        reply = connect(api.url).embed(TEXTS, "document")
    assert (reply.model, reply.provider, reply.request_id) == ("", "", "")
    assert_right(reply.vectors, TEXTS)


def test_the_request_id_may_come_in_a_header(connect: Connect) -> None:
    def step(exchange: Any) -> None:
        body = exchange.embeddings() | {"id": None}
        exchange.send_json(body, headers={"X-Generation-Id": "gen-from-header"})

    with FakeApi([step]) as api:
        assert connect(api.url).embed(TEXTS, "document").request_id == "gen-from-header"


def test_another_model_in_the_reply_is_noted(connect: Connect) -> None:
    steps = [replies.ok(model="Acme/Tiny"), replies.ok(model="vendor/quite-another")]
    with FakeApi(steps) as api:
        embedder = connect(api.url)
        embedder.embed(TEXTS, "document")
        assert not embedder.notices
        reply = embedder.embed(TEXTS, "document")
    assert reply.model == "vendor/quite-another"
    assert len(embedder.notices) == 1
    assert "vendor/quite-another" in embedder.notices[0]


# --- replies that break the contract: two more tries, then the batch fails --------------------


def drop_last(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return data[:-1]


def one_more(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*data, dict(data[0], index=3)]


def none_at_all(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return []


def index_set_to(value: object) -> Callable[[list[dict[str, Any]]], None]:
    def edit(data: list[dict[str, Any]]) -> None:
        data[1]["index"] = value

    return edit


def index_missing_once(data: list[dict[str, Any]]) -> None:
    del data[1]["index"]


def one_wider(data: list[dict[str, Any]]) -> None:
    data[1]["embedding"].append(0.5)


def all_set_to(value: object) -> Callable[[list[dict[str, Any]]], None]:
    def edit(data: list[dict[str, Any]]) -> None:
        for item in data:
            item["embedding"] = value

    return edit


BROKEN: dict[str, Step] = {
    "fewer": replies.edited(drop_last),
    "more": replies.edited(one_more),
    "none": replies.edited(none_at_all),
    "duplicated index": replies.edited(index_set_to(0)),
    "negative index": replies.edited(index_set_to(-1)),
    "index beyond": replies.edited(index_set_to(3)),
    "huge index": replies.edited(index_set_to(10**40)),
    "string index": replies.edited(index_set_to("1")),
    "float index": replies.edited(index_set_to(1.0)),
    "boolean index": replies.edited(index_set_to(True)),
    "index missing once": replies.edited(index_missing_once),
    "one wider": replies.edited(one_wider),
    "nulls": replies.edited(all_set_to(None)),
    "empty lists": replies.edited(all_set_to([])),
    "empty texts": replies.edited(all_set_to("")),
    "zeros": replies.edited(all_set_to([0.0] * 64)),
    "objects": replies.edited(all_set_to({"values": []})),
    "data of null": replies.ok(data=None),
    "data of text": replies.ok(data="vectors"),
    "no data": replies.ok(data=...),
    "empty body": replies.raw(b""),
    "html": replies.html(),
    "not JSON": replies.raw(b"vectors: none"),
    "cut short": replies.half_until_close,
    "a list": replies.raw(b"[]"),
    "a number": replies.raw(b"1" * 5000),
    "NaN": replies.raw(b'{"object":"list","data":[{"index":0,"embedding":[NaN,0.5]}]}'),
    "nested without end": replies.raw(b'{"data":' + b"[" * 100_000),
    "nested elsewhere": replies.raw(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "half a surrogate": replies.raw(b'{"model":"\\ud800","data":[]}'),
    "not UTF-8": replies.raw(b'{"model":"\xff\xfe","data":[]}'),
    "trailing garbage": replies.raw(b'{"data":[]} {"data":[]}'),
    "another success": replies.raw(b"", code=202),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_reply_is_asked_for_twice_more_and_then_refused(
    name: str, connect: Connect, clock: FakeClock
) -> None:
    step = BROKEN[name]
    with FakeApi([step] * 3) as api:
        with pytest.raises(MalformedReply) as caught:
            connect(api.url).embed(TEXTS, "document")
        assert len(api.requests) == 3
    assert clock.waits == [0.5, 1.0]
    assert caught.value.requests == 3
    assert caught.value.retryable


@pytest.mark.parametrize("name", BROKEN)
def test_a_reply_that_is_broken_once_costs_only_time(name: str, connect: Connect) -> None:
    with FakeApi([BROKEN[name]]) as api:
        reply = connect(api.url).embed(TEXTS, "document")
    assert_right(reply.vectors, TEXTS)
    assert reply.requests == 2


def test_money_is_counted_for_replies_of_no_use(connect: Connect) -> None:
    with FakeApi([replies.edited(drop_last)]) as api:
        reply = connect(api.url).embed(TEXTS, "document")
        assert reply.cost_usd == pytest.approx(api.spent_usd) == pytest.approx(18 * PRICE_PER_TOKEN)
    with FakeApi([replies.edited(drop_last)] * 3) as api:
        with pytest.raises(MalformedReply) as caught:
            connect(api.url).embed(TEXTS, "document")
        assert caught.value.cost_usd == pytest.approx(api.spent_usd)
        assert caught.value.tokens == 27


# --- replies in which single vectors are unusable ---------------------------------------------


BAD_VALUES: dict[str, object] = {
    "null": None,
    "null element": [0.1, None] + [0.2] * 62,
    "boolean element": [True] + [0.2] * 63,
    "text element": ["0.1"] + [0.2] * 63,
    "nested": [[0.1] * 64],
    "beyond float64": "1e999",
    "beyond float32": [1e300] + [0.2] * 63,
    "zero": [0.0] * 64,
    "denormal": [1e-30] * 64,
    "absurdly long": [1e8] * 64,
    "base64 of garbage": "not base64!",
    "base64 with a line end": "AAAA\nPwAA",
    "base64 of three bytes": "AAAA",
    "base64 of NaN": base64.b64encode(struct.pack("<64f", *[float("nan")] * 64)).decode(),
    "base64 of infinity": base64.b64encode(struct.pack("<64f", *[float("inf")] * 64)).decode(),
    "a huge number": [10**400] + [0.2] * 63,
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_bad_vector_does_not_cost_its_neighbours(name: str, connect: Connect) -> None:
    value = BAD_VALUES[name]

    def step(exchange: Any) -> None:
        body = exchange.embeddings(base64=False)
        body["data"][1]["embedding"] = "<here>"
        literal = "[1e999,0.5]" if value == "1e999" else json.dumps(value)
        text = json.dumps(body).replace('"<here>"', literal)
        exchange.send(200, text.encode(), {"Content-Type": "application/json"})

    with FakeApi([step]) as api:
        with pytest.raises(IncompleteReply) as caught:
            connect(api.url).embed(TEXTS, "document")
        assert len(api.requests) == 1
    error = caught.value
    assert list(error.faults) == [1]
    assert error.embeddings.vectors[1] == b""
    assert_right((error.embeddings.vectors[0], error.embeddings.vectors[2]), [TEXTS[0], TEXTS[2]])
    assert error.embeddings.cost_usd is not None


# --- width ------------------------------------------------------------------------------------


def test_the_first_reply_tells_the_width(connect: Connect) -> None:
    with FakeApi() as api:
        embedder = connect(api.url, "acme/other")
        assert embedder.key.dimensions == 0
        embedder.embed(TEXTS, "document")
        assert embedder.key.dimensions == 96


def test_a_reply_wins_over_the_catalog(connect: Connect) -> None:
    with FakeApi(models={"openai/text-embedding-3-small": 64}) as api:
        embedder = connect(api.url, "openai/text-embedding-3-small")
        assert embedder.key.dimensions == 1536
        assert embedder.embed(TEXTS, "document").dimensions == 64
        assert embedder.key.dimensions == 64


def test_a_reply_much_wider_than_the_catalog_says_is_understood(connect: Connect) -> None:
    """As lists of numbers it is twenty times as long as the vectors that were expected."""

    def step(exchange: Any) -> None:
        exchange.send_json(exchange.embeddings(base64=False))

    with FakeApi([step], models={"sentence-transformers/all-minilm-l6-v2": 4096}) as api:
        embedder = connect(api.url, "sentence-transformers/all-minilm-l6-v2")
        assert embedder.key.dimensions == 384
        assert (
            embedder.embed([f"text {number}" for number in range(32)], "query").dimensions == 4096
        )


def halved(data: list[dict[str, Any]]) -> None:
    for item in data:
        item["embedding"] = item["embedding"][:32]


def test_a_width_that_changes_in_mid_run_stops_it(connect: Connect) -> None:
    with FakeApi([replies.ok(), replies.edited(halved)]) as api:
        embedder = connect(api.url)
        embedder.embed(TEXTS, "document")
        with pytest.raises(ModelUnavailable, match="had 64 dimensions and now have 32") as caught:
            embedder.embed(TEXTS, "document")
    assert caught.value.code == "model.changed"
    assert caught.value.exit_status == 8


def test_a_width_other_than_the_index_has_stops_the_first_call(connect: Connect) -> None:
    with FakeApi() as api:
        embedder = connect(api.url, known_dimensions=128)
        assert embedder.key.dimensions == 128
        with pytest.raises(ModelUnavailable) as caught:
            embedder.embed(TEXTS, "document")
    assert caught.value.code == "model.changed"


def test_a_width_that_was_asked_for_is_sent_and_kept(connect: Connect) -> None:
    with FakeApi() as api:
        embedder = connect(api.url, dimensions=32)
        reply = embedder.embed(TEXTS, "document")
        assert api.requests[0].json["dimensions"] == 32
    assert reply.dimensions == embedder.key.dimensions == 32


def ignore_dimensions(exchange: Any) -> None:
    request = exchange.received.json
    request.pop("dimensions", None)
    exchange.send_json(exchange.server.answer(request, exchange.received.inputs, base64=True))


def test_another_width_than_asked_for_fails_before_anything_is_kept(connect: Connect) -> None:
    with FakeApi([ignore_dimensions]) as api:
        with pytest.raises(ModelUnavailable, match="64 dimensions where 32 were asked") as caught:
            connect(api.url, dimensions=32).embed(TEXTS, "document")
        assert len(api.requests) == 1
    assert caught.value.code == "model.dimensions"


def test_a_matryoshka_vector_is_cut_here_when_the_server_does_not(connect: Connect) -> None:
    with FakeApi([ignore_dimensions]) as api:
        embedder = connect(api.url, "openai/text-embedding-3-small", dimensions=256)
        reply = embedder.embed(["first chunk"], "document")
    full = expected("first chunk", "openai/text-embedding-3-small", 1536)
    assert reply.dimensions == 256
    assert values(reply.vectors[0]) == pytest.approx(full[:256], abs=1e-6)


def test_the_native_size_is_not_asked_for(connect: Connect) -> None:
    """Providers that cannot shorten refuse `dimensions` even when it changes nothing."""
    with FakeApi() as api:
        embedder = connect(api.url, "openai/text-embedding-3-small", dimensions=1536)
        assert embedder.embed(TEXTS, "document").dimensions == 1536
        assert "dimensions" not in api.requests[0].json


# --- errors inside a 200 ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected_error", "requests"),
    [
        (400, RequestRefused, 1),
        (401, AccessError, 1),
        (402, AccessError, 1),
        (404, ModelUnavailable, 1),
        (429, EmbeddingError, 6),
        (500, EmbeddingError, 3),
        (502, EmbeddingError, 6),
        (None, EmbeddingError, 6),
        ("503", EmbeddingError, 3),
        (200, EmbeddingError, 6),
        (10**30, EmbeddingError, 6),
    ],
)
def test_an_error_inside_a_200_counts_as_that_error(
    code: Any, expected_error: type[Exception], requests: int, connect: Connect
) -> None:
    step = replies.error(code, "from within", in_200=True)
    with FakeApi([step] * requests) as api:
        with pytest.raises(expected_error, match=r"from within|no credit"):
            connect(api.url).embed(TEXTS, "document")
        assert len(api.requests) == requests


def test_an_error_beside_vectors_is_an_error(connect: Connect) -> None:
    with FakeApi([replies.ok(error={"code": 502, "message": "half served"})]) as api:
        assert connect(api.url).embed(TEXTS, "document").requests == 2


def test_the_pseudo_404_is_tried_twice_and_then_refused(connect: Connect) -> None:
    step = replies.error(404, "No successful provider responses.", in_200=True)
    with FakeApi([step] * 2) as api:
        with pytest.raises(RequestRefused) as caught:
            connect(api.url).embed(TEXTS, "document")
        assert len(api.requests) == 2
    assert caught.value.code == "api.no_provider"
    assert caught.value.status == 404
