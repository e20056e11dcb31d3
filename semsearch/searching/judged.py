"""Questions with known answers, read from files as TREC and BEIR write them.

`queries.tsv` has a question a line, `id<TAB>text`. `qrels.tsv` has a judgment a line,
`id<TAB>path<TAB>grade` or TREC's `id<TAB>0<TAB>path<TAB>grade`; grade 0 is irrelevant, higher is
better. A first line of column names is passed over.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from semsearch.errors import StorageError, UsageError
from semsearch.text import display_path, printable

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping


class Question(NamedTuple):
    """A question and what is relevant to it."""

    text: str
    grades: Mapping[Hashable, int]
    """By absolute path (bytes) where files are judged, by chunk id where passages are."""
    plain: bool = True
    """Every character of `text` is meant as text: no filters, no exclusions."""


def read_questions(path: bytes) -> dict[str, str]:
    """`id -> text` of a queries file.

    Raises:
        UsageError: a line has no tab, or there is no question in it.
        StorageError: it cannot be read as UTF-8 text.
    """
    questions = {}
    for number, line in _lines(path):
        id_, tab, text = line.partition("\t")
        if not tab:
            raise _malformed(path, number, "a question has an id, a tab, and its text")
        if number == 1 and text.strip().lower() in {"text", "query"}:
            continue
        if text.strip():
            questions[id_.strip()] = text.strip()
    if not questions:
        raise UsageError(f"There is no question in {display_path(path)}.")
    return questions


def read_judgments(path: bytes) -> dict[str, dict[str, int]]:
    """`question id -> path as it is written -> grade` of a judgments file.

    Raises:
        UsageError: a line is not a judgment, or there is none.
        StorageError: it cannot be read as UTF-8 text.
    """
    judged: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        columns = line.split("\t") if "\t" in line else line.split()
        if len(columns) not in {3, 4}:
            raise _malformed(path, number, "a judgment has a question's id, a path and a grade")
        grade = columns[-1].strip()
        if not grade.removeprefix("-").isdigit():
            if number == 1:
                continue
            raise _malformed(path, number, f"{printable(grade)!a} is not a grade")
        judged.setdefault(columns[0].strip(), {})[columns[-2].strip()] = int(grade)
    if not judged:
        raise UsageError(f"There is no judgment in {display_path(path)}.")
    return judged


def _lines(path: bytes) -> Iterator[tuple[int, str]]:
    try:
        with open(path, encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except OSError as error:
        raise StorageError(
            f"{display_path(path)} cannot be read: {error.strerror}.", code="eval.unreadable"
        ) from error
    except UnicodeDecodeError as error:
        raise StorageError(
            f"{display_path(path)} is not UTF-8 text.", code="eval.unreadable"
        ) from error


def _malformed(path: bytes, number: int, what: str) -> UsageError:
    return UsageError(
        f"Line {number} of {display_path(os.path.basename(path))} cannot be read: {what}.",
        hint="Columns are parted by tabs: `id<TAB>text`, and `id<TAB>path<TAB>grade`.",
        code="eval.malformed",
    )
