"""Markdown as one reads it: text and kinds of its parts, whatever the file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.tui.markdown_view import MAX_CHARACTERS, rendered, window
from semsearch.tui.paint import PAINTS
from semsearch.tui.screens.search import SearchScreen
from semsearch.tui.widgets.preview import Preview
from tests.tui.conftest import grid, type_text, until

if TYPE_CHECKING:
    from semsearch.tui.app import SemsearchApp

PAGE = """---
title: Bread
---
# Bread *log*

A paragraph that goes
on over two lines with `code`, **strong _and_ emph** and [a link](http://evil/\x1b]0;x).

- one
  more of one
1. first
- [x] done

> said

| a | much |
|---|------|
| 1 | **2** |

```python
def f(): # not a heading
```
Under
=====
![](x.png) \\*kept\\* snake_case_name <https://example.org>
"""

WORDS = st.sampled_from(
    ["#", "-", "*", "**", "_", "`", "```", "~~~", "|", "---", ">", "[", "](", ")", "![", "\\", "<",
     "http://x", "word", " ", "  ", "\n", "\t", "é", "日本", "1.", "[ ]", "\x1b[2J", "[/bold]"]
)  # fmt: skip


def shown(text: str) -> list[str]:
    return list(rendered(text.split("\n")).lines)


def kinds(text: str, name: str) -> list[str]:
    page = rendered(text.split("\n"))
    return [
        page.lines[line][start:end]
        for line, spans in page.spans.items()
        for start, end, kind in spans
        if kind == name
    ]


def test_marks_are_gone_and_their_meaning_is_kept() -> None:
    lines = shown(PAGE)
    assert lines[:4] == ["---", "title: Bread", "---", "Bread log"]
    assert "A paragraph that goes on over two lines with code, strong and emph and a link." in lines
    assert "• one more of one" in lines
    assert "1. first" in lines
    assert "• ☑ done" in lines
    assert "▎ said" in lines
    assert "a │ much" in lines
    assert "1 │ 2" in lines
    assert "  def f(): # not a heading" in lines
    assert "[picture: without a name] *kept* snake_case_name https://example.org" in lines
    assert kinds(PAGE, "heading") == ["Bread ", "Under"]
    assert kinds(PAGE, "strong")[:2] == ["strong ", " emph"]
    assert kinds(PAGE, "link") == ["a link", "https://example.org"]
    assert kinds(PAGE, "code") == ["code", "def f(): # not a heading"]


def test_every_line_knows_where_it_came_from() -> None:
    page = rendered(PAGE.split("\n"))
    paragraph = next(i for i, line in enumerate(page.lines) if line.startswith("A paragraph"))
    assert page.sources[paragraph] == (5, 7)
    heading = page.lines.index("Under")
    assert page.sources[heading][1] - page.sources[heading][0] == 2


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=60).map("".join))
def test_any_text_is_rendered_in_order_with_spans_that_fit(text: str) -> None:
    page = rendered(text.split("\n"))
    assert len(page.lines) == len(page.sources)
    last = 0
    for start, end in page.sources:
        assert last <= start < end <= len(text.split("\n"))
        last = end
    for line, spans in page.spans.items():
        for start, end, name in spans:
            assert 0 <= start <= end <= len(page.lines[line])
            assert name in PAINTS


def test_a_hostile_page_takes_no_time_out_of_proportion() -> None:
    for piece in ("`" * 2000, "*a" * 1000, "[" * 2000, "![" * 1000, "_x_" * 600, "|" * 2000):
        assert len(rendered([piece] * 30).lines) <= 30


def test_only_so_much_of_a_file_is_rendered_and_the_passage_is_in_it() -> None:
    lines = ["x" * 999] * 400
    start, end = window(lines, (300, 302))
    assert start <= 300
    assert end >= 302
    assert sum(len(line) + 1 for line in lines[start:end]) <= MAX_CHARACTERS + 1000
    assert window(["a", "b"], (0, 1)) == (0, 2)


async def test_m_shows_the_page_and_once_more_its_source(app: SemsearchApp) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        await type_text(pilot, "cabbage")
        screen = app.screen
        assert isinstance(screen, SearchScreen)
        preview = screen.query_one(Preview)
        await until(pilot, lambda: preview.shown and "## Waiting" in grid(app))
        await pilot.press("tab", "tab", "m")
        await until(pilot, lambda: "rendered" in grid(app) and "## Waiting" not in grid(app))
        assert "Waiting" in grid(app)
        assert preview.shown is not None
        line, start, end = preview.shown.matches[0]
        assert preview.shown.lines[line][start:end].lower() == "cabbage"
        first, last = preview.shown.passage
        assert any("cabbage" in one for one in preview.shown.lines[first:last])
        await pilot.press("m")
        await until(pilot, lambda: "## Waiting" in grid(app))


async def test_what_is_not_markdown_has_one_view(app: SemsearchApp) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        await type_text(pilot, "chain pedals")
        preview = app.screen.query_one(Preview)
        await until(pilot, lambda: preview.shown is not None and preview.shown.kind == "text")
        await pilot.press("tab", "tab", "m")
        await pilot.pause()
        assert "rendered" not in grid(app).splitlines()[-3]
