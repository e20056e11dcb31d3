from __future__ import annotations

import pytest

from .reading import blocks, outline, read


def test_paragraphs_are_separated_by_blank_lines() -> None:
    document = read("One line\nand another.\n\n  \t\nSecond paragraph.\n", "a.txt")
    assert [text for _, _, text in blocks(document)] == [
        "One line\nand another.",
        "Second paragraph.",
    ]


def test_a_short_first_line_standing_alone_is_the_title() -> None:
    document = read("Meeting with Ada\n\nWe spoke about engines.\n", "a.txt")
    assert document.title == "Meeting with Ada"
    assert outline(document) == [("heading", ""), ("paragraph", "")]


@pytest.mark.parametrize(
    "first",
    ["Dear Ada,", "A whole sentence.", "x" * 101, "Two\nlines", "12345", "- item", "-----"],
)
def test_other_first_lines_are_text(first: str) -> None:
    assert read(f"{first}\n\nMore text follows here.\n", "a.txt").title == ""


def test_a_single_line_is_text_not_a_title_without_a_text() -> None:
    assert outline(read("Only this\n\n", "a.txt")) == [("paragraph", "")]


def test_underlined_lines_are_headings_nested_by_first_appearance() -> None:
    source = "Manual\n======\n\nIntro.\n\nSetup\n-----\n\nText.\n\nUse\n-----\n\nText.\n"
    document = read(source, "README")
    assert document.title == "Manual"
    assert outline(document) == [
        ("heading", ""),
        ("paragraph", ""),
        ("heading", "Setup"),
        ("paragraph", "Setup"),
        ("heading", "Use"),
        ("paragraph", "Use"),
    ]


def test_lines_with_bullets_are_a_list() -> None:
    assert outline(
        read("Buy these things today:\n- milk\n- bread\n\n1) one\n2) two\n", "a.txt")
    ) == [
        ("paragraph", ""),
        ("list", ""),
        ("list", ""),
    ]


def test_vertical_tab_form_feed_and_separators_do_not_end_a_line() -> None:
    text = "one\x0btwo\x0cthree\x85four\u2028five"
    assert [text_ for _, _, text_ in blocks(read(text, "a.txt"))] == [text]


@pytest.mark.parametrize(
    ("name", "kind"), [("a.csv", "table"), ("a.json", "code"), ("a.log", "code"), ("a.yml", "code")]
)
def test_records_are_rows_or_code_never_prose(name: str, kind: str) -> None:
    document = read("a. B,1\nc. D,2\n\ne,3\n", name)
    assert outline(document) == [(kind, ""), (kind, "")]
    assert document.title == ""


def test_an_unknown_ending_is_plain_text() -> None:
    assert read("Words in a file.\n", "strange.xyz").kind == "text"


def test_entities_of_xml_are_text() -> None:
    """Nothing is expanded and nothing is fetched: XML is read as the text it is."""
    bomb = (
        '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">\n'
        '<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<a>&c;&x;</a>\n'
    )
    assert read(bomb, "a.xml").text == bomb
