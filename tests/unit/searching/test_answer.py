"""Searches on a real index: modes, filters, requirements, degradation, similar passages."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, NoReturn

import pytest

from semsearch.errors import (
    AccessError,
    Cancelled,
    EmbeddingError,
    ModelUnavailable,
    SettingsError,
    UsageError,
)
from semsearch.records import Filter, Place
from semsearch.searching import Options, similar
from semsearch.searching.places import passages_at
from semsearch.searching.rank import fuse
from semsearch.store import open_index
from tests.fakes.embedder import FakeEmbedder
from tests.unit.embed_local.test_likeness import made as word_likeness
from tests.unit.searching.corpus import Corpus, names
from tests.unit.searching.test_query import FRAGMENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from semsearch.embed.local.likeness import WordLikeness
    from semsearch.errors import SemsearchError
    from semsearch.records import Mode, Purpose, Space

MODES: tuple[Mode, ...] = ("hybrid", "semantic", "lexical")


# --- what a hit says ---------------------------------------------------------------------------


def test_a_hit_carries_everything_about_it(notes: Corpus) -> None:
    result = notes.search("why did the import slow down")
    assert (result.mode, result.coverage, result.notices) == ("hybrid", 1.0, ())
    assert result.space == notes.space
    assert list(result.timing_ms) == ["embed", "retrieve", "rank", "total"]
    hit = result.hits[0]
    assert (hit.rank, hit.path, hit.root) == (1, notes.path("work/retro.md"), bytes(notes.folder))
    assert (hit.start_line, hit.end_line, hit.line, hit.page) == (1, 1, 1, None)
    assert (hit.breadcrumb, hit.kind, hit.stale) == (("Q3 retro",), "markdown", False)
    assert (hit.semantic_rank, hit.lexical_rank) == (1, 1)
    assert hit.score == pytest.approx(1.0)
    assert sum(hit.parts) == pytest.approx(hit.score)
    assert [hit.snippet[a:b] for a, b in hit.matches] == ["import", "slowed", "down"]
    assert hit.text == "The nightly import slowed down because an index was dropped."
    assert hit.modified_ns == os.stat(hit.path).st_mtime_ns


def test_hits_are_numbered_and_ordered_by_score(notes: Corpus) -> None:
    for mode in MODES:
        hits = notes.search("import index report", mode=mode).hits
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)


def test_every_hit_with_a_vector_carries_its_exact_cosine(notes: Corpus) -> None:
    notes.add("later.md", "An import without any vector yet.\n", embed=False)
    result = notes.search("import index report coffee")
    assert result.space is not None
    vector = notes.store.cached_query(result.space.id, "import index report coffee")
    assert vector is not None
    exact = notes.store.cosines(result.space.id, vector, [hit.chunk for hit in result.hits])
    for hit in result.hits:
        assert hit.cosine == exact.get(hit.chunk)
    assert [hit.path for hit in result.hits if hit.cosine is None] == [notes.path("later.md")]


def test_the_score_is_the_fusion_of_both_lists(notes: Corpus) -> None:
    raw = "measure the import index"
    lexical = [(hit.chunk, hit.score) for hit in notes.search(raw, mode="lexical", limit=99).hits]
    semantic = [(hit.chunk, hit.score) for hit in notes.search(raw, mode="semantic", limit=99).hits]
    for alpha in (0.0, 0.3, 1.0):
        expected = {one.id: one.score for one in fuse(lexical, semantic, alpha)}
        hits = notes.search(raw, alpha=alpha, limit=99).hits
        assert {hit.chunk: pytest.approx(hit.score) for hit in hits} == expected


def test_stop_words_rank_only_when_nothing_else_is_asked(notes: Corpus) -> None:
    assert notes.found("the and fridge", mode="lexical") == ["kitchen/coffee.md:3"]
    assert len(notes.found("the", mode="lexical")) > 1


def test_a_repeated_word_counts_twice(corpus: Corpus) -> None:
    corpus.add("a.md", "alpha beta gamma\n")
    corpus.add("b.md", "alpha beta delta\n")
    corpus.add("c.md", "other words\n\nmore of them\n\nand again\n")
    once = {hit.chunk: hit.score for hit in corpus.search("gamma", mode="lexical").hits}
    twice = {hit.chunk: hit.score for hit in corpus.search("gamma gamma", mode="lexical").hits}
    assert twice == {chunk: pytest.approx(2 * score) for chunk, score in once.items()}


# --- modes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3, 9])
def test_semantic_mode_is_pure_cosine_with_as_many_hits_as_asked(notes: Corpus, limit: int) -> None:
    result = notes.search("proofing dough", mode="semantic", limit=limit)
    assert len(result.hits) == limit
    assert all(hit.score == hit.cosine and hit.lexical_rank is None for hit in result.hits)
    assert [hit.semantic_rank for hit in result.hits] == list(range(1, limit + 1))


def test_lexical_mode_asks_no_embedder_and_has_no_cosines(notes: Corpus) -> None:
    result = notes.search("import", mode="lexical")
    assert (notes.asked, result.space, result.mode, result.cost_usd) == (0, None, "lexical", 0.0)
    assert len(result.hits) == 3
    assert all(hit.cosine is None and hit.semantic_rank is None for hit in result.hits)


def test_raw_modes_fold_nothing(corpus: Corpus) -> None:
    text = (
        "The same long paragraph about sourdough stands in several files, word for word, twice.\n"
    )
    for name in ("a.md", "b.md", "c.md"):
        corpus.add(name, text)
    for mode in ("semantic", "lexical"):
        assert corpus.found("sourdough", mode=mode) == ["a.md:1", "b.md:1", "c.md:1"]


def test_hybrid_shows_a_passage_once_and_names_its_copies(corpus: Corpus) -> None:
    text = (
        "The same long paragraph about sourdough stands in several files, word for word, twice.\n"
    )
    for name in ("b.md", "a.md", "c.md"):
        corpus.add(name, text)
    corpus.add("d.md", "Sourdough once more, in other words.\n")
    hits = corpus.search("a long paragraph in several files").hits
    assert [hit.path for hit in hits] == [corpus.path("a.md"), corpus.path("d.md")]
    assert hits[0].also == (corpus.path("b.md"), corpus.path("c.md"))


def test_short_equal_texts_under_different_titles_are_not_folded(corpus: Corpus) -> None:
    corpus.add("a.md", "Run make install.\n", title="Parser")
    corpus.add("b.md", "Run make install.\n", title="Server")
    assert len(corpus.search("make install").hits) == 2


def test_overlapping_passages_show_a_sentence_once(corpus: Corpus) -> None:
    shared = "The needle lies here."
    text = f"Long ago it all began. {shared}\n\nAnd then it ended. Nobody knew.\n"
    corpus.add("a.md", text, overlap=len(shared) + 2)
    assert len(corpus.search("needle", mode="lexical").hits) == 2
    assert corpus.found("needle lies") == ["a.md:1"]


def test_equal_scores_come_by_path_and_position(corpus: Corpus) -> None:
    for name in ("z.md", "m.md", "a.md"):
        corpus.add(name, "same words\n\nsame words\n", embed=False)
    for limit in (2, 5, 6):
        expected = ["a.md:1", "a.md:3", "m.md:1", "m.md:3", "z.md:1", "z.md:3"][:limit]
        assert corpus.found("same", mode="lexical", limit=limit) == expected


def test_ties_are_settled_before_the_cut_however_many_there_are(corpus: Corpus) -> None:
    letters = "zyxwvutsrqponmlkjihgfedcba"
    corpus.add_all({f"{letter}.md": "same words\n" for letter in letters})
    for mode in MODES:
        assert corpus.found("same words", mode=mode, limit=2)[0] == "a.md:1"


# --- the query language on an index ------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_phrase_is_required_on_both_sides(notes: Corpus, mode: Mode) -> None:
    found = notes.found('"the import" index', mode=mode, limit=99)
    assert found == ["work/plan.md:3", "work/retro.md:3"]
    assert notes.found('"import the"', mode=mode) == []


@pytest.mark.parametrize("mode", MODES)
def test_a_phrase_does_not_require_the_other_words(notes: Corpus, mode: Mode) -> None:
    assert notes.found('"cold brew" zebra', mode=mode) == ["kitchen/coffee.md:3"]


@pytest.mark.parametrize("mode", MODES)
def test_an_exclusion_holds_on_both_sides(notes: Corpus, mode: Mode) -> None:
    everything = notes.found("import index", mode=mode, limit=99)
    kept = notes.found('import index -dropping -"measure the import"', mode=mode, limit=99)
    assert set(everything) - set(kept) == {"work/retro.md:1", "work/retro.md:3"}


def test_exclusions_leave_as_many_hits_as_there_are(corpus: Corpus) -> None:
    words = {number: "unwanted" if number < 490 else "welcome" for number in range(500)}
    corpus.add_all({f"{number:03}.md": f"topic {word}\n" for number, word in words.items()})
    found = corpus.found("topic unwanted -unwanted", mode="semantic", limit=10)
    assert found == [f"{number}.md:1" for number in range(490, 500)]


@pytest.mark.parametrize("mode", MODES)
def test_filters_apply_before_the_cut(corpus: Corpus, mode: Mode) -> None:
    corpus.add_all({f"big/{number:03}.md": "topic topic topic\n" for number in range(250)})
    corpus.add("small/one.py", "topic of a small folder\n")
    os.utime(corpus.folder / "small/one.py", ns=(0, 86_400 * 10**9))
    corpus.add("small/two.txt", "topic of another file\n")
    assert corpus.found("topic in:small", mode=mode, limit=1)[0].startswith("small/")
    assert corpus.found("topic type:py", mode=mode) == ["small/one.py:1"]
    assert len(corpus.found("topic in:small type:md", mode=mode)) == 0
    assert corpus.found("topic before:1971 in:small/two.txt", mode=mode) == []


def test_a_filter_on_dates_uses_the_time_of_the_file(corpus: Corpus) -> None:
    (corpus.folder / "old.md").write_text("")
    corpus.add("new.md", "topic\n")
    assert corpus.found("topic after:1d") == ["new.md:1"]
    assert corpus.found("topic before:1d") == []


def test_scripts_without_spaces_are_found(corpus: Corpus) -> None:
    corpus.add("ja.md", "これは全文検索エンジンです。\n")
    corpus.add("th.md", "เขียนภาษาไทยได้\n")
    hits = corpus.search("検索", mode="lexical").hits
    assert [hit.snippet[slice(*span)] for hit in hits for span in hit.matches] == ["検索"]
    assert corpus.found('"全文検索"', mode="lexical") == ["ja.md:1"]
    assert corpus.found("検索 -エンジン", mode="lexical") == []
    assert corpus.found("ภาษา", mode="lexical") == ["th.md:1"]


@pytest.mark.parametrize("raw", ["", "   ", "-only -excluded", "in:work type:md", "-"])
def test_a_query_without_words_is_a_usage_error(notes: Corpus, raw: str) -> None:
    if raw == "-":
        assert notes.search(raw, mode="lexical").hits == ()
        return
    with pytest.raises(UsageError, match="nothing to search for"):
        notes.search(raw)
    assert notes.asked == 0


def test_no_hits_below_a_folder_that_is_not_indexed_says_so(notes: Corpus, tmp_path: Path) -> None:
    result = notes.search(f"import in:{tmp_path}/elsewhere", mode="lexical")
    assert result.notices == (f"{tmp_path}/elsewhere is not below an indexed folder.",)
    assert notes.search("zebra in:work", mode="lexical").notices == ()


def test_hostile_queries_never_fail(notes: Corpus) -> None:
    generator = random.Random(11)
    for _ in range(400):
        raw = " ".join(generator.choices(FRAGMENTS, k=generator.randint(1, 12)))
        try:
            notes.search(raw, mode=generator.choice(MODES))
        except UsageError:
            continue
    notes.search("a " * 4000, mode="lexical")
    notes.search('"a b" ' * 1300, mode="lexical")


# --- the vector of the query ------------------------------------------------------------------


def test_a_query_is_embedded_once_and_its_cost_is_told(notes: Corpus) -> None:
    before = len(notes.embedder.calls)
    first = notes.search("dense  loaf")
    again = notes.search("dense loaf -zebra")
    assert notes.embedder.calls[before:] == [(("dense loaf",), "query")]
    assert notes.asked == 1
    assert first.cost_usd == pytest.approx(3e-6)
    assert again.cost_usd == 0.0
    (entry,) = notes.store.sent()
    assert (entry.sent.purpose, entry.sent.inputs, entry.sent.host) == ("query", 1, "fake.test")
    assert entry.sent.cost_usd == pytest.approx(3e-6)


def raising(error: SemsearchError) -> Callable[[Sequence[str], Purpose], None]:
    def on_call(_texts: Sequence[str], _purpose: Purpose) -> NoReturn:
        raise error

    return on_call


FAILURES = [
    AccessError("There is no credit left.", hint="Top up.", code="auth.credit"),
    AccessError("There is no key."),
    EmbeddingError("The server cannot be reached.", retryable=True),
    ModelUnavailable("The model is gone."),
]


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: error.message)
def test_hybrid_degrades_to_words_and_says_so(notes: Corpus, error: SemsearchError) -> None:
    notes.embedder.on_call = raising(error)
    result = notes.search("import")
    assert (result.mode, result.space, result.coverage) == ("lexical", None, 0.0)
    assert result.fault is error
    assert result.notices == (f"Found by words only: {error.message} {error.hint}".strip(),)
    assert result.hits == notes.search("import", mode="lexical").hits


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: error.message)
def test_semantic_mode_fails_where_hybrid_degrades(notes: Corpus, error: SemsearchError) -> None:
    notes.embedder.on_call = raising(error)
    with pytest.raises(type(error)) as caught:
        notes.search("import", mode="semantic")
    assert caught.value is error


@pytest.mark.parametrize("error", [Cancelled("stop"), SettingsError("bad")], ids=type)
def test_other_errors_are_not_hidden(notes: Corpus, error: SemsearchError) -> None:
    notes.embedder.on_call = raising(error)
    with pytest.raises(type(error)):
        notes.search("import")


def test_offline_uses_the_cache_and_never_a_server(notes: Corpus) -> None:
    notes.search("dense loaf")
    assert notes.search("dense loaf", offline=True).mode == "hybrid"
    fresh = notes.search("fold the dough", offline=True)
    assert (fresh.mode, notes.asked) == ("lexical", 1)
    assert "Offline" in fresh.notices[0]
    with pytest.raises(EmbeddingError) as caught:
        notes.search("fold the dough", offline=True, mode="semantic")
    assert caught.value.code == "api.offline"


def test_a_model_of_this_machine_answers_offline(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    corpus.embedder = FakeEmbedder(endpoint="local")
    corpus.add("a.md", "dense loaf\n")
    result = corpus.search("loaf", offline=True)
    assert (result.mode, result.cost_usd, corpus.store.sent()) == ("hybrid", 0.0, [])
    corpus.store.close()


def test_vectors_of_another_model_never_take_part(notes: Corpus) -> None:
    notes.embedder = FakeEmbedder(model="other")
    result = notes.search("import")
    assert result.mode == "lexical"
    assert "other" in result.notices[0]
    assert notes.embedder.calls == []
    with pytest.raises(ModelUnavailable) as caught:
        notes.search("import", mode="semantic")
    assert caught.value.code == "model.mismatch"


def test_an_index_that_cannot_be_written_answers_all_the_same(notes: Corpus) -> None:
    writable, notes.store = notes.store, open_index(notes.store.path, read_only=True)
    result = notes.search("dense loaf")
    assert (result.mode, names(result)[0]) == ("hybrid", "kitchen/bread.md:1")
    assert "missing from the ledger" in result.notices[0]
    assert notes.search("dense loaf", mode="lexical").notices == ()
    notes.store.close()
    notes.store = writable


def test_an_index_without_vectors_is_searched_by_words(corpus: Corpus) -> None:
    corpus.add("a.md", "dense loaf\n", embed=False)
    result = corpus.search("loaf")
    assert (result.mode, names(result), corpus.asked) == ("lexical", ["a.md:1"], 0)
    assert "no vectors" in result.notices[0]
    with pytest.raises(ModelUnavailable):
        corpus.search("loaf", mode="semantic")


def test_partial_coverage_is_told(notes: Corpus) -> None:
    notes.add("later.md", "One import more.\n", embed=False)
    result = notes.search("import")
    assert result.coverage == pytest.approx(9 / 10)
    assert result.notices == (
        "fake covers 90 % of the passages; the others can be found by their words only.",
    )


# --- freshness -----------------------------------------------------------------------------------


def test_a_changed_or_missing_file_is_stale(notes: Corpus) -> None:
    plan = notes.folder / "work/plan.md"
    plan.write_text(plan.read_text().replace("keeps", "loses"))
    os.utime(plan, ns=(0, 86_400 * 10**9))
    (notes.folder / "kitchen/bread.md").unlink()
    stale = {}
    for raw in ("import", "dense loaf"):
        result = notes.search(raw, mode="lexical")
        stale.update(zip(names(result), (hit.stale for hit in result.hits), strict=True))
    assert stale == {
        "work/retro.md:1": False,
        "work/retro.md:3": False,
        "work/plan.md:3": True,
        "kitchen/bread.md:1": True,
    }


def test_staleness_is_asked_once_for_each_file_shown(notes: Corpus) -> None:
    asked: list[bytes] = []

    def stale(row: object) -> bool:
        asked.append(row.relative)  # type: ignore[attr-defined]
        return True

    hits = notes.search("import", mode="lexical", stale=stale).hits
    assert len(hits) == 3
    assert all(hit.stale for hit in hits)
    assert sorted(asked) == [b"work/plan.md", b"work/retro.md"]


# --- files --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_per_file_shows_each_file_once_by_its_best_passage(notes: Corpus, mode: Mode) -> None:
    found = notes.found("measure import", mode=mode, per_file=True, limit=3)
    assert found[0] == "work/retro.md:3"
    paths = [name.split(":")[0] for name in found]
    assert len(paths) == len(set(paths))


def test_per_file_counts_words_over_the_whole_file(corpus: Corpus) -> None:
    corpus.add(
        "spread.md", "alpha stands here\n\nbeta stands there\n\ngamma at the end\n", embed=False
    )
    corpus.add(
        "one.md", "alpha beta stand together once\n\nfiller text goes on\n\nmore\n", embed=False
    )
    corpus.add("else.md", "nothing at all\n\nreally nothing\n", embed=False)
    assert corpus.found("alpha beta gamma", per_file=True) == ["spread.md:5", "one.md:1"]


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_per_file_finds_as_many_files_as_asked(corpus: Corpus, mode: Mode) -> None:
    corpus.add("big.md", "\n\n".join(f"topic number {number}" for number in range(900)))
    corpus.add_all({f"{number:02}.md": f"a distant matter {number}\n" for number in range(12)})
    result = corpus.search("topic number", mode=mode, per_file=True, limit=13)
    assert len({hit.path for hit in result.hits}) == 13
    assert result.hits[0].path == corpus.path("big.md")


@pytest.mark.parametrize("mode", MODES)
def test_per_file_leaves_out_files_with_an_excluded_word_anywhere(
    notes: Corpus, mode: Mode
) -> None:
    found = notes.found("import index -dropped", mode=mode, per_file=True, limit=99)
    assert "work/retro.md" not in {name.split(":")[0] for name in found}
    assert "work/plan.md:3" in found


def test_per_file_shows_the_passage_that_ranks_first_by_the_same_fusion(corpus: Corpus) -> None:
    corpus.add("a.md", "common\n\nzebra among many words that say nothing of the matter\n")
    corpus.add_all({f"{number}.md": "common ground\n" for number in range(9)})
    assert corpus.found("zebra common", per_file=True, alpha=0.0)[0] == "a.md:3"
    assert corpus.found("zebra common", per_file=True, alpha=1.0)[0] == "a.md:1"


def test_per_file_prefers_the_passage_with_the_phrase(notes: Corpus) -> None:
    assert notes.found('"every week" import', per_file=True) == ["work/retro.md:3"]


# --- similar --------------------------------------------------------------------------------


def test_similar_ranks_by_stored_vectors_without_asking_a_model(notes: Corpus) -> None:
    calls = len(notes.embedder.calls)
    place = Place(notes.path("work/retro.md"), 1)
    result = similar(notes.store, place, notes.space)
    assert set(names(result)[:2]) == {"work/retro.md:3", "work/plan.md:3"}
    assert "work/retro.md:1" not in names(result)
    assert (result.mode, result.cost_usd, len(notes.embedder.calls)) == ("semantic", 0.0, calls)
    assert result.hits[0].score == result.hits[0].cosine


def test_similar_may_leave_out_the_file_and_always_does_for_a_whole_file(notes: Corpus) -> None:
    line = similar(
        notes.store, Place(notes.path("work/retro.md"), 1), notes.space, Options(same_file=False)
    )
    whole = similar(notes.store, Place(notes.path("work/retro.md"), None), notes.space)
    for result in (line, whole):
        assert result.hits
        assert notes.path("work/retro.md") not in {hit.path for hit in result.hits}


def test_similar_keeps_to_its_filter(notes: Corpus) -> None:
    where = Filter(folders=(notes.path("kitchen"),))
    result = similar(notes.store, Place(notes.path("work/plan.md"), 3), notes.space, where=where)
    assert {name.split("/")[0] for name in names(result)} == {"kitchen"}


@pytest.mark.parametrize(("line", "expected"), [(1, 1), (2, 3), (3, 3), (99, 3)])
def test_a_line_between_passages_means_the_next_one(
    notes: Corpus, line: int, expected: int
) -> None:
    at = similar(notes.store, Place(notes.path("work/plan.md"), line), notes.space)
    assert f"work/plan.md:{expected}" not in names(at)
    assert f"work/plan.md:{4 - expected}" in names(at)


def test_a_line_that_two_passages_share_means_the_one_it_lies_deepest_in(corpus: Corpus) -> None:
    text = "one\ntwo\nthree\n\nfour\nfive\nsix\n"
    file = corpus.add("a.md", text, overlap=len("two\nthree\n\n"))
    first, second = corpus.store.chunks_of_file(file)
    for line, chunk in ((1, first), (2, first), (3, second), (7, second)):
        passages = passages_at(corpus.store, Place(corpus.path("a.md"), line))
        assert passages.chunks == (chunk,)
        assert passages.same == {first, second}


def test_like_with_words_ranks_by_both(notes: Corpus) -> None:
    result = notes.search("like:work/retro.md:1 report")
    assert (result.mode, notes.asked) == ("hybrid", 0)
    assert {"work/plan.md:1", "work/plan.md:3"} <= set(names(result)[:3])
    assert "work/retro.md:1" not in names(result)
    with pytest.raises(UsageError, match="by words alone"):
        notes.search("like:work/retro.md report", mode="lexical")


def test_a_place_that_is_not_indexed_is_a_usage_error(notes: Corpus) -> None:
    notes.add("empty.md", "\n", embed=False)
    notes.add("bare.md", "A passage without a vector.\n", embed=False)
    for relative, message in (
        ("gone.md", "is not in the index"),
        ("empty.md", "No text of"),
        ("bare.md", "has no vector"),
    ):
        with pytest.raises(UsageError, match=message):
            similar(notes.store, Place(notes.path(relative), None), notes.space)


def test_similar_without_any_vectors_is_a_usage_error(corpus: Corpus) -> None:
    corpus.add("a.md", "text\n", embed=False)
    with pytest.raises(UsageError, match="no vectors"):
        similar(corpus.store, Place(corpus.path("a.md"), 1), None)


def test_a_linked_name_of_an_indexed_file_is_understood(notes: Corpus, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(notes.folder)
    result = similar(notes.store, Place(bytes(tmp_path / "link/work/plan.md"), 3), notes.space)
    assert result.hits


@pytest.mark.parametrize("per_file", [False, True])
def test_one_word_of_many_is_no_reason_to_come_first(notes: Corpus, per_file: bool) -> None:
    def by_words(raw: str) -> float:
        return max(hit.parts[0] for hit in notes.search(raw, per_file=per_file).hits)

    assert by_words("dough") == pytest.approx(0.5)
    assert by_words("dough proofing") == pytest.approx(0.5)
    assert 0.0 < by_words("dough zebra quagga okapi") < 0.3


# --- the sentence that is shown ----------------------------------------------------------------

FILLER = " and then some" * 12
LOAF = f"The oven was hot{FILLER}.\n- flour and salt\n- a loaf of bread{FILLER}\n- butter\n"
SIGNS = {"toast": "++++++++", "loaf": "+++++++-", "oven": "----++++", "butter": "--------"}


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Corpus]:
    """Notes whose vectors are of a model on this machine."""
    (tmp_path / "local").mkdir()
    made = Corpus(tmp_path / "local")
    made.embedder = FakeEmbedder(endpoint="local")
    made.add("loaf.md", LOAF)
    yield made
    made.store.close()


def asked(log: list[str]) -> Callable[[Space], WordLikeness]:
    def likeness(space: Space) -> WordLikeness:
        log.append(space.key.endpoint)
        return word_likeness(SIGNS)

    return likeness


def test_a_model_on_this_machine_chooses_the_sentence(local: Corpus) -> None:
    log: list[str] = []
    for mode in ("hybrid", "semantic"):
        (hit,) = local.search("toast", mode=mode, likeness=asked(log)).hits
        assert (hit.snippet_by, hit.line) == ("meaning", 3)
        assert hit.snippet.startswith("- a loaf of bread")
        assert hit.matches == ()
    assert log == ["local", "local"]
    (plain,) = local.search("toast", mode="semantic").hits
    assert (plain.snippet_by, plain.line) == ("beginning", 1)
    (both,) = local.search("oven", likeness=asked(log)).hits
    assert (both.snippet_by, both.line) == ("words", 1)


def test_words_alone_phrases_and_other_models_choose_by_words(local: Corpus, notes: Corpus) -> None:
    log: list[str] = []
    likeness = asked(log)
    assert local.search("butter toast", mode="lexical", likeness=likeness).hits[0].line == 4
    assert local.search('"and salt" toast', likeness=likeness).hits[0].snippet_by == "words"
    assert local.search("全文", mode="semantic", likeness=likeness).hits[0].line == 1
    notes.search("toast", mode="semantic", likeness=likeness)
    assert log == []


def test_without_the_model_the_answer_is_the_same(local: Corpus) -> None:
    with_none = local.search("toast", mode="semantic", likeness=lambda _: None)
    assert with_none.hits == local.search("toast", mode="semantic").hits


def test_a_line_of_code_is_chosen_like_a_sentence(local: Corpus) -> None:
    local.add("oven.py", f"flour = 1\nloaf = flour  # {FILLER}\nbutter = 2\n")
    hits = local.search("toast type:py", mode="semantic", likeness=asked([])).hits
    assert [(hit.line, hit.snippet_by) for hit in hits] == [(2, "meaning")]


def test_of_a_long_list_the_end_is_shown_as_it_is(local: Corpus) -> None:
    local.add_all({f"{number}.md": f"A note {number}.\n- one loaf\n" for number in range(54)})
    hits = local.search("toast", mode="semantic", limit=60, likeness=asked([])).hits
    assert [hit.rank for hit in hits] == [*range(1, 56)]
    chosen = [hit.snippet_by for hit in hits]
    assert chosen == ["meaning"] * 50 + ["beginning"] * 5


def test_an_index_without_a_passage_says_so_and_names_no_model(corpus: Corpus) -> None:
    found = corpus.search("anything at all")
    assert found.hits == ()
    assert found.notices == ("Nothing is indexed here. Index a folder: semsearch index PATH",)
