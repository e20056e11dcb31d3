from __future__ import annotations

import pytest

from semsearch.extract import EXTRACTABLE_SUFFIXES, KNOWN_NAMES, kind_of


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("note.md", "markdown"),
        ("Notes/Deep Dir/NOTE.MD", "markdown"),
        ("paper.rst", "rst"),
        ("todo.org", "org"),
        ("index.HTML", "html"),
        ("main.py", "python"),
        ("app.d.ts", "typescript"),
        ("src/lib.rs", "rust"),
        ("Makefile", "make"),
        ("README", "text"),
        ("CMakeLists.txt", "cmake"),
        ("server.log", "log"),
    ],
)
def test_the_name_announces_the_kind(name: str, kind: str) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize("name", ["", "noending", "archive.zip", ".md", "note.md/inner", "a."])
def test_a_name_that_says_nothing_has_no_kind(name: str) -> None:
    assert kind_of(name) is None


def test_every_listed_suffix_and_name_is_understood() -> None:
    assert all(kind_of(f"x.{suffix}") for suffix in EXTRACTABLE_SUFFIXES)
    assert all(kind_of(name) for name in KNOWN_NAMES)
