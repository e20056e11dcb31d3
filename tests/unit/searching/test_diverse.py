"""Maximal marginal relevance: what differs comes before what repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semsearch.searching.diverse import RELEVANCE

if TYPE_CHECKING:
    from tests.unit.searching.corpus import Corpus


@pytest.fixture
def repetitive(corpus: Corpus) -> Corpus:
    """Five notes that say nearly the same about a loaf, and two that say something else."""
    for number in range(5):
        corpus.add(f"same{number}.md", f"The dense loaf needs proofing and patience {number}.\n")
    corpus.add("oven.md", "A dense loaf also comes from an oven that leaks steam quickly.\n")
    corpus.add("flour.md", "Dense rye flour absorbs water slowly overnight.\n")
    return corpus


def test_what_differs_comes_before_what_repeats(repetitive: Corpus) -> None:
    plain = repetitive.found("dense loaf proofing", limit=7)
    assert {name[:4] for name in plain[:5]} == {"same"}
    diverse = repetitive.found("dense loaf proofing", limit=7, diverse=True)
    assert sorted(diverse) == sorted(plain)
    assert diverse[0] == plain[0]
    assert "oven.md:1" in diverse[:3]


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_the_order_is_that_of_the_definition(repetitive: Corpus, mode: str) -> None:
    raw = "dense loaf proofing"
    store, space = repetitive.store, repetitive.space
    assert space is not None
    hits = {hit.chunk: hit for hit in repetitive.search(raw, mode=mode, limit=7).hits}
    scores = {chunk: hit.score for chunk, hit in hits.items()}
    cosines = {
        one: store.cosines(space.id, vector, list(hits))
        for one, vector in store.chunk_vectors(space.id, list(hits)).items()
    }
    low = min(cosine for row in cosines.values() for cosine in row.values())
    least, most = min(scores.values()), max(scores.values())

    def worth(chunk: int, before: list[int]) -> float:
        own = (scores[chunk] - least) / (most - least)
        likeness = [(cosines[one][chunk] - low) / (1 - low) for one in before]
        return RELEVANCE * own - (1 - RELEVANCE) * max(likeness, default=0.0)

    found = [hit.chunk for hit in repetitive.search(raw, mode=mode, limit=7, diverse=True).hits]
    for place, chunk in enumerate(found):
        before, left = found[:place], found[place:]
        best = max(worth(one, before) for one in left)
        assert worth(chunk, before) == pytest.approx(best, abs=1e-5)


def test_hits_keep_their_scores_and_are_numbered_anew(repetitive: Corpus) -> None:
    plain = {hit.chunk: hit.score for hit in repetitive.search("dense loaf", limit=7).hits}
    diverse = repetitive.search("dense loaf", limit=4, diverse=True).hits
    assert [hit.rank for hit in diverse] == [1, 2, 3, 4]
    assert all(hit.score == plain[hit.chunk] for hit in diverse)


def test_passages_without_vectors_take_part(repetitive: Corpus) -> None:
    repetitive.add("bare.md", "A dense loaf without any vector.\n", embed=False)
    found = repetitive.found("dense loaf", limit=8, diverse=True)
    assert sorted(found) == sorted(repetitive.found("dense loaf", limit=8))


def test_words_alone_and_whole_files_are_no_obstacle(repetitive: Corpus) -> None:
    lexical = repetitive.found("dense loaf", mode="lexical")
    assert repetitive.found("dense loaf", mode="lexical", diverse=True) == lexical
    files = repetitive.found("dense loaf proofing", per_file=True, limit=3, diverse=True)
    assert len(files) == 3
    assert "oven.md:1" in files


# --- repetitions folded in hybrid mode -----------------------------------------------------------

SENTENCE = (
    "The sourdough loaf was dense because it was proofed for an hour in a cold kitchen with rye"
)


def test_a_passage_wrapped_or_edited_a_little_is_shown_once(corpus: Corpus) -> None:
    rest = " ".join(f"word{number}" for number in range(20))
    corpus.add("first.md", f"{SENTENCE}. {rest} first.\n")
    corpus.add("second.md", f"{SENTENCE}. {rest} second.\n")
    corpus.add("wrapped.md", f"{SENTENCE}. {rest}\n first.\n")
    hits = corpus.search("why was the sourdough loaf dense").hits
    assert [len(hit.also) for hit in hits] == [2]
    assert len(corpus.search("why was the sourdough loaf dense", mode="semantic").hits) == 3


def test_a_sentence_quoted_in_other_words_is_not_folded(corpus: Corpus) -> None:
    corpus.add("first.md", f"{SENTENCE}. Then we went home and slept until the morning came.\n")
    corpus.add("second.md", f"{SENTENCE}. Nobody believed a single word that he had said there.\n")
    hits = corpus.search("why was the sourdough loaf dense").hits
    assert len(hits) == 2
    assert all(not hit.also for hit in hits)
