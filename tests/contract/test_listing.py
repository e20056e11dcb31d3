"""Models lists of servers people run themselves: asked at the routes that tell sizes and kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from semsearch.embed import catalog
from semsearch.errors import EmbeddingError
from semsearch.records import ModelInfo
from tests.fakes.api_server import FakeApi

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.conftest import Connect
    from tests.fakes.http_server import Exchange, Received
    from tests.fakes.replies import Step

    Routes = dict[tuple[str, str], object]

NOMIC = {"id": "text-embedding-nomic-embed-text-v1.5", "type": "embeddings"}


def routes(answers: Routes) -> Callable[[Received], Step | None]:
    """A server with these routes and no others; a callable is given the request's body."""

    def pick(received: Received) -> Step | None:
        def step(exchange: Exchange) -> None:
            answer = answers.get((received.method, received.path))
            if callable(answer):
                answer = answer(received.json)
            if answer is None:
                exchange.send(404, b"<html>Not here</html>", {"Content-Type": "text/html"})
            else:
                exchange.send_json(answer)

        return step

    return pick


def listed(connect: Connect, profile: str, answers: Routes) -> list[ModelInfo]:
    with FakeApi(routes(answers), prefix="/v1") as api:
        return connect(api.url, profile=profile).list_models()


def test_ollama_is_asked_what_each_of_its_models_is_for(connect: Connect) -> None:
    shown: dict[str, Any] = {
        "nomic-embed-text:latest": {
            "capabilities": ["embedding"],
            "model_info": {
                "general.architecture": "nomic-bert",
                "nomic-bert.embedding_length": 768,
                "nomic-bert.context_length": 2048,
            },
        },
        "gemma4": {"capabilities": ["completion"], "model_info": {}},
        "old-bert": {"model_info": {"general.architecture": "bert", "bert.embedding_length": 384}},
        "old-llama": {"model_info": {"general.architecture": "llama"}},
    }
    rows = listed(
        connect,
        "ollama",
        {
            ("GET", "/api/tags"): {"models": [{"name": name} for name in shown]},
            ("POST", "/api/show"): lambda body: shown[body["model"]],
        },
    )
    assert {row.id: (row.dimensions, row.context_tokens) for row in rows} == {
        "nomic-embed-text:latest": (768, 2048),
        "old-bert": (384, None),
    }
    assert {row.usd_per_million_tokens for row in rows} == {0.0}


def test_lm_studio_is_asked_at_its_own_list(connect: Connect) -> None:
    rows = listed(
        connect,
        "lmstudio",
        {
            ("GET", "/api/v0/models"): {
                "data": [{"id": "chat", "type": "llm"}, {**NOMIC, "max_context_length": 2048}]
            }
        },
    )
    assert [(row.id, row.context_tokens) for row in rows] == [(NOMIC["id"], 2048)]


@pytest.mark.parametrize("profile", ["ollama", "lmstudio"])
def test_without_their_own_routes_the_common_list_is_read(connect: Connect, profile: str) -> None:
    common = {"data": [{"id": "chat-7b"}, {"id": NOMIC["id"]}]}
    rows = listed(connect, profile, {("GET", "/v1/models"): common})
    assert [row.id for row in rows] == [NOMIC["id"]]


def test_tei_tells_of_the_one_model_it_serves(connect: Connect) -> None:
    info = {
        "model_id": "BAAI/bge-large-en-v1.5",
        "model_type": {"embedding": {"pooling": "cls"}},
        "max_input_length": 400,
        "max_client_batch_size": 32,
    }
    (row,) = listed(connect, "tei", {("GET", "/info"): info})
    assert (row.id, row.dimensions, row.context_tokens) == ("BAAI/bge-large-en-v1.5", 1024, 400)
    assert (row.max_inputs, row.usd_per_million_tokens) == (32, 0.0)


def test_llama_cpp_and_infinity_add_what_they_know(connect: Connect) -> None:
    meta = {"n_embd": 1024, "n_ctx_train": 8192}
    (row,) = listed(
        connect, "llamacpp", {("GET", "/v1/models"): {"data": [{"id": "x.gguf", "meta": meta}]}}
    )
    assert (row.dimensions, row.context_tokens) == (1024, 8192)
    both = [{"id": "a", "capabilities": ["embed"]}, {"id": "b", "capabilities": ["rerank"]}]
    rows = listed(connect, "infinity", {("GET", "/v1/models"): {"data": both}})
    assert [one.id for one in rows] == ["a"]


def test_among_chat_models_those_that_embed_are_shown(connect: Connect) -> None:
    ids = ["gpt-5", "text-embedding-3-small", "whisper-1", "text-embedding-ada-002"]
    answers: Routes = {("GET", "/v1/models"): {"data": [{"id": name} for name in ids]}}
    rows = listed(connect, "openai", answers)
    assert [row.id for row in rows] == [ids[1], ids[3]]
    assert rows[0].usd_per_million_tokens == 0.02
    unknown: Routes = {("GET", "/v1/models"): {"data": [{"id": "mine"}]}}
    assert [row.id for row in listed(connect, "generic", unknown)] == ["mine"]


@pytest.mark.parametrize(
    ("profile", "answers"),
    [
        ("tei", {("GET", "/info"): {"model_id": 7}}),
        ("lmstudio", {("GET", "/api/v0/models"): {"data": 3}, ("GET", "/v1/models"): {}}),
        ("ollama", {("GET", "/api/tags"): [], ("GET", "/v1/models"): []}),
        ("ollama", {}),
    ],
)
def test_nonsense_is_a_typed_error(connect: Connect, profile: str, answers: Routes) -> None:
    with pytest.raises(EmbeddingError):
        listed(connect, profile, answers)


def test_what_stands_in_for_a_list_has_the_names_of_that_server() -> None:
    assert "voyage-4" in {row.id for row in catalog.known_models("voyage")}
    assert "nomic-embed-text" in {row.id for row in catalog.known_models("ollama")}
    assert catalog.known_models("vllm") == []
    assert len(catalog.known_models()) == len(catalog.ENTRIES)
