"""Hostile text through everything that makes it harmless.

    python -m tests.fuzz.sanitiser --cases 50000 --seed 1

No forbidden code point comes through, the second pass changes nothing, and what is harmless stays
as it is. The speed is told for prose, for prose with accents, and for text full of controls.
"""

from __future__ import annotations

import random
import time
import unicodedata
from typing import TYPE_CHECKING, Final

from semsearch.text import REPLACEMENT, cell_width, cut, display_path, one_line, printable
from tests.fuzz.command import Outcome, run_as_command
from tests.fuzz.mutations import random_text

if TYPE_CHECKING:
    from collections.abc import Callable

_PROSE: Final = (
    "The quick brown fox jumps over the lazy dog. ",
    "Größe, naïveté, Ærøskøbing und ein Übergang. ",
    "\x1b[31mred\x1b[0m \u202egnp.exe \x9b2J \ufeff ",
)


_DIRECTIONAL: Final = (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_INVISIBLE: Final = (0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB, *range(0xE0000, 0xE0080))
_LISTED: Final = frozenset(map(chr, (*_DIRECTIONAL, *_INVISIBLE)))


def _forbidden(character: str, *, multiline: bool) -> bool:
    """Controls, surrogates and separators by the Unicode database, the others by name."""
    if character in "\t\n":
        return not multiline
    return character in _LISTED or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def fuzz(cases: int, seed: int) -> Outcome:
    """So many texts."""
    outcome = Outcome()
    chance = random.Random(seed)
    for number in range(cases):
        text = random_text(chance, chance.choice((1, 3, 20, 80, 200)))
        with outcome.case(f"case {number}"):
            _prove(outcome, f"case {number}", text, chance)
    for name, prose in zip(("ascii", "accents", "hostile"), _PROSE, strict=True):
        outcome.more[f"MB/s, {name}"] = f"{_speed(prose):.0f}"
    return outcome


def _prove(outcome: Outcome, name: str, text: str, chance: random.Random) -> None:
    ways: tuple[tuple[str, Callable[[str], str], bool], ...] = (
        ("printable", printable, False),
        ("printable, lines", lambda one: printable(one, multiline=True), True),
        ("one_line", one_line, False),
        ("cut", lambda one: cut(printable(one), chance.randrange(0, 30)), False),
        (
            "display_path",
            lambda one: display_path(one.encode("utf-8", "surrogatepass")),
            False,
        ),
    )
    for way, clean, multiline in ways:
        done = clean(text)
        left = [one for one in done if _forbidden(one, multiline=multiline)]
        if left:
            outcome.fail(name, f"{way} lets {left[0]!a} through")
        if way != "cut" and clean(done) != done:
            outcome.fail(name, f"{way} changes its own output")
    kept = printable(text, multiline=True)
    if len(kept) != len(text):
        outcome.fail(name, "printable changes how many characters there are")
    for before, after in zip(text, kept, strict=False):
        if before != after and (after != REPLACEMENT or not _forbidden(before, multiline=True)):
            outcome.fail(name, f"printable made {after!a} of {before!a}")
    if cell_width(cut(kept, 20)) > 20:
        outcome.fail(name, "cut is wider than it may be")


def _speed(prose: str) -> float:
    """Megabytes of UTF-8 a second, of one large text."""
    text = prose * (4_000_000 // len(prose.encode()))
    printable(text, multiline=True)
    started = time.perf_counter()
    printable(text, multiline=True)
    return len(text.encode()) / (time.perf_counter() - started) / 1e6


if __name__ == "__main__":
    run_as_command(__doc__ or "", 50_000, fuzz)
