"""An empty index, and one with a few notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.searching.corpus import Corpus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    """An index without files."""
    made = Corpus(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def notes(corpus: Corpus) -> Corpus:
    """An index of a handful of notes, all embedded."""
    corpus.add(
        "work/retro.md",
        "The nightly import slowed down because an index was dropped.\n\n"
        "Everyone agreed to measure the import every week.\n",
        title="Q3 retro",
    )
    corpus.add(
        "work/plan.md",
        "Next quarter we rebuild the report page.\n\nThe import keeps its index.\n",
        title="Plan",
    )
    corpus.add(
        "kitchen/bread.md",
        "A dense loaf comes from too little proofing.\n\nFold the dough every half hour.\n",
        title="Bread",
    )
    corpus.add(
        "kitchen/coffee.md",
        "Grind the beans just before brewing.\n\nCold brew takes a night in the fridge.\n",
        title="Coffee",
    )
    corpus.add("code/backoff.py", "def wait(attempt):\n    return 2 ** attempt\n")
    return corpus
