from __future__ import annotations

import pytest

from semsearch.extract.markdown import plain_heading

from .reading import blocks, outline, read

NOTE = """\
---
title: Release notes
tags: [ops]
---
# Release notes

Intro line one
and two.

## Install

1. Download it.
2. Run it:

   ```sh
   # not a heading
   make install
   ```

   Then check.

| OS | Works |
|----|-------|
| Linux | yes |

> Quoted
> words

### On **Windows** [here](http://x.example/a_b)

    indented code
    # neither a heading

Setext one
==========

<!-- a comment
# not a heading
-->

Last words.
"""


def test_structure_of_a_note() -> None:
    document = read(NOTE, "a.md")
    assert document.kind == "markdown"
    assert document.title == "Release notes"
    assert outline(document) == [
        ("heading", "Release notes"),
        ("paragraph", "Release notes"),
        ("heading", "Release notes / Install"),
        ("list", "Release notes / Install"),
        ("code", "Release notes / Install"),
        ("list", "Release notes / Install"),
        ("table", "Release notes / Install"),
        ("quote", "Release notes / Install"),
        ("heading", "Release notes / Install / On Windows here"),
        ("code", "Release notes / Install / On Windows here"),
        ("heading", "Setext one"),
        ("paragraph", "Setext one"),
    ]


def test_texts_of_blocks_are_exact() -> None:
    found = {kind: text for kind, _, text in blocks(read(NOTE, "a.md"))}
    assert found["table"] == "| OS | Works |\n|----|-------|\n| Linux | yes |"
    assert found["quote"] == "> Quoted\n> words"
    assert found["paragraph"] == "Last words."
    assert found["heading"] == "Setext one\n=========="


def test_the_only_top_heading_is_the_title_and_leaves_the_breadcrumbs() -> None:
    document = read("# Top\n\ntext\n\n## A\n\n### B\n\nmore\n", "a.md")
    assert document.title == "Top"
    assert outline(document)[-1] == ("paragraph", "A / B")


def test_several_top_headings_name_no_title() -> None:
    document = read("# Monday\n\nx\n\n# Tuesday\n\ny\n", "a.md")
    assert document.title == ""
    assert outline(document)[-1] == ("paragraph", "Tuesday")


def test_a_low_heading_after_text_is_not_the_title() -> None:
    assert read("Some text first.\n\n### Note\n\nx\n", "a.md").title == ""


@pytest.mark.parametrize(
    "line",
    ["#hashtag", "####### seven", "#", "text # not", "\\# escaped", "    # indented", "> # quoted"],
)
def test_lines_that_are_no_headings(line: str) -> None:
    document = read(f"Before.\n\n{line}\n\nAfter.\n", "a.md")
    assert "heading" not in {kind for kind, _ in outline(document)}


@pytest.mark.parametrize("line", ["# A", "# A #", "#\tA", "   # A   ", "# A ##   "])
def test_atx_headings(line: str) -> None:
    assert read(f"{line}\n\ntext\n", "a.md").title == "A"


@pytest.mark.parametrize("fence", ["```", "~~~", "`````"])
def test_headings_inside_fences_are_code(fence: str) -> None:
    document = read(f"# T\n\n{fence}python\n# comment\n{fence}\n\nafter\n", "a.md")
    assert [kind for kind, _ in outline(document)] == ["heading", "code", "paragraph"]


def test_a_fence_is_closed_by_its_own_kind_only() -> None:
    document = read("````\n```\n~~~\n# x\n````\nafter\n", "a.md")
    assert [kind for kind, _ in outline(document)] == ["code", "paragraph"]


def test_a_fence_without_an_end_reaches_to_the_end() -> None:
    assert outline(read("```\n# a\n\n# b\n", "a.md")) == [("code", "")]


def test_a_list_goes_on_over_blank_lines_and_ends_at_unindented_text() -> None:
    document = read("- one\n\n- two\n\n      nested text\n\nAfter.\n", "a.md")
    assert [(kind, text[:5]) for kind, _, text in blocks(document)] == [
        ("list", "- one"),
        ("paragraph", "After"),
    ]


def test_a_wrapped_number_does_not_begin_a_list() -> None:
    assert outline(read("It happened in\n1984. Nobody knew.\n", "a.md")) == [("paragraph", "")]


def test_rules_references_and_comments_are_no_content() -> None:
    source = "One.\n\n***\n\n[a]: http://x.example\n\n<!-- gone -->\n\n- - -\n\nTwo.\n"
    assert [text for _, _, text in blocks(read(source, "a.md"))] == ["One.", "Two."]


def test_a_comment_that_never_ends_does_not_swallow_the_text() -> None:
    assert any("# Real" in text for _, _, text in blocks(read("<!-- open\n\n# Real\n", "a.md")))


def test_scripts_are_left_out_and_pre_is_code() -> None:
    document = read("<script>\nvar x\n</script>\n\n<pre>\n# x\n</pre>\n\nText.\n", "a.md")
    assert [kind for kind, _ in outline(document)] == ["code", "paragraph"]


def test_html_headings_of_one_line_are_headings() -> None:
    assert read('<h1 align="center">Project</h1>\n\ntext\n', "a.md").title == "Project"


def test_wiki_links_are_left_alone() -> None:
    assert blocks(read("See [[Other page|there]].\n", "a.md"))[0][2] == "See [[Other page|there]]."


def test_windows_and_old_mac_line_ends_give_the_same_structure() -> None:
    expected = outline(read(NOTE, "a.md"))
    for ending in ("\r\n", "\r"):
        assert outline(read(NOTE.replace("\n", ending), "a.md")) == expected


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("**Bold** and _thin_", "Bold and thin"),
        ("`code_name()` works", "code_name() works"),
        ("[Link](http://x.example/(a)) text", "[Link](http://x.example/(a)) text"),
        ("[![badge](b.svg)](http://x.example) Tool", "badge Tool"),
        ("Anchored {#anchor .class}", "Anchored"),
        ('<a name="x"></a>Named', "Named"),
        ("A &amp; B", "A & B"),
        ("snake_case_name", "snake_case_name"),
        (r"1\. Escaped \*stars\*", "1. Escaped *stars*"),
        ("[[Wiki]] link", "[[Wiki]] link"),
    ],
)
def test_headings_lose_their_markup(source: str, label: str) -> None:
    assert plain_heading(source) == label
