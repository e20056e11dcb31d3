from __future__ import annotations

import pytest

from semsearch.extract.frontmatter import read_front_matter


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("title: Plain words", "Plain words"),
        ("Title:   spaced   out  ", "spaced out"),
        ("title: with a comment # not this", "with a comment"),
        ("title: C# and F#", "C# and F#"),
        ("title: 'single ''quoted'''", "single 'quoted'"),
        ('title: "double \\"quoted\\""', 'double "quoted"'),
        ("title: Q3: what slowed us", "Q3: what slowed us"),
        ("title: >-\n  folded over\n  two lines\ntags: [a]", "folded over two lines"),
        ("title: |\n  literal", "literal"),
        ("tags: [a, b]", ""),
        ("title: &anchor Name", ""),
        ("title: *alias", ""),
        ("title: !!binary aGk=", ""),
        ("title:", ""),
        ("  title: nested, not the document's", ""),
    ],
)
def test_yaml_titles(line: str, title: str) -> None:
    text = f"---\n{line}\n---\nBody"
    front = read_front_matter(text)
    assert front.title == title
    assert text[front.end :] == "\nBody"


def test_toml_titles() -> None:
    text = '+++\ndate = 2024-01-01\ntitle = "Tom\'s note"\n+++\nBody'
    front = read_front_matter(text)
    assert front.title == "Tom's note"
    assert text[front.end :] == "\nBody"


def test_dots_and_windows_line_ends_close_yaml_too() -> None:
    text = "---\r\ntitle: A\r\n...\r\nBody"
    front = read_front_matter(text)
    assert front.title == "A"
    assert text[front.end :] == "\r\nBody"


@pytest.mark.parametrize(
    "text",
    [
        "No front matter\n---\n",
        "---\nnever closed: yes\n",
        "--- not alone\ntitle: x\n---\n",
        "---\n\N{EM DASH} a rule, then text, then a rule.\n---\n",
        "",
        "---",
    ],
)
def test_text_without_front_matter_begins_at_its_beginning(text: str) -> None:
    assert read_front_matter(text) == ("", 0)


def test_aliases_and_anchors_are_never_expanded() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(1000))
    front = read_front_matter(f"---\n{bomb}title: safe\n---\n")
    assert front.title == "safe"


def test_a_closing_fence_far_below_does_not_count() -> None:
    assert read_front_matter("---\n" + "key: value\n" * 10_000 + "---\n") == ("", 0)
