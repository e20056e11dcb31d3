"""The query language."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.records import Filter, Place, Query
from semsearch.searching import from_arguments, make_filter, merge, parse_query
from semsearch.searching.query import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

NOW = time.mktime((2024, 6, 15, 10, 30, 0, 0, 0, -1))


def parse(raw: str, cwd: bytes = b"/home/ada", roots: tuple[bytes, ...] = ()) -> Query:
    return parse_query(raw, cwd=cwd, now=NOW, roots=roots)


def local(*date: int) -> int:
    return int(time.mktime((*date, 0, 0, 0, 0, 0, -1))) * 1_000_000_000


def test_plain_words_are_embedded_as_typed_and_searched_in_lower_case() -> None:
    query = parse("Why did  the Import\tslow down, why?")
    assert query.text == "Why did the Import slow down, why?"
    assert query.terms == ("why", "did", "the", "import", "slow", "down", "why")
    assert (query.phrases, query.excluded, query.where) == ((), (), Filter())


@pytest.mark.parametrize(
    ("raw", "terms"),
    [
        ("the model's output", ("the", "model", "output")),
        ("don’t panic", ("don't", "panic")),
        ("we'll see", ("we", "see")),
        ("l'amour", ("l", "amour")),
        ("snake_case std::vector C++", ("snake_case", "std", "vector", "c")),
        ("हिन्दी भाषा", ("हिन्दी", "भाषा")),
        ("___ -- 🎉", ()),
        ("Größe ÄRGER", ("größe", "ärger")),
    ],
)
def test_words_are_cut_as_people_mean_them(raw: str, terms: tuple[str, ...]) -> None:
    assert parse(raw).terms == terms


@pytest.mark.parametrize("raw", ['"exact phrase"', "“exact phrase”", "„exact  phrase“"])
def test_a_quoted_phrase_is_required_and_embedded(raw: str) -> None:
    query = parse(f"find {raw} now")
    assert query.phrases == ("exact phrase",)
    assert query.text == "find exact phrase now"
    assert query.terms == ("find", "now")


def test_exclusions_are_neither_embedded_nor_searched_for() -> None:
    query = parse('coffee -draft -"cold brew" beans')
    assert query.excluded == ("draft", "cold brew")
    assert query.text == "coffee beans"
    assert query.terms == ("coffee", "beans")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("it's a dog's life", "it's a dog's life"),
        ('a 27" monitor', 'a 27" monitor'),
        ('"never closed', '"never closed'),
        ("git rebase --onto main", "git rebase --onto main"),
        ("first - second", "first - second"),
        ("see http://host/in:x", "see http://host/in:x"),
        ("in: the beginning", "in: the beginning"),
        (r"\-5 degrees", "-5 degrees"),
        (r"\in:box \"quoted\"", r'in:box "quoted\"'),
        (r"C:\temp \d+", r"C:\temp \d+"),
        ('"" "!?"', "!?"),
    ],
)
def test_punctuation_of_plain_text_is_plain_text(raw: str, text: str) -> None:
    query = parse(raw)
    assert query.text == text
    assert (query.phrases, query.excluded, query.where) == ((), (), Filter())


def test_a_backslash_keeps_a_quote_inside_a_phrase() -> None:
    assert parse(r'"say \"hi\" now"').phrases == ('say "hi" now',)


def test_filters_are_taken_out_of_the_text() -> None:
    query = parse("retro IN:work type:md,.PY after:2024-02 before:2024-06-03")
    assert query.text == "retro"
    assert query.where == Filter(
        (b"/home/ada/work",), ("md", "py"), local(2024, 2, 1), local(2024, 6, 3)
    )


def test_a_filter_value_may_be_quoted() -> None:
    query = parse('in:"My Notes/2024" tea')
    assert query.where.folders == (b"/home/ada/My Notes/2024",)
    assert query.terms == ("tea",)


def test_repeated_filters_add_places_and_narrow_dates() -> None:
    query = parse("x in:a in:/b/../c type:md type:markdown after:2023 after:2024 before:7d")
    assert query.where.folders == (b"/home/ada/a", b"/c")
    assert query.where.suffixes == ("md", "markdown", "mdx")
    assert query.where.after_ns == local(2024, 1, 1)
    assert query.where.before_ns == int((NOW - 7 * 86_400) * 1e9)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("today", (2024, 6, 15)), ("yesterday", (2024, 6, 14)), ("2024-2-29", (2024, 2, 29))],
)
def test_days_begin_at_local_midnight(word: str, expected: tuple[int, int, int]) -> None:
    assert parse(f"x after:{word}").where.after_ns == local(*expected)


@pytest.mark.parametrize("value", ["0001", "9999-12-31", "99999y"])
def test_a_date_no_file_can_have_is_one_the_index_can_compare_with(value: str) -> None:
    moment = parse(f"x before:{value}").where.before_ns
    assert moment is not None
    assert abs(moment) == (1 << 63) - 1


@pytest.mark.parametrize(
    "value",
    ["lunch", "2023-02-29", "2024-13", "2024-0-1", "24-06", "2024-06-31", "99999d9", "7", "²024"],
)
def test_a_bad_date_is_an_error_that_says_where(value: str) -> None:
    with pytest.raises(UsageError, match=r"at character 5 of the query.*is not a date") as caught:
        parse(f"one after:{value} two")
    assert caught.value.exit_status == 2
    assert "7d" in caught.value.hint
    assert r"write \after:" in caught.value.hint


@pytest.mark.parametrize(
    "raw",
    ["x type:m/d", "x type:,,", "-in:box x", "like:a like:b", "like:a:0", 'x in:""', 'like:" "'],
)
def test_other_bad_filters_are_errors(raw: str) -> None:
    with pytest.raises(UsageError, match="at character"):
        parse(raw)


def test_dates_that_exclude_each_other_are_an_error() -> None:
    with pytest.raises(UsageError, match="after the one date and from before the other"):
        parse("x after:2024-06 before:2024-06")


def test_the_value_in_an_error_is_harmless_and_short() -> None:
    with pytest.raises(UsageError) as caught:
        parse("x before:\u202e" + "9" * 5000)
    assert "\u202e" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_folder_is_found_below_the_roots_when_not_here(tmp_path: Path) -> None:
    (tmp_path / "notes" / "recipes").mkdir(parents=True)
    here, notes = bytes(tmp_path), bytes(tmp_path / "notes")
    assert parse("x in:recipes", here, (notes,)).where.folders == (notes + b"/recipes",)
    assert parse("x in:notes", b"/", (notes,)).where.folders == (notes,)
    assert parse("x in:notes", here, (notes,)).where.folders == (notes,)
    gone = parse("x in:gone", here, (notes,)).where.folders
    assert gone == (here + b"/gone", notes + b"/gone")


def test_like_names_a_file_or_a_line_of_it() -> None:
    assert parse("like:a/b.md").like == Place(b"/home/ada/a/b.md", None)
    assert parse("like:/x/b.md:12 tea").like == Place(b"/x/b.md", 12)
    assert parse('like:"two words.md:3"').like == Place(b"/home/ada/two words.md", 3)


def test_a_path_that_is_not_utf8_survives() -> None:
    assert parse("in:caf\udce9 x").where.folders == (b"/home/ada/caf\xe9",)


def test_a_query_that_is_too_long_is_refused() -> None:
    assert parse("é" * (MAX_BYTES // 2)).text
    with pytest.raises(UsageError, match="8193 bytes"):
        parse("é" * (MAX_BYTES // 2) + "a")


def test_the_shell_took_the_quotes_of_a_filter() -> None:
    assert from_arguments(["in:My Notes", "two words", "tea"]) == 'in:"My Notes" two words tea'


def test_a_whole_query_in_quotes_is_taken_as_it_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for query in ("in:notes dense loaf", "type:md dense loaf", "after:2024-06 docker logs"):
        assert from_arguments([query]) == query
    (tmp_path / "My Notes").mkdir()
    assert from_arguments(["in:My Notes"]) == 'in:"My Notes"'
    (tmp_path / "My Notes" / "a b.md").touch()
    assert from_arguments(["like:My Notes/a b.md:12"]) == 'like:"My Notes/a b.md:12"'


def test_flags_mean_what_the_filters_mean() -> None:
    flags = make_filter(
        folders=["work"], types=["md,py"], after="2024-02", before="7d", cwd=b"/home/ada", now=NOW
    )
    assert flags == parse("x in:work type:md,py after:2024-02 before:7d").where
    assert merge(flags, Filter(suffixes=("txt", "md"))).suffixes == ("md", "py", "txt")
    with pytest.raises(UsageError, match=r"^“noon” is not a date\.$"):
        make_filter(after="noon", cwd=b"/", now=NOW)


# --- hostile input ---------------------------------------------------------------------------

_HOSTILE = (
    '" “ ” „ - -- \\ : in: type: after: before: like: -in: -" in:" \\in: AND OR NOT NEAR( ) * ^ '
    "' '' ; ~ /../ %s {} \x00 \x1b[31m \u202e \ud800 \udcff 中文 ไทย e\u0301 2024 md 7d 12:0 :3"
)
FRAGMENTS = _HOSTILE.split(" ")


def parse_or_refuse(raw: str) -> Query | None:
    """The query, or None when it is refused with a usage error; anything else is a bug."""
    try:
        return parse(raw)
    except UsageError:
        return None


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_text_parses_or_is_a_usage_error(parts: list[str]) -> None:
    for glue in ("", " "):
        query = parse_or_refuse(glue.join(parts))
        if query is None:
            continue
        query.text.encode()
        assert query.text == " ".join(query.text.split())
        assert all(term == term.lower() and term.strip("_") for term in query.terms)


@given(st.text(alphabet=st.characters(exclude_characters='"“”„-\\:'), max_size=60))
@settings(max_examples=100, deadline=None)
def test_text_without_special_characters_is_kept_whole(raw: str) -> None:
    query = parse(raw)
    assert (query.phrases, query.excluded, query.where, query.like) == ((), (), Filter(), None)


def test_two_thousand_hostile_strings_are_parsed_or_refused() -> None:
    generator = random.Random(7)
    for _ in range(2000):
        parts = generator.choices(FRAGMENTS, k=generator.randint(1, 40))
        parse_or_refuse(" ".join(parts))
    for unit in ('"', '\\"', '-"', 'in:"', '"a', "a ", "“„", "\\", "-"):
        parse_or_refuse(unit * (MAX_BYTES // len(unit.encode())))
