"""Keys here are made up; they are put together so that no scanner takes this file for a leak."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.chunk.secrets import find_secret, find_secrets

R16 = "q7Rt2mZx9KpL4wVb"
HEX64 = "3f9a1c7e5b2d8046" * 4

PLANTED = {
    "private key": "-----BEGIN " + "OPENSSH PRIVATE KEY-----\n" + R16 * 4,
    "AWS access key": "AKIA" + "Q3EGRTVWX2Y7Z5UK",
    "GitHub token": "ghp_" + R16 + R16 + "abcd",
    "GitLab token": "glpat-" + R16 + "a1b2",
    "Slack token": "xoxb-" + "123456789012-1234567890123-" + R16,
    "Slack webhook": "https://hooks.slack.com/services/"
    + "T01234567/B01234567/"
    + R16
    + "abcdefgh",
    "Google API key": "AIza" + "Sy" + R16 + R16 + "x",
    "Google OAuth secret": "GOCSPX-" + R16 + "-_abcdefgh",
    "OpenRouter key": "sk-or-v1-" + HEX64,
    "OpenAI key": "sk-proj-" + R16 + R16 + R16,
    "Anthropic key": "sk-ant-api03-" + R16 + R16,
    "Stripe key": "sk_live_" + R16 + R16[:8],
    "JSON web token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    + "eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    + R16 * 2,
    "npm token": "npm_" + R16 + R16 + "abcd",
    "PyPI token": "pypi-A" + "gEIcHlwaS5vcmc" + R16 * 3,
    "SendGrid key": "SG." + R16 + "abcdef" + "." + R16 * 2 + "abcdefghijk",
    "Hugging Face token": "hf_" + R16 + R16,
    "Azure storage key": "AccountKey=" + R16 * 5 + "abcdef==",
    "Telegram bot token": "1234567890:AA" + R16 + R16 + "x",
    "age key": "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2,
    "access token": "dop_v1_" + HEX64,
    "URL with a password": "postgres://app:h7Kq-92xLm@db.internal:5432/prod",
    "authorization header": "Authorization: Bearer " + R16 + "." + R16 + R16,
    "password or key assignment": 'password = "' + 'h7Kq-92xLm!"',
}


@pytest.mark.parametrize("kind", PLANTED)
def test_planted_secrets_are_found(kind: str) -> None:
    text = f"Some notes before it.\n\nThe thing is {PLANTED[kind]} and text goes on.\n"
    assert find_secret(text) == kind
    (secret,) = find_secrets(text)
    assert secret.kind == kind
    assert text[secret.start : secret.start + 4] in PLANTED[kind]


@pytest.mark.parametrize(
    "line",
    [
        "API_KEY=" + R16,
        "export MY_API_KEY='" + R16 + "'",
        '"client_secret": "' + R16 + '",',
        "secret_key => " + R16,
        "db_passwd: Tr0ub4dor&3",
        "aws_secret_access_key = " + R16 + R16 + "abcd/+12",
        "- **token**: " + R16,
        "apikey=" + R16,
        "x-auth-key: " + R16,
        "The passphrase: " + R16,
    ],
)
def test_assignments_of_random_values_are_found(line: str) -> None:
    assert find_secret(line) == "password or key assignment"


@pytest.mark.parametrize("word", ["_key", "-key", "apikey", "token", "password"])
@pytest.mark.parametrize("before", ["", "x", "Some "])
def test_an_assignment_begins_with_the_word_that_names_it(word: str, before: str) -> None:
    text = f"{before}{word} = {R16}"
    assert find_secrets(text) == [(len(before), len(text), "password or key assignment")]


def test_a_bearer_token_is_found_without_an_assignment() -> None:
    assert find_secret(f"Send the bearer {R16}{R16}") == "authorization header"


@pytest.mark.parametrize(
    "text",
    [
        "Set `password` to your password.",
        "password: changeme123",
        "api_key = os.environ['API_KEY']",
        "token = self.tokenizer.next_token()",
        "token: ${{ secrets.GITHUB_TOKEN }}",
        "key = value",
        "api_key = put1your2key3here",
        "token=an1example2value3",
        "password: xxx1yyy2zzz3",
        "The password must have 12 characters: letters, digits.",
        "secret=example12345",
        "postgres://user:password@localhost/db",
        "postgres://user:$PASSWORD@localhost/db",
        "https://user@example.com:8080/a:b@c",
        "AKIA is a prefix, and so are ghp_ and sk-.",
        "a-risk-averse-approach-to-desk-organisation-2024",
        "immunohistochemistry-of-electroencephalographically-recorded",
        "sha256:" + HEX64,
        "commit 3f9a1c7e5b2d80463f9a1c7e5b2d80463f9a1c7e",
        "https://example.com/path/" + R16 + R16,
        "data:image/png;base64," + R16 * 6,
        "MAX_KEY = 0x1F2E3D4C",
        "-----BEGIN CERTIFICATE-----\n" + R16 * 4,
        "Look for -----BEGIN RSA " + "PRIVATE KEY----- and -----END RSA " + "PRIVATE KEY-----.",
        "AKIA" + "IOSFODNN7EXAMPLE",
        "token = base64.b64encode(random_bytes)",
        "git://:pserver:anoncvs@sourceware.example/cvs",
        "-----BEGIN PUBLIC KEY-----",
        "xoxo-hugs-and-kisses-to-all-of-you",
        "token-count: 128",
        "Authorization: Bearer YOUR_ACCESS_TOKEN_GOES_HERE_PLEASE",
    ],
)
def test_examples_names_and_code_are_no_secrets(text: str) -> None:
    assert find_secrets(text) == []


def test_offsets_count_characters_also_after_other_scripts() -> None:
    key = PLANTED["AWS access key"]
    text = f"\u6c49\u5b57 \u00fc\u00e9 \U0001f600 {key} \u6c49 {PLANTED['npm token']}"
    found = find_secrets(text)
    assert [text[secret.start : secret.end] for secret in found] == [key, PLANTED["npm token"]]


def test_a_key_without_an_end_reaches_as_far_as_a_key_can() -> None:
    text = "-----BEGIN " + "PRIVATE KEY-----\n" + (R16 * 4 + "\n") * 1000
    (secret,) = find_secrets(text)
    assert 20_000 <= secret.end - secret.start < 21_000


def test_overlapping_finds_are_merged() -> None:
    text = "password = " + PLANTED["GitHub token"]
    (secret,) = find_secrets(text)
    assert (secret.start, secret.end) == (0, len(text))


@given(st.text(st.characters(), max_size=300))
def test_any_text_can_be_searched(text: str) -> None:
    end = 0
    for secret in find_secrets(text):
        assert end <= secret.start < secret.end <= len(text)
        end = secret.end


@pytest.mark.timeout(20)  # a hundred times what it takes; a quadratic pattern takes minutes
@pytest.mark.parametrize(
    "text",
    [
        "eyJ-" * 50_000,
        "password=" * 20_000,
        "-----BEGIN PRIVATE KEY-----\n" * 8000,
        "://" * 80_000,
        "ghp_" * 50_000,
        "A" * 300_000,
        "://a:b@c " * 30_000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_take_linear_time(text: str) -> None:
    find_secrets(text)
