"""Questions made of the index's own titles and headings, for those who have judged nothing.

A person remembers some words of a heading and looks for what stands under it: a question is half
of a heading's telling words. It shares them with what it looks for, so such questions favour search
by words; they tell models apart all the same, and cost nothing to make.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from semsearch.searching.hits import chunk_path
from semsearch.searching.judged import Question
from semsearch.searching.words import STOP_WORDS, words
from semsearch.store import segment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.protocols import Store
    from semsearch.records import ChunkRow

SEED: Final = 7
"""The same index gives the same questions."""
_FEWEST_WORDS: Final = 2
_MOST_CHARACTERS: Final = 200
_TRIED: Final = 2
"""Headings of a file that are looked up; most stand in one file."""
_FILES_PER_QUESTION: Final = 20
"""Files looked at for each question wanted; few have no heading of their own."""
_NAMESAKES: Final = 200
"""Passages looked at to find out whether a heading stands in one file only."""


def known_items(store: Store, count: int) -> list[Question]:
    """Up to `count` questions, each of words from a heading that stands in one file only.

    At most one a file, so that large files do not outvote the others.
    """
    files = [file.id for file in store.files(state="indexed")]
    chooser = random.Random(SEED)  # noqa: S311 - a sample, not a secret
    chooser.shuffle(files)
    questions: list[Question] = []
    for file in files[: _FILES_PER_QUESTION * count]:
        if len(questions) == count:
            break
        rows = store.chunk_rows(store.chunks_of_file(file))
        texts = sorted(set(_headings(rows)))
        chooser.shuffle(texts)
        for text in texts[:_TRIED]:
            if _stands_in_one_file(store, text):
                remembered = _remembered(text, chooser)
                questions.append(Question(remembered, {chunk_path(rows[0]): 1}))
                break
    return questions


def _headings(rows: list[ChunkRow]) -> Iterator[str]:
    """Every heading of a file; one that says too little is joined to the one above it."""
    for row in rows:
        crumbs = [" ".join(crumb.split()) for crumb in row.breadcrumb]
        for depth in range(len(crumbs)):
            alone, joined = crumbs[depth], " ".join(crumbs[max(0, depth - 1) : depth + 1])
            text = next((one for one in (alone, joined) if _telling(one)), None)
            if text is not None and len(text) <= _MOST_CHARACTERS:
                yield text


def _remembered(text: str, chooser: random.Random) -> str:
    """Half of a heading's telling words, at least two, in their order."""
    own = [word for word in words(text) if word not in STOP_WORDS]
    kept = chooser.sample(range(len(own)), max(_FEWEST_WORDS, len(own) // 2))
    return " ".join(own[place] for place in sorted(kept))


def _telling(text: str) -> bool:
    """Whether a heading has enough words of its own to be looked for."""
    return len({*words(text)} - STOP_WORDS) >= _FEWEST_WORDS


def _stands_in_one_file(store: Store, text: str) -> bool:
    # The words stand in the title column in the order of the breadcrumb.
    phrase = segment(text.replace('"', " "))
    matching = store.match_chunks(f'title : "{phrase}"', _NAMESAKES)
    rows = store.chunk_rows([chunk for chunk, _ in matching])
    return len(matching) < _NAMESAKES and len({row.file for row in rows}) == 1
