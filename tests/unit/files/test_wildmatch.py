"""Single patterns: what they match, which are refused, and that none can hang."""

from __future__ import annotations

import random
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.files.wildmatch import MAX_PATTERN_BYTES, PatternError, compile_pattern

if TYPE_CHECKING:
    from pathlib import Path


def matches(pattern: bytes, path: bytes) -> bool:
    """Whether a pattern selects a path below its folder, for a file."""
    compiled = compile_pattern(pattern)
    assert compiled is not None
    text = path if compiled.anchored else path.rpartition(b"/")[2]
    if compiled.literal is not None:
        return text == compiled.literal
    if compiled.ending is not None:
        return text.endswith(compiled.ending)
    assert compiled.fullmatch is not None
    return compiled.fullmatch(text) is not None


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (b"*.py", b"a/b.py", b"a/b.pyc"),
        (b"/top", b"top", b"a/top"),
        (b"a/b", b"a/b", b"x/a/b"),
        (b"**/b", b"x/y/b", b"x/yb"),
        (b"a/**/b", b"a/x/y/b", b"a/xb"),
        (b"a/**/b", b"a/b", b"ab"),
        (b"a/**", b"a/x/y", b"a"),
        (b"a*c/d", b"abc/d", b"a/c/d"),
        (b"?/x", b"a/x", b"ab/x"),
        (b"[!a]x/y", b"bx/y", b"ax/y"),
        (b"a[!b]c/d", b"axc/d", b"a/c/d"),
        (b"[[:upper:][:digit:]_]", b"_", b"a"),
        (b"[\\]]", b"]", b"\\"),
        (b"trail\\  ", b"trail ", b"trail"),
        (b"\\#no", b"#no", b"\\#no"),
        (b"?", b"\xff", "é".encode()),
        (b"*a*b*c", b"xaxbxc", b"xaxcxb"),
        (b"x**y", b"x1y", b"x1y1"),
    ],
)
def test_a_pattern_matches_as_in_git(pattern: bytes, yes: bytes, no: bytes) -> None:
    assert matches(pattern, yes)
    assert not matches(pattern, no)


@pytest.mark.parametrize("line", [b"", b"   ", b"# note", b"#"])
def test_blank_lines_and_comments_are_no_patterns(line: bytes) -> None:
    assert compile_pattern(line) is None


@pytest.mark.parametrize(
    "line",
    [b"!", b"/", b"!/", b"a[", b"a[b", b"a\\", b"[[:nope:]]", b"[/]", b"[[:alpha", b"a\0b"],
)
def test_a_line_that_can_match_nothing_is_refused(line: bytes) -> None:
    with pytest.raises(PatternError):
        compile_pattern(line)


def test_length_is_limited() -> None:
    assert compile_pattern(b"a" * MAX_PATTERN_BYTES) is not None
    with pytest.raises(PatternError, match="longer"):
        compile_pattern(b"a" * (MAX_PATTERN_BYTES + 1))


@cache
def selects(pattern: bytes, text: bytes) -> bool:
    """The definition of `*`, `?` and `**/`, written down naively."""
    if not pattern:
        return not text
    if pattern.startswith(b"**/"):
        cuts = [0, *(at + 1 for at, byte in enumerate(text) if byte == ord("/"))]
        return any(selects(b"." + pattern[3:], b"." + text[cut:]) for cut in cuts)
    if pattern[:1] == b"*":
        return selects(pattern[1:], text) or (
            text[:1] not in (b"", b"/") and selects(pattern, text[1:])
        )
    same = pattern[:1] == text[:1] or (pattern[:1] == b"?" and text[:1] != b"/")
    return bool(text) and same and selects(pattern[1:], text[1:])


parts = st.lists(st.sampled_from([b"a", b"b", b"*", b"?"]), min_size=1, max_size=7).map(b"".join)
component = parts.map(lambda part: part.replace(b"**", b"*").replace(b"**", b"*"))
anchored = st.lists(st.one_of(component, st.just(b"**")), min_size=2, max_size=5).filter(
    lambda steps: steps[-1] != b"**"
)
names = st.lists(st.sampled_from([b"a", b"b", b"ab", b"ba", b"aab", b"abab"]), max_size=6)


@settings(max_examples=150, deadline=None)
@given(steps=anchored, path=names.filter(bool))
def test_wildcards_select_what_their_definition_says(steps: list[bytes], path: list[bytes]) -> None:
    pattern, text = b"/" + b"/".join(steps), b"/".join(path)
    assert matches(pattern, text) == selects(b"/".join(steps), text)


UNITS = (b"*a", b"*", b"?*", b"*?a", b"[!b]*", b"*[ab]", b"**/*a", b"*a/", b"**/a*/", b"**/a*a*/")


def hostile_patterns() -> list[bytes]:
    chance = random.Random(3)
    repeated = [unit * (1000 // len(unit)) for unit in UNITS] + [unit * 15 for unit in UNITS]
    mixed = [chance.choices((*UNITS, b"/", b"a"), k=chance.randint(20, 120)) for _ in range(30)]
    return repeated + [b"".join(units) for units in mixed]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("pattern", hostile_patterns())
def test_no_pattern_can_explode(pattern: bytes) -> None:
    for depth in (1, 7, 60):
        assert not matches(pattern + b"z", b"/".join([b"a" * 250] * depth))


HOSTILE = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
from semsearch.files import walk
found = list(walk(os.fsencode(sys.argv[1])))
print(len(found))
"""


def test_a_walk_meets_hostile_patterns_in_linear_time(tmp_path: Path) -> None:
    """A backtracking matcher needs years for the first of these lines; ten seconds are given."""
    lines = [
        "*a" * 120 + "b",
        "**/" * 100 + "x",
        "*?" * 120 + "[!d]",
        "[a-z]*" * 60 + "!",
        "/" + "**/a*" * 80 + "/b",
        "!" + "*a" * 100 + "c",
    ]
    (tmp_path / ".semsearchignore").write_text("\n".join(lines * 200))
    for number in range(60):
        (tmp_path / f"{'a' * 240}{number}.md").write_text("text")
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 60
