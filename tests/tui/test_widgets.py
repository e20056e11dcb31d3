"""Lists and preview drawn line by line: exact widths, bounded work, whatever the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from rich.cells import cell_len

from semsearch.records import Hit
from semsearch.tui.cells import cut, cut_left, fit
from semsearch.tui.syntax import MAX_LINES, colours
from semsearch.tui.widgets.preview import _hanging, _wrap
from semsearch.tui.widgets.result_list import ResultList, file_name
from tests.tui.conftest import grid, until
from tests.tui.hostile import PAYLOADS
from tests.tui.pty_app import FORBIDDEN

if TYPE_CHECKING:
    from semsearch.tui.app import SemsearchApp

TEXT = st.text(max_size=60)


def hit(number: int, text: str = "plain words", path: bytes = b"/r/notes/a.md") -> Hit:
    return Hit(
        rank=number, chunk=number, path=path, root=b"/r/notes", start_line=1, end_line=9,
        page=None, breadcrumb=("Top", text), cosine=0.5, score=0.5, semantic_rank=1,
        lexical_rank=2, snippet=text, matches=((0, min(5, len(text))),) if text else (),
        text=text, kind="markdown", modified_ns=0, stale=number % 2 == 0,
    )  # fmt: skip


@given(TEXT, st.integers(0, 70))
@limits(max_examples=150, deadline=None)
def test_cut_text_never_takes_more_cells(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= width
    assert cell_len(cut_left(text, width)) <= max(width, 0)
    if cell_len(text) <= width:
        assert cut(text, width) == cut_left(text, width) == text
        assert cell_len(fit(text, width)) == width


@given(TEXT, st.integers(8, 40))
@limits(max_examples=150, deadline=None)
def test_wrapped_parts_join_to_the_line_and_fit(text: str, room: int) -> None:
    spans = _wrap(text, room)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(cell_len(text[start:end]) <= room or end - start == 1 for start, end in spans)


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (40, 12)])
async def test_every_line_has_the_width_of_the_list(
    app: SemsearchApp, size: tuple[int, int]
) -> None:
    hits = [hit(1 + i, text, b"/r/notes/" + text.encode()) for i, text in enumerate(PAYLOADS)]
    async with app.run_test(size=size) as pilot:
        results = app.screen.query_one(ResultList)
        await until(pilot, lambda: app.facts.known)
        app.screen.remove_class("-nothing")
        results.show(hits, same_question=False)
        await until(pilot, lambda: results.size.width > 0)
        width = results.scrollable_content_region.width
        for line in range(2 * len(hits)):
            strip = results._paint(*divmod(line, 2), width)
            assert strip.cell_length == width
            assert not FORBIDDEN.search(strip.text)


async def test_thousands_of_hits_cost_a_screenful(app: SemsearchApp) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        results = app.screen.query_one(ResultList)
        await until(pilot, lambda: app.facts.known)
        app.screen.remove_class("-nothing")
        results.show([hit(1 + number) for number in range(5000)], same_question=False)
        await until(pilot, lambda: " 1 " in grid(app))
        assert len(results._painted) <= 2 * 36
        results.move(4999)
        await until(pilot, lambda: "5000" in grid(app))
        assert len(results._painted) <= 4 * 36


def test_names_begin_with_the_root() -> None:
    assert file_name(b"/home/me/notes", b"/home/me/notes/2024/a.md") == "notes/2024/a.md"
    assert file_name(b"/home/me/a.md", b"/home/me/a.md") == "a.md"
    assert file_name(b"/", b"/etc/hosts") == "etc/hosts"


def test_colours_are_found_in_a_window_only() -> None:
    lines = ["def f(x):", '    """Doc."""', "    return 1  # why"] * 200
    found = colours(lines, "python", 0, len(lines))
    assert (0, 3, "keyword") in found[0]
    assert any(name == "comment" for _, _, name in found[2])
    assert max(found) < MAX_LINES
    assert colours(lines, "text", 0, 9) == {}
    assert colours(lines, "no such language", 0, 9) == {}


WORDS = st.lists(st.sampled_from(["ab", "é", "日本", "longer-word", " "]), min_size=20, max_size=60)


@given(WORDS, st.integers(12, 60))
@limits(max_examples=100, deadline=None)
def test_what_is_wrapped_of_an_item_fits_below_its_text(words: list[str], room: int) -> None:
    line = f"  - [x] {' '.join(words)}"
    indent = _hanging(line, room)
    spans = _wrap(line, room, indent)
    assert "".join(line[start:end] for start, end in spans) == line
    for start, end in spans:
        assert cell_len(line[start:end]) <= room - (indent if start else 0) or end - start == 1


def test_only_items_hang() -> None:
    assert [_hanging(line, 40) for line in ("- one", "12. two", "• ☑ x", "plain", "-x")] == [
        *(2, 4, 4, 0, 0)
    ]
