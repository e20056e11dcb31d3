"""Finds keys, tokens and passwords in text, so that they never leave for a remote host.

Issued tokens are long runs of letters, digits, `_` and `-`. Runs are found at memory speed by
mapping all of those to one byte; only what stands around a run is matched against the patterns.
Assignments, URLs and private keys are looked for by the words they contain. Placeholders, names
and code are not secrets: a search that withholds half the documentation helps nobody.
"""

from __future__ import annotations

import re
import string
from math import log2
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Secret(NamedTuple):
    """Where a secret stands, in characters, and what it is."""

    start: int
    end: int
    kind: str


_DIGITS: Final = string.digits.encode()
_LETTERS: Final = string.ascii_letters.encode()
_SPECIAL: Final = b"!@#$%^&*?~+"
_DIGIT_GROUP: Final = re.compile(rb"\d+")
_RUN: Final = b"a" * 20
"""As mapped by `_RUNS`; no pattern below matches a shorter run."""
_RUNS: Final = bytes(
    ord("a") if chr(code) in string.ascii_letters + string.digits + "_-" else ord(" ")
    for code in range(256)
)
_CONTEXT: Final = 64
"""Bytes before a run that belong to what is matched."""

_TOKENS: Final = (
    ("AWS access key", rb"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    ("GitHub token", rb"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}"),
    ("GitLab token", rb"glpat-[A-Za-z0-9_-]{20,}"),
    ("Slack token", rb"xox[abeoprs]-[A-Za-z0-9-]{16,}"),
    ("Slack webhook", rb"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9_/]{20,}"),
    ("Google API key", rb"AIza[A-Za-z0-9_-]{35}"),
    ("Google OAuth secret", rb"GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,}"),
    ("OpenRouter key", rb"sk-or-(?:v1-)?[A-Za-z0-9]{32,}"),
    ("Anthropic key", rb"sk-ant-[A-Za-z0-9_-]{20,}"),
    ("OpenAI key", rb"sk-(?:proj-|svcacct-|admin-)?(?=[A-Za-z_-]{0,80}\d)[A-Za-z0-9_-]{32,}"),
    ("Stripe key", rb"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{24,}"),
    ("npm token", rb"npm_[A-Za-z0-9]{36}"),
    ("PyPI token", rb"pypi-A[A-Za-z0-9_-]{50,}"),
    ("SendGrid key", rb"SG\.[A-Za-z0-9_-]{20,}"),
    ("Hugging Face token", rb"hf_[A-Za-z0-9]{30,}"),
    ("Azure storage key", rb"AccountKey=[A-Za-z0-9+/]{20,}"),
    ("Telegram bot token", rb"\d{8,10}:AA[A-Za-z0-9_-]{33}"),
    ("age key", rb"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    (
        "access token",
        rb"dop_v1_[0-9a-f]{64}|shpat_[0-9a-f]{32}|hvs\.[A-Za-z0-9_-]{24,}|dapi[0-9a-f]{32}"
        rb"|tskey-[a-z]+-[A-Za-z0-9-]{20,}|lin_api_[A-Za-z0-9]{40}",
    ),
)
_TOKEN: Final = re.compile(
    # The group behind a pattern tells which one matched; around it, it would slow the search down.
    rb"(?<![A-Za-z0-9])(?:" + b"|".join(rb"(?:%b)()" % regex for _, regex in _TOKENS) + rb")"
)
_WEB_TOKEN: Final = re.compile(
    rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]{10,})?"
)
_HEADER: Final = re.compile(
    rb"(?:authorization[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?(?:basic|token)|bearer)"
    rb"[ \t]{1,3}([a-z0-9_.~+/-]{16,2000}=*)"
)

_KEY_BEGINS: Final = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_KEY_ENDS: Final = re.compile(rb"-----END (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_KEY_BODY: Final = re.compile(rb"[A-Za-z0-9+/=]{32}")
_NEAR: Final = 400
"""Bytes from the first or last line of a key within which its body must show."""
_LONGEST_KEY: Final = 20_000

_URL_PASSWORD: Final = re.compile(
    rb"://[^\s:/@?#\"'<>]{0,100}:([^\s:/@?#\"'<>]{3,100})@[A-Za-z0-9\[]"
)
_ASSIGNMENT: Final = re.compile(
    rb"(?:passw(?:or)?[dt]|passphrase|secret(?:[_-]?key)?|token|[_-]key|apikey)[\"'`*]{0,3}"
    rb"[ \t]{0,3}(?::=|=>|[:=])[ \t]{0,3}[\"'`*]{0,3}([^\s\"'`<>,;{}()\[\]]{8,200}+)(?!\()"
)
_ASSIGNED: Final = "password or key assignment"
_SENT: Final = "authorization header"
_KEYWORDS: Final = (
    (b"pass", (0,), _ASSIGNMENT, _ASSIGNED),
    (b"secret", (0,), _ASSIGNMENT, _ASSIGNED),
    (b"token", (0,), _ASSIGNMENT, _ASSIGNED),
    (b"key", (1, 3), _ASSIGNMENT, _ASSIGNED),
    (b"authorization", (0,), _HEADER, _SENT),
    (b"bearer ", (0,), _HEADER, _SENT),
)
"""Word to look for, how far before it a match may begin, what must match in lower case, and what
it is then."""
_UNASSIGNED: Final = _KEYWORDS[-1:]
"""Those that neither `=` nor `:` belongs to."""
_SPECIMEN: Final = re.compile(rb"example|xxxx", re.I)
_PLACEHOLDER: Final = re.compile(
    rb"example|sample|your|dummy|change|placeholder|redacted|xxx|\*\*\*|\.\.\.|12345|abcdef|test"
    rb"|fake|foobar|insert|todo|passw|secret|token|[$%{}<>]|^process\.|^os\.|^env",
    re.I,
)
_NAME_OR_PATH: Final = re.compile(
    rb"[A-Za-z]*\d*(?:[._:/()-]+[A-Za-z]*\d*)*|[a-z]+://.*|[./~\\-].*|0[xX][0-9A-Fa-f]+"
)
"""Words with numbers behind them, joined by marks: names, versions, paths; and hexadecimal."""


def find_secret(text: str) -> str:
    """The kind of the first secret found in a text; empty when there is none."""
    return next((kind for _, _, kind in _search(text.encode("utf-8", "surrogatepass"))), "")


def find_secrets(text: str) -> list[Secret]:
    """All secrets of a text, ascending, overlapping ones merged."""
    data = text.encode("utf-8", "surrogatepass")
    merged: list[Secret] = []
    for start, end, kind in sorted(_search(data)):
        if merged and start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, end))
        else:
            merged.append(Secret(start, end, kind))
    return merged if len(data) == len(text) else _in_characters(merged, data)


def _in_characters(secrets: list[Secret], data: bytes) -> list[Secret]:
    """Byte offsets to character offsets."""
    moved: list[Secret] = []
    at = characters = 0
    for start, end, kind in secrets:
        characters += len(data[at:start].decode("utf-8", "surrogatepass"))
        inside = len(data[start:end].decode("utf-8", "replace"))
        moved.append(Secret(characters, characters + inside, kind))
        at = start
    return moved


def _search(data: bytes) -> Iterator[tuple[int, int, str]]:
    yield from _issued_tokens(data)
    if b"PRIVATE KEY" in data:
        yield from _private_keys(data)
    if b"@" in data:
        for at in _places(data, b"://"):
            match = _URL_PASSWORD.match(data, at)
            if match is not None and not _PLACEHOLDER.search(match[1]) and not _dull(match[1]):
                yield at, match.end(), "URL with a password"
    lowered = data.lower()
    assigns = b"=" in data or b":" in data
    for keyword, leads, regex, kind in _KEYWORDS if assigns else _UNASSIGNED:
        at = lowered.find(keyword)
        while at >= 0:
            for lead in leads:
                match = regex.match(lowered, max(0, at - lead))
                if match is not None and _is_random(data[match.start(1) : match.end(1)]):
                    yield match.start(), match.end(), kind
            at = lowered.find(keyword, at + 1)


def _places(data: bytes, needle: bytes) -> Iterator[int]:
    at = data.find(needle)
    while at >= 0:
        yield at
        at = data.find(needle, at + 1)


def _issued_tokens(data: bytes) -> Iterator[tuple[int, int, str]]:
    shape = data.translate(_RUNS)
    start, searched = shape.find(_RUN), 0
    while start >= 0:
        end = shape.find(b" ", start)
        if end < 0:
            end = len(data)
        run = data[start:end]
        if (run.islower() or run.isupper()) and len(run.translate(None, _DIGITS)) == len(run):
            pass  # a long word or a constant's name
        elif (token := _TOKEN.search(data, max(searched, start - _CONTEXT), end)) is not None:
            if token.lastindex is not None and _SPECIMEN.search(token[0]) is None:
                yield token.start(), token.end(), _TOKENS[token.lastindex - 1][0]
        elif data.startswith(b"eyJ", start):
            token = _WEB_TOKEN.match(data, start)
            if token is not None:
                yield start, token.end(), "JSON web token"
        start, searched = shape.find(_RUN, end), end


def _private_keys(data: bytes) -> Iterator[tuple[int, int, str]]:
    """From the first line of a key to its last; a cut one reaches as far as a key can."""
    at = 0
    while (begin := _KEY_BEGINS.search(data, at)) is not None:
        at = begin.end()
        if _KEY_BODY.search(data, at, at + _NEAR) is None:
            continue  # words about keys
        limit = min(len(data), at + _LONGEST_KEY)
        end = _KEY_ENDS.search(data, at, limit)
        at = end.end() if end is not None else limit
        yield begin.start(), at, "private key"
    for end in _KEY_ENDS.finditer(data):
        if _KEY_BODY.search(data, max(0, end.start() - _NEAR), end.start()) is not None:
            yield end.start(), end.end(), "private key"


def _is_random(value: bytes) -> bool:
    """Whether a value looks made by a machine or a careful person, not written as an example."""
    if _PLACEHOLDER.search(value) is not None or _NAME_OR_PATH.fullmatch(value) is not None:
        return False
    groups = len(_DIGIT_GROUP.findall(value))
    letters = len(value) > len(value.translate(None, _LETTERS))
    special = len(value) > len(value.translate(None, _SPECIAL))
    mixed = letters and (groups > 1 or (groups == 1 and special))
    return mixed and _entropy(value) >= 2.75


def _dull(value: bytes) -> bool:
    """A password of a URL that only illustrates: a short plain word or number."""
    return len(value) < 10 and (value.isdigit() or (value.isalpha() and value.islower()))


def _entropy(value: bytes) -> float:
    """Shannon entropy of the bytes, in bits per byte."""
    size = len(value)
    return -sum(n / size * log2(n / size) for n in map(value.count, set(value)))
