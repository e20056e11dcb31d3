"""Best sentence, highlights and line numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.searching.snippet import Matcher, Snippet, best_snippet, line_at
from semsearch.searching.stem import fold, stem
from semsearch.searching.words import words
from semsearch.store import segment

PASSAGE = """## Slow imports

The nightly job ran long. It turned out that importing the customer table was slow because the
index had been dropped. Everyone was tired.

- restore the index
- measure again
"""


def snippet(text: str, query: str, *, code: bool = False, width: int = 200) -> Snippet:
    return best_snippet(text, Matcher(words(query), (), segment), code=code, width=width)


def marked(one: Snippet) -> list[str]:
    return [one.text[start:end] for start, end in one.matches]


def test_the_sentence_with_most_words_of_the_query_is_shown_first() -> None:
    one = snippet(PASSAGE, "why was the import of customers slow", width=120)
    assert one.text.startswith("It turned out that importing the customer table was slow because")
    assert marked(one) == ["importing", "customer", "slow"]
    assert PASSAGE[one.offset :].startswith("It turned out")
    assert line_at(PASSAGE, one.offset, 40, 46) == 42


def test_words_match_as_in_the_index() -> None:
    one = snippet(
        "Éclairs were BAKING in the caf\u00e9s' ovens; re_baked twice", "cafe bake eclair"
    )
    assert marked(one) == ["Éclairs", "BAKING", "caf\u00e9s", "baked"]


def test_stop_words_are_marked_only_when_there_is_nothing_else() -> None:
    assert marked(snippet("to be or not to be", "to be")) == ["to", "be", "to", "be"]
    assert marked(snippet("to be or not to be brave", "to be brave")) == ["brave"]


def test_without_a_match_the_text_below_the_heading_is_shown() -> None:
    one = snippet(PASSAGE, "zebra")
    assert one.text.startswith("The nightly job ran long.")
    assert one.matches == ()


def test_a_long_sentence_is_cut_to_where_its_words_are() -> None:
    text = "word " * 200 + "the needle lies beside a thread " + "word " * 200
    one = snippet(text, "needle thread")
    assert one.text.startswith("… ")
    assert one.text.endswith(" …")
    assert marked(one) == ["needle", "thread"]
    assert len(one.text) <= 204


def test_what_fits_behind_the_sentence_is_shown_with_it() -> None:
    text = "First one. The needle is here. Then this. " + "And then a long tail of words " * 20
    one = snippet(text, "needle")
    assert one.text.startswith("The needle is here. Then this. And then")
    assert one.text.endswith(" …")


def test_a_short_last_sentence_is_shown_with_what_stands_before_it() -> None:
    text = "Nothing. Some context stands here. Needle."
    one = snippet(text, "needle", width=35)
    assert one.text == "Some context stands here. Needle."
    assert text[one.offset :] == "Needle."


def test_a_line_of_code_is_a_sentence() -> None:
    code = "def load(path):\n    data = read(path)\n    return parse(data)\n"
    assert snippet(code, "parse", code=True, width=25).text == "return parse(data)"


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("全文検索", "これは全文検索エンジンです。次の文。", ["全文検索"]),
        ("検索", "全文検索エンジン", ["検索"]),
        ("ภาษาไทย", "เขียนภาษาไทยได้", ["ภาษาไทย"]),
        ("한국어", "한국어로 씁니다", ["한국어"]),
    ],
)
def test_scripts_without_spaces_match_inside(query: str, text: str, expected: list[str]) -> None:
    assert marked(snippet(text, query)) == expected


def test_a_whole_phrase_beats_its_scattered_words() -> None:
    text = "Order of events and a purchase. A purchase order came. Order order purchase events."
    finder = Matcher((), ("purchase order",), segment)
    assert best_snippet(text, finder, width=30).text == "A purchase order came."


def test_more_different_words_beat_a_rarer_one() -> None:
    text = "Alpha with beta. Alpha. Alpha. Beta. Beta. And one gamma."
    assert snippet(text, "alpha beta gamma", width=18).text == "Alpha with beta."


def test_of_equal_sentences_the_one_with_the_rarer_word_is_shown() -> None:
    text = "Alpha is first. Alpha is next. Gamma is last."
    assert snippet(text, "alpha gamma", width=18).text == "Gamma is last."


def test_lines_are_counted_as_editors_do() -> None:
    text = "one\r\ntwo\rthree\nfour"
    assert [line_at(text, text.index(word), 7, 99) for word in text.split()] == [7, 8, 9, 10]
    assert line_at(text, len(text), 7, 8) == 8


_PIECES = "the import slow Imports. \n\n # - needle! ünïcode 全文 . … a 1) \t ÉCLAIR x_y ;"
pieces = st.sampled_from(_PIECES.split(" "))


@given(st.lists(pieces, max_size=120), st.lists(pieces, max_size=6), st.integers(10, 120))
@settings(max_examples=300, deadline=None)
def test_spans_lie_in_the_snippet_and_mark_words_of_the_query(
    text_parts: list[str], query_parts: list[str], width: int
) -> None:
    text = " ".join(text_parts)
    query = words(" ".join(query_parts))
    one = best_snippet(text, Matcher(query, (), segment), width=width)
    assert len(one.text) <= width + 4
    assert "\n" not in one.text
    assert 0 <= one.offset <= len(text)
    stems = {stem(fold(piece)) for word in query for piece in word.split("_")}
    position = -1
    for start, end in one.matches:
        assert position < start < end <= len(one.text)
        position = end
        assert stem(fold(one.text[start:end])) in stems
    if one.matches == ():
        assert not Matcher(query, (), segment).find(one.text)


def test_the_time_is_linear() -> None:
    finder = Matcher(("needle", "thread"), (), segment)
    for unit in ("a", "a. ", "\n", " ", ".", '."', "needle ", "#\n", "全"):
        best_snippet(unit * 100_000, finder)
        best_snippet(unit * 100_000, finder, code=True)
