"""The rerank endpoint: right score on right text, every fault of the wire, other servers' forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from semsearch.embed.config import ApiConfig
from semsearch.embed.endpoints import host_of
from semsearch.embed.reranker import ApiReranker, Scores
from semsearch.embed.retry import Controller
from semsearch.embed.wire.rerank import RerankReply, decode_rerank
from semsearch.errors import AccessError, EmbeddingError, MalformedReply, ModelUnavailable
from semsearch.keys import Secret
from tests.fakes import replies
from tests.fakes.api_server import KEY, RERANK_MODEL, FakeApi
from tests.fakes.clock import FakeClock
from tests.fakes.rerank import USD_PER_CALL, edited, relevance

if TYPE_CHECKING:
    from tests.fakes.replies import Step

SCHEMA = json.loads((Path(__file__).parent / "rerank.schema.json").read_text("utf-8"))
TEXTS = ["bread and salt", "a dense loaf of bread", "bicycle chain"]


def score(url: str, query: str = "dense loaf", texts: list[str] = TEXTS, **config: Any) -> Scores:
    """What a client of its own gets for the texts."""
    config.setdefault("key", Secret(KEY))
    controller = Controller(host_of(url), clock=FakeClock(), chance=lambda: 1.0)
    reranker = ApiReranker(ApiConfig(url, RERANK_MODEL, **config), controller=controller)
    try:
        return reranker.score(query, texts)
    finally:
        reranker.close()


def scores_of(*script: Step, **config: Any) -> tuple[Scores, FakeApi]:
    """The scores, and the server when it is done."""
    with FakeApi(script) as api:
        found = score(api.url, **config)
    assert not api.violations
    return found, api


def test_each_text_gets_its_own_score_whatever_the_order_of_the_reply() -> None:
    found, api = scores_of()
    assert found.scores == tuple(relevance("dense loaf", text) for text in TEXTS)
    assert max(found.scores, key=lambda score: score or 0) == found.scores[1]
    assert (found.cost_usd, api.spent_usd, found.requests) == (USD_PER_CALL, USD_PER_CALL, 1)
    assert (found.provider, found.request_id[:10]) == ("Fake", "gen-rerank")
    sent = api.requests[-1].json
    assert sent["documents"] == TEXTS
    assert sent["top_n"] == 3


def test_routing_preferences_go_along_where_they_are_understood() -> None:
    _, api = scores_of(provider={"data_collection": "deny"})
    assert api.requests[-1].json["provider"] == {"data_collection": "deny"}


@pytest.mark.parametrize("example", SCHEMA["$defs"]["RerankResponse"]["examples"])
def test_a_response_example_is_read(example: dict[str, Any]) -> None:
    reply = decode_rerank(json.dumps(example).encode(), len(example["results"]))
    assert isinstance(reply, RerankReply)
    for result in example["results"]:
        assert reply.scores[result["index"]] == result["relevance_score"]


@pytest.mark.parametrize(
    "body",
    [
        [{"index": 1, "score": 0.5}, {"index": 0, "score": 2}],
        {"data": [{"index": 1, "relevance_score": 0.5}, {"index": 0, "relevance_score": 2}]},
    ],
    ids=["tei", "voyage"],
)
def test_other_servers_forms_are_read(body: object) -> None:
    reply = decode_rerank(json.dumps(body).encode(), 2)
    assert isinstance(reply, RerankReply)
    assert reply.scores == (2.0, 0.5)


@pytest.mark.parametrize(
    "edit",
    [
        lambda body: body["results"][0].update(index=3),
        lambda body: body["results"][0].update(index=-1),
        lambda body: body["results"][0].update(index=True),
        lambda body: body["results"][0].update(index=None),
        lambda body: body["results"][0].update(index=body["results"][1]["index"]),
        lambda body: body["results"][0].update(relevance_score="high"),
        lambda body: body["results"][0].update(relevance_score=None),
        lambda body: body["results"][0].update(relevance_score=10**400),
        lambda body: body["results"].clear(),
        lambda body: body["results"].__setitem__(0, 7),
        lambda body: body.update(results="none"),
    ],
)
def test_a_reply_that_breaks_the_contract_gives_no_score_and_counts_its_cost(edit: Any) -> None:
    with FakeApi([edited(edit)] * 3) as api, pytest.raises(MalformedReply) as caught:
        score(api.url)
    assert caught.value.cost_usd == pytest.approx(api.spent_usd)
    assert caught.value.requests == 3


def test_a_reply_may_leave_texts_out() -> None:
    found, _ = scores_of(edited(lambda body: body["results"].pop()))
    assert sum(score is None for score in found.scores) == 1


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (replies.status(401), AccessError),
        (replies.status(402), AccessError),
        (replies.status(403), AccessError),
        (replies.error(400, "acme/none is not a valid model ID"), ModelUnavailable),
        (replies.error(404, "No endpoints found", in_200=True), ModelUnavailable),
        (replies.status(413), EmbeddingError),
        (replies.status(500), EmbeddingError),
        (replies.status(529), EmbeddingError),
        (replies.html(), EmbeddingError),
        (replies.raw(b""), EmbeddingError),
        (replies.raw(b"[" * 100_000), EmbeddingError),
        (replies.half_body, EmbeddingError),
        (replies.reset, EmbeddingError),
        (replies.endless, EmbeddingError),
        (replies.redirect("https://elsewhere.example/"), EmbeddingError),
    ],
)
def test_every_failure_is_told_as_it_is_for_embeddings(step: Step, kind: type[Exception]) -> None:
    half = replies.raw(b'{"results": [') if step is replies.half_body else step
    with FakeApi([half] * 6) as api, pytest.raises(kind) as caught:
        score(api.url)
    assert KEY not in str(caught.value)


def test_a_passing_failure_is_tried_again() -> None:
    found, api = scores_of(replies.status(502), replies.close)
    assert found.requests == 3
    assert api.rerank_calls == 1


@pytest.mark.parametrize("profile", ["openai", "ollama", "lmstudio", "mistral", "gemini"])
def test_a_server_without_the_endpoint_is_not_asked(profile: str) -> None:
    with FakeApi() as api, pytest.raises(EmbeddingError, match="offers no reranking"):
        score(api.url, profile=profile)
    assert api.requests == []


def test_a_server_that_turns_out_not_to_have_it_is_said() -> None:
    with FakeApi([replies.html(404)]) as api, pytest.raises(EmbeddingError) as caught:
        score(api.url)
    assert caught.value.code == "api.no_rerank"


def test_tei_is_asked_below_the_host_in_its_own_words() -> None:
    def tei(exchange: Any) -> None:
        rows = range(len(exchange.received.json["texts"]))
        exchange.send_json([{"index": row, "score": -row} for row in rows])

    with FakeApi([tei], prefix="/v1", strict=False) as api:
        found = score(api.url, profile="tei")
    assert api.requests[-1].path == "/rerank"
    assert found.scores == (0.0, -1.0, -2.0)


@pytest.mark.parametrize(("query", "texts"), [("", ["a"]), ("q", []), ("q", ["a", " "])])
def test_what_no_server_takes_is_not_sent(query: str, texts: list[str]) -> None:
    with FakeApi() as api, pytest.raises(ValueError, match="texts"):
        score(api.url, query, texts)
    assert api.requests == []
