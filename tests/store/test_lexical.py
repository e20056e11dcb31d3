"""Keyword search: ranking, stemming, scripts without spaces, odd expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.errors import UsageError
from semsearch.store import segment
from semsearch.store.documents import merged_text
from tests.store.material import put, version

if TYPE_CHECKING:
    from tests.store.conftest import Index


def found(index: Index, expression: str) -> list[str]:
    hits = index.store.match_chunks(expression, 50)
    return [row.text for row in index.store.chunk_rows([chunk for chunk, _ in hits])]


def phrase(text: str) -> str:
    return f'"{segment(text)}"'


def test_scores_are_higher_for_better_and_ties_go_by_id(index: Index) -> None:
    put(index.store, None, version(index.root.id, b"1.md", ["apple apple pie", "apple"]))
    put(index.store, None, version(index.root.id, b"2.md", ["the apple of a long story here"]))
    put(
        index.store, None, version(index.root.id, b"3.md", ["apple", "pear", "fig", "plum", "kiwi"])
    )
    hits = index.store.match_chunks("apple", 10)
    assert [score for _, score in hits] == sorted((s for _, s in hits), reverse=True)
    assert [chunk for chunk, _ in hits] == [1, 2, 4, 3]
    assert index.store.match_chunks("apple", 2) == hits[:2]


def test_words_match_in_any_form_case_and_accent(index: Index) -> None:
    put(index.store, None, version(index.root.id, b"a.md", ["Running to the Café"]))
    for word in ("run", "RUNS", "cafe", "cafés"):
        assert found(index, word) == ["Running to the Café"]
    assert found(index, "walk") == []


def test_titles_headings_and_names_count_twice(index: Index) -> None:
    put(index.store, None, version(index.root.id, b"x/1.md", ["apple " + "pear " * 5]))
    put(index.store, None, version(index.root.id, b"x/2.md", ["fig " + "pear " * 5], title="apple"))
    put(index.store, None, version(index.root.id, b"apple/3.md", ["plum " + "pear " * 5]))
    hits = index.store.match_chunks("apple", 10)
    assert [chunk for chunk, _ in hits] in ([2, 3, 1], [3, 2, 1])
    files = index.store.match_files("apple", 10)
    assert [file for file, _ in files] in ([2, 3, 1], [3, 2, 1])


@pytest.mark.parametrize(
    "name", [b"project_plan.md", b"project-plan.md", b"project plan.md", b"project/plan.md"]
)
def test_a_file_is_found_by_the_words_of_its_path(index: Index, name: bytes) -> None:
    put(index.store, None, version(index.root.id, name, ["nothing of the sort"]))
    assert len(index.store.match_files("project AND plan", 5)) == 1
    assert found(index, "plan") == ["nothing of the sort"]


def test_files_are_matched_over_their_whole_text(index: Index) -> None:
    new = version(index.root.id, b"a.md", ["apple", "pear"])
    file = put(index.store, None, new)
    assert index.store.match_chunks("apple AND pear", 5) == []
    assert [id for id, _ in index.store.match_files("apple AND pear", 5)] == [file]


# --- scripts without spaces --------------------------------------------------------------------

SCRIPTS = {
    "Chinese": ("我在东京都港区工作", ["东京", "东京都", "港区", "工"], ["京东", "东区"]),
    "Japanese": ("日本語のテキストを検索する", ["テキスト", "検索", "日本語", "語"], ["本日"]),
    "Korean": ("서울에서 만났습니다", ["서울", "만났", "서"], ["울서"]),
    "Thai": ("ฉันชอบกินข้าวผัด", ["กินข้าว", "ข้าวผัด", "ฉัน"], ["ผัดข้าว"]),
    "Lao": ("ຂ້ອຍມັກກິນເຂົ້າ", ["ກິນເຂົ້າ", "ມັກ"], ["ເຂົ້າກິນ"]),
    "Khmer": ("ខ្ញុំចូលចិត្តសៀវភៅ", ["សៀវភៅ", "ចិត្ត"], ["ភៅសៀវ"]),
    "Burmese": ("ကျွန်တော်စာဖတ်ချင်တယ်", ["စာဖတ်", "ချင်"], ["ဖတ်စာ"]),
    "Hindi": ("मुझे हिन्दी पसंद है", ["हिन्दी", "पसंद"], ["हिन"]),
    "mixed": ("Python入門 2024年版", ["入門", "Python", "2024", "年版"], ["門入"]),
}


@pytest.mark.parametrize(("text", "inside", "outside"), SCRIPTS.values(), ids=SCRIPTS.keys())
def test_words_inside_running_text_are_found(
    index: Index, text: str, inside: list[str], outside: list[str]
) -> None:
    put(index.store, None, version(index.root.id, b"a.md", [text]))
    for word in inside:
        assert found(index, phrase(word)) == [text], word
    for word in outside:
        assert found(index, phrase(word)) == [], word


def test_phrases_reach_across_scripts(index: Index) -> None:
    put(index.store, None, version(index.root.id, b"a.md", ["the 東京都 tower in winter"]))
    assert found(index, phrase("東京都 tower")) == ["the 東京都 tower in winter"]
    assert found(index, phrase("東京 winter")) == []


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_segmenting_moves_no_other_character(text: str) -> None:
    parted = segment(text)
    kept = "".join(dict.fromkeys(parted.replace(" ", "")))
    assert kept == "".join(dict.fromkeys(text.replace(" ", "")))
    if text.isascii():
        assert parted == text


# --- frequencies -------------------------------------------------------------------------------


def test_frequencies_are_shares_of_chunks_after_stemming(index: Index) -> None:
    assert index.store.document_frequencies(["apple"]) == {"apple": 0.0}
    texts = ["apples and pears", "apple", "fig running", "東京都"]
    put(index.store, None, version(index.root.id, b"a.txt", texts))
    shares = index.store.document_frequencies(["apple", "Apples", "run", "none", "東京都", "", "-"])
    assert shares == {
        "apple": 0.5, "Apples": 0.5, "run": 0.25, "none": 0.0, "東京都": 0.25, "": 0.0, "-": 0.0,
    }  # fmt: skip
    assert index.store.document_frequencies(["apple-fig"])["apple-fig"] == 0.25


def test_removed_chunks_do_not_count(index: Index) -> None:
    files = [
        put(index.store, None, version(index.root.id, b"%d.md" % n, [f"apple {n}"]))
        for n in range(4)
    ]
    index.store.remove_files(files[:3])
    assert index.store.document_frequencies(["apple"]) == {"apple": 1.0}


# --- expressions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [*'"^(*', "", "AND", "a OR", "NEAR(", "nowhere:a", "-a", "a AND NOT", "\x1b[2J", "\udc80"],
)
def test_an_expression_that_cannot_be_parsed_is_a_usage_error(
    index: Index, expression: str
) -> None:
    put(index.store, None, version(index.root.id, b"a.md", ["apple"]))
    for match in (index.store.match_chunks, index.store.match_files):
        with pytest.raises(UsageError) as caught:
            match(expression, 5)
        assert caught.value.exit_status == 2
        assert "\x1b" not in caught.value.message


def test_the_text_of_a_file_is_put_together_from_overlapping_chunks() -> None:
    text = "one two three four five six"
    spans = [(0, text[0:13]), (8, text[8:18]), (19, text[19:])]
    assert merged_text(spans).split() == text.split()
