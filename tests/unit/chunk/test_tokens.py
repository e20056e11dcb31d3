from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from semsearch.chunk.tokens import estimate_tokens, weigh

any_text = st.text(max_size=200)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" \n\t ", 0),
        ("word", 1),
        ("The quick brown fox jumps over the lazy dog.", 10),
        ("\u6c49\u5b57", 2),
        ("\u3053\u3093\u306b\u3061\u306f", 5),
        ("\ud55c\uad6d\uc5b4", 3),
        ("\u041f\u0440\u0438\u0432\u0435\u0442", 3),
        ("1234", 3),
        ("(){};", 5),
        ("\U0001f600", 2),
    ],
)
def test_estimates_by_script(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def weight(character: str) -> int:
    """What the estimate is made of, in eighths of a token."""
    code = ord(character)
    if code <= 0x20 or code == 0x7F:
        return 0
    if code < 0x80:
        return 2 if character.isalpha() else 5 if character.isdigit() else 8
    return 4 if code < 0x2000 else 8 if code < 0x10000 else 16


@given(any_text, st.integers(1, 40))
@example("\U0001f600", 5000)
@example("\x7f\x80\xbf\u1fff\u2000\uffff\U00010000\U0010ffff", 1)
def test_a_weight_is_the_sum_of_its_characters(text: str, times: int) -> None:
    assert weigh(text * times) == times * sum(map(weight, text))


@given(any_text, any_text)
def test_weights_add_up(one: str, other: str) -> None:
    assert weigh(one + other) == weigh(one) + weigh(other)


@given(any_text)
def test_only_blank_text_is_free(text: str) -> None:
    readable = any(character > " " and character != "\x7f" for character in text)
    assert (estimate_tokens(text) > 0) == readable


def test_lone_surrogates_are_weighed() -> None:
    assert estimate_tokens("\ud800") > 0
