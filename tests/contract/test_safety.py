"""What a hostile or careless server cannot do: see the key elsewhere, drive a terminal, blow up."""

from __future__ import annotations

import json
import logging
import pickle
import random
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from semsearch.embed.batch import embed_resilient
from semsearch.embed.wire.error import parse_error
from semsearch.embed.wire.reply import Reply, decode_reply
from semsearch.errors import EmbeddingError, MalformedReply, SemsearchError, SettingsError
from semsearch.keys import Secret
from semsearch.text import printable
from semsearch.vectors import gate
from tests.fakes import replies
from tests.fakes.api_server import KEY, FakeApi

if TYPE_CHECKING:
    from tests.contract.conftest import Connect
    from tests.fakes.http_server import Exchange, Received
    from tests.fakes.replies import Step

TEXTS = ["first chunk", "second chunk"]
ADDRESS = "https://example.test/app"
ECHO = f"you sent {KEY} and {KEY}"

ECHOES: dict[str, Step] = {
    **{
        f"status {code}": replies.error(code, ECHO)
        for code in (400, 401, 402, 403, 404, 413, 429, 500, 502, 503, 524)
    },
    "raw upstream body": replies.error(400, "x", metadata={"raw": ECHO}),
    "availability": replies.status(
        404,
        {
            "error": {
                "message": "x",
                "availability": {"code": KEY, "retryable": False, "excluded_by": [KEY]},
            }
        },
    ),
    "within 200": replies.error(400, ECHO, in_200=True),
    "html": replies.raw(f"<html>{ECHO}</html>".encode(), "text/html"),
    "html 404": replies.raw(f"<html>{ECHO}</html>".encode(), KEY, 404),
    "redirect": replies.redirect(f"https://elsewhere.test/?key={KEY}"),
    "foreign": replies.status(400, {"detail": ECHO}),
    "not JSON": replies.raw(f'{{"data": {KEY}'.encode()),
    "long before": replies.error(400, "x" * 480 + " " * 5000 + KEY),
}


@pytest.mark.parametrize("name", ECHOES)
def test_an_echoed_key_reaches_no_message_and_no_traceback(name: str, connect: Connect) -> None:
    with FakeApi(lambda _: ECHOES[name]) as api, pytest.raises(SemsearchError) as caught:
        connect(api.url).embed(TEXTS, "document")
    shown = "".join(traceback.format_exception(caught.value))
    for text in (caught.value.message, caught.value.hint, repr(caught.value), shown):
        assert KEY not in text
        assert KEY[:-8] not in text


@pytest.mark.parametrize(
    ("key", "echoed"),
    [
        ("an.unusual/key+of=ours", "an.unusual/key+of=ours"),
        (KEY, "sk-proj-somebody-elses-0123456789"),
    ],
)
def test_keys_of_any_form_and_of_anybody_are_masked(
    key: str, echoed: str, connect: Connect
) -> None:
    step = replies.error(400, f"bad key {echoed}!")
    with FakeApi(lambda _: step) as api, pytest.raises(SemsearchError) as caught:
        connect(api.url, key=Secret(key)).embed(TEXTS, "document")
    assert "bad key [key]!" in caught.value.message


def test_an_echoed_key_is_not_handed_on_as_a_name(connect: Connect) -> None:
    step = replies.ok(model=f"m-{KEY}", provider=KEY, id=KEY)
    with FakeApi([step]) as api:
        embedder = connect(api.url)
        reply = embedder.embed(TEXTS, "document")
    assert KEY not in repr((reply.model, reply.provider, reply.request_id, embedder.notices))


def test_neither_debug_logs_nor_the_objects_show_the_key(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.NOTSET)
    with FakeApi([replies.reset, replies.status(500)]) as api:
        embedder = connect(api.url)
        embedder.embed(TEXTS, "document")
    assert KEY not in caplog.text
    assert TEXTS[0] not in caplog.text
    assert KEY not in repr(embedder) + repr(embedder._config) + repr(embedder._service.server)


def test_a_key_is_never_pickled(connect: Connect) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY))


@pytest.mark.parametrize("key", ["sk or v1", "sk-or\n-v1", "ключ", "", "sk\x00"])
def test_a_key_with_odd_characters_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Secret(key)
    assert not key.strip() or key not in caught.value.message


def test_a_line_end_after_the_key_is_taken_off(connect: Connect) -> None:
    with FakeApi() as api:
        connect(api.url, key=Secret(KEY + "\n")).embed(TEXTS, "document")


HOSTILE = "\x1b]52;c;aGk=\x1b\\\x1b[2J\x9b6n\u202egnp.exe\u2066 [/red][@click=app.quit]x\r\n\x00"


@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 429, 500, 503])
def test_a_message_from_outside_cannot_drive_a_terminal(code: int, connect: Connect) -> None:
    step = replies.error(code, HOSTILE * 1000)
    with FakeApi(lambda _: step) as api, pytest.raises(SemsearchError) as caught:
        connect(api.url).embed(TEXTS, "document")
    for text in (caught.value.message, caught.value.hint):
        assert text == printable(text)
        assert len(text) < 800


def test_names_from_outside_cannot_either(connect: Connect) -> None:
    with FakeApi([replies.ok(model=HOSTILE, provider=HOSTILE, id=HOSTILE)]) as api:
        embedder = connect(api.url)
        reply = embedder.embed(TEXTS, "document")
    for text in (reply.model, reply.provider, reply.request_id, *embedder.notices):
        assert text == printable(text)


def hostile_row(exchange: Exchange) -> None:
    row = {
        "id": "acme/" + HOSTILE,
        "name": HOSTILE,
        "architecture": {"input_modalities": ["text", HOSTILE]},
        "pricing": {"prompt": "0.1e-7"},
    }
    exchange.send_json({"data": [row]})


def test_a_models_list_cannot_either(connect: Connect) -> None:
    with FakeApi(lambda _: hostile_row) as api:
        (row,) = connect(api.url).list_models()
    for text in (row.id, row.name, *row.modalities):
        assert text == printable(text)


# --- the models list and the key's status -----------------------------------------------------


def test_the_models_list_is_completed_from_the_catalog(connect: Connect) -> None:
    with FakeApi() as api:
        rows = {row.id: row for row in connect(api.url).list_models()}
        assert api.requests[0].path == "/api/v1/embeddings/models"
    small = rows["openai/text-embedding-3-small"]
    assert (small.dimensions, small.context_tokens) == (1536, 8192)
    assert small.usd_per_million_tokens == 0.02
    assert rows["acme/tiny"].dimensions is None


@pytest.mark.parametrize(
    "step",
    [
        replies.html(),
        replies.raw(b""),
        replies.raw(b'{"data":[{"id":1}]}'),
        replies.raw(b'{"data":' + b"[" * 100_000),
        replies.status(500),
        replies.status(404, text="no"),
        replies.reset,
    ],
)
def test_a_models_list_that_cannot_be_had_is_a_typed_error(step: Step, connect: Connect) -> None:
    with FakeApi(lambda _: step) as api:
        with pytest.raises(EmbeddingError):
            connect(api.url).list_models()
        assert len(api.requests) <= 3


def test_one_odd_row_does_not_hide_the_others(connect: Connect) -> None:
    with FakeApi(lambda _: odd_rows) as api:
        assert [row.id for row in connect(api.url).list_models()] == ["good/one", "dynamic/router"]


def odd_rows(exchange: Exchange) -> None:
    def row(name: str, prompt: str, **members: Any) -> dict[str, Any]:
        return {"id": name, "architecture": {}, "pricing": {"prompt": prompt}, **members}

    chat = {"architecture": {"output_modalities": ["text"]}}
    exchange.send_json(
        {
            "data": [
                {"id": "no/pricing"},
                row("good/one", "0.00000002", novelty=1),
                row("dynamic/router", "-1"),
                row("chat/model", "0.1", **chat),
                17,
            ]
        }
    )


def test_other_servers_lists_need_only_ids(connect: Connect) -> None:
    body = {"object": "list", "data": [{"id": "bge-m3", "object": "model", "owned_by": "me"}]}
    with FakeApi(lambda _: replies.status(200, body), prefix="/v1") as api:
        (row,) = connect(api.url, "bge-m3", profile="vllm").list_models()
        assert api.requests[0].path == "/v1/models"
    assert (row.id, row.dimensions, row.context_tokens) == ("bge-m3", 1024, 8192)


def test_a_proxy_with_only_the_general_list_is_asked_for_that(connect: Connect) -> None:
    def pick(received: Received) -> Step | None:
        return replies.html(404) if received.path.endswith("/embeddings/models") else None

    with FakeApi(pick) as api:
        rows = connect(api.url).list_models()
        assert api.requests[1].path == "/api/v1/models?output_modalities=embeddings"
    assert rows[0].usd_per_million_tokens == 0.02


def test_a_server_without_a_list_says_so(connect: Connect) -> None:
    with pytest.raises(EmbeddingError, match="no list of models"):
        connect("https://api.voyageai.com/v1", "voyage-4").list_models()


def test_the_keys_status_is_read(connect: Connect) -> None:
    with FakeApi() as api:
        status = connect(api.url).key_status()
        assert api.requests[0].path == "/api/v1/key"
    assert (status.limit_usd, status.remaining_usd, status.free_tier) == (100, 100, False)


def test_no_application_is_named_unless_asked(connect: Connect) -> None:
    with FakeApi() as api:
        connect(api.url, attribution=ADDRESS).embed(TEXTS, "document")
        assert "http-referer" not in api.requests[0].headers, "only OpenRouter is told"
    told = connect("https://openrouter.ai/api/v1", attribution=ADDRESS)._service._headers
    untold = connect("https://openrouter.ai/api/v1")._service._headers
    assert set(told) - set(untold) == {"HTTP-Referer", "X-OpenRouter-Title"}
    assert told["HTTP-Referer"] == ADDRESS


# --- fuzz -------------------------------------------------------------------------------------


def mutated(body: bytes, chance: random.Random) -> bytes:
    """A reply with a few bytes changed, cut, doubled or swapped for tokens of JSON."""
    data = bytearray(body)
    tokens = [b"null", b"[", b"]", b"{", b"}", b",", b"1e999", b"-0", b'"', b"\\u0000", b"9" * 400]
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                data[at:at] = chance.choice(tokens)
            case 3:
                data[at:at] = data[at : at + chance.randint(1, 200)]
    return bytes(data)


@pytest.mark.parametrize("base64", [True, False])
def test_no_mutated_reply_gives_a_vector_that_is_not_one(base64: bool) -> None:
    chance = random.Random(20261122)
    with FakeApi() as api:
        request = {"model": "acme/tiny", "dimensions": 8}
        body = json.dumps(api.answer(request, ["a b", "c", "d e f"], base64=base64)).encode()
    survived = 0
    for _ in range(3000):
        try:
            reply = decode_reply(mutated(body, chance), 3)
        except MalformedReply:
            continue
        if not isinstance(reply, Reply):
            continue
        survived += 1
        assert len(reply.vectors) == 3
        for position, vector in enumerate(reply.vectors):
            assert (vector is None) == (position in reply.faults)
            if vector is not None:
                gate(vector, reply.dimensions)
    assert survived > 100, "a fuzz that never gets through proves little"


def test_no_mutated_error_breaks_its_reader() -> None:
    chance = random.Random(7)
    body = json.dumps(
        {
            "error": {
                "code": 429,
                "message": "m",
                "metadata": {
                    "raw": '{"error":{"message":"inner"}}',
                    "headers": {"X-RateLimit-Reset": "1"},
                    "reasons": ["x"],
                },
                "availability": {"code": "c", "retryable": True, "excluded_by": ["a"]},
            }
        }
    ).encode()
    read = sum(parse_error(mutated(body, chance)) is not None for _ in range(3000))
    assert read > 150


def test_a_batch_survives_bad_vectors(connect: Connect) -> None:
    """Vectors of a reply that is partly unusable are kept, the rest is asked for again."""

    def spoil(data: list[dict[str, Any]]) -> None:
        data[0]["embedding"] = None
        data[3]["embedding"][5] = None

    texts = [f"text number {number}" for number in range(5)]
    with FakeApi([replies.edited(spoil)]) as api:
        embedder = connect(api.url)
        result = embed_resilient(embedder, texts, "document")
        assert [len(request.inputs) for request in api.requests] == [5, 2]
        assert result.cost_usd == pytest.approx(api.spent_usd)
    assert all(isinstance(outcome, bytes) for outcome in result.outcomes)
