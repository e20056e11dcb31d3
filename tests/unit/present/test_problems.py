"""What is left out, in words and as data."""

from __future__ import annotations

from semsearch.present.problems import path_status_data, path_status_text, problems_text
from semsearch.records import PathStatus, Problem

LINKS = [Problem(b"/n/l%d" % number, "symlink", "Not followed.") for number in range(40)]
STATUS = PathStatus(
    b"/n",
    1,
    2,
    (*LINKS, Problem(b"/n/a", "ignored", "by x"), Problem(b"/n/b", "ignored", "by y")),
    {"symlink": 55, "ignored": 2},
)


def test_many_of_a_kind_are_one_line_and_a_few_stay_apart() -> None:
    few = LINKS[:3]
    assert problems_text(few).count("symlink") == 3
    assert problems_text(LINKS).splitlines() == [
        "40 symlink: /n/l0, /n/l1, /n/l2 and 37 more",
        "    Not followed.",
    ]


def test_problems_with_hints_of_their_own_stay_apart() -> None:
    apart = [Problem(b"/n/%d" % number, "failed", f"line {number}") for number in range(5)]
    assert problems_text(apart).count("failed") == 5


def test_paths_are_listed_by_reason_and_the_rest_is_counted() -> None:
    lines = path_status_text(STATUS, most=2).splitlines()
    assert lines == [
        "/n: 1 file, 2 passages in the index",
        "",
        "symlink (55)",
        "  Not followed.",
        "  /n/l0",
        "  /n/l1",
        "  and 53 more; -v and --json list them",
        "",
        "ignored (2)",
        "  /n/a  by x",
        "  /n/b  by y",
    ]


def test_what_is_not_told_is_counted_by_paths() -> None:
    lines = problems_text([STATUS.problems[-1], *LINKS[:5]], most=1).splitlines()
    assert lines == ["/n/b: ignored", "    by y", "and 5 more; --json lists them all"]
    whole = PathStatus(b"/n", 1, 2, tuple(LINKS[:3]), {"symlink": 3})
    assert path_status_text(whole, most=1).splitlines()[-1] == (
        "  and 2 more; -v and --json list them"
    )


def test_data_says_how_many_paths_it_does_not_list() -> None:
    [path] = path_status_data([STATUS])["paths"]
    assert path["unlisted"] == 15
    assert len(path["problems"]) == 42
    assert path["problems"][-1] == {"path": "/n/b", "reason": "ignored", "hint": "by y"}
