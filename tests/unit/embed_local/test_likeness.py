"""How alike words are, without running the model."""

from __future__ import annotations

import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.embed.local import LocalEmbedder
from semsearch.embed.local.likeness import WordLikeness
from semsearch.embed.local.wordpiece import WordPiece
from semsearch.errors import ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SPECIAL = ("[UNK]", "[CLS]", "[SEP]")


def made(words: Mapping[str, str], layout: str = "f") -> WordLikeness:
    """Words with the signs of their embeddings, such as `++-+`."""
    rows = [*(dict.fromkeys(_SPECIAL, "+" * 8)), *words]
    signs = {**dict.fromkeys(_SPECIAL, "+" * 8), **words}
    values = [0.5 if sign == "+" else -0.5 for row in rows for sign in signs[row]]
    if layout == "bf16":
        table = b"".join(struct.pack("<f", value)[2:] for value in values)
    else:
        table = struct.pack(f"<{len(values)}{layout}", *values)
    tokenizer = WordPiece({row: number for number, row in enumerate(rows)})
    return WordLikeness(tokenizer, memoryview(table), len(rows), 8)


WORDS = {
    "car": "++++++++",
    "auto": "+++++++-",
    "fast": "----++++",
    "bread": "--------",
    "rose": "-+-+-+-+",
    "the": "+-+-+-+-",
}


@pytest.mark.parametrize("layout", ["f", "e", "bf16"])
def test_a_like_word_is_nearer_than_an_unlike_one(layout: str) -> None:
    likeness = made(WORDS, layout)
    assert likeness.nearest(["car"], ["the bread rose", "the auto", "the rose"]) == 1


def test_the_word_itself_is_nearer_than_any_like_it() -> None:
    assert made(WORDS).nearest(["car"], ["auto auto auto", "bread car", "auto"]) == 1


def test_a_word_that_every_sentence_holds_decides_nothing() -> None:
    likeness = made(WORDS)
    sentences = ["the bread rose", "the auto rose", "the bread bread"]
    assert likeness.nearest(["the", "car"], sentences) == 1
    assert likeness.nearest(["the"], sentences) == 0


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    sentences = ["fast the", "fast the", "fast the", "car the"]
    assert made(WORDS).nearest(["fast", "car"], sentences) == 3


@pytest.mark.parametrize(("words", "sentences"), [(["zebra"], ["car", "auto"]), (["car"], ["?"])])
def test_what_the_model_does_not_know_is_not_guessed(
    words: list[str], sentences: list[str]
) -> None:
    assert made(WORDS).nearest(words, sentences) is None


def test_of_a_pasted_page_the_beginning_counts() -> None:
    others = {f"w{number}": "++++----" for number in range(60)}
    likeness = made({**WORDS, **others})
    assert likeness.nearest(["w1", "w2", "car"], ["rose", "car"]) == 1
    assert likeness.nearest([*others, "car"], ["rose", "car"]) == 0


pieces = st.sampled_from([*WORDS, "zebra", "CAR", ".", "\0", "全", ""])


@given(
    st.lists(pieces, max_size=80),
    st.lists(st.lists(pieces, max_size=12).map(" ".join), min_size=1, max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_case_is_nothing_and_a_sentence_with_all_words_wins(
    words: list[str], sentences: list[str]
) -> None:
    likeness = made(WORDS)
    chosen = likeness.nearest(words, sentences)
    assert chosen is None or 0 <= chosen < len(sentences)
    assert likeness.nearest([word.upper() for word in words], sentences) == chosen
    with_all = [*sentences, " ".join(words)]
    best = likeness.nearest(words[:40], with_all)
    if best is not None:
        known = {word.lower() for word in words[:40]} & {*WORDS}
        assert known <= {*with_all[best].lower().split()}


@pytest.mark.model
def test_the_default_model_knows_other_words_for_the_same(model_folder: Path) -> None:
    likeness = LocalEmbedder(model_folder).word_likeness()
    sentences = [
        "The kitchen was painted last spring.",
        "Physicians recommend sleeping on your side.",
        "Nobody remembers who built the bridge.",
    ]
    assert likeness.nearest(["doctors", "advise"], sentences) == 1
    assert likeness.nearest(["colour", "room"], sentences) == 0


def test_neither_numpy_nor_the_weights_are_loaded(tiny_folder: Path) -> None:
    code = (
        "import sys\n"
        "from semsearch.embed.local import LocalEmbedder\n"
        f"likeness = LocalEmbedder({str(tiny_folder)!r}).word_likeness()\n"
        "assert likeness.nearest(['cat'], ['the dog', 'a cat']) == 1\n"
        "print('numpy' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_words_and_vectors_share_what_was_read(tiny_folder: Path) -> None:
    embedder = LocalEmbedder(tiny_folder)
    likeness = embedder.word_likeness()
    assert embedder.word_likeness() is likeness
    before = embedder.embed(["the cat sat"], "query").vectors
    assert LocalEmbedder(tiny_folder).embed(["the cat sat"], "query").vectors == before
    embedder.close()
    assert likeness.nearest(["cat"], ["the dog", "a cat"]) == 1


def test_a_damaged_folder_is_refused(tiny_folder: Path) -> None:
    (tiny_folder / "vocab.txt").write_text("nothing\n")
    with pytest.raises(ModelUnavailable):
        LocalEmbedder(tiny_folder).word_likeness()
