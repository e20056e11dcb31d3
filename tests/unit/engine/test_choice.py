"""Which model is used follows one rule, and which key goes where another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semsearch import keys, settings
from semsearch.embed.local import open_local
from semsearch.engine import choice as choices
from semsearch.errors import EmbeddingError, SettingsError
from semsearch.records import SpaceKey
from semsearch.store import open_index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from semsearch.protocols import Embedder
    from semsearch.records import Space
    from semsearch.settings import Settings
    from semsearch.store import SqliteStore

KEY = "sk-or-v1-0123456789abcdef"
OTHER = "other-key-0123456789"


def resolved(environment: dict[str, str], **flags: settings.Value) -> Settings:
    named = {name.replace("_", ".", 1): value for name, value in flags.items()}
    return settings.load(environment=environment, flags=named)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = open_index(str(tmp_path / "index.db"), create=True)
    yield opened
    opened.close()


def activate(store: SqliteStore, endpoint: str, model: str, dimensions: int = 8) -> None:
    space = store.ensure_space(SpaceKey(endpoint, model, dimensions, "a", "b"), 0.5)
    store.activate_space(space.id)


def test_without_a_key_the_embedded_model_is_used() -> None:
    chosen = choices.choose(resolved({}), None)
    assert (chosen.model, chosen.local) == (choices.EMBEDDED_MODEL, True)


def test_with_a_key_the_default_api_model_is_used() -> None:
    chosen = choices.choose(resolved({"OPENROUTER_API_KEY": KEY}), None)
    assert (chosen.model, chosen.endpoint) == (
        choices.DEFAULT_API_MODEL,
        "https://openrouter.ai/api/v1",
    )


def test_offline_a_key_changes_nothing() -> None:
    assert choices.choose(resolved({"OPENROUTER_API_KEY": KEY}, offline=True), None).local


def test_a_named_model_wins_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[model]\nname = 'in/file'\n")
    path = str(tmp_path / "c.toml")
    environment = {"SEMSEARCH_MODEL": "in/environment"}
    flags: dict[str, settings.Value] = {"model.name": "in/flag"}
    assert choices.choose(settings.load(environment={}, config_path=path), None).model == "in/file"
    both = settings.load(environment=environment, config_path=path)
    assert choices.choose(both, None).model == "in/environment"
    all_three = settings.load(environment=environment, config_path=path, flags=flags)
    assert choices.choose(all_three, None).model == "in/flag"


def test_an_index_keeps_its_model_when_a_key_or_a_setting_comes_later(
    store: SqliteStore, tmp_path: Path
) -> None:
    activate(store, "local", choices.EMBEDDED_MODEL)
    assert choices.choose(resolved({"OPENROUTER_API_KEY": KEY}), store).local
    (tmp_path / "c.toml").write_text("[model]\nname = 'in/file'\n")
    filed = settings.load(environment={}, config_path=str(tmp_path / "c.toml"))
    assert choices.choose(filed, store).local
    assert choices.choose(resolved({"SEMSEARCH_MODEL": "x/y"}), store).model == "x/y"


def test_a_width_that_was_not_asked_for_is_not_asked_for_again(store: SqliteStore) -> None:
    space = store.ensure_space(SpaceKey("https://a.test/v1", "m", 0, "a", "b"), 0.5)
    store.activate_space(space.id)
    assert choices.choose(resolved({}), store).dimensions == 0
    activate(store, "https://a.test/v1", "m", 256)
    assert choices.choose(resolved({}), store).dimensions == 256


def test_a_model_folder_is_found_again(store: SqliteStore) -> None:
    space = store.ensure_space(SpaceKey("local", "local:mine@0123", 8, "text", "text"), 0.5)
    store.activate_space(space.id)
    store.set_note(choices.folder_note(space), "/models/mine")
    assert choices.choose(resolved({}), store).model == "local:/models/mine"


def test_a_model_that_is_not_here_knows_no_words(store: SqliteStore, tmp_path: Path) -> None:
    space = store.ensure_space(
        SpaceKey("local", "local:all-MiniLM-L6-v2", 384, "text", "text"), 0.5
    )

    def opened(_: Space) -> Embedder:
        return open_local("local:all-MiniLM-L6-v2", tmp_path)

    assert choices.word_likeness(opened, space) is None


@pytest.mark.parametrize("name", ["local", "all-MiniLM-L6-v2", "local:all-MiniLM-L6-v2"])
def test_the_embedded_model_has_several_names(name: str) -> None:
    assert choices.named(resolved({}), name, "").model == choices.EMBEDDED_MODEL


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://openrouter.ai/api/v1", KEY),
        ("https://eu.openrouter.ai/api/v1", KEY),
        ("https://api.openai.com/v1", OTHER),
        ("https://openrouter.ai.evil.test/api/v1", OTHER),
        ("http://127.0.0.1:9/api/v1", OTHER),
    ],
)
def test_the_openrouter_key_goes_to_openrouter(url: str, expected: str) -> None:
    environment = {
        "OPENROUTER_API_KEY": KEY,
        "SEMSEARCH_API_KEY": OTHER,
        "SEMSEARCH_BASE_URL": url,
    }
    found = choices.find_key(resolved(environment))
    assert found is not None
    assert found.secret.reveal() == expected


def test_the_openrouter_key_alone_goes_to_loopback_and_nowhere_else() -> None:
    environment = {"OPENROUTER_API_KEY": KEY, "SEMSEARCH_BASE_URL": "http://localhost:9/api/v1"}
    assert choices.find_key(resolved(environment)) is not None
    environment["SEMSEARCH_BASE_URL"] = "https://api.openai.com/v1"
    assert choices.find_key(resolved(environment)) is None


def test_a_stored_key_is_found_for_its_host() -> None:
    keys.store("api.openai.com", keys.Secret(KEY))
    found = choices.find_key(resolved({"SEMSEARCH_BASE_URL": "https://api.openai.com/v1"}))
    assert found is not None
    assert found.source == "the key file"
    assert choices.find_key(resolved({})) is None


@pytest.mark.parametrize("url", ["http://example.test/v1", "ftp://x/v1", "https://a:b@c/v1"])
def test_an_address_that_would_show_the_key_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        choices.endpoint(resolved({"SEMSEARCH_BASE_URL": url}))


def test_offline_refuses_a_remote_model_before_anything_is_sent() -> None:
    configured = resolved({"OPENROUTER_API_KEY": KEY}, offline=True)
    chosen = choices.named(configured, "x/y", "")
    with pytest.raises(EmbeddingError, match="offline"):
        choices.open_embedder(configured, chosen, for_query=True)


def test_private_text_is_kept_from_providers_that_keep_it_unless_allowed() -> None:
    assert choices.provider_preferences(resolved({})) == {"data_collection": "deny"}
    environment = {
        "SEMSEARCH_PROVIDER_DATA_COLLECTION": "allow",
        "SEMSEARCH_PROVIDER_ZDR": "1",
        "SEMSEARCH_PROVIDER_ONLY": "nebius,deepinfra",
        "SEMSEARCH_PROVIDER_ALLOW_FALLBACKS": "0",
        "SEMSEARCH_PROVIDER_MAX_PRICE": "0.05",
    }
    assert choices.provider_preferences(resolved(environment)) == {
        "only": ["nebius", "deepinfra"],
        "allow_fallbacks": False,
        "zdr": True,
        "data_collection": "allow",
        "max_price": {"prompt": 0.05},
    }
