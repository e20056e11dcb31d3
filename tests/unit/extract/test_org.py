from __future__ import annotations

import pytest

from semsearch.extract.org import headline_label

from .reading import blocks, outline, read

NOTES = """\
#+TITLE: Plans
#+STARTUP: overview
# a comment

Preamble.

* TODO [#A] Ship it [2/3]                    :work:urgent:
SCHEDULED: <2024-01-01 Mon>
:PROPERTIES:
:ID: 123
:END:
Some text.
- item one
- item two
** DONE Sub
#+BEGIN_SRC python
* not a headline
def f(): pass
#+END_SRC
| a | b |
|---+---|
: fixed
#+begin_quote
Wise words.
#+end_quote
* Links to [[https://x.example][the site]]
End.
"""


def test_structure_of_notes() -> None:
    document = read(NOTES.replace("* not a", ",* not a"), "a.org")
    assert document.title == "Plans"
    assert outline(document) == [
        ("paragraph", ""),
        ("heading", "Ship it"),
        ("paragraph", "Ship it"),
        ("list", "Ship it"),
        ("heading", "Ship it / Sub"),
        ("code", "Ship it / Sub"),
        ("table", "Ship it / Sub"),
        ("code", "Ship it / Sub"),
        ("quote", "Ship it / Sub"),
        ("heading", "Links to the site"),
        ("paragraph", "Links to the site"),
    ]


def test_drawers_keywords_and_planning_are_not_indexed() -> None:
    texts = " ".join(text for _, _, text in blocks(read(NOTES, "a.org")))
    for hidden in ("STARTUP", "PROPERTIES", ":ID:", "SCHEDULED", "a comment"):
        assert hidden not in texts


def test_a_headline_ends_any_block() -> None:
    assert outline(read(NOTES, "a.org"))[6] == ("heading", "not a headline")


def test_a_drawer_without_an_end_is_text() -> None:
    document = read("* A\n:LOGBOOK:\nmy words\n* B\nx\n", "a.org")
    assert blocks(document)[1] == ("paragraph", "A", ":LOGBOOK:\nmy words")


def test_the_first_headline_is_the_title_when_all_else_stands_under_it() -> None:
    assert read("* Top\n** A\ntext\n", "a.org").title == "Top"
    assert read("* One\nx\n* Two\ny\n", "a.org").title == ""


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("TODO Buy milk", "Buy milk"),
        ("NEXT [#B] Call :phone:", "Call"),
        ("Progress [50%]", "Progress"),
        ("[[file:a.org]] alone", "file:a.org alone"),
        ("Time 10:30: a note", "Time 10:30: a note"),
        ("TODOS are many", "TODOS are many"),
    ],
)
def test_headlines_lose_their_marks(source: str, label: str) -> None:
    assert headline_label(source) == label
