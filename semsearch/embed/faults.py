"""What one failed attempt means: the error to raise, and whether trying again can help.

One table from transport and status to meaning, after OpenRouter's error guide and what other
servers were seen to send. Where a status says one thing and the body another (a 401 that is a
provider's own, a 404 that is a shrug), the body wins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.embed.endpoints import is_openrouter
from semsearch.errors import (
    AccessError,
    EmbeddingError,
    MalformedReply,
    ModelUnavailable,
    ModelUnknown,
    RequestRefused,
    SemsearchError,
)
from semsearch.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from semsearch.embed.wire.error import ErrorBody
    from semsearch.keys import Secret

ALWAYS: Final = 99
"""As many attempts as the policy allows."""

TIMEOUT_STATUSES: Final = frozenset({408, 499, 504, 524})
_KEY_LIKE: Final = r"\b(?:sk|pk|al|pa|jina|hf|AIza)[-_][A-Za-z0-9_-]{16,}"
_MODEL_GONE: Final = (
    r"(?i)not a valid model|model\b.{0,80}\b(?:not found|does not exist|not supported)"
)
_NO_SUCH_MODEL: Final = "model_not_found"
_STATUS_OF_KIND: Final = {
    "authentication": 401,
    "payment_required": 402,
    "permission_denied": 403,
    "not_found": 404,
    "timeout": 408,
    "payload_too_large": 413,
    "unprocessable": 422,
    "rate_limit_exceeded": 429,
    "server": 500,
    "provider_unavailable": 502,
    "provider_overloaded": 529,
    "content_policy_violation": 400,
    "context_length_exceeded": 400,
    "token_limit_exceeded": 400,
    "string_too_long": 400,
    "invalid_request": 400,
    "invalid_prompt": 400,
    "refusal": 400,
}
_TOO_LONG: Final = frozenset(
    {"context_length_exceeded", "max_tokens_exceeded", "string_too_long", "token_limit_exceeded"}
)

_SAYS_TOO_LONG: Final = (
    r"(?i)\b(?:context|sequence) (?:length|window|size)|maximum (?:input|sequence|number of tokens)"
    r"|\btoo (?:long|many tokens)|must have (?:less|fewer) than \d+ tokens|input is too large"
)
"""What servers without stable words for it say."""


class Fault(Exception):
    """One attempt failed; caught by the retry controller, never seen outside this room.

    Args:
        error: what to raise when no further attempt is made.
        attempts: how many attempts this kind of failure is worth in all.
        after: seconds the server asks to wait.
        congestion: the server wants less at once.
        service: the service as a whole failed, not this request; counts towards the circuit.
        field: request member the server refused by name.
    """

    def __init__(
        self,
        error: SemsearchError,
        *,
        attempts: int = 1,
        after: float | None = None,
        congestion: bool = False,
        service: bool = False,
        field: str = "",
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.attempts = attempts
        self.after = after
        self.congestion = congestion
        self.service = service
        self.field = field


class Server(NamedTuple):
    """Whom we talk to, for messages."""

    host: str
    model: str
    key: Secret | None = None
    key_source: str = ""

    def outside(self, text: str, width: int = 500) -> str:
        """Text from the server made fit for a message: one line, harmless, short, no key."""
        text = text[:20_000]
        if self.key is not None:
            text = text.replace(self.key.reveal(), "[key]")
        return one_line(re.sub(_KEY_LIKE, "[key]", text))[:width]

    @property
    def key_name(self) -> str:
        """How to speak of the key without showing it."""
        if self.key is None:
            return "no API key was sent"
        source = f" from {self.key_source}" if self.key_source else ""
        return f"the key{source} that ends in {str(self.key).removeprefix('…') or '…'}"


class Answer(NamedTuple):
    """A failed reply taken apart."""

    status: int
    body: ErrorBody | None
    text: str
    """The server's message, fit for ours."""
    after: float | None
    inputs: int
    page: bool = False
    """The body is a web page: something else than an API answered."""


def read_failure(
    server: Server,
    status: int,
    headers: Mapping[str, str],
    raw: bytes,
    *,
    body: ErrorBody | None,
    after: float | None,
    inputs: int,
) -> Fault:
    """The fault a reply with an error status, or a 200 that carries an error, stands for.

    Args:
        server: for the text of the message.
        status: of HTTP.
        headers: lower-case names.
        raw: the body's beginning.
        body: the error in it, if it is one of the known shapes.
        after: seconds to wait, from headers and body.
        inputs: inputs of the request; 0 for requests that send none.
    """
    if body is not None and status < 300:
        # Provider failures arrive inside a 200; without a usable code they are a bad gateway.
        code = body.code or _STATUS_OF_KIND.get(body.kind, 502)
        status = code if 400 <= code < 600 else 502
    page = False
    if body is not None:
        text = server.outside(body.message)
    else:
        page = raw[:512].lstrip()[:1] == b"<"
        kind = server.outside(headers.get("content-type", "no content type"), 60)
        shown = server.outside(raw[:2000].decode("utf-8", "replace"), 200)
        text = f"a body of {kind}, {shown!r}" if shown else "an empty body"
    answer = Answer(status, body, text or "no reason given", after, inputs, page)
    return _by_availability(server, answer) or _by_status(server, answer, headers)


def _by_availability(server: Server, answer: Answer) -> Fault | None:
    """OpenRouter's `availability` says more exactly than the status what is the matter."""
    body = answer.body
    if body is None or not body.availability:
        return None
    if body.retryable:
        return _transient(server, answer, congestion=answer.status == 429)
    excluded = ", ".join(server.outside(item, 60) for item in body.excluded_by)
    hint = "Choose another model: `semsearch models` lists them."
    if excluded:
        hint = f"Excluded by {excluded}; loosen the provider.* settings or choose another model."
    word = server.outside(body.availability, 60).replace("_", " ")
    kind = ModelUnknown if body.availability == _NO_SUCH_MODEL else ModelUnavailable
    return Fault(
        kind(
            f"{server.host} does not serve {server.model} ({word}): {answer.text}",
            hint=hint,
            status=answer.status,
        )
    )


def _by_status(server: Server, answer: Answer, headers: Mapping[str, str]) -> Fault:
    status, body = answer.status, answer.body
    if status == 401 and body is not None and body.provider:
        return _transient(server, answer)  # the provider's credentials, not ours
    if status < 300:
        return malformed(
            MalformedReply(f"{server.host} answered with status {status} and {answer.text}."),
            service=True,
        )
    special = _SPECIAL.get(status)
    if special is not None:
        return special(server, answer)
    if 300 <= status < 400:
        return _redirected(server, status, headers)
    if status in {405, 407, 410, 426} or (answer.page and status < 500):
        return wrong_endpoint(server, f"({status}): {answer.text}")
    if status in {408, 409, 424, 425, 499} or (status >= 500 and status not in {501, 505}):
        return _transient(server, answer)
    if status == 501 or (body is not None and _names_missing_model(body)):
        return Fault(_no_model(server, answer))
    return _refused(server, answer)


def _no_access(server: Server, answer: Answer) -> Fault:
    status, body, host = answer.status, answer.body, server.host
    if status == 403 and body is not None and (body.flagged or _is_content(body)):
        return Fault(
            RequestRefused(
                f"{host} refuses the text itself (403): {answer.text}",
                hint="The passage stays searchable by its words.",
                code="api.moderated",
                status=status,
            )
        )
    if status == 401 and server.key is None:
        return Fault(no_key(server))
    hint = "Set another with `semsearch key set`, then run the same command again."
    if status == 402:
        message = f"The account behind {server.key_name} has no credit left: {answer.text}"
        hint = "Add credit, then run the same command again; all that is done is kept."
    elif status == 401:
        message = f"{host} refuses {server.key_name} (401): {answer.text}"
    else:
        message = f"{host} forbids this request (403; {server.key_name}): {answer.text}"
        hint = "The key may lack permission for the model, or the region may be excluded."
    codes = {401: "auth.key_refused", 402: "auth.no_credit", 403: "auth.forbidden"}
    return Fault(AccessError(message, hint=hint, code=codes[status]))


def _not_found(server: Server, answer: Answer) -> Fault:
    body = answer.body
    if body is None or (body.foreign and "model" not in answer.text.lower()):
        return wrong_endpoint(server, f"(404): {answer.text}")
    if "no successful provider" in answer.text.lower():
        # OpenRouter's shrug: an over-long input, a size no provider has, or a passing failure.
        return Fault(
            RequestRefused(
                f"No provider of {server.model} could embed this ({answer.text})",
                hint="A passage may be longer than the model takes.",
                code="api.no_provider",
                status=404,
            ),
            attempts=2,
        )
    return Fault(_no_model(server, answer))


def _rate_limited(server: Server, answer: Answer) -> Fault:
    body = answer.body
    if body is not None and (
        body.limit_source.endswith("_daily") or "per-day" in body.message.lower()
    ):
        return Fault(
            EmbeddingError(
                f"The day's free requests to {server.host} are used up: {answer.text}",
                hint=f"Run it again {_when(answer.after)}, or choose a model that is not free.",
                code="api.quota",
                status=429,
            )
        )
    return _transient(server, answer, congestion=True)


def _refused(server: Server, answer: Answer) -> Fault:
    body = answer.body
    hint, code = "The server's own words say what it dislikes.", None
    if (
        answer.status == 413
        or (body is not None and body.kind in _TOO_LONG)
        or re.search(_SAYS_TOO_LONG, answer.text)
    ):
        hint, code = "The text is longer than the model takes.", "api.too_long"
    error = RequestRefused(
        f"{server.host} refuses the request ({answer.status}): {answer.text}",
        hint=hint,
        code=code,
        status=answer.status,
    )
    return Fault(error, field=body.field if body is not None else "")


def _transient(server: Server, answer: Answer, *, congestion: bool = False) -> Fault:
    status = answer.status
    attempts = ALWAYS
    if status in {424, 500} or (status == 503 and answer.after is None):
        attempts = 3
    elif status in TIMEOUT_STATUSES and answer.inputs > 1:
        attempts = 2  # then rather half as much than the same again
    return Fault(
        EmbeddingError(
            f"{server.host} failed ({status}): {answer.text}",
            hint="Run the same command again later; all that is done is kept.",
            code="api.timeout" if status in TIMEOUT_STATUSES else "api.failed",
            retryable=True,
            status=status,
        ),
        attempts=attempts,
        after=answer.after,
        congestion=congestion,
        service=True,
    )


def _redirected(server: Server, status: int, headers: Mapping[str, str]) -> Fault:
    target = server.outside(headers.get("location", "an unnamed place"), 200)
    return Fault(
        EmbeddingError(
            f"{server.host} redirects to {target} ({status}), which is not followed: the key "
            "would go along.",
            hint="Set that address as the base URL if it is the right one.",
            code="api.redirect",
            status=status,
        )
    )


def wrong_endpoint(server: Server, answer: str) -> Fault:
    """There is a server, but no embeddings API at this address."""
    return Fault(
        EmbeddingError(
            f"{server.host} has no embeddings API at this address {answer}",
            hint="Check the base URL: it ends where `/embeddings` begins, often in `/v1`.",
            code="api.endpoint",
        )
    )


def no_key(server: Server) -> AccessError:
    """The server wants a key, and we have none for it."""
    variable = "OPENROUTER_API_KEY" if is_openrouter(server.host) else "SEMSEARCH_API_KEY"
    return AccessError(
        f"{server.host} wants an API key, and there is none for it.",
        hint=f"Set one with `semsearch key set`, or {variable} in the environment.",
        code="auth.no_key",
    )


def malformed(error: MalformedReply, *, service: bool) -> Fault:
    """A reply that breaks the contract: worth two more tries."""
    return Fault(error, attempts=3, service=service)


def _no_model(server: Server, answer: Answer) -> ModelUnavailable:
    unknown = answer.body is not None and _names_missing_model(answer.body)
    kind = ModelUnknown if unknown else ModelUnavailable
    return kind(
        f"{server.host} does not serve {server.model} ({answer.status}): {answer.text}",
        hint="`semsearch models` lists what it serves.",
        status=answer.status,
    )


def _names_missing_model(body: ErrorBody) -> bool:
    return body.kind == _NO_SUCH_MODEL or re.search(_MODEL_GONE, body.message[:400]) is not None


def _is_content(body: ErrorBody) -> bool:
    return body.kind in {"content_policy_violation", "refusal"}


def _when(after: float | None) -> str:
    if after is None:
        return "tomorrow"
    minutes = max(1, round(after / 60))
    return f"in {minutes} minutes" if minutes < 120 else f"in {round(minutes / 60)} hours"


_SPECIAL: Final[Mapping[int, Callable[[Server, Answer], Fault]]] = {
    401: _no_access,
    402: _no_access,
    403: _no_access,
    404: _not_found,
    429: _rate_limited,
}
