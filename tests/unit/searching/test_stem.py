"""The stemmer and the folding, held against the tokenizer the index uses."""

from __future__ import annotations

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.searching.stem import fold, stem

_SUFFIXES = (
    "ational tional enci anci izer logi bli alli entli eli ousli ization ation ator alism iveness "
    "fulness ousness aliti iviti biliti icate ative alize iciti ical ful ness al ance ence er ic "
    "able ible ant ement ment ent ion ou ism ate iti ous ive ize sses ies ss s eed ed ing y e ll"
)
SUFFIXES = _SUFFIXES.split()


def tokenizer(name: str) -> apsw.FTS5Tokenizer:
    database = apsw.Connection(":memory:")
    arguments = ["remove_diacritics", "2"]
    if name == "porter":
        return database.fts5_tokenizer("porter", ["unicode61", *arguments])
    return database.fts5_tokenizer("unicode61", arguments)


PORTER = tokenizer("porter")
UNICODE = tokenizer("unicode61")


def tokens(tokenize: apsw.FTS5Tokenizer, text: str) -> list[str]:
    found: list[str] = tokenize(
        text.encode(),
        apsw.FTS5_TOKENIZE_DOCUMENT,
        None,
        include_offsets=False,
        include_colocated=False,
    )
    return found


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("relational", "relat"), ("hopping", "hop"), ("filing", "file"), ("happiness", "happi"),
        ("sky", "sky"), ("eed", "e"), ("agreed", "agre"), ("ties", "ti"), ("caresses", "caress"),
        ("controlling", "control"), ("adoption", "adopt"), ("is", "is"), ("a" * 65, "a" * 65),
    ],
)  # fmt: skip
def test_known_stems(word: str, expected: str) -> None:
    assert stem(word) == expected


words = st.builds(
    lambda start, suffixes: start + "".join(suffixes),
    st.text(alphabet="aeioubcdlstyzvwxéß", max_size=6),
    st.lists(st.sampled_from(SUFFIXES), max_size=3),
).filter(bool)


@given(st.lists(words, min_size=20, max_size=20))
@settings(max_examples=150, deadline=None)
def test_stems_are_those_of_the_index(batch: list[str]) -> None:
    for word in batch:
        assert [stem(fold(word))] == tokens(PORTER, word)


@given(words)
@settings(max_examples=200, deadline=None)
def test_a_stem_without_its_last_letter_begins_the_word(word: str) -> None:
    assert fold(word).startswith(stem(fold(word))[:-1])


@given(st.text(alphabet=st.characters(max_codepoint=0x24F, categories=["L", "N"]), min_size=1))
@settings(max_examples=200, deadline=None)
def test_folding_is_that_of_the_index(text: str) -> None:
    # The two letters with a macron on an umlaut are folded once by the index, twice by us.
    text = text.replace("Ǡ", "").replace("ǡ", "") or "x"
    assert len(fold(text)) == len(text)
    assert [fold(text)] == tokens(UNICODE, text)


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_folding_keeps_positions(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_other_scripts_lose_their_case_and_keep_their_marks() -> None:
    assert fold("ΆΣ Йод が 한국") == "άσ йод が 한국"
