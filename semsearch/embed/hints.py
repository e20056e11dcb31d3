"""How long a server asks to wait, in all the forms servers use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from semsearch.embed.wire.error import ErrorBody


def retry_after(headers: Mapping[str, str], body: ErrorBody | None, now: float) -> float | None:
    """Seconds to wait by the server's word, or None when it gave none that makes sense.

    Read in this order: `retry-after-ms`; `Retry-After` as seconds (whole or not) or as an HTTP
    date; `availability.retry_after` in the body; `X-RateLimit-Reset` as an epoch time in seconds
    or milliseconds, from the headers or copied into the body.

    Args:
        headers: lower-case names.
        body: the error body, if there was one.
        now: seconds since the epoch.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    named = headers.get("retry-after", "")
    waits = [_number(named), _until(named, now)]
    if body is not None:
        waits.append(body.retry_after or None)
    reset = _number(headers.get("x-ratelimit-reset", ""))
    if reset is None and body is not None:
        reset = body.reset
    if reset is not None and reset > 1e9:  # smaller ones are no epoch time
        waits.append(reset / (1000 if reset > 1e11 else 1) - now)
    return next((wait for wait in waits if wait is not None and 0 < wait < 1e8), None)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None  # a date, or nothing to be understood
    return number if 0 < number < 1e15 else None


def _until(text: str, now: float) -> float | None:
    """Seconds from `now` to an HTTP date."""
    if "," not in text:
        return None
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None  # not a date
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp() - now
