"""Whatever comes from outside is harmless once it went through `printable`."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.text import cell_width, cut, display_path, one_line, printable

HOSTILE = [
    "\x1b[2J",
    "\x1b]52;c;aGk=\x07",
    "\x9b31m",
    "\x7f",
    "\r",
    "\b\b",
    "\u202eexe.txt",
    "\u2066",
    "\u2028",
    "\ufeff",
    "\U000e0041",
    "\ud800",
]


def forbidden(character: str, *, multiline: bool) -> bool:
    """An independent statement of the rule, by Unicode category."""
    if multiline and character in "\t\n":
        return False
    if character in "\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\u00ad\u180e\u206a\u206b":
        return False
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in (
        "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufff9"
    )


@pytest.mark.parametrize("payload", HOSTILE)
def test_no_control_survives(payload: str) -> None:
    shown = printable(f"a{payload}b")
    assert not any(forbidden(character, multiline=False) for character in shown)
    assert shown.startswith("a")
    assert shown.endswith("b")


@given(st.text(st.characters()), st.booleans())
def test_printable_is_complete_and_idempotent(text: str, multiline: bool) -> None:
    shown = printable(text, multiline=multiline)
    assert not any(forbidden(character, multiline=multiline) for character in shown)
    assert printable(shown, multiline=multiline) == shown
    assert len(shown) == len(text)


@given(st.text(st.characters(exclude_categories=("C", "Zl", "Zp"))))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert printable(text) == text


def test_joiners_stay_for_emoji_and_scripts() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert printable(family) == family


def test_newlines_and_tabs_stay_only_where_lines_are_meant() -> None:
    assert printable("a\tb\nc", multiline=True) == "a\tb\nc"
    assert printable("a\tb\nc") == "a\ufffdb\ufffdc"
    assert one_line(" a \t b\n\nc ") == "a b c"


def test_a_path_that_is_not_text_is_shown_anyway() -> None:
    assert display_path(b"/n\xff/\x1b[0m") == "/n\ufffd/\ufffd[0m"


@given(st.text(st.characters(exclude_categories=("C",))), st.integers(0, 40))
def test_cut_fits_and_keeps_the_beginning(text: str, width: int) -> None:
    shown = cut(text, width)
    assert cell_width(shown) <= width
    if shown != text:
        assert shown == "" or text.startswith(shown.removesuffix("…"))


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("", 0), ("a\u200db", 2)]
)
def test_width_in_cells(text: str, width: int) -> None:
    assert cell_width(text) == width
