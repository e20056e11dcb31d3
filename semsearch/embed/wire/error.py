"""Error bodies: one record out of OpenRouter's envelope and the shapes of other servers.

Everything in here comes from outside and is only carried, never trusted: texts are sanitised and
cut where they enter a message (see `faults`).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class ErrorBody(NamedTuple):
    """What an error body says; empty or None where it says nothing."""

    message: str = ""
    code: int | None = None
    """Status-like number inside the body: `error.code`, or `http_status`."""
    kind: str = ""
    """A stable word: `metadata.error_type`, or another server's string `code` or `type`."""
    field: str = ""
    """The request member at fault, where the server names it (`param`)."""
    provider: str = ""
    """Set when a provider behind the server failed, not the server itself."""
    flagged: bool = False
    """Moderation refused an input."""
    limit_source: str = ""
    availability: str = ""
    retryable: bool | None = None
    retry_after: float | None = None
    reset: float | None = None
    """`X-RateLimit-Reset` copied into the body, as sent."""
    excluded_by: tuple[str, ...] = ()
    foreign: bool = False
    """Not OpenRouter's envelope."""


def parse_error(body: bytes) -> ErrorBody | None:
    """The error an object carries; None when the body is no error object.

    Reads OpenRouter's `{"error": {...}}`, and of others `{"error": "text"}`, `{"message": ...}`
    and `{"detail": ...}`.
    """
    try:
        parsed = msgspec.json.decode(body)
    except _UNREADABLE:
        return None  # the caller reports the bytes themselves
    if not isinstance(parsed, dict):
        return None
    error = parsed.get("error")
    if isinstance(error, dict):
        return _from_envelope(error)
    message = error if isinstance(error, str) else parsed.get("message")
    if isinstance(message, str):
        return ErrorBody(
            message,
            code=_number(parsed.get("code")),
            kind=_text(parsed.get("error_type")) or _text(parsed.get("type")),
            field=_text(parsed.get("param")),
            foreign=True,
        )
    if "detail" in parsed:
        return _from_detail(parsed["detail"])
    return None


def _from_envelope(error: dict[str, Any]) -> ErrorBody:
    metadata = _table(error.get("metadata"))
    availability = _table(error.get("availability"))
    headers = _table(metadata.get("headers"))
    retryable = availability.get("retryable")
    excluded = availability.get("excluded_by")
    code = error.get("code")
    message = _text(error.get("message"))
    upstream = _upstream_message(metadata.get("raw"))
    if upstream and upstream not in message:
        message = f"{message}: {upstream}" if message else upstream
    return ErrorBody(
        message,
        code=_number(code) or _number(error.get("http_status")),
        kind=_text(metadata.get("error_type"))
        or _text(error.get("error_type"))
        or (code if isinstance(code, str) else "")
        or _text(error.get("type")),
        field=_text(error.get("param"))
        or _text(_table(availability.get("constraint")).get("field")),
        provider=_text(metadata.get("provider_name")),
        flagged="flagged_input" in metadata or bool(metadata.get("reasons")),
        limit_source=_text(metadata.get("limit_source")),
        availability=_text(availability.get("code")),
        retryable=retryable if isinstance(retryable, bool) else None,
        retry_after=_float(availability.get("retry_after")),
        reset=_float(headers.get("X-RateLimit-Reset")),
        excluded_by=tuple(_text(item)[:60] for item in _list(excluded)[:12]),
    )


def _from_detail(detail: object) -> ErrorBody:
    """FastAPI's form: a text, or a list of `{loc, msg}`."""
    if isinstance(detail, list) and detail:
        first = _table(detail[0])
        location = [_text(part) for part in _list(first.get("loc")) if part != "body"]
        return ErrorBody(
            _text(first.get("msg")), kind="validation", field="".join(location[:1]), foreign=True
        )
    if isinstance(detail, dict):
        return ErrorBody(_text(detail.get("message")), foreign=True)
    return ErrorBody(_text(detail), foreign=True)


def _upstream_message(raw: object) -> str:
    """What the provider itself said; `raw` is its body, as text or as an object."""
    if isinstance(raw, str) and raw.lstrip().startswith("{"):
        try:
            raw = msgspec.json.decode(raw)
        except _UNREADABLE:
            return _text(raw)
    if isinstance(raw, dict):
        inner = raw.get("error", raw)
        found = inner.get("message") if isinstance(inner, dict) else inner
        return _text(found)
    return _text(raw)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value[:20_000] if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, (int, float, str)) else float("nan")
    except (ValueError, OverflowError):
        return None  # not a number: the same as not said
    return number
