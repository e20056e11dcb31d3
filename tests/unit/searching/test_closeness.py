"""What unrelated text reaches is known, so that a search can say: nothing close."""

from __future__ import annotations

import pytest

from semsearch.records import Place
from semsearch.searching import similar
from semsearch.searching.closeness import (
    ABSURD_QUESTIONS,
    has_words,
    measure_background,
    needs_background,
)
from semsearch.searching.hits import NOTHING_BELOW, background, background_note, band_of
from semsearch.searching.query import parse_query
from semsearch.store import segment
from tests.unit.searching.corpus import Corpus

SUBJECTS = (
    "anchor", "basil", "cedar", "dune", "ember", "fjord", "garnet", "heath", "indigo", "juniper",
    "kelp", "lantern",
)  # fmt: skip


def learn(corpus: Corpus) -> None:
    reply = corpus.embedder.embed(ABSURD_QUESTIONS, "query")
    assert corpus.space is not None
    measure_background(corpus.store, corpus.space, reply.vectors)


@pytest.fixture
def measured(corpus: Corpus) -> Corpus:
    """Two dozen notes, with what unrelated text reaches among them."""
    corpus.add_all(
        {
            f"{number}.md": f"About {one} and {other} we wrote {one} number{number}.\n"
            for number, (one, other) in enumerate(
                (one, other) for one in SUBJECTS for other in SUBJECTS[:2]
            )
        }
    )
    learn(corpus)
    return corpus


def test_bands_are_distances_from_what_unrelated_text_reaches() -> None:
    reached = (0.2, 0.05)
    assert [band_of(cosine, reached) for cosine in (0.1, 0.299, 0.301, 0.449, 0.451)] == [
        "weak", "weak", "fair", "fair", "strong",
    ]  # fmt: skip
    assert band_of(None, reached) is None
    assert band_of(0.9, None) is None


def test_the_background_is_the_mean_and_spread_of_the_best_cosines(measured: Corpus) -> None:
    store, space = measured.store, measured.space
    assert space is not None
    found = background(store, space)
    assert found is not None
    reply = measured.embedder.embed(ABSURD_QUESTIONS, "query")
    best = [store.nearest(space.id, vector, 1)[0][1] for vector in reply.vectors]
    mean = sum(best) / len(best)
    spread = (sum((one - mean) ** 2 for one in best) / (len(best) - 1)) ** 0.5
    assert found == pytest.approx((mean, spread), abs=1e-5)


def test_it_is_measured_again_when_the_index_has_doubled(corpus: Corpus) -> None:
    corpus.add_all({f"{n}.md": f"text {n} of many\n" for n in range(19)})
    assert corpus.space is not None
    assert not needs_background(corpus.store, corpus.space)
    corpus.add("20.md", "text 20 of many\n")
    assert needs_background(corpus.store, corpus.space)
    learn(corpus)
    assert not needs_background(corpus.store, corpus.space)
    files = [corpus.add(f"more{n}.md", f"more text {n}\n") for n in range(81)]
    assert needs_background(corpus.store, corpus.space)
    learn(corpus)
    assert not needs_background(corpus.store, corpus.space)
    corpus.store.remove_files(files[:60])
    assert needs_background(corpus.store, corpus.space)


def test_an_unanswerable_question_finds_nothing_and_says_so(measured: Corpus) -> None:
    result = measured.search("zebra quagga okapi")
    assert result.hits == ()
    assert result.mode == "hybrid"
    assert measured.space is not None
    note = measured.store.note(background_note(measured.space))
    assert note is not None
    mean, spread = map(float, note.split()[:2])
    assert "Nothing close" in result.notices[-1]
    assert f"may reach {mean + NOTHING_BELOW * spread:.2f} here" in result.notices[-1]
    assert f"{mean:.2f}" != f"{mean + NOTHING_BELOW * spread:.2f}"
    assert measured.search("zebra quagga okapi", per_file=True).hits == ()
    # The raw modes stay raw.
    assert len(measured.search("zebra quagga okapi", mode="semantic", limit=7).hits) == 7


def test_without_a_background_nothing_is_held_back(notes: Corpus) -> None:
    hits = notes.search("zebra quagga okapi").hits
    assert hits
    assert {hit.band for hit in hits} == {None}


def test_an_answer_is_strong_and_what_is_about_something_else_weak(measured: Corpus) -> None:
    hits = measured.search("number5 garnet wrote about anchor", limit=24).hits
    assert hits[0].band == "strong"
    assert all(hit.band is not None for hit in hits)
    by_cosine = sorted(hits, key=lambda hit: hit.cosine or 0.0)
    bands = [("weak", "fair", "strong").index(hit.band or "") for hit in by_cosine]
    assert bands == sorted(bands)
    assert {hit.band for hit in measured.search("anchor", mode="lexical").hits} == {None}


def test_words_that_are_there_are_never_nothing(measured: Corpus) -> None:
    """One word of a long note moves its vector little, and is an answer all the same."""
    filler = " ".join(f"filler{n}" for n in range(400))
    measured.add("long.md", f"{filler} quagga {filler}\n")
    found = measured.search("quagga")
    assert [hit.path for hit in found.hits][:1] == [measured.path("long.md")]
    assert found.hits[0].band == "weak"
    assert measured.search("quagga zebra okapi hyena").hits == ()
    assert measured.search('"filler1 filler2"').hits != ()


def test_how_few_hits_are_wanted_does_not_decide_whether_there_are_any(measured: Corpus) -> None:
    for query in ("zebra quagga", "garnet number5", "basil zebra quagga okapi hyena"):
        few, many = (bool(measured.search(query, limit=limit).hits) for limit in (1, 10))
        assert few == many
    assert len(measured.search("garnet basil", limit=1).hits) == 1


def test_words_count_by_how_rare_they_are(measured: Corpus) -> None:
    measured.add("rare.md", "About quagga.\n")
    store = measured.store

    def holds(raw: str, *names: str) -> bool:
        query = parse_query(raw, cwd=b"/", now=0)
        rows = [
            row
            for name in names
            for row in store.chunk_rows(store.chunks_of_file(_file(measured, name)))
        ]
        return has_words(store, query, segment, rows)

    assert holds("wrote quagga", "rare.md")
    assert not holds("wrote zebra", "0.md")
    assert holds("wrote anchors", "0.md")
    assert not holds("quagga", "0.md")
    measured.add("cjk.md", "東京都の天気\n")
    assert holds("東京", "cjk.md")
    assert not holds("京東", "cjk.md")


def test_passages_like_others_have_no_band(measured: Corpus) -> None:
    place = Place(measured.path("0.md"), None)
    found = similar(measured.store, place, measured.space)
    assert {hit.band for hit in found.hits} == {None}
    mixed = measured.search(f'like:"{measured.folder}/0.md" zebra')
    assert mixed.hits


def _file(corpus: Corpus, name: str) -> int:
    found = corpus.store.file(corpus.root.id, name.encode())
    assert found is not None
    return found.id
