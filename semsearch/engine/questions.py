"""Where an evaluation takes its questions from: files, marks, or the index's own headings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.errors import UsageError
from semsearch.text import display_path

if TYPE_CHECKING:
    from collections.abc import Hashable

    from semsearch.records import Mode
    from semsearch.records.evaluation import JudgmentSource
    from semsearch.searching.judged import Question
    from semsearch.store import SqliteStore

ALL_MODES: Final[tuple[Mode, ...]] = ("hybrid", "semantic", "lexical")

_KNOWN_ITEMS: Final = 200
"""Questions made of headings unless another number is asked for."""


class EvaluationRequest(NamedTuple):
    """What to measure, and by what."""

    queries: bytes | None = None
    """A file of questions; with `qrels` the judgments are these."""
    qrels: bytes | None = None
    documents: bytes | None = None
    """Folder the paths of `qrels` start from; None: beside that file, or any root."""
    known_items: bool = False
    """Questions made of headings, even where searches have been marked."""
    modes: tuple[Mode, ...] = ALL_MODES
    spaces: tuple[str, ...] = ()
    """Models by name, `name:dimensions` where one has several; empty: all that cover the index."""
    limit: int | None = None
    """Questions at most, drawn at random but always the same ones."""


def collect(
    store: SqliteStore, request: EvaluationRequest
) -> tuple[JudgmentSource, list[Question]]:
    """Questions from files, else from marks, else from headings.

    Raises:
        UsageError: a file is malformed, or one of the two is missing.
        StorageError: a file cannot be read.
    """
    if request.queries is not None and request.qrels is not None:
        return "file", _from_files(store, request, request.queries, request.qrels)
    if request.queries is not None or request.qrels is not None:
        raise UsageError(
            "Questions and judgments belong together.", hint="Give both --queries and --qrels."
        )
    marked = [] if request.known_items else _from_marks(store)
    if marked:
        return "marks", marked
    from semsearch.searching.known_items import known_items

    return "known items", known_items(store, request.limit or _KNOWN_ITEMS)


def _from_files(
    store: SqliteStore, request: EvaluationRequest, queries: bytes, qrels: bytes
) -> list[Question]:
    from semsearch.searching.judged import Question, read_judgments, read_questions

    texts, judged = read_questions(queries), read_judgments(qrels)
    locate = _Locator(store, request.documents or os.path.dirname(os.path.abspath(qrels)))
    missing = [id_ for id_ in judged if id_ not in texts]
    if len(missing) == len(judged):
        raise UsageError(
            f"No question of {display_path(os.path.basename(qrels))} is in "
            f"{display_path(os.path.basename(queries))}: their ids differ.",
            code="eval.no_questions",
        )
    return [
        Question(texts[id_], _located(grades, locate))
        for id_, grades in judged.items()
        if id_ in texts
    ]


def _located(grades: dict[str, int], locate: _Locator) -> dict[Hashable, int]:
    """Grades by absolute path; none at all where nothing relevant is indexed.

    Beside something that is, what is not indexed stays a judgment that no search can meet.
    """
    paths = {name: locate(name) for name in grades}
    if not any(grade > 0 and paths[name] is not None for name, grade in grades.items()):
        return {}
    return {paths[name] or name: grade for name, grade in grades.items()}


class _Locator:
    """Finds the indexed file a judgment names: by its path, or by its name without ending."""

    def __init__(self, store: SqliteStore, folder: bytes) -> None:
        self._indexed = {
            os.path.join(root.path, relative) if relative else root.path
            for root in store.roots()
            for relative in store.fingerprints(root.id)
        }
        bases = [os.path.join(folder, b"docs"), folder]
        self._bases = [
            *dict.fromkeys(name for base in bases for name in (base, os.path.realpath(base))),
            *(root.path for root in store.roots()),
        ]
        self._by_stem: dict[bytes, bytes] | None = None

    def __call__(self, name: str) -> bytes | None:
        """The absolute path of an indexed file; None where it is none."""
        relative = os.fsencode(name)
        for base in self._bases:
            path = os.path.normpath(os.path.join(base, relative))
            if path in self._indexed:
                return path
        if self._by_stem is None:
            stems = ((os.path.splitext(os.path.basename(path))[0], path) for path in self._indexed)
            self._by_stem = dict(stems)
        return self._by_stem.get(relative)


def _from_marks(store: SqliteStore) -> list[Question]:
    """The user's own marks of passages, as far as the passages are still there."""
    from semsearch.searching.judged import Question
    from semsearch.searching.places import indexed_chunks

    paths: dict[str, dict[bytes, None]] = {}
    for mark in store.judgments():
        paths.setdefault(mark.query, {})[mark.path] = None
    questions = []
    for query, marked in paths.items():
        chunks = [chunk for path in marked for chunk in indexed_chunks(store, path)]
        grades = store.grades(query, chunks)
        if grades:
            by_chunk: dict[Hashable, int] = dict(grades.items())
            questions.append(Question(query, by_chunk, plain=False))
    return questions


def sample(questions: list[Question], limit: int | None) -> list[Question]:
    """At most `limit` questions in their order, the same ones every time."""
    if limit is None or len(questions) <= limit:
        return questions
    import random

    from semsearch.searching.measures import SEED

    chosen = random.Random(SEED).sample(range(len(questions)), limit)  # noqa: S311 - a sample
    return [questions[number] for number in sorted(chosen)]
