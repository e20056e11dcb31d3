"""Text for people: exact output, widths, and nothing in it that drives a terminal."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.errors import SemsearchError
from semsearch.present import Style, human, problems, reports
from semsearch.present.style import highlight, shown_path, wrap
from semsearch.records import PathStatus, Problem
from semsearch.text import cell_width
from tests.unit.present.samples import (
    CHOICES,
    ERROR,
    ESTIMATE,
    FINDINGS,
    FORBIDDEN,
    HITS,
    HOSTILE,
    HOSTILE_CHOICES,
    HOSTILE_FINDINGS,
    HOSTILE_FORGOTTEN,
    HOSTILE_PATH,
    HOSTILE_PROBLEMS,
    HOSTILE_REPORT,
    HOSTILE_RESULT,
    HOSTILE_STATUS,
    REPORT,
    RESULT,
    STATUS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parents[3]
CWD = b"/home/ada/notes"
COLOR = Style(color=True, width=80, hyperlinks=True)
OURS = re.compile(r"\x1b\[[0-9;]+m|\x1b\]8;;(?:file://[!-~]*)?\x1b\\")

WIDE = Style(width=80)
OUTPUTS: dict[str, Callable[[], str]] = {
    "search": lambda: human.search_text(RESULT, WIDE, cwd=CWD),
    "search-color": lambda: human.search_text(RESULT, COLOR, cwd=CWD),
    "search-narrow": lambda: human.search_text(RESULT, Style(width=45), cwd=CWD),
    "search-explain": lambda: human.search_text(RESULT, WIDE, cwd=CWD, full=True, explain=True),
    "search-plain": lambda: human.search_plain(RESULT, cwd=CWD),
    "index": lambda: reports.index_text(REPORT, WIDE, cwd=CWD),
    "index-plan": lambda: reports.index_text(
        REPORT._replace(plan=True, estimate=ESTIMATE, interrupted=True), WIDE, cwd=CWD
    ),
    "status": lambda: reports.status_text(STATUS, WIDE, cwd=CWD),
    "models": lambda: reports.models_text(CHOICES, WIDE),
    "doctor": lambda: reports.findings_text(FINDINGS, WIDE),
}


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("name", OUTPUTS)
def test_output_is_exactly_the_golden_text(name: str) -> None:
    assert OUTPUTS[name]() + "\n" == (GOLDEN / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("width", [30, 45, 60, 80, 200])
def test_no_line_of_a_hit_is_wider_than_the_terminal(width: int) -> None:
    for line in human.search_text(RESULT, Style(width=width), cwd=CWD).splitlines():
        assert cell_width(line) <= width


def test_paths_are_raw_bytes_each_once() -> None:
    result = RESULT._replace(hits=(*HITS, HITS[0]._replace(path=HOSTILE_PATH), HITS[0]))
    second = b"papers/a-rather-long-file-name-about-bread-and-butter.pdf"
    expected = [b"work/retro.md", second, HOSTILE_PATH]
    assert human.search_paths(result, cwd=CWD, nul=True) == b"".join(p + b"\0" for p in expected)
    assert human.search_paths(RESULT, cwd=CWD) == b"work/retro.md\n" + second + b"\n"


def test_paths_on_a_terminal_are_harmless() -> None:
    shown = human.search_paths(HOSTILE_RESULT, terminal=True).decode()
    assert shown.count("\n") == 1
    assert not FORBIDDEN & set(map(ord, shown))


@pytest.mark.parametrize(
    ("path", "cwd", "expected"),
    [
        (b"/a/b/c.md", b"/a/b", b"c.md"),
        (b"/long/b/c.md", b"/long/d", b"../b/c.md"),
        (b"/a/c.md", b"/x/y/z/w", b"/a/c.md"),
        (b"/a/-rf", b"/a", b"./-rf"),
        (b"/home/a", b"/home/a", b"/home/a"),
        (b"/a/b", None, b"/a/b"),
    ],
)
def test_a_path_is_relative_where_that_is_shorter(
    path: bytes, cwd: bytes | None, expected: bytes
) -> None:
    assert shown_path(path, cwd) == expected


def test_notices_and_errors() -> None:
    assert human.notice_text("half is missing") == "note: half is missing"
    assert human.error_text(ERROR) == (
        "error: The server refused the key.\nhint: Check it with `semsearch key status`."
    )
    assert human.error_text(SemsearchError("no hint")) == "error: no hint"


@pytest.mark.parametrize(
    ("usd", "expected"),
    [
        (None, "unknown"),
        (0.0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.5, "$0.5000"),
        (0.00018, "$0.000180"),
        (1e-9, "less than $0.000001"),
    ],
)
def test_money_has_the_decimals_it_needs(usd: float | None, expected: str) -> None:
    assert human.money(usd) == expected


def test_percentages_round_down_and_a_hundred_means_all() -> None:
    assert "99.9 %" in reports.status_text(STATUS)
    full = STATUS.spaces[0]._replace(covered=1800)
    assert "100 %" in reports.status_text(STATUS._replace(spaces=(full,)))


def test_many_problems_are_counted_not_listed() -> None:
    every = [Problem(b"/notes/%d.md" % number, f"unreadable {number}") for number in range(30)]
    text = problems.problems_text(every, most=5)
    assert text.count("unreadable") == 5
    assert text.endswith("and 25 more; --json lists them all")


# --- hostile text ----------------------------------------------------------------------------

HOSTILE_PATHS = PathStatus(
    HOSTILE_PATH, 1, 1, HOSTILE_PROBLEMS, dict.fromkeys((one.reason for one in HOSTILE_PROBLEMS), 9)
)
HOSTILE_OUTPUTS: dict[str, Callable[[Style], str]] = {
    "search": lambda style: human.search_text(HOSTILE_RESULT, style),
    "full": lambda style: human.search_text(HOSTILE_RESULT, style, full=True, explain=True),
    "plain": lambda _: human.search_plain(HOSTILE_RESULT),
    "notice": lambda style: human.notice_text(HOSTILE, style),
    "error": lambda style: human.error_text(SemsearchError(HOSTILE, hint=HOSTILE), style),
    "index": lambda style: reports.index_text(HOSTILE_REPORT, style),
    "problems": lambda style: problems.problems_text(HOSTILE_PROBLEMS, style),
    "paths": lambda style: problems.path_status_text(HOSTILE_PATHS, style),
    "status": lambda style: reports.status_text(HOSTILE_STATUS, style),
    "models": lambda style: reports.models_text(HOSTILE_CHOICES, style),
    "forgotten": lambda style: reports.forgotten_text(HOSTILE_FORGOTTEN, style),
    "findings": lambda style: reports.findings_text(HOSTILE_FINDINGS, style),
    "value": lambda _: reports.value_text((HOSTILE,)) + reports.value_text(HOSTILE),
}


@pytest.mark.parametrize("style", [Style(), COLOR, Style(width=1)], ids=["plain", "color", "thin"])
@pytest.mark.parametrize("name", HOSTILE_OUTPUTS)
def test_hostile_text_in_every_field_is_harmless(name: str, style: Style) -> None:
    shown = OURS.sub("", HOSTILE_OUTPUTS[name](style))
    assert not FORBIDDEN & set(map(ord, shown))
    assert "\t" not in shown or name == "full"


@given(st.text(max_size=80), st.integers(1, 30), st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_wrapped_pieces_fit_and_lose_only_spaces(text: str, width: int, lines: int) -> None:
    text = " ".join(text.split())
    pieces = wrap(text, width, lines)
    assert len(pieces) <= lines
    previous = 0
    for start, end in pieces:
        assert text[previous:start].strip(" ") == ""
        assert end > start
        assert cell_width(text[start:end]) <= width or end == start + 1
        previous = end
    if len(pieces) < lines:
        assert text[previous:].strip(" ") == ""


@given(st.text(max_size=40), st.data())
@settings(max_examples=100, deadline=None)
def test_highlighting_adds_only_our_own_sequences(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    painted = highlight(text, spans, COLOR)
    assert OURS.sub("", painted) == highlight(text, spans, Style())
    assert painted.count("\x1b[1;33m") == len(spans)


def test_highlighting_makes_text_harmless() -> None:
    painted = OURS.sub("", highlight(HOSTILE, [(2, 9), (11, 12)], COLOR))
    assert not FORBIDDEN & set(map(ord, painted))


def test_a_weak_hit_is_marked_and_explained() -> None:
    weak = RESULT._replace(hits=(RESULT.hits[0]._replace(band="weak"), RESULT.hits[1]))
    assert "0.871 weak VK" in human.search_text(weak, WIDE, cwd=CWD).split("\n")[0]
    assert "cosine 0.8712 (weak)" in human.search_text(weak, WIDE, cwd=CWD, explain=True)
    assert "weak" not in human.search_text(RESULT, WIDE, cwd=CWD)


def test_importing_the_room_loads_no_json() -> None:
    unwanted = {"json", "dataclasses", "datetime", "urllib", "semsearch.store"}
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from semsearch.present import human, reports\n"
        f"print(*({unwanted!r} & set(sys.modules)))"
    )
    command = [sys.executable, "-I", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
