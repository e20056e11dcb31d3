"""Every example of the wire contract passes, every counterexample is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from semsearch.embed.wire.error import ErrorBody, parse_error
from semsearch.embed.wire.lists import decode_key_status, decode_models
from semsearch.embed.wire.reply import Reply, decode_reply
from semsearch.embed.wire.request import (
    count_inputs,
    encode,
    parse_request,
    provider_preferences,
)
from semsearch.errors import MalformedReply, SettingsError
from tests.contract.conftest import Connect
from tests.fakes.api_server import FakeApi

SCHEMA = json.loads((Path(__file__).parent / "embeddings.schema.json").read_text("utf-8"))


def cases(definition: str, member: str) -> list[Any]:
    found = SCHEMA["$defs"][definition][member]
    assert found
    return [pytest.param(case, id=str(number)) for number, case in enumerate(found)]


def validate(definition: str, body: object) -> None:
    schema = {"$ref": f"#/$defs/{definition}", "$defs": SCHEMA["$defs"]}
    Draft202012Validator(schema).validate(body)


@pytest.mark.parametrize("example", cases("EmbeddingsRequest", "examples"))
def test_a_request_example_survives_our_types(example: dict[str, Any]) -> None:
    request = parse_request(example)
    assert json.loads(encode(msgspec.to_builtins(request))) == example


@pytest.mark.parametrize("example", cases("EmbeddingsRequest", "x-counterexamples"))
def test_a_request_counterexample_is_refused(example: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_request(example)


@pytest.mark.parametrize("example", cases("EmbeddingsResponse", "examples"))
def test_a_response_example_gives_vectors(example: dict[str, Any]) -> None:
    reply = decode_reply(json.dumps(example).encode(), len(example["data"]))
    assert isinstance(reply, Reply)
    assert not reply.faults
    assert reply.model == example["model"]
    assert all(len(vector or b"") == 4 * reply.dimensions > 0 for vector in reply.vectors)


@pytest.mark.parametrize("example", cases("EmbeddingsResponse", "x-counterexamples"))
def test_a_response_counterexample_gives_none(example: dict[str, Any]) -> None:
    body = json.dumps(example).encode()
    try:
        reply = decode_reply(body, max(1, len(example.get("data", []))))
    except MalformedReply:
        return
    assert isinstance(reply, ErrorBody)


@pytest.mark.parametrize("example", cases("ErrorResponse", "examples"))
def test_an_error_example_is_understood(example: dict[str, Any]) -> None:
    found = parse_error(json.dumps(example).encode())
    assert found is not None
    assert not found.foreign
    assert example["error"]["message"] in found.message
    assert found.code == example["error"].get("code", example["error"].get("http_status"))


@pytest.mark.parametrize("example", cases("ErrorResponse", "x-counterexamples"))
def test_an_error_counterexample_is_not_taken_for_the_envelope(example: dict[str, Any]) -> None:
    found = parse_error(json.dumps(example).encode())
    assert found is None or found.foreign or not found.message


@pytest.mark.parametrize("example", cases("ForeignErrorBody", "examples"))
def test_the_message_of_a_foreign_error_is_found(example: dict[str, Any]) -> None:
    found = parse_error(json.dumps(example).encode())
    assert found is not None
    assert found.message
    assert found.message in json.dumps(example)


@pytest.mark.parametrize("example", cases("ModelsResponse", "examples"))
def test_a_models_example_is_read(example: dict[str, Any]) -> None:
    models = decode_models(json.dumps(example).encode(), openrouter=True)
    assert [model.id for model in models] == [row["id"] for row in example["data"]]


@pytest.mark.parametrize("example", cases("ModelsResponse", "x-counterexamples"))
def test_a_models_counterexample_is_refused(example: dict[str, Any]) -> None:
    with pytest.raises(MalformedReply):
        decode_models(json.dumps(example).encode(), openrouter=True)


@pytest.mark.parametrize("example", cases("KeyResponse", "examples"))
def test_a_key_example_is_read(example: dict[str, Any]) -> None:
    status = decode_key_status(json.dumps(example).encode())
    assert status.label == example["data"]["label"]
    assert status.usage_usd == example["data"]["usage"]
    assert status.remaining_usd == example["data"]["limit_remaining"]


ALL_PREFERENCES = {
    "order": ["nebius", "deepinfra/turbo"],
    "only": ["nebius"],
    "ignore": ["other"],
    "allow_fallbacks": False,
    "require_parameters": True,
    "data_collection": "deny",
    "zdr": True,
    "enforce_distillable_text": False,
    "quantizations": ["bf16", "unknown"],
    "sort": {"by": "latency", "partition": "none"},
    "max_price": {"prompt": 0.05, "request": "1", "image": 1e-7, "audio": 2, "completion": 0},
    "preferred_min_throughput": {"p50": 100, "p99": 1.5},
    "preferred_max_latency": 3,
    "options": {"nebius": {"anything": [1]}},
}


def test_every_provider_preference_is_sent_as_the_contract_has_it() -> None:
    sent = provider_preferences(ALL_PREFERENCES)
    validate("EmbeddingsRequest", {"model": "m", "input": "a", "provider": sent})
    assert set(sent) == set(ALL_PREFERENCES)
    assert sent["max_price"] == {
        "prompt": "0.05",
        "request": "1",
        "image": "0.0000001",
        "audio": "2",
        "completion": "0",
    }


@pytest.mark.parametrize(
    "preferences",
    [
        {"order": ["nebius", "nebius"]},
        {"quantizations": ["bf16", "bf16"]},
        {"quantizations": ["bf17"]},
        {"only": [""]},
        {"data_collection": "maybe"},
        {"sort": "speed"},
        {"sort": {"by": "price", "order": "up"}},
        {"max_price": {"prompt": "cheap"}},
        {"max_price": {"prompt": -1}},
        {"preferred_max_latency": 0},
        {"preferred_min_throughput": {"p42": 1}},
        {"fallbacks": True},
    ],
)
def test_preferences_outside_the_contract_are_refused_before_anything_is_sent(
    preferences: dict[str, Any], connect: Connect
) -> None:
    with FakeApi() as api:
        with pytest.raises(SettingsError, match="provider preferences"):
            connect(api.url, provider=preferences).embed(["words"], "document")
        assert not api.requests


@pytest.mark.parametrize("extra", [{"truncate": True}, {"session_id": "x" * 257}, {"trace": 1}])
def test_members_outside_the_contract_are_refused_before_anything_is_sent(
    extra: dict[str, Any], connect: Connect
) -> None:
    with FakeApi() as api:
        with pytest.raises(SettingsError, match="no such request"):
            connect(api.url, extra=extra).embed(["words"], "document")
        connect(api.url, extra={"session_id": "run 1", "trace": {"vault": "notes"}}).embed(
            ["words"], "document"
        )
        assert [request.json["session_id"] for request in api.requests] == ["run 1"]
        assert not api.violations


def test_preferences_of_null_are_left_out() -> None:
    empty = dict.fromkeys(ALL_PREFERENCES)
    del empty["max_price"], empty["options"]  # the only members that cannot be null
    assert provider_preferences(empty) == {}


FORMS: list[Any] = [
    "fermenting cabbage",
    ["first", "second"],
    [15339, 1917],
    [[15339, 1917], [9906]],
    [
        {
            "content": [
                {"type": "text", "text": "whiteboard"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            ]
        },
        {
            "content": [
                {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
            ]
        },
        {"content": [{"type": "input_video", "input_video": {"data": "AAAA"}}]},
        {"content": [{"type": "input_file", "input_file": {"data": "JVBERi0=", "format": "pdf"}}]},
    ],
]


@pytest.mark.parametrize("form", FORMS, ids=["text", "texts", "tokens", "token lists", "parts"])
def test_every_form_of_input_is_sent_and_counted(form: Any, connect: Connect) -> None:
    with FakeApi() as api:
        reply = connect(api.url).embed_input(form, "document")
        assert len(reply.vectors) == count_inputs(form)
        assert not api.violations
        sent = api.requests[0].json["input"]
        assert sent == ([form] if isinstance(form, str) else form)


@pytest.mark.parametrize("form", ["", [], ["a", ""], ["a", 1], [True], [{"content": []}], None, {}])
def test_what_is_no_form_of_input_is_never_sent(form: Any, connect: Connect) -> None:
    with FakeApi() as api:
        with pytest.raises(ValueError, match=r"."):
            connect(api.url).embed_input(form, "document")
        assert not api.requests
