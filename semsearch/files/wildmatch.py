"""One line of an ignore file, compiled to a matcher that agrees with git byte for byte.

Matching works on bytes, as git's does, so a name that is not UTF-8 needs no special case. Patterns
become regular expressions whose every wildcard but the last stands in an atomic group: the leftmost
match of what follows a `*` is as good as any later one, so nothing is ever tried twice and no
pattern can blow up. Matching costs at most pattern length times path length.

The rules are those of git's documentation (gitignore, "PATTERN FORMAT") and of its wildmatch tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PATTERN_BYTES: Final = 1024

_SLASH: Final = ord("/")
_BACKSLASH: Final = ord("\\")
_STAR: Final = ord("*")
_OPEN: Final = ord("[")
_NOT_SLASH: Final = b"[^/]"
_SPECIAL: Final = re.compile(rb"[*?\[\\]")

_LOWER: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz")
_UPPER: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGIT: Final = frozenset(b"0123456789")
_GRAPH: Final = frozenset(range(0x21, 0x7F))
_CLASSES: Final[dict[bytes, frozenset[int]]] = {
    b"alnum": _LOWER | _UPPER | _DIGIT,
    b"alpha": _LOWER | _UPPER,
    b"blank": frozenset(b" \t"),
    b"cntrl": frozenset(range(0x20)) | {0x7F},
    b"digit": _DIGIT,
    b"graph": _GRAPH,
    b"lower": _LOWER,
    b"print": _GRAPH | {0x20},
    b"punct": _GRAPH - _LOWER - _UPPER - _DIGIT,
    b"space": frozenset(b" \t\n\r"),
    b"upper": _UPPER,
    b"xdigit": _DIGIT | frozenset(b"abcdefABCDEF"),
}


class PatternError(ValueError):
    """A line that cannot match anything, or that is longer than `MAX_PATTERN_BYTES`."""


class Pattern(NamedTuple):
    """What one line selects; exactly one of `literal`, `ending` and `fullmatch` is set."""

    negated: bool
    folders_only: bool
    anchored: bool
    """Matched against the path below the ignore file's folder; otherwise against the name."""
    literal: bytes | None
    ending: bytes | None
    """The rest of `*rest`, when that holds no wildcard and no slash."""
    fullmatch: Callable[[bytes], object] | None


def compile_pattern(line: bytes) -> Pattern | None:
    """Compile one line without its line end; None for a blank line or a comment.

    Raises:
        PatternError: for a line that git would accept but that can never match, such as a lone
            `!` or an unclosed bracket, and for one that is too long.
    """
    if line.startswith(b"#"):
        return None
    text = _trim(line)
    if not text:
        return None
    if len(text) > MAX_PATTERN_BYTES:
        raise PatternError(f"is longer than {MAX_PATTERN_BYTES} bytes")
    if 0 in text:
        raise PatternError("holds a NUL byte")
    negated = text.startswith(b"!")
    text = text[negated:]
    folders_only = text.endswith(b"/")
    if folders_only:
        text = text[:-1]
    anchored = b"/" in text
    text = text.removeprefix(b"/")
    if not text:
        raise PatternError("names nothing")
    literal, ending, expression = _translate(text, anchored)
    fullmatch = None
    if expression is not None:
        fullmatch = re.compile(expression, re.DOTALL).fullmatch
    return Pattern(negated, folders_only, anchored, literal, ending, fullmatch)


def _trim(line: bytes) -> bytes:
    """Drop trailing spaces, keeping one that a backslash protects."""
    text = line.rstrip(b" ")
    backslashes = len(text) - len(text.rstrip(b"\\"))
    return text + b" " if backslashes % 2 and len(text) < len(line) else text


def _translate(text: bytes, anchored: bool) -> tuple[bytes | None, bytes | None, bytes | None]:
    """`(literal, ending, expression)`, one of them set."""
    special = _SPECIAL.search(text)
    if special is None:
        return text, None, None
    if not anchored and text[0] == _STAR and _SPECIAL.search(text, 1) is None:
        return None, text[1:], None
    # Git compares what stands before the first special character by itself and matches the rest as
    # a pattern of its own; `**` at the start of that rest is therefore free to cross slashes.
    head = special.start() if anchored else 0
    pieces = _pieces(text[head:], anchored)
    return None, None, re.escape(text[:head]) + _assemble(pieces)


class _Piece(NamedTuple):
    """A run of fixed-length matchers and the wildcard in front of it."""

    wildcard: bytes
    """Empty, `*` (within a component), `**/` (whole components) or `**` (all the rest)."""
    fixed: bytes
    """Regular expression that consumes a known number of bytes."""


def _pieces(text: bytes, anchored: bool) -> list[_Piece]:
    """Split a pattern at its wildcards."""
    pieces: list[_Piece] = []
    wildcard, fixed = b"", bytearray()
    at = 0
    while at < len(text):
        if text[at] == _STAR:
            pieces.append(_Piece(wildcard, bytes(fixed)))
            fixed.clear()
            wildcard, at = _wildcard(text, at, anchored)
        else:
            matcher, at = _single(text, at)
            fixed += matcher
    pieces.append(_Piece(wildcard, bytes(fixed)))
    return pieces


def _wildcard(text: bytes, at: int, anchored: bool) -> tuple[bytes, int]:
    """Classify the run of stars at `at`; returns the wildcard and where it ends."""
    end = at
    while end < len(text) and text[end] == _STAR:
        end += 1
    opens = at == 0 or text[at - 1] == _SLASH
    if not anchored or end - at == 1 or not opens:
        return b"*", end
    if end == len(text):
        return b"**", end
    return (b"**/", end + 1) if text[end] == _SLASH else (b"*", end)


def _single(text: bytes, at: int) -> tuple[bytes, int]:
    """A regular expression for the one byte that the pattern describes at `at`."""
    byte = text[at]
    if byte == ord("?"):
        return _NOT_SLASH, at + 1
    if byte == _OPEN:
        return _bracket(text, at + 1)
    if byte == _BACKSLASH:
        at += 1
        if at == len(text):
            raise PatternError("ends in a lone backslash")
    return re.escape(text[at : at + 1]), at + 1


def _bracket(text: bytes, at: int) -> tuple[bytes, int]:
    """A bracket expression, `at` just after `[`; like git, `]` first is an ordinary member."""
    negated = text[at : at + 1] in (b"!", b"^")
    at += negated
    members: set[int] = set()
    previous = -1
    first = True
    while first or text[at : at + 1] != b"]":
        first = False
        group = _named_class(text, at)
        if group is not None:
            members |= group[0]
            previous, at = -1, group[1]
        elif text[at : at + 1] == b"-" and previous >= 0 and text[at + 1 : at + 2] not in b"]":
            last, at = _member(text, at + 1)
            members.update(range(previous, last + 1))
            previous = -1
        else:
            previous, at = _member(text, at)
            members.add(previous)
    if negated:
        return b"[^" + _ranges(members | {_SLASH}) + b"]", at + 1
    members.discard(_SLASH)
    if not members:
        raise PatternError("has a bracket that matches nothing")
    return b"[" + _ranges(members) + b"]", at + 1


def _ranges(members: set[int]) -> bytes:
    """The inside of a regular expression set, as ranges so that a long one is cheap to compile."""
    ranges: list[list[int]] = []
    for member in sorted(members):
        if ranges and ranges[-1][1] == member - 1:
            ranges[-1][1] = member
        else:
            ranges.append([member, member])
    return b"".join(b"\\x%02x-\\x%02x" % (low, high) for low, high in ranges)


def _member(text: bytes, at: int) -> tuple[int, int]:
    """One member of a bracket expression and where the next one begins."""
    if text[at : at + 1] == b"\\":
        at += 1
    if at >= len(text):
        raise PatternError("has an unclosed bracket")
    return text[at], at + 1


def _named_class(text: bytes, at: int) -> tuple[frozenset[int], int] | None:
    """`[:name:]` at `at`, or None when the bracket there is an ordinary member."""
    if text[at : at + 2] != b"[:":
        return None
    end = text.find(b"]", at + 2)
    if end < 0:
        raise PatternError("has an unclosed bracket")
    if end - 1 < at + 2 or text[end - 1 : end] != b":":
        return None
    members = _CLASSES.get(text[at + 2 : end - 1])
    if members is None:
        raise PatternError("names an unknown character class")
    return members, end + 1


def _assemble(pieces: list[_Piece]) -> bytes:
    """Join pieces so that every group but the last of its kind is atomic.

    A group that begins with `**/` reaches up to the next one: its components are matched at the
    first place they fit, which leaves the most for the wildcard that follows.
    """
    expression = bytearray()
    group = bytearray()
    whole = b"(?:[^/]*/)*?"
    in_group = False
    for index, (wildcard, fixed) in enumerate(pieces):
        following = pieces[index + 1].wildcard if index + 1 < len(pieces) else b""
        if wildcard in (b"**/", b"**"):
            expression += b"(?>" + whole + group + b")" if in_group else group
            group.clear()
            in_group = wildcard == b"**/"
            group += fixed if in_group else b".*"
        elif wildcard == b"*":
            atomic = following == b"*"
            group += b"(?>[^/]*?" + fixed + b")" if atomic else b"[^/]*" + fixed
        else:
            group += fixed
    expression += whole + group if in_group else group
    return bytes(expression)
