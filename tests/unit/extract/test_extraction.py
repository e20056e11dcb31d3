from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.errors import FileProblem
from semsearch.extract import MAX_TEXT, extract
from semsearch.extract.outline import MAX_BLOCKS

from .reading import outline, read


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", b"\xff\xfe \x00\n\x00"])
def test_nothing_to_read_is_empty(data: bytes) -> None:
    with pytest.raises(FileProblem) as caught:
        extract(data, "a.md")
    assert caught.value.reason == "empty"


def test_text_over_the_limit_is_too_large() -> None:
    with pytest.raises(FileProblem) as caught:
        extract(b"abcdef", "a.txt", max_text=5)
    assert caught.value.reason == "too large"
    assert extract(b"abcde", "a.txt", max_text=5).text == "abcde"
    assert MAX_TEXT >= 10_000_000


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.rst", "a.org", "a.py", "a.json", "unknown"])
def test_text_formats_keep_their_source_unchanged(name: str) -> None:
    source = "# T\r\n\r\ntext\rmore \u00e9\x0c\n"
    assert read(source, name).text == source


def test_encoding_and_warnings_are_reported() -> None:
    document = extract("# \u00dcbung\n\nGr\u00fc\u00dfe aus K\u00f6ln\n".encode("latin-1"), "a.md")
    assert document.title == "\u00dcbung"
    assert document.encoding != "utf-8"
    assert document.warnings


@pytest.mark.parametrize(("name", "unit"), [("a.md", "# a\n"), ("a.txt", "a\n\n")])
def test_structure_is_bounded(name: str, unit: str) -> None:
    document = read("First words, then more.\n\n" + unit * (MAX_BLOCKS + 50), name)
    assert len(document.blocks) == MAX_BLOCKS
    assert document.blocks[-1].end >= len(document.text) - 3
    assert document.warnings


def test_labels_and_depth_are_bounded() -> None:
    source = "".join(f"{'*' * level} {'word ' * 200}\n" for level in range(1, 100))
    document = read(source, "a.org")
    assert max(len(block.breadcrumb) for block in document.blocks) <= 12
    assert max(len(step) for block in document.blocks for step in block.breadcrumb) <= 200


HOSTILE = {
    "nested divs": ("a.html", "<div>" * 100_000 + "text"),
    "attributes": ("a.html", "<a " + " ".join(f"a{n}=1" for n in range(100_000)) + ">text"),
    "open tags": ("a.html", "<a " * 200_000),
    "open quotes": ("a.html", '<a ="' * 100_000),
    "mixed quotes": ("a.html", "<a ='\">" * 100_000),
    "open comments": ("a.html", "<!--" * 100_000 + "text"),
    "open navs": ("a.html", "<nav>" * 50_000 + "text"),
    "open mains": ("a.html", "<main>x" * 20_000),
    "entities": ("a.html", "&amp;" * 200_000),
    "less-than signs": ("a.html", "<" * 200_000),
    "comments in Markdown": ("a.md", "<!--\n" * 100_000),
    "brackets in a heading": ("a.md", "# " + "[" * 300_000 + "\n"),
    "stars in a heading": ("a.md", "# " + "*_`" * 100_000 + "\n"),
    "fences": ("a.md", "```\n" * 60_000),
    "table rows": ("a.md", "|a|b|\n|-|-|\n" * 20_000),
    "blanks before a newline": ("a.md", (" " * 1000 + "\n") * 500 + "x"),
    "drawers": ("a.org", ":A:\n" * 60_000),
    "adornments": ("a.rst", "=" * 300_000 + "\n" + "=" * 300_000),
    "backquotes": ("a.rst", "a" + "`" * 200_000 + "\n" + "=" * 200_001 + "\n"),
    "open parentheses": ("a.py", "@a(\n" * 100_000),
    "open strings": ("a.py", '"""\n' * 100_001),
    "types": ("a.c", "a " * 200_000 + "(\n" + "a*&<> " * 100_000),
    "classes": ("a.py", "".join(" " * n + "class A:\n" for n in range(1000))),
    "quotes": ("a.md", "> " * 300_000),
    "front matter": ("a.md", "---\n" + "title: a\n" * 100_000),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_texts_are_read_in_linear_time(case: str) -> None:
    name, source = HOSTILE[case]
    assert read(source, name).kind


def test_text_behind_hostile_markup_is_still_found() -> None:
    for case in ("nested divs", "attributes", "open navs"):
        assert "text" in read(HOSTILE[case][1], "a.html").text


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="<>/!-=\"' abpdivnthr&;#[]", min_size=1, max_size=200),
    st.sampled_from(["a.html", "a.md"]),
)
def test_broken_markup_gives_a_document(source: str, name: str) -> None:
    if source.strip():
        document = read(source, name)
        assert all(0 <= block.start < block.end <= len(document.text) for block in document.blocks)


def test_the_package_alone_imports_no_extractor_and_no_detector() -> None:
    program = (
        "import sys, semsearch.extract; "
        "print([m for m in ('chardet', 'semsearch.extract.html', 'html') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_structure_is_the_same_for_every_line_end() -> None:
    source = "Title\n=====\n\nText here.\n\n- a\n- b\n\nPart\n----\n\nMore.\n"
    for name in ("a.md", "a.txt", "a.rst"):
        expected = outline(read(source, name))
        assert len(expected) >= 5
        for ending in ("\r\n", "\r"):
            assert outline(read(source.replace("\n", ending), name)) == expected
