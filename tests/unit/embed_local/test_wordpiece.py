"""Token ids are those of the reference tokenizer."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.embed.local.wordpiece import WordPiece, read_vocabulary
from semsearch.errors import ModelUnavailable
from tests.unit.embed_local.tiny import WORDS

if TYPE_CHECKING:
    from pathlib import Path

# From the `tokenizers` package 0.23 with the default model's tokenizer.json.
GOLDEN: list[tuple[str, list[int]]] = [
    ("na\xefve Caf\xe9 \ufb01 r\xe9sum\xe9", [15743, 7668, 1984, 13746]),
    (
        "\u65e5\u672c\u8a9e \u306e\u30c6\u30b9\u30c8 \u4e2d\u6587",
        [1864, 1876, 1950, 1671, 30239, 30233, 30240, 1746, 1861],
    ),
    ("\u0130stanbul STRASSE \xdf", [9960, 2358, 8180, 3366, 1096]),
    ("a\u200bb\xadc\x00d", [5925, 2094]),
    ("emoji \U0001f600\U0001f44d\U0001f3fd ok", [7861, 29147, 2072, 100, 7929]),
    ("x" * 101, [100]),
    ("x" * 100, [22038, *[20348] * 49]),
    ("don't\u2014stop\u2026", [2123, 1005, 1056, 1517, 2644, 1529]),
    ("\uff11\uff12\uff13 \u2167 \xbd", [100, 100, 1092]),
    (
        "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645",
        [1295, 17149, 29820, 29816, 25573, 1271, 25573, 23673, 29830, 25573, 23673, 22192],
    ),
    ("\u0939\u093f\u0928\u094d\u0926\u0940", [1339, 29877, 29863, 29861, 29878]),
    ("e\u0301 e\u0301", [1041, 1041]),
    ("tab\tnew\r\nline\u2028end", [21628, 2047, 2240, 2203]),
    (
        "C++/C# foo_bar fooBar()",
        [1039, 1009, 1009, 1013, 1039, 1001, 29379, 1035, 3347, 29379, 8237, 1006, 1007],
    ),
    ("\ud55c\uad6d\uc5b4", [1469, 30006, 30021, 29991, 30014, 30020, 29999, 30008]),
    ("\u01c5 \u0149 \u0391\u03a3", [100, 100, 1155, 29733]),
    ("", []),
    (" \n ", []),
    ("x[SEP]y [mask] [MASK]", [1060, 102, 1061, 1031, 7308, 1033, 103]),
    ("a\ue000b\ufffdc\u0378d", [100]),
    (
        "$1,299.00 @user #tag ~/x|y",
        [1002, 1015, 1010, 25926, 1012, 4002, 1030, 5310, 1001, 6415, 1066, 1013, 1060, 1064, 1061],
    ),
    (
        "unaffable embeddings tokenization",
        [14477, 20961, 3468, 7861, 8270, 4667, 2015, 19204, 3989],
    ),
]
VOCABULARY = {word: number for number, word in enumerate(WORDS)}


def pieces(text: str, limit: int = 40) -> str:
    return " ".join(WORDS[token] for token in WordPiece(VOCABULARY, limit).encode(text))


@pytest.mark.model
def test_ids_of_odd_strings_equal_the_reference(model_folder: Path) -> None:
    tokenizer = WordPiece(read_vocabulary((model_folder / "vocab.txt").read_bytes()))
    got = [(text, tokenizer.encode(text)) for text, _ in GOLDEN]
    assert got == [(text, [101, *ids, 102]) for text, ids in GOLDEN]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The CAT sat.", "[CLS] the cat sat . [SEP]"),
        ("cats", "[CLS] cat ##s [SEP]"),
        ("unknowns", "[CLS] un ##known ##s [SEP]"),
        ("catx dog", "[CLS] [UNK] dog [SEP]"),
        ("cat中dog", "[CLS] cat 中 dog [SEP]"),
        ("Σ", "[CLS] σ [SEP]"),
        ("the[MASK]cat", "[CLS] the [MASK] cat [SEP]"),
        ("caf\u00e9 cafe\u0301", "[CLS] caf ##e caf ##e [SEP]"),
        ("cat\u00a0dog\u3000dog", "[CLS] cat dog dog [SEP]"),
        ("c\x00a\ufffdt\ue000s", "[CLS] cat ##s [SEP]"),
    ],
)
def test_words_split_into_the_longest_known_pieces(text: str, expected: str) -> None:
    assert pieces(text) == expected


def test_ids_are_cut_at_the_limit_but_counted_in_full() -> None:
    tokenizer = WordPiece(VOCABULARY, 6)
    text = "cats " * 50
    assert pieces(text, 6) == "[CLS] cat ##s cat ##s [SEP]"
    assert pieces(text, 5) == "[CLS] cat ##s cat [SEP]"
    assert tokenizer.count(text) == 102


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_becomes_ids_of_the_vocabulary(text: str) -> None:
    tokenizer = WordPiece(VOCABULARY, 1000)
    ids = tokenizer.encode(text)
    assert ids[0] == VOCABULARY["[CLS]"]
    assert ids[-1] == VOCABULARY["[SEP]"]
    assert set(ids) <= set(VOCABULARY.values())
    assert tokenizer.count(text) == len(ids)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(categories=("L", "M", "N", "P", "Z")), max_size=40))
def test_canonically_equal_texts_have_equal_ids(text: str) -> None:
    tokenizer = WordPiece(VOCABULARY, 1000)
    composed = unicodedata.normalize("NFC", text)
    assert tokenizer.encode(unicodedata.normalize("NFD", composed)) == tokenizer.encode(composed)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"[CLS]\n[SEP]\nword", "[UNK]"), (b"", "[UNK], [CLS], [SEP]"), (b"\xff\xfe", "UTF-8")],
)
def test_a_vocabulary_without_its_special_pieces_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        read_vocabulary(content)
    assert said in caught.value.message
