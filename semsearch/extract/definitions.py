"""What a line of source code defines: the patterns that name scopes, by family of languages.

A grammar per language would name more scopes; these lines name the ones a reader would search
for, in any language, at a cost that is linear in the line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMINED: Final = 240
"""Characters of a line that are looked at."""


class Definition(NamedTuple):
    """A scope that a line opens."""

    label: str
    container: bool
    """Whether definitions inside it are scopes of their own, as methods of a class are."""


_CONTAINER_WORDS: Final = (
    "class interface struct enum trait impl module mod namespace object protocol extension"
    " actor contract library service defmodule record union package"
)
_OTHER_WORDS: Final = (
    "function func fn fun def defp defmacro sub proc macro_rules message type procedure subroutine"
)
_MODIFIER_WORDS: Final = (
    "export default async public private protected internal static abstract final sealed open"
    " override virtual inline extern unsafe pub const constexpr data suspend partial readonly"
    " declare local synchronized mutating fileprivate inner companion operator infix case indirect"
    " global"
)
_CONTAINERS: Final = frozenset(_CONTAINER_WORDS.split())
_KEYWORDS: Final = _CONTAINER_WORDS.split() + _OTHER_WORDS.split()
_MODIFIERS: Final = _MODIFIER_WORDS.split()
_FIRST_WORDS: Final = frozenset(_KEYWORDS + _MODIFIERS)
_WORD: Final = re.compile(r"[a-z_]+")
_KEYWORD: Final = re.compile(
    rf"(?:(?:{'|'.join(_MODIFIERS)})(?:\([^()]{{0,40}}\))?\s+)*"
    rf"({'|'.join(sorted(_KEYWORDS, key=len, reverse=True))})\b[*!]?\s*"
    r"(?:\([^()]{0,80}\)\s*)?([A-Za-z_$~][\w$.:~?!]*)?"
)
_IMPL: Final = re.compile(r"impl\b[^{]{0,120}")
_PYTHON: Final = re.compile(r"(?:async\s+)?(def|class)\s+(\w+)")
_RUBY: Final = re.compile(r"(?:private\s+)?(def|class|module)\s+([A-Za-z_][\w.:]*[?!=]?)")
_TYPED: Final = re.compile(
    r"(?!(?:return|else|if|for|while|switch|case|new|throw|delete|goto|do|using|typedef|await|yield"
    r"|import|include|assert)\b)(?:[\w:<>,*&\[\]~.@?]+\s+)+[*&]*([\w:~]+)\s*\([^;=]*$"
)
_QUALIFIED: Final = re.compile(r"([A-Za-z_]\w*(?:::~?\w+)+)\s*\([^;]*$")
_METHOD: Final = re.compile(
    r"(?!(?:if|for|while|switch|catch|with|function|return|super|do|else)\b)"
    r"(?:(?:static|async|get|set|public|private|protected|readonly|override|abstract)\s+)*\*?"
    r"([A-Za-z_$#][\w$]*)\s*\([^;]*\{$"
)
_ASSIGNED: Final = re.compile(
    r"(?:export\s+)?(?:default\s+)?(?:(?:const|let|var)\s+)?([A-Za-z_$][\w$.]*)\s*"
    r"(?::[^=]{0,100})?=\s*(?:async\s*)?(?:function\b|class\b|\(|[\w$]+\s*=>)"
)
_SHELL: Final = re.compile(r"(?:function\s+([\w:.-]+)|([A-Za-z_][\w:.-]*)\s*\(\s*\))")
_SQL: Final = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:(?:temp|temporary|unique|virtual|materialized)\s+)*"
    r"(table|view|function|procedure|trigger|index|type)\s+(?:if\s+not\s+exists\s+)?([\w.\"`\[\]]+)",
    re.I,
)
_LISP: Final = re.compile(r"\((def[\w-]*|define[\w-]*)\s+\(?([^\s()]{1,80})")
_BLOCK: Final = re.compile(r"([a-z_]+)\s+(\"[^\"]{1,80}\"(?:\s+\"[^\"]{1,80}\")?)\s*\{$")
_TARGET: Final = re.compile(r"([A-Za-z0-9_./%$(){}-]{1,80})\s*:(?![=:])")


def matcher_of(kind: str) -> Callable[[str], Definition | None]:
    """The function that names what a stripped line of this kind of code defines."""
    return _MATCHERS.get(kind, _by_keyword)


def _python(line: str) -> Definition | None:
    match = _PYTHON.match(line)
    if match is None:
        return None
    keyword, name = match.groups()
    return Definition(f"{keyword} {name}", keyword == "class")


def _ruby(line: str) -> Definition | None:
    match = _RUBY.match(line)
    return Definition(f"{match[1]} {match[2]}", match[1] != "def") if match else None


def _by_keyword(line: str) -> Definition | None:
    word = _WORD.match(line)
    if word is None or word[0] not in _FIRST_WORDS:
        return None
    match = _KEYWORD.match(line)
    if match is None or line.endswith((";", ",")):
        return None
    keyword, name = match[1], match[2]
    if keyword == "impl":
        block = _IMPL.search(line)
        return Definition(block[0].strip(), True) if block else None
    if not name or (
        keyword in ("package", "module", "object", "library") and line[-1] not in "{:o"
    ):
        return None
    return Definition(f"{keyword} {name.rstrip(':.')}", keyword in _CONTAINERS)


def _c_family(line: str) -> Definition | None:
    found = _by_keyword(line)
    if found is not None:
        return found if not line.startswith("typedef") else None
    match = (_TYPED.match(line) or _QUALIFIED.match(line)) if "(" in line else None
    return Definition(f"{match[1]}()", False) if match else None


def _script(line: str) -> Definition | None:
    found = _by_keyword(line)
    if found is not None:
        return found
    match = _METHOD.match(line)
    if match is not None:
        return Definition(f"{match[1]}()", False)
    match = _ASSIGNED.match(line)
    if match is None or not ("=>" in line or "function" in line or "class" in line):
        return None
    return Definition(match[1], False)


def _shell(line: str) -> Definition | None:
    match = _SHELL.match(line)
    return Definition(f"{match[1] or match[2]}()", False) if match else None


def _sql(line: str) -> Definition | None:
    match = _SQL.match(line)
    return Definition(f"{match[1].lower()} {match[2]}", False) if match else None


def _lisp(line: str) -> Definition | None:
    match = _LISP.match(line)
    return Definition(f"{match[1]} {match[2]}", False) if match else None


def _named_block(line: str) -> Definition | None:
    match = _BLOCK.match(line)
    return Definition(f"{match[1]} {match[2]}", False) if match else None


def _target(line: str) -> Definition | None:
    match = _TARGET.match(line)
    return Definition(match[1], False) if match else None


_MATCHERS: Final[dict[str, Callable[[str], Definition | None]]] = {
    "python": _python,
    "ruby": _ruby,
    "elixir": _by_keyword,
    **dict.fromkeys(("c", "cpp", "objective-c", "csharp", "java", "dart", "groovy"), _c_family),
    **dict.fromkeys(("javascript", "typescript", "vue", "svelte"), _script),
    "shell": _shell,
    "sql": _sql,
    **dict.fromkeys(("lisp", "clojure"), _lisp),
    "terraform": _named_block,
    "make": _target,
    **dict.fromkeys(
        ("css", "batch", "haskell", "ocaml", "fsharp", "erlang", "assembly", "r"), lambda _: None
    ),
}
