"""Requests of other servers' dialects, templates, and limits learned on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from semsearch.embed.catalog import lookup
from semsearch.embed.client import ApiEmbedder
from semsearch.embed.config import ApiConfig
from semsearch.embed.dialect import Dialect, Limits
from semsearch.embed.faults import Fault
from semsearch.embed.profiles import GENERIC
from semsearch.embed.retry import Controller
from semsearch.embed.width import Width
from semsearch.errors import EmbeddingError, ModelUnavailable, RequestRefused, SettingsError
from tests.fakes import replies
from tests.fakes.api_server import FakeApi
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from semsearch.records import Purpose


def opened(url: str, model: str, **config: Any) -> ApiEmbedder:
    controller = Controller("server", 4, clock=FakeClock())
    return ApiEmbedder(ApiConfig(url, model, **config), controller=controller)


def sent(purpose: Purpose, model: str, profile: str, **config: Any) -> dict[str, Any]:
    """The body a server of this profile gets for one text."""
    with FakeApi(models=None, key=None, strict=False, prefix="/v1") as api:
        embedder = opened(api.url, model, profile=profile, **config)
        embedder.embed(["words"], purpose)
        embedder.close()
        return api.requests[0].json


def test_every_profile_sends_what_its_server_knows() -> None:
    routing = {"provider": {"data_collection": "deny"}, "user": "me", "dimensions": 32}
    common = {"model": "acme/tiny", "input": ["words"]}
    full = common | {"dimensions": 32, "encoding_format": "base64"}
    expected = {
        "openrouter": full
        | {"input_type": "search_query", "user": "me", "provider": {"data_collection": "deny"}},
        "openai": full | {"user": "me"},
        "ollama": full,
        "lmstudio": full,
        "vllm": full | {"user": "me"},
        "tei": full,
        "infinity": full,
        "litellm": full | {"user": "me"},
        "generic": full | {"user": "me"},
        "voyage": common
        | {"output_dimension": 32, "encoding_format": "base64", "input_type": "query"},
        "jina": common | {"dimensions": 32, "embedding_type": "base64", "task": "retrieval.query"},
        "mistral": common | {"output_dimension": 32, "encoding_format": "base64"},
        "gemini": common | {"dimensions": 32},
    }
    assert {name: sent("query", "acme/tiny", name, **routing) for name in expected} == expected


@pytest.mark.parametrize("profile", ["llamacpp", "cohere"])
def test_a_server_without_sizes_is_not_asked_for_one(profile: str) -> None:
    body = sent("document", "acme/tiny", profile, dimensions=64)
    assert body == {"model": "acme/tiny", "input": ["words"], "encoding_format": "base64"}


@pytest.mark.parametrize(
    ("model", "document", "query"),
    [
        ("intfloat/e5-base-v2", "passage: words", "query: words"),
        (
            "google/gemini-embedding-2",
            "title: none | text: words",
            "task: search result | query: words",
        ),
        (
            "Qwen/Qwen3-Embedding-0.6B",
            "words",
            "Instruct: Given a web search query, retrieve relevant passages that answer the "
            "query\nQuery:words",
        ),
        ("openai/text-embedding-3-small", "words", "words"),
    ],
)
def test_a_model_gets_the_template_it_was_trained_with(
    model: str, document: str, query: str
) -> None:
    assert sent("document", model, "generic")["input"] == [document]
    assert sent("query", model, "generic")["input"] == [query]


def test_members_come_in_the_same_order_always() -> None:
    """A response cache in front of the API keys on the bytes of the body."""
    body = sent("query", "acme/tiny", "openrouter", dimensions=8, user="me", provider={"zdr": True})
    assert list(body) == [
        *("model", "input", "dimensions", "encoding_format", "input_type", "provider", "user")
    ]


def test_extra_members_are_passed_on_but_never_ours() -> None:
    assert sent("query", "m", "vllm", extra={"truncate_prompt_tokens": -1}) == {
        "model": "m",
        "input": ["words"],
        "encoding_format": "base64",
        "truncate_prompt_tokens": -1,
    }
    for name in ("model", "input", "dimensions", "encoding_format"):
        with pytest.raises(SettingsError, match=name):
            opened("https://a.test/v1", "m", extra={name: 1})
    with pytest.raises(SettingsError, match="input_type"):
        opened("https://openrouter.ai/api/v1", "m", extra={"input_type": "x"})


def test_a_model_must_be_named() -> None:
    with pytest.raises(SettingsError):
        opened("https://a.test/v1", " ")


def test_a_lone_surrogate_is_sent_as_a_replacement_character() -> None:
    with FakeApi(models=None, key=None) as api:
        embedder = opened(api.url, "m")
        embedder.embed(["a\ud800b"], "document")
        embedder.close()
        assert api.requests[0].json["input"] == ["a\ufffdb"]


@pytest.mark.parametrize("texts", [[], [""], ["words", " \n"]])
def test_an_empty_text_is_refused_here(texts: list[str]) -> None:
    with FakeApi(models=None, key=None) as api:
        with pytest.raises(RequestRefused):
            opened(api.url, "m").embed(texts, "document")
        assert not api.requests


def test_a_worker_sends_again_what_another_has_learned_to_leave_out() -> None:
    dialect = Dialect(GENERIC, None, "m", 32)
    before = dialect.shape
    refusal = Fault(RequestRefused("dimensions: unsupported", status=400))
    assert dialect.learn(refusal, before)
    assert dialect.learn(refusal, before), "this one was in flight meanwhile"
    assert not dialect.learn(refusal, dialect.shape)
    assert dialect.notices == ("dimensions is refused; no longer sent.",)


@pytest.mark.parametrize("came", [512, 3072, 128])
def test_only_a_native_vector_is_cut(came: int) -> None:
    entry = lookup("openai/text-embedding-3-small")
    width = Width("a.test", "m", 256, 0, entry)
    with pytest.raises(ModelUnavailable):
        width.fit([bytes(4 * came)], came)
    assert width.fit([bytes(4 * 1536), None], 1536) == ([bytes(4 * 256), None], 256)


# --- limits -----------------------------------------------------------------------------------


def test_limits_begin_with_the_tightest_that_is_known() -> None:
    def limit(url: str, model: str, **config: Any) -> int:
        return opened(url, model, **config).max_inputs

    openrouter = "https://openrouter.ai/api/v1"
    assert limit(openrouter, "acme/tiny") == 64
    assert limit(openrouter, "acme/tiny", batch_inputs=10) == 10
    assert limit(openrouter, "liquid/lfm-2.5-embedding-350m:free") == 16
    assert limit(openrouter, "google/gemini-embedding-001", batch_inputs=500) == 100
    assert limit("https://a.test/v1", "m", profile="tei") == 32
    assert opened(openrouter, "acme/tiny").max_tokens == 60_000


def too_large(status: int = 413, message: str = "payload too large") -> Fault:
    return Fault(RequestRefused(message, status=status))


@pytest.mark.parametrize(
    "fault",
    [
        too_large(),
        too_large(422, "batch size 64 > maximum allowed batch size 32"),
        too_large(400, "BatchEmbedContentsRequest.requests: at most 100 requests can be in one"),
        too_large(400, "'$.input' is invalid: array length 64 exceeds 32"),
    ],
)
def test_a_batch_found_too_large_halves_the_limits(fault: Fault) -> None:
    limits = Limits(64, 1000)
    limits.refused(fault, 64, 800)
    assert (limits.inputs, limits.tokens) == (32, 400)
    limits.refused(fault, 32, 400)
    assert (limits.inputs, limits.tokens) == (16, 200)


@pytest.mark.parametrize(
    "fault",
    [
        too_large(400, "input 3 is longer than the context"),
        Fault(EmbeddingError("busy", status=429)),
    ],
)
def test_other_refusals_leave_the_limits_alone(fault: Fault) -> None:
    limits = Limits(64, 1000)
    limits.refused(fault, 64, 800)
    assert (limits.inputs, limits.tokens) == (64, 1000)


def test_a_size_that_went_through_is_never_given_up() -> None:
    """One over-long text makes every batch it is in too large, down to itself alone."""
    limits = Limits(64, 100_000)
    limits.accepted(32, 5_000)
    for inputs in (64, 32, 16, 8, 4, 2, 1):
        limits.refused(too_large(), inputs, 200 * inputs)
    assert limits.inputs == 32
    assert limits.tokens == 5_000


def test_limits_never_exceed_what_is_configured() -> None:
    limits = Limits(8, 100)
    limits.accepted(20, 1000)
    assert (limits.inputs, limits.tokens) == (8, 100)


def test_a_413_is_remembered_by_the_embedder() -> None:
    def pick(received: Any) -> Any:
        return replies.status(413) if len(received.inputs) > 10 else None

    with FakeApi(pick, models=None, key=None) as api:
        embedder = opened(api.url, "m")
        with pytest.raises(RequestRefused):
            embedder.embed(["text"] * 64, "document")
        assert embedder.max_inputs == 32
        embedder.close()


def test_a_413_does_not_undercut_what_went_through() -> None:
    def pick(received: Any) -> Any:
        return replies.status(413) if "far too long" in received.inputs else None

    with FakeApi(pick, models=None, key=None) as api:
        embedder = opened(api.url, "m")
        embedder.embed(["text"] * 40, "document")
        with pytest.raises(RequestRefused):
            embedder.embed(["far too long", *["text"] * 63], "document")
        assert embedder.max_inputs == 40
        embedder.close()
