"""Profiles of servers, the table of models, and the space they make together."""

from __future__ import annotations

import pytest

from semsearch.embed import catalog
from semsearch.embed.config import ApiConfig, space_key
from semsearch.embed.profiles import PROFILES, profile_for
from semsearch.errors import SettingsError
from semsearch.records import ModelInfo, SpaceKey
from semsearch.settings import PROFILES as SETTING_CHOICES


def test_profiles_are_those_the_setting_offers() -> None:
    assert {"auto", *PROFILES} == set(SETTING_CHOICES)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://eu.openrouter.ai/api/v1", "openrouter"),
        ("http://127.0.0.1:8000/api/v1", "openrouter"),
        ("https://gateway.test/llm/api/v1", "openrouter"),
        ("https://api.openai.com/v1", "openai"),
        ("http://localhost:11434/v1", "ollama"),
        ("http://localhost:1234/v1", "lmstudio"),
        ("http://localhost:8080/v1", "llamacpp"),
        ("http://127.0.0.1:8000/v1", "vllm"),
        ("http://[::1]:7997", "infinity"),
        ("http://localhost:4000/v1", "litellm"),
        ("https://api.voyageai.com/v1", "voyage"),
        ("https://ai.mongodb.com/v1", "voyage"),
        ("https://api.cohere.ai/compatibility/v1", "cohere"),
        ("https://api.jina.ai/v1", "jina"),
        ("https://api.mistral.ai/v1", "mistral"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "gemini"),
        ("https://elsewhere.test:11434/v1", "generic"),
        ("http://localhost:5000/v1", "generic"),
    ],
)
def test_the_address_speaks_for_the_dialect(url: str, name: str) -> None:
    assert profile_for(url).name == name
    assert profile_for(url, "tei").name == "tei", "unless one is named"


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(SettingsError, match="openrooter"):
        profile_for("https://a.test/v1", "openrooter")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("openai/text-embedding-3-small", "openai/text-embedding-3-small"),
        ("text-embedding-3-small", "openai/text-embedding-3-small"),
        ("Qwen/Qwen3-Embedding-8B", "qwen/qwen3-embedding-8b"),
        ("qwen3-embedding:0.6b", "qwen/qwen3-embedding-0.6b"),
        ("nvidia/nemotron-3-embed-1b:free", "nvidia/nemotron-3-embed-1b"),
        ("private/openrouter/nvidia/nemotron-3-embed-1b", "nvidia/nemotron-3-embed-1b"),
        ("google/gemini-embedding-2:batch", "google/gemini-embedding-2"),
        ("mistral-embed", "mistralai/mistral-embed-2312"),
        ("BAAI/bge-m3", "baai/bge-m3"),
        ("nomic-embed-text:latest", "nomic-embed-text"),
        ("nomic-ai/nomic-embed-text-v1.5", "nomic-embed-text"),
        ("all-minilm", "all-minilm"),
        ("embeddinggemma:300m", "embeddinggemma"),
    ],
)
def test_a_model_is_found_under_its_many_names(name: str, found: str) -> None:
    entry = catalog.lookup(name)
    assert entry is not None
    assert entry.id == found


@pytest.mark.parametrize("name", ["", "acme/tiny", "qwen/qwen3-32b", "embedding", "/", ":free"])
def test_a_model_nobody_knows_is_not_found(name: str) -> None:
    assert catalog.lookup(name) is None


def test_no_two_entries_share_a_name() -> None:
    names = [entry.id for entry in (*catalog.ENTRIES, *catalog.LOCAL_ENTRIES)]
    names += [entry.id.rsplit("/", 1)[-1] for entry in catalog.ENTRIES if "/" in entry.id]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("entry", catalog.ENTRIES, ids=lambda entry: str(entry.id))
def test_every_entry_is_consistent(entry: catalog.Entry) -> None:
    assert 0 < entry.dimensions <= 8192
    assert 0 < entry.shortest <= entry.dimensions or not entry.shortest
    assert bool(entry.usual) <= bool(entry.shortest)
    assert entry.dimensions not in entry.usual
    assert all(size >= entry.shortest for size in entry.usual)
    assert 0 < entry.alpha < 1


def test_only_matryoshka_models_are_cut() -> None:
    small = catalog.lookup("openai/text-embedding-3-small")
    ada = catalog.lookup("openai/text-embedding-ada-002")
    gemini = catalog.lookup("google/gemini-embedding-001")
    assert small is not None
    assert ada is not None
    assert gemini is not None
    assert small.can_shorten_to(256)
    assert not small.can_shorten_to(1536), "that is its own size"
    assert not small.can_shorten_to(2048)
    assert not ada.can_shorten_to(256)
    assert not gemini.can_shorten_to(64)


def test_the_weight_of_meaning_follows_the_class_of_model() -> None:
    assert catalog.fusion_alpha("openai/text-embedding-3-small") == 0.6
    assert catalog.fusion_alpha("sentence-transformers/all-minilm-l6-v2") == 0.5
    assert catalog.fusion_alpha("who/knows") == 0.6


@pytest.mark.parametrize(
    ("asked", "served", "same"),
    [
        ("qwen/qwen3-embedding-8b", "Qwen/Qwen3-Embedding-8B", True),
        ("nvidia/x-1b:free", "private/openrouter/nvidia/x-1b", True),
        ("google/gemini-embedding-001", "gemini-embedding-001", True),
        ("bge-m3", "/models/bge-m3.gguf", True),
        ("a/b", "", True),
        ("openai/text-embedding-3-small", "openai/text-embedding-3-large", False),
        ("voyageai/voyage-4", "voyageai/voyage-4-lite", False),
        ("acme/tiny", "vendor/other", False),
    ],
)
def test_an_echoed_name_is_told_from_another_model(asked: str, served: str, same: bool) -> None:
    assert catalog.same_model(asked, served) is same


def test_a_listing_is_completed_and_its_context_not_believed() -> None:
    row = ModelInfo(
        "google/gemini-embedding-001", context_tokens=20_000, usd_per_million_tokens=0.2
    )
    full = catalog.complete(row)
    assert full.context_tokens == 2048
    assert full.usd_per_million_tokens == 0.2
    assert (full.dimensions, full.max_inputs) == (3072, 100)
    assert full.matryoshka == (768, 1536)
    unknown = ModelInfo("acme/tiny", context_tokens=5)
    assert catalog.complete(unknown) == unknown


def test_free_is_free_only_under_its_name() -> None:
    free, paid = (
        catalog.complete(ModelInfo(f"nvidia/nemotron-3-embed-1b{end}")) for end in (":free", "")
    )
    assert free.usd_per_million_tokens == 0
    assert paid.usd_per_million_tokens is None


def test_the_built_in_list_stands_in_for_the_servers() -> None:
    rows = {row.id: row for row in catalog.known_models()}
    assert rows["openai/text-embedding-3-small"].usd_per_million_tokens == 0.02
    assert rows["google/gemini-embedding-2"].modalities == ("text", "image")
    assert len(rows) == len(catalog.ENTRIES)


@pytest.mark.parametrize(
    ("config", "dimensions", "forms"),
    [
        (
            ApiConfig("https://openrouter.ai/api/v1/", "openai/text-embedding-3-small"),
            1536,
            ("input_type=search_document", "input_type=search_query"),
        ),
        (
            ApiConfig("https://openrouter.ai/api/v1", "intfloat/e5-base-v2"),
            768,
            (
                "input_type=search_document; template=passage: {text}",
                "input_type=search_query; template=query: {text}",
            ),
        ),
        (
            ApiConfig("http://localhost:11434/v1", "nomic-embed-text"),
            768,
            ("template=search_document: {text}", "template=search_query: {text}"),
        ),
        (
            ApiConfig("http://localhost:11434/v1", "acme/tiny"),
            0,
            ("plain", "plain"),
        ),
        (
            ApiConfig("https://api.jina.ai/v1", "jina-embeddings-v4", dimensions=512),
            512,
            ("task=retrieval.passage", "task=retrieval.query"),
        ),
        (
            ApiConfig("https://a.test/v1", "acme/tiny", known_dimensions=77),
            77,
            ("plain", "plain"),
        ),
    ],
)
def test_the_space_names_server_size_and_forms(
    config: ApiConfig, dimensions: int, forms: tuple[str, str]
) -> None:
    endpoint = config.base_url.rstrip("/")
    assert space_key(config) == SpaceKey(endpoint, config.model, dimensions, *forms)
