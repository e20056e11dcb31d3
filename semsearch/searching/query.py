r"""The query language: what a person types, turned into a `Query`.

    plain words             rank by meaning and by words
    "exact phrase"          the passage must hold these words in this order
    -word  -"a phrase"      the passage must not hold it
    in:folder               below this folder (several: any of them)
    type:md,py              file name endings
    after:2024-06  before:  when the file was changed; a year, month or day, or an age such as 7d
    like:path[:line]        passages like that one
    \-word  \in:x  \"       a backslash takes the special meaning away

A query from a person never fails for its punctuation: an unpaired quote or a lone hyphen is plain
text. Only a filter with a value it cannot have is an error, which says where it stands.
"""

from __future__ import annotations

import os
import re

from semsearch.errors import UsageError
from semsearch.records import Filter, Place, Query
from semsearch.searching.filters import merge, parse_date, parse_types, quoted, resolve_path
from semsearch.searching.words import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Final

MAX_BYTES: Final = 8192
"""Longest query, in UTF-8."""

# Rare patterns are compiled when they are first needed: a search pays for every start.
_FILTER: Final = r"(-?)(in|type|after|before|like):"
_OF_PATHS: Final = ("in", "like")
_ESCAPED: Final = r'\\(?=["“”„\\-]|(?:in|type|after|before|like):)'
_LONGEST_FILTER: Final = len("-before:")
_OPENING: Final = '"“”„'
_PHRASE: Final = r'["“”„]((?:[^"“”\\]|\\.|\\$)*)["“”]'
_LINE: Final = r"(.+):([0-9]{1,9})"
_CONTROLS: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF), " ")


def parse_query(raw: str, *, cwd: bytes, now: float, roots: Sequence[bytes] = ()) -> Query:
    """Parse what a person typed.

    Args:
        raw: the query.
        cwd: the folder that relative paths start from.
        now: seconds since the epoch, for ages such as `after:7d`.
        roots: indexed folders; an `in:` name that is not below `cwd` is looked up below them.

    Raises:
        UsageError: the query is longer than `MAX_BYTES`, or a filter has a bad value.
    """
    size = len(raw.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise UsageError(
            f"The query is {size} bytes long; at most {MAX_BYTES} are searched for.",
            hint="Search for a paragraph of it.",
            code="query.too_long",
        )
    return _Parser(raw, cwd, now, roots).parse()


def from_arguments(arguments: Iterable[str]) -> str:
    """One query from command line words, with the quotes the shell took from the paths in it.

    One argument alone is a query as it was typed, unless all of it names a path that exists.
    """
    given = list(arguments)
    return " ".join([_with_quotes(argument, alone=len(given) == 1) for argument in given])


def _with_quotes(argument: str, *, alone: bool) -> str:
    if " " in argument and '"' not in argument and ":" in argument:
        key, _, value = argument.partition(":")
        if key.lower() in _OF_PATHS and (not alone or _exists(value)):
            return f'{key}:"{value}"'
    return argument


def _exists(value: str) -> bool:
    """Whether `path` or `path:line` names something, seen from the current folder."""
    match = re.fullmatch(_LINE, value)
    return os.path.exists(os.path.expanduser(match[1] if match else value))


class _Parser:
    """One pass over the query; every step moves `position` on, so the time is linear."""

    def __init__(self, raw: str, cwd: bytes, now: float, roots: Sequence[bytes]) -> None:
        self.raw = raw
        self.source = raw.translate(_CONTROLS)
        self.cwd = cwd
        self.now = now
        self.roots = roots
        self.position = 0
        self.quotes_left = True
        self.texts: list[str] = []
        self.terms: list[str] = []
        self.phrases: list[str] = []
        self.excluded: list[str] = []
        self.where = Filter()
        self.like: Place | None = None

    def parse(self) -> Query:
        self._skip_spaces()
        while self.position < len(self.source):
            self._next()
            self._skip_spaces()
        return Query(
            raw=self.raw,
            text=" ".join(filter(None, self.texts)),
            terms=tuple(self.terms),
            phrases=tuple(self.phrases),
            excluded=tuple(self.excluded),
            where=self.where,
            like=self.like,
        )

    def _next(self) -> None:
        """One word, phrase, exclusion or filter."""
        first = self.source[self.position]
        if first == "\\" and (escape := self._match(_ESCAPED)):
            self.position = escape.end()
        elif first in _OPENING and (phrase := self._phrase(self.position)) is not None:
            phrase = _tidy(phrase)
            self.texts.append(phrase)
            if words(phrase):
                self.phrases.append(phrase)
            return
        elif self._looks_like_filter(first) and (match := self._match(_FILTER)):
            self._filter(match)
            return
        elif first == "-":
            self._excluded()
            return
        self._plain(self._take_word())

    def _looks_like_filter(self, first: str) -> bool:
        """Spares most questions a regular expression, which costs more to make than to use."""
        start = self.position
        return first in "-iItTaAbBlL" and ":" in self.source[start : start + _LONGEST_FILTER]

    def _match(self, pattern: str) -> re.Match[str] | None:
        return re.compile(pattern, re.IGNORECASE).match(self.source, self.position)

    def _skip_spaces(self) -> None:
        rest = self.source[self.position :]
        self.position += len(rest) - len(rest.lstrip())

    def _take_word(self) -> str:
        """Everything up to the next white space."""
        rest = self.source[self.position :]
        word = "" if rest[:1].isspace() else next(iter(rest.split(maxsplit=1)), "")
        self.position += len(word)
        return word

    def _plain(self, text: str) -> None:
        text = _tidy(text)
        self.texts.append(text)
        self.terms += words(text)

    def _phrase(self, start: int) -> str | None:
        """The phrase that opens at `start`, moving past it; None when none does."""
        if not self.quotes_left or self.source[start : start + 1] not in _OPENING:
            return None
        if start == len(self.source):
            return None
        match = re.compile(_PHRASE).match(self.source, start)
        if match is None:
            self.quotes_left = False
            return None
        self.position = match.end()
        return re.sub(r'\\(["“”\\])', r"\1", match[1])

    def _excluded(self) -> None:
        phrase = self._phrase(self.position + 1)
        if phrase is None:
            word = self._take_word()
            if word.startswith("--") or len(word) == 1:
                self._plain(word)
                return
            phrase = word[1:]
        phrase = _tidy(phrase)
        if words(phrase):
            self.excluded.append(phrase)

    def _filter(self, match: re.Match[str]) -> None:
        start, key = self.position, match[2].lower()
        self.position = match.end()
        opened = match.end() < len(self.source) and self.source[match.end()] in _OPENING
        value = self._phrase(match.end()) if opened else None
        if value is None:
            value = self._take_word()
            if not value:  # as in "in: the beginning"
                self._plain(self.source[start : self.position])
                return
        try:
            self._apply(key, value, negated=bool(match[1]))
        except UsageError as error:
            escape = self.source[start : match.end()]
            raise UsageError(
                f"{quoted(self.source[start : self.position])} at character {start + 1} of the "
                f"query: {error.message}",
                hint=f"{error.hint} To search for the text itself, write \\{escape}".strip(),
                code=error.code,
            ) from error

    def _apply(self, key: str, value: str, *, negated: bool) -> None:
        if negated:
            raise UsageError(
                "a filter cannot be turned round by a hyphen.", code="query.bad_filter"
            )
        if not value.strip():
            raise UsageError("there is nothing between the quotes.", code="query.bad_filter")
        if key == "like":
            if self.like is not None:
                raise UsageError("there can be only one like:", code="query.bad_filter")
            self.like = parse_place(value, cwd=self.cwd, roots=self.roots)
            return
        if key == "in":
            new = Filter(folders=resolve_path(value, cwd=self.cwd, roots=self.roots))
        elif key == "type":
            new = Filter(suffixes=parse_types(value))
        elif key == "after":
            new = Filter(after_ns=parse_date(value, now=self.now))
        else:
            new = Filter(before_ns=parse_date(value, now=self.now))
        self.where = merge(self.where, new)


def parse_place(value: str, *, cwd: bytes, roots: Sequence[bytes] = ()) -> Place:
    """`path` or `path:line` as a place in a file; the path is looked up as `in:` does.

    Raises:
        UsageError: the text cannot be a path on this system, or the line is 0.
    """
    match = re.fullmatch(_LINE, value)
    path, line = (match[1], int(match[2])) if match else (value, None)
    if line == 0:
        raise UsageError(
            f"{quoted(value)} names line 0, and lines are counted from 1.",
            hint="Leave the line out to mean the whole file.",
            code="query.bad_path",
        )
    return Place(resolve_path(path, cwd=cwd, roots=roots)[0], line)


def _tidy(text: str) -> str:
    """Composed characters, single spaces, nothing that is not Unicode text."""
    if not text.isascii():
        # What the shell hands over of names that are not UTF-8 are lone surrogates.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        import unicodedata

        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())
