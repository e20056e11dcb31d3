"""Values of the filters `in:`, `type:`, `after:` and `before:`, and of the flags of the same names.

Every function raises `UsageError` with a sentence that stands alone; the query parser adds where.
"""

from __future__ import annotations

import os
import re
import time

from semsearch.errors import UsageError
from semsearch.records import Filter
from semsearch.text import cut, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Final

_DATE: Final = r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?"
_AGO: Final = r"([0-9]{1,5})(h|d|w|m|y)"
_HOURS: Final = {"h": 1, "d": 24, "w": 24 * 7, "m": 24 * 30, "y": 24 * 365}
_DAYS_IN_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SUFFIX: Final = r"[^\W_][\w.+#-]{0,31}"
_NAMED_TYPES: Final = {
    "markdown": ("md", "markdown", "mdx"),
    "python": ("py", "pyi"),
    "javascript": ("js", "mjs", "cjs", "jsx"),
    "typescript": ("ts", "tsx"),
    "text": ("txt", "text"),
    "html": ("html", "htm", "xhtml"),
}
_LAST_NS: Final = (1 << 63) - 1
"""In the year 2262."""
_DATE_HINT: Final = "Write 2024, 2024-06, 2024-06-01, today, yesterday, or an age such as 7d, 2w."


def parse_date(value: str, *, now: float) -> int:
    """The first nanosecond of a local year, month or day; or that long ago (`7d`, `12h`).

    Args:
        value: what the user wrote.
        now: seconds since the epoch.

    Raises:
        UsageError: not a date.
    """
    word = value.strip().lower()
    if match := re.fullmatch(_AGO, word):
        return _storable(int((now - int(match[1]) * _HOURS[match[2]] * 3600) * 1e9))
    if word in ("today", "yesterday"):
        # Noon minus a day is yesterday however long the night was.
        noon = time.mktime((*time.localtime(now)[:3], 12, 0, 0, 0, 0, -1))
        day = time.localtime(noon if word == "today" else noon - 86_400)
        return _midnight(day.tm_year, day.tm_mon, day.tm_mday, value)
    match = re.fullmatch(_DATE, word)
    if match is None:
        raise _no_date(value)
    year, month, day_of_month = (int(part or 1) for part in match.groups())
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day_of_month <= _DAYS_IN_MONTH[month - 1]:
        raise _no_date(value)
    if (month, day_of_month) == (2, 29) and not leap:
        raise _no_date(value)
    return _midnight(year, month, day_of_month, value)


def parse_types(value: str) -> tuple[str, ...]:
    """File name endings, lower case, without the dot; `markdown` and the like stand for several.

    Raises:
        UsageError: an ending no file name has.
    """
    suffixes: list[str] = []
    for word in value.lower().split(","):
        suffix = word.strip().removeprefix("*").removeprefix(".")
        if not suffix:
            continue
        if not re.fullmatch(_SUFFIX, suffix):
            raise UsageError(
                f"{quoted(suffix)} is not a file type.",
                hint="Give file name endings, separated by commas, such as md,py.",
                code="query.bad_type",
            )
        suffixes += _NAMED_TYPES.get(suffix, (suffix,))
    if not suffixes:
        raise UsageError(
            "The file type is empty.",
            hint="Give file name endings, separated by commas, such as md,py.",
            code="query.bad_type",
        )
    return tuple(dict.fromkeys(suffixes))


def resolve_path(value: str, *, cwd: bytes, roots: Sequence[bytes] = ()) -> tuple[bytes, ...]:
    """Absolute paths a name may mean: below `cwd` as in a shell, else below the indexed folders.

    A name that is not below `cwd` may be an indexed folder's own name or lie below some of them,
    so `in:recipes` works from anywhere. One that exists nowhere means all of these places: what
    is gone from the disk may still be in the index.

    Raises:
        UsageError: the text cannot be a path on this system.
    """
    try:
        name = os.fsencode(os.path.expanduser(value))
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{quoted(value)} cannot be a path.",
            hint="It holds characters no file name can have.",
            code="query.bad_path",
        ) from error
    shell = os.path.normpath(os.path.join(cwd, name))
    if os.path.isabs(name) or os.path.exists(shell):
        return (shell,)
    tail = os.sep.encode() + os.path.normpath(name)
    below = [root for root in roots if root.endswith(tail)]
    below += [os.path.normpath(os.path.join(root, name)) for root in roots]
    return tuple(path for path in below if os.path.exists(path)) or (shell, *below)


def merge(first: Filter, second: Filter) -> Filter:
    """Both filters in one: folders and types add up, the dates of both hold.

    Raises:
        UsageError: no moment lies between the dates.
    """
    after = [moment for moment in (first.after_ns, second.after_ns) if moment is not None]
    before = [moment for moment in (first.before_ns, second.before_ns) if moment is not None]
    merged = Filter(
        tuple(dict.fromkeys((*first.folders, *second.folders))),
        tuple(dict.fromkeys((*first.suffixes, *second.suffixes))),
        max(after, default=None),
        min(before, default=None),
    )
    start, end = merged.after_ns, merged.before_ns
    if start is not None and end is not None and start >= end:
        raise UsageError(
            "No file can be from after the one date and from before the other.",
            hint="`after` takes the earlier date, `before` the later one.",
            code="query.bad_date",
        )
    return merged


def make_filter(
    *,
    folders: Iterable[str] = (),
    types: Iterable[str] = (),
    after: str | None = None,
    before: str | None = None,
    cwd: bytes,
    now: float,
    roots: Sequence[bytes] = (),
) -> Filter:
    """A filter from the values of command line flags, which mean what they mean in a query.

    Raises:
        UsageError: one of the values is wrong.
    """
    return merge(
        Filter(
            tuple(path for name in folders for path in resolve_path(name, cwd=cwd, roots=roots)),
            tuple(suffix for value in types for suffix in parse_types(value)),
            None if after is None else parse_date(after, now=now),
            None if before is None else parse_date(before, now=now),
        ),
        Filter(),
    )


def quoted(value: str) -> str:
    """Outside text within an error message: quoted, harmless, of bounded width."""
    return f"“{cut(printable(value), 60)}”"


def _midnight(year: int, month: int, day: int, value: str) -> int:
    try:
        moment = int(time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))) * 1_000_000_000
    except (OverflowError, ValueError) as error:
        raise _no_date(value) from error
    return _storable(moment)


def _storable(moment_ns: int) -> int:
    """The moment, or the first or last one the index can hold: no file is older or newer."""
    return max(-_LAST_NS, min(moment_ns, _LAST_NS))


def _no_date(value: str) -> UsageError:
    return UsageError(f"{quoted(value)} is not a date.", hint=_DATE_HINT, code="query.bad_date")
