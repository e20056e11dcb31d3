"""Best sentence, highlights and line numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.searching.snippet import Matcher, Snippet, best_snippet, line_at
from semsearch.searching.stem import fold, stem
from semsearch.searching.words import words
from semsearch.store import segment

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def test_a_model_chooses_where_no_sentence_holds_every_word() -> None:
    offered: list[list[str]] = []

    def last(sentences: Sequence[str]) -> int:
        offered.append([*sentences])
        return len(sentences) - 1

    def chosen(query: str) -> Snippet:
        return best_snippet(PASSAGE, Matcher(words(query), (), segment), nearest=last)

    assert chosen("importing the customer table").chosen_by == "words"
    assert offered == []
    one = chosen("customer grievances")
    assert one.chosen_by == "meaning"
    assert one.sentence == "- measure again"
    assert PASSAGE[one.offset :].startswith("- measure again")
    assert line_at(PASSAGE, one.offset, 40, 47) == 46
    assert offered[0][0].startswith("The nightly job")  # the heading is not for choice
    assert chosen("zebra").sentence == "- measure again"


def test_where_the_model_cannot_tell_the_words_do() -> None:
    finder = Matcher(["customer", "zebra"], (), segment)
    one = best_snippet(PASSAGE, finder, nearest=lambda _: None)
    assert one == best_snippet(PASSAGE, finder)
    assert one.chosen_by == "words"
    nothing = best_snippet(PASSAGE, Matcher(["zebra"], (), segment), nearest=lambda _: None)
    assert (nothing.chosen_by, nothing.offset) == ("beginning", PASSAGE.index("The nightly"))


def test_the_beginning_is_shown_without_the_heading_above_it() -> None:
    one = snippet("= Loaf\n\nIt rose.\n\nIt fell.\n", "zebra")
    assert (one.text, one.chosen_by) == ("It rose. It fell.", "beginning")


def test_a_comment_is_a_line_of_code_and_no_heading() -> None:
    finder = Matcher(["retry"], (), segment)
    code = "# wait a little\nimport time\n"
    one = best_snippet(code, finder, code=True, nearest=lambda _: 0)
    assert (one.sentence, one.offset) == ("# wait a little", 0)


@given(st.text(st.sampled_from("ab .\n#=-。全"), max_size=200), st.integers(0, 9), st.booleans())
@settings(max_examples=200, deadline=None)
def test_the_chosen_sentence_stands_where_it_says(text: str, choice: int, code: bool) -> None:
    offered: list[str] = []

    def some(sentences: Sequence[str]) -> int:
        offered[:] = sentences
        return choice % len(sentences)

    one = best_snippet(text, Matcher(["zebra"], (), segment), code=code, nearest=some)
    assert one.sentence in text
    if one.chosen_by == "meaning":
        assert one.sentence == offered[choice % len(offered)].strip()
        assert text[one.offset : one.offset + len(one.sentence)] == one.sentence
        drawn = any(len(word) > 3 and len({*word}) == 1 for word in one.sentence.split())
        assert " ".join(one.sentence.split()) in one.text or len(one.sentence) > 150 or drawn
    else:
        assert len(offered) < 2


@pytest.mark.timeout(30)  # it takes a second; quadratic time would take many minutes
def test_the_time_is_linear() -> None:
    finder = Matcher(("needle", "thread"), (), segment)
    for unit in ("a", "a. ", "\n", " ", ".", '."', "needle ", "#\n", "全"):
        best_snippet(unit * 100_000, finder)
        best_snippet(unit * 100_000, finder, code=True)


def test_lines_that_are_drawn_are_not_shown() -> None:
    text = "Licence\n=======\n\n######## See the file COPYING ######## --- and __init__."
    shown = best_snippet(text, Matcher(("copying",), (), None)).text
    assert shown == "Licence See the file COPYING --- and __init__."
