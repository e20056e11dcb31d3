"""Colours of Markdown's source."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from semsearch.tui.markdown_source import source_colours
from semsearch.tui.paint import PAINTS
from semsearch.tui.syntax import MAX_LINES

TEXT = """---
title: Stones
---
Ground
======
# Where `it` is
One *word* and **two**, `code`, [a link](http://a) and ![a picture](b.png).
- [x] done
> said **loudly**

***
```python
def find(x): return 1
```
~~~
no language
~~~
"""
PAGE = TEXT.split("\n")


def coloured(line: int, found: dict[int, list[tuple[int, int, str]]]) -> list[tuple[str, str]]:
    return [(PAGE[line][start:end], name) for start, end, name in found.get(line, [])]


def test_marks_are_quiet_and_what_they_mark_is_not() -> None:
    found = source_colours(PAGE, 0, len(PAGE))
    assert [coloured(line, found) for line in range(3)] == [[(PAGE[n], "quiet")] for n in range(3)]
    assert coloured(3, found) == [("Ground", "heading")]
    assert coloured(4, found) == [("======", "quiet")]
    assert coloured(5, found) == [("# Where `it` is", "heading")]
    assert coloured(6, found) == [
        ("*word*", "emph"),
        ("**two**", "strong"),
        ("`code`", "code"),
        ("[a link]", "link"),
        ("(http://a)", "quiet"),
        ("![a picture]", "link"),
        ("(b.png)", "quiet"),
    ]
    assert coloured(7, found) == [("- [x] ", "keyword")]
    assert coloured(8, found) == [("> ", "quiet"), ("**loudly**", "strong")]
    assert coloured(10, found) == [("***", "quiet")]


def test_code_has_the_colours_of_its_language() -> None:
    found = source_colours(PAGE, 0, len(PAGE))
    assert coloured(11, found) == [("```python", "quiet")]
    assert ("def", "keyword") in coloured(12, found)
    assert ("find", "name") in coloured(12, found)
    assert coloured(15, found) == [("no language", "code")]


def test_a_window_that_begins_in_code_knows_it() -> None:
    found = source_colours(PAGE, 12, 14)
    assert ("def", "keyword") in coloured(12, found)
    assert set(found) == {12, 13}
    assert source_colours(["```", "# no heading"], 1, 2) == {1: [(0, 12, "code")]}
    assert max(source_colours(["# a"] * 900, 100, 900)) == 100 + MAX_LINES - 1


LINES = st.lists(
    st.text(st.sampled_from("ab #*_`~-=>|[]()!<\\1.x\t:/"), max_size=40), min_size=1, max_size=12
)


@given(LINES, st.integers(0, 6))
@limits(max_examples=150, deadline=None)
def test_every_span_lies_in_its_line_and_has_a_paint(lines: list[str], start: int) -> None:
    for number, spans in source_colours(lines, start, len(lines)).items():
        assert start <= number < len(lines)
        for first, last, name in spans:
            assert 0 <= first <= last <= len(lines[number])
            assert name in PAINTS


def test_markdown_without_code_loads_no_lexer() -> None:
    code = "\n".join(
        [
            "import sys",
            "from semsearch.tui.markdown_source import source_colours",
            "source_colours(['# a', '*b*', '```', 'x'], 0, 4)",
            "source_colours(['```python', 'x = 1', '```', '*b*'], 3, 4)",
            "sys.exit('pygments' in sys.modules)",
        ]
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
