from __future__ import annotations

from .reading import blocks, outline, read

MANUAL = """\
.. _top:

=======
 Manual
=======

:Author: Ada

Intro with :func:`role` text::

    literal block
    ============

    still literal

Usage
=====

.. note:: Mind the gap.

.. code-block:: python
   :linenos:

   def f():
       pass

   # more

.. toctree::

   other

.. function:: open(path, mode)

   Opens a file.

- one
- two

Details of ``open``
-------------------

=====  =====
Name   Value
=====  =====
a      1
=====  =====

+---+---+
| a | b |
+---+---+

>>> 1 + 1
2

.. A comment
   over two lines

Final words.

More
====

End.
"""


def test_structure_of_a_manual() -> None:
    document = read(MANUAL, "a.rst")
    assert document.title == "Manual"
    assert outline(document) == [
        ("heading", ""),
        ("list", ""),
        ("paragraph", ""),
        ("code", ""),
        ("heading", "Usage"),
        ("paragraph", "Usage"),
        ("code", "Usage"),
        ("paragraph", "Usage"),
        ("list", "Usage"),
        ("heading", "Usage / Details of open"),
        ("table", "Usage / Details of open"),
        ("table", "Usage / Details of open"),
        ("code", "Usage / Details of open"),
        ("paragraph", "Usage / Details of open"),
        ("heading", "More"),
        ("paragraph", "More"),
    ]


def test_texts_of_blocks_are_exact() -> None:
    texts = [text for _, _, text in blocks(read(MANUAL, "a.rst"))]
    assert texts[0] == "=======\n Manual\n======="
    assert texts[3] == "    literal block\n    ============\n\n    still literal"
    assert texts[5] == ".. note:: Mind the gap."
    assert texts[6] == "   :linenos:\n\n   def f():\n       pass\n\n   # more"
    assert texts[7] == ".. function:: open(path, mode)\n\n   Opens a file."


def test_comments_and_tables_of_contents_are_not_indexed() -> None:
    texts = " ".join(text for _, _, text in blocks(read(MANUAL, "a.rst")))
    assert "comment" not in texts
    assert "other" not in texts
    assert "_top" not in texts


def test_overlined_and_underlined_headings_are_different_levels() -> None:
    source = "####\nPart\n####\n\nChapter\n#######\n\ntext\n"
    assert outline(read(source, "a.rst"))[-1] == ("paragraph", "Chapter")


def test_a_transition_is_no_heading() -> None:
    assert outline(read("One.\n\n------\n\nTwo.\n", "a.rst")) == [
        ("paragraph", ""),
        ("paragraph", ""),
    ]


def test_an_underline_shorter_than_its_text_is_text() -> None:
    assert outline(read("A rather long line\n===\n", "a.rst")) == [("paragraph", "")]


def test_windows_line_ends_give_the_same_structure() -> None:
    assert outline(read(MANUAL.replace("\n", "\r\n"), "a.rst")) == outline(read(MANUAL, "a.rst"))
