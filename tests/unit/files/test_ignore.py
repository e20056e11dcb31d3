"""Lists of patterns: which line decides, and what is not used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.files.ignore import MAX_PATTERNS, IgnoreList, lines_of

if TYPE_CHECKING:
    from semsearch.records import Problem


def listed(text: bytes) -> tuple[IgnoreList, list[Problem]]:
    warnings: list[Problem] = []
    return IgnoreList(b"f", lines_of(text), explicit=False, warn=warnings.append), warnings


def line_for(text: bytes, path: bytes, *, folder: bool = False) -> int:
    verdict = listed(text)[0].decide(path, path.rpartition(b"/")[2], folder)
    return 0 if verdict is None else verdict.line


def test_the_last_matching_line_decides_whatever_its_form() -> None:
    forms = [b"note.md", b"*.md", b"*te.md", b"/note.md", b"n*.md", b"!no?e.md"]
    for last in range(len(forms)):
        lines = [form for form in forms if form is not forms[last]] + [forms[last]]
        assert line_for(b"\n".join(lines), b"note.md") == len(forms)
        assert line_for(b"\n".join([forms[last], b"other"]), b"note.md") == 1


def test_folder_lines_pass_over_files() -> None:
    for form in (b"x.d/", b"*.d/", b"*x.d/", b"/x.d/", b"[x].d/"):
        assert line_for(form, b"x.d") == 0
        assert line_for(form, b"x.d", folder=True) == 1


def test_a_negation_brings_back() -> None:
    verdict = listed(b"*.md\n!keep.md\n")[0].decide(b"keep.md", b"keep.md", False)
    assert verdict is not None
    assert (verdict.ignored, verdict.line, verdict.pattern) == (False, 2, b"!keep.md")


def test_line_ends_and_marks_do_not_belong_to_patterns() -> None:
    assert line_for(b"\xef\xbb\xbfa.md\r\nb.md\r\n", b"a.md") == 1
    assert line_for("a.md\nb.md\n".encode("utf-16"), b"b.md") == 2


def test_bytes_that_are_no_text_match_themselves() -> None:
    assert line_for(b"caf\xe9.md", b"caf\xe9.md") == 1
    assert line_for(b"caf\xe9.md", "café.md".encode()) == 0


def test_a_bad_line_is_named_and_the_rest_is_used() -> None:
    patterns, warnings = listed(b"*.a\n!\n\x1b[2Jx[\n*.b\n")
    assert [line_for(b"*.a\n!\n[\n*.b\n", name) for name in (b"x.a", b"x.b")] == [1, 4]
    assert patterns
    assert [problem.reason for problem in warnings] == ["ignore pattern", "ignore pattern"]
    assert "line 3" in warnings[1].hint
    assert "\x1b" not in warnings[1].hint


def test_the_number_of_warnings_is_limited() -> None:
    _, warnings = listed(b"!\n" * 1000)
    assert len(warnings) == 6
    assert warnings[-1].hint == "995 more lines are not used"


def test_the_number_of_patterns_is_limited() -> None:
    text = b"\n".join(b"n%d" % number for number in range(MAX_PATTERNS + 5))
    patterns, warnings = listed(text)
    assert patterns.decide(b"n9999", b"n9999", False) is not None
    assert patterns.decide(b"n10000", b"n10000", False) is None
    assert len(warnings) == 1


def test_a_list_without_patterns_is_empty() -> None:
    assert not listed(b"# nothing\n\n")[0]
