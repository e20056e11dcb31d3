"""Source code of any language: definitions found by their first line, scopes by indentation.

A function is one block; a class is a scope whose methods are blocks. Comments and decorators
belong to the definition they stand on. Definitions of a few lines stay under the enclosing
scope's breadcrumb, so that neighbours can share a chunk.
"""

from __future__ import annotations

import re
import string
from functools import cache
from typing import TYPE_CHECKING, Final

from semsearch.extract.definitions import EXAMINED, matcher_of
from semsearch.extract.lines import unify_line_ends
from semsearch.extract.outline import MAX_BLOCKS, MAX_DEPTH, MAX_LABEL
from semsearch.records import Block, Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.extract.decode import Decoded
    from semsearch.extract.definitions import Definition

SMALL: Final = 240
"""Characters up to which a definition does not get a breadcrumb of its own."""
TINY: Final = 80
"""Characters up to which loose lines between definitions join the one before."""

_CONTINUES: Final = re.compile(r"[)\]{]|(?:begin|rescue|ensure|else|elsif|do|then|where|is|as)\b")
"""Lines that continue the scope on whose own column they stand."""
_CONTINUES_PYTHON: Final = re.compile(r"[)\]}]")
_CLOSES: Final = re.compile(r"\}|(?:end|END|esac|done|fi)\b")
"""Lines that end the scope on whose own column they stand."""
_NEVER: Final = re.compile(r"(?!)")
_NEUTRAL: Final = re.compile(r"#|\w+:$")
"""Preprocessor lines and labels of the C family stand in the first column inside functions."""
_NEUTRAL_KINDS: Final = frozenset({"c", "cpp", "objective-c", "csharp"})

_COMMENTS_OF: Final = (
    ("python ruby shell perl r julia make elixir nim cmake terraform nix awk powershell", ("#",)),
    ("sql lua haskell ada vhdl", ("--", "/*", "* ", "*/")),
    ("lisp clojure assembly", (";",)),
    ("erlang matlab", ("%",)),
    ("graphql", ("#",)),
    ("php", ("//", "/*", "* ", "*/", "# ")),
)
_COMMENTS: Final = {kind: marks for kinds, marks in _COMMENTS_OF for kind in kinds.split()}
_COMMENTS_OF_C: Final = ("//", "/*", "* ", "*/")
_LEADS: Final = ("@", "#[", "template ", "template<")
"""Decorators, annotations and attributes: part of the definition below them."""

_DEEPEST: Final = 40
"""Largest column of a scope whose lines are passed by; it bounds how many patterns there are."""


def extract_code(decoded: Decoded, kind: str) -> Document:
    """Read source code; breadcrumbs are scopes such as `class Foo`, `def bar`; no title."""
    reader = CodeReader(decoded.text, kind)
    reader.read()
    return Document(decoded.text, kind, "", reader.blocks(), decoded.encoding, decoded.warnings)


@cache
def _telling_lines(column: int, python: bool, container: bool) -> re.Pattern[str] | None:
    """Finds the end of the line before one that may change what is open; None: any line may.

    Within a scope that begins in `column` nothing changes before a line begins there or further
    left, with a decorator or a long comment, and in a container with any comment or a definition.
    Blank lines, and what begins with anything else in ASCII, are passed by.
    """
    if column > _DEEPEST or (container and not python):
        return None
    idle = _ascii_without("@/")
    if container:
        idle = rf"(?:{_ascii_without('@/#*acdt')}|(?!async|class|def|template)[acdt])"
    if column < 0:
        return re.compile(rf"\n(?![ \t]*+{idle})")
    deeper = rf" {{{column + 1}}} *+{idle}|\t{{{column // 4 + 1}}}\t*+{idle}"
    return re.compile(rf"\n(?!{deeper}|\n)")


def _ascii_without(characters: str) -> str:
    """A set of all letters, digits and marks but these, and the line end, for a pattern."""
    others = string.ascii_letters + string.digits + string.punctuation
    return f"[\\n{re.escape(''.join(one for one in others if one not in characters))}]"


class _Scope:
    """An open definition."""

    __slots__ = ("column", "container", "depth", "labels", "parent", "telling")

    def __init__(
        self, column: int, definition: Definition, parent: _Scope | None, python: bool
    ) -> None:
        self.column = column
        self.parent = parent
        self.depth: int = parent.depth + 1 if parent is not None else 1
        self.container = definition.container and self.depth < MAX_DEPTH
        outer = parent.labels if parent is not None else ()
        self.labels: tuple[str, ...] = (*outer, definition.label[:MAX_LABEL])
        self.telling = _telling_lines(column, python, self.container)


class _Region:
    """Consecutive lines of one scope, up to where the next region begins."""

    __slots__ = ("defines", "labels", "start")

    def __init__(self, start: int, labels: tuple[str, ...], defines: bool) -> None:
        self.start = start
        self.labels = labels
        self.defines = defines


class CodeReader:
    """One pass over the lines, keeping the stack of open definitions."""

    def __init__(self, text: str, kind: str) -> None:
        self._text = text
        self._define = matcher_of(kind)
        python = kind == "python"
        multiline = ('"""', "'''") if python else ('"""',)
        self._multiline = tuple(quotes for quotes in multiline if quotes in text)
        """What opens and closes strings of several lines here."""
        self._quotes = dict.fromkeys(self._multiline, 0)
        """Where the next line with each of these begins."""
        self._quoted = 0
        """Where the next line with any of them begins."""
        self._python = python
        self._telling = _telling_lines(-1, python, True)
        self._continues = _CONTINUES_PYTHON if python else _CONTINUES
        self._closes = _NEVER if python else _CLOSES
        self._neutral = _NEUTRAL if kind in _NEUTRAL_KINDS else _NEVER
        self._leads = _COMMENTS.get(kind, _COMMENTS_OF_C) + _LEADS
        self._scope: _Scope | None = None
        self._regions: list[_Region] = []
        self._region: _Region | None = None
        self._ended = False
        """The current line was the last of its scope."""
        self._inside = ""
        """What ends the comment or string that is open over several lines."""
        self._lead: int | None = None
        """Offset of the comments or decorators directly above the current line."""
        self._lead_column = 0
        self._lead_parentheses = 0
        self._loose: int | None = None
        """Offset of comments that may already lie outside the current scope."""

    def read(self) -> None:
        """Find the regions."""
        text = unify_line_ends(self._text)
        at, size = 0, len(text)
        while at < size:
            stop = text.find("\n", at)
            if stop < 0:
                stop = size
            line = text[at:stop]
            bare = line.lstrip()
            if not bare:
                self._lead = None
                at = stop + 1
                continue
            body = bare.rstrip()
            if self._inside:
                if self._inside in body:
                    self._inside = ""
            elif self._lead_parentheses > 0:
                self._lead_parentheses += body.count("(") - body.count(")")
            else:
                space = len(line) - len(bare)
                column = len(line[:space].expandtabs(4)) if space else 0
                self._read_line(at, column, body)
            if self._region is None:
                self._region = self._open(at, False)
            if self._ended:
                self._ended = False
                self._leave(self._scope.column if self._scope is not None else 0)
            at = self.next_line(text, stop)

    def next_line(self, text: str, at: int) -> int:
        """Where the first line behind the one ending at `at` begins that may change anything.

        Most lines are bodies of functions or of strings, where nothing begins. A reader that looks
        at every line finds the same blocks, in twice the time.
        """
        telling = self._telling if self._scope is None else self._scope.telling
        if telling is None or self._lead is not None or self._loose is not None:
            return at + 1
        if self._region is None or self._lead_parentheses > 0:
            return at + 1
        if self._inside:
            close = text.find(self._inside, at)
            at = text.find("\n", close) if close >= 0 else -1
            if at < 0:
                return len(text)
            self._inside = ""
        if self._quoted <= at:
            self._quoted = self._next_quoted(text, at)
        match = telling.search(text, at, self._quoted)
        return self._quoted if match is None else match.end()

    def _next_quoted(self, text: str, at: int) -> int:
        """Where the first line behind `at` begins that may open or close a string."""
        for quotes, line in self._quotes.items():
            if line <= at:
                place = text.find(quotes, at)
                self._quotes[quotes] = text.rfind("\n", at, place) + 1 if place >= 0 else len(text)
        return min(self._quotes.values(), default=len(text))

    def blocks(self) -> tuple[Block, ...]:
        """The regions as blocks, small ones under the breadcrumb of what encloses them."""
        enclosing = {region.labels[:-1] for region in self._regions if region.labels}
        blocks: list[Block] = []
        for start, end, labels, defines in self._trimmed():
            size = end - start
            if not defines and size <= TINY and blocks:
                blocks[-1] = blocks[-1]._replace(end=end)
                continue
            small = defines and size <= SMALL and labels not in enclosing
            breadcrumb = labels[:-1] if small else labels
            blocks.append(Block(start, end, "definition" if defines else "code", breadcrumb))
        return tuple(blocks)

    def _read_line(self, offset: int, column: int, body: str) -> None:
        if body.startswith(self._leads) or body == "*":
            self._read_lead(offset, column, body)
            return
        start = offset
        if self._lead is not None and self._lead_column == column:
            start = self._lead
        loose = self._loose if self._loose is not None else start
        self._lead = self._loose = None
        if self._multiline:
            self._open_string(body)
        scope = self._scope
        if scope is not None and column <= scope.column:
            if column == scope.column and self._closes.match(body):
                self._ended = True
                return
            if self._neutral.match(body):
                return
            if column == scope.column and self._continues.match(body):
                return
            self._leave(column)
            self._region = self._open(loose, False)
        scope = self._scope
        definition = self._define(body[:EXAMINED]) if scope is None or scope.container else None
        if definition is not None:
            self._scope = _Scope(column, definition, scope, self._python)
            self._region = self._open(start, True)
            self._ended = body[-1] in "};" and body.count("{") == body.count("}")

    def _read_lead(self, offset: int, column: int, body: str) -> None:
        """A comment or decorator: the next line of code tells where it belongs."""
        if self._lead is None or self._lead_column != column:
            self._lead, self._lead_column = offset, column
        if self._loose is None and self._scope is not None and column <= self._scope.column:
            self._loose = offset
        if body.startswith("/*"):
            self._inside = "" if "*/" in body else "*/"
        elif body[0] == "@":
            self._lead_parentheses = body.count("(") - body.count(")")
        self._open_string(body)

    def _open_string(self, body: str) -> None:
        for quotes in self._multiline:
            if quotes in body and body.count(quotes) % 2:
                self._inside = quotes
                return

    def _leave(self, column: int) -> None:
        """Close the scopes that begin in this column or further right."""
        while self._scope is not None and self._scope.column >= column:
            self._scope = self._scope.parent
        self._region = None

    def _open(self, start: int, defines: bool) -> _Region:
        """A region from `start` on; it takes over one that began no earlier (its comments)."""
        labels = self._scope.labels if self._scope is not None else ()
        last = self._regions[-1] if self._regions else None
        if last is not None and last.start >= start:
            last.labels, last.defines = labels, defines
            return last
        if last is not None and len(self._regions) >= MAX_BLOCKS:
            return last
        region = _Region(start, labels, defines)
        self._regions.append(region)
        return region

    def _trimmed(self) -> Iterator[tuple[int, int, tuple[str, ...], bool]]:
        """Regions as `(start, end, labels, defines)`, without the blank space at their end."""
        ends = [region.start for region in self._regions[1:]] + [len(self._text)]
        for region, end in zip(self._regions, ends, strict=True):
            body = self._text[region.start : end].rstrip()
            if body:
                yield region.start, region.start + len(body), region.labels, region.defines
