"""Where requests may go, and which key goes along."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.embed.endpoints import host_of, is_loopback, key_for, normalise_base_url
from semsearch.errors import SettingsError
from semsearch.keys import Secret

OPENROUTER, OWN = Secret("sk-or-openrouter-key"), Secret("own-key-for-a-server")


@pytest.mark.parametrize(
    ("given_url", "normal"),
    [
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1"),
        ("https://openrouter.ai/api/v1/", "https://openrouter.ai/api/v1"),
        ("https://openrouter.ai/api/v1/embeddings", "https://openrouter.ai/api/v1"),
        ("https://openrouter.ai/api/v1/embeddings/", "https://openrouter.ai/api/v1"),
        ("HTTPS://OpenRouter.AI:443/api/v1", "https://openrouter.ai/api/v1"),
        ("  https://a.test/V1\n", "https://a.test/V1"),
        ("https://a.test", "https://a.test"),
        ("https://a.test:8443/v1", "https://a.test:8443/v1"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("http://127.0.0.1:80/v1", "http://127.0.0.1/v1"),
        ("http://127.8.9.10:1/v1", "http://127.8.9.10:1/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1"),
        ("https://a.test/v1beta/openai//", "https://a.test/v1beta/openai"),
    ],
)
def test_a_base_url_has_one_spelling(given_url: str, normal: str) -> None:
    assert normalise_base_url(given_url) == normal
    assert normalise_base_url(normal) == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "openrouter.ai/api/v1",
        "//openrouter.ai/api/v1",
        "ftp://openrouter.ai/api/v1",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://openrouter.ai/api/v1",
        "http://192.168.1.5:11434/v1",
        "http://0.0.0.0/v1",
        "http://127.1/v1",
        "http://127.0.0.1.evil.test/v1",
        "http://127.0.0.256/v1",
        "http://localhost.evil.test/v1",
        "http://localhost@evil.test/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "https://user:password@openrouter.ai/api/v1",
        "https://openrouter.ai\\@evil.test/v1",
        "https://openrouter.ai/api/v1?key=1",
        "https://openrouter.ai/api/v1?",
        "https://openrouter.ai/api/v1#frag",
        "https://openrouter.ai/api v1",
        "https://openrouter.ai/\x1b[31m",
        "https://open\nrouter.ai/v1",
        "https://опенроутер.рф/v1",
        "https://",
        "https:///v1",
        "https://a.test:99999/v1",
        "https://a.test:x/v1",
        "https://[::1/v1",
        "https://-a.test/v1",
    ],
)
def test_what_would_leak_or_mislead_is_refused(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        normalise_base_url(url)
    assert caught.value.code == "settings.base_url"
    assert "password" not in caught.value.message.replace("a user name or password", "")
    assert "\x1b" not in caught.value.message


@given(st.text(max_size=60))
def test_any_text_is_refused_or_becomes_a_safe_address(text: str) -> None:
    try:
        normal = normalise_base_url(text)
    except SettingsError:
        return
    assert normal.startswith(("https://", "http://"))
    assert normalise_base_url(normal) == normal


def test_the_host_has_its_port_when_it_is_not_the_usual_one() -> None:
    assert host_of("https://openrouter.ai/api/v1") == "openrouter.ai"
    assert host_of("http://localhost:11434/v1") == "localhost:11434"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.255.255.254", "::1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["localhost.", "127.0.0", "128.0.0.1", "::", "10.0.0.1", ""])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://openrouter.ai/api/v1", OPENROUTER),
        ("https://eu.openrouter.ai/api/v1", OPENROUTER),
        ("http://localhost:9000/api/v1", OWN),
        ("http://127.0.0.1:9000/api/v1", OWN),
        ("https://api.openai.com/v1", OWN),
        ("https://openrouter.ai.evil.test/api/v1", OWN),
        ("https://notopenrouter.ai/api/v1", OWN),
    ],
)
def test_which_key_goes_where(url: str, expected: Secret) -> None:
    assert key_for(url, OPENROUTER, OWN) is expected


@pytest.mark.parametrize(
    ("url", "goes"),
    [
        ("https://openrouter.ai/api/v1", True),
        ("http://localhost:9000/api/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://openrouter.ai.evil.test/api/v1", False),
    ],
)
def test_the_openrouter_key_goes_to_openrouter_and_loopback_only(url: str, goes: bool) -> None:
    assert key_for(url, OPENROUTER, None) is (OPENROUTER if goes else None)
    assert key_for(url, None, None) is None


def test_the_own_key_serves_openrouter_when_it_is_the_only_one() -> None:
    assert key_for("https://openrouter.ai/api/v1", None, OWN) is OWN
