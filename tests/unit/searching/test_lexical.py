"""Expressions for the lexical index: never syntax, bounded, and what was meant."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.records import Query
from semsearch.searching import parse_query
from semsearch.searching.lexical import (
    MAX_TERMS,
    common_terms,
    exclusion,
    lexical_expression,
    requirement,
)
from semsearch.searching.retrieve import Sources, lexical_chunks, lexical_files, weigh_words
from semsearch.store import segment
from tests.unit.searching.test_query import FRAGMENTS

if TYPE_CHECKING:
    from tests.unit.searching.corpus import Corpus


def parse(raw: str) -> Query:
    return parse_query(raw, cwd=b"/", now=0.0)


def expression(raw: str) -> str:
    return lexical_expression(parse(raw), segment)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Slow import slow", '"slow" OR "import" OR "slow"'),
        ("what is the import", '"import"'),
        ("to be or not to be", '"to" OR "be" OR "or" OR "not" OR "to" OR "be"'),
        ("AND OR NEAR(x)", '"near" OR "x"'),
        ('"exact phrase"', '"exact phrase"'),
        ('"a b" word', '"a b" AND ("a b" OR "word")'),
        ('"a b" "c d"', '"a b" AND "c d"'),
        ('word -x -"y z"', '("word") NOT ("x" OR "y z")'),
        ("全文検索", '"全文" OR "文検" OR "検索"'),
        ("🎉", ""),
        ("-x", ""),
    ],
)
def test_expressions(raw: str, expected: str) -> None:
    assert expression(raw) == expected


def test_requirements_and_exclusions_stand_alone() -> None:
    query = parse('word "a b" -x')
    assert requirement(query, segment) == '("a b") NOT ("x")'
    assert exclusion(query, segment) == '"x"'
    assert exclusion(parse("word"), segment) == ""


def test_long_queries_keep_their_repeated_and_long_words() -> None:
    filler = " ".join(f"w{number}" for number in range(100))
    terms = expression(f"{filler} photosynthesis rare rare rare").split(" OR ")
    assert len(terms) == MAX_TERMS
    assert terms.count('"rare"') == 3
    assert '"photosynthesis"' in terms


def test_phrases_are_bounded_too() -> None:
    raw = " ".join(f'"phrase {number}"' for number in range(300))
    assert expression(raw).count(" AND ") == MAX_TERMS - 1
    assert len(expression(f'"{"x" * 500} {"word " * 500}"').split()) == MAX_TERMS


def accepted(corpus: Corpus, raw: str) -> None:
    """Run everything a query becomes; the index must understand it."""
    try:
        query = parse(raw)
    except UsageError:
        return
    for one in (
        lexical_expression(query, segment),
        requirement(query, segment),
        exclusion(query, segment),
    ):
        if one:
            corpus.store.match_chunks(one, 5)
            corpus.store.match_files(one, 5)


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=10))
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_index_understands_every_expression(notes: Corpus, parts: list[str]) -> None:
    accepted(notes, " ".join(parts))


def test_two_thousand_hostile_strings_are_understood(notes: Corpus) -> None:
    generator = random.Random(3)
    characters = "\"'-*^:()+{}\\.~ \x00\u202e\ud800aé中ไ1_\n" + "AND OR NOT NEAR"
    for _ in range(2000):
        accepted(notes, "".join(generator.choices(characters, k=generator.randint(1, 60))))


# --- common words --------------------------------------------------------------------------------


def sources(corpus: Corpus, raw: str) -> Sources:
    return Sources(corpus.store, parse(raw), segment, None, None)


@pytest.fixture
def common(corpus: Corpus) -> Corpus:
    """Thirty notes that all say `daily`, three of which say `sourdough`."""
    texts = {
        f"{number:02}.md": "daily sourdough\n" if number < 3 else "daily matters\n"
        for number in range(30)
    }
    corpus.add_all(texts)
    return corpus


def test_common_words_are_dropped_when_a_rarer_one_remains(common: Corpus) -> None:
    def of(*terms: str) -> frozenset[str]:
        return common_terms(common.store.document_frequencies(terms))

    assert of("daily", "sourdough") == {"daily"}
    assert of("dailies", "matter") == frozenset()
    assert of("daily") == frozenset()


def test_a_small_index_keeps_its_common_words(common: Corpus) -> None:
    asked = sources(common, "daily sourdough")
    assert weigh_words(asked, 30)[0] == frozenset()
    assert weigh_words(asked, 1_000_000)[0] == {"daily"}


def test_what_words_tell_is_the_score_of_a_passage_that_holds_each_once(corpus: Corpus) -> None:
    corpus.add_all({f"{n:02}.md": "rye loaf\n" if n < 4 else f"x{n} y\n" for n in range(30)})
    asked = sources(corpus, "rye loaf")._replace(vector=b"any")
    chunks = corpus.store.coverage(0)[1]
    skip, told = weigh_words(asked, chunks)
    # Titles are empty and all passages of one length, so nothing else enters the score.
    assert (skip, told) == (frozenset(), pytest.approx(lexical_chunks(asked, 9)[0][1], rel=0.01))
    # A word that is nowhere is one more that could have told much.
    assert weigh_words(sources(corpus, "rye zebra")._replace(vector=b"any"), chunks)[1] > told
    twice = sources(corpus, "rye rye")._replace(vector=b"any")
    assert weigh_words(twice, chunks)[1] == pytest.approx(told)
    assert weigh_words(sources(corpus, "rye loaf"), chunks) == (frozenset(), 0.0)
    phrase = sources(corpus, '"rye loaf" zebra')._replace(vector=b"any")
    assert weigh_words(phrase, chunks) == (frozenset(), 0.0)
    every = sources(corpus, "y")._replace(vector=b"any")
    assert weigh_words(every, chunks)[1] == 0.0


def test_words_alone_keep_more_of_the_common_words(corpus: Corpus) -> None:
    corpus.add_all(
        {
            f"{n:02}.md": "often rare\n" if n < 1 else "often\n" if n < 5 else "x\n"
            for n in range(30)
        }
    )
    asked = sources(corpus, "often rare")
    assert weigh_words(asked, 1_000_000)[0] == frozenset()
    skip, told = weigh_words(asked._replace(vector=b"any"), 1_000_000)
    assert skip == {"often"}
    assert told == weigh_words(sources(corpus, "rare")._replace(vector=b"any"), 1_000_000)[1]


def test_skipped_words_come_back_when_too_little_is_found(common: Corpus) -> None:
    asked = sources(common, "daily sourdough")
    for find in (lexical_chunks, lexical_files):
        assert len(find(asked, 200, wanted=3, skip={"daily"})) == 3
        assert len(find(asked, 200, wanted=4, skip={"daily"})) == 30
