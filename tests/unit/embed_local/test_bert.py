"""The forward pass equals a plain float64 BERT, alone and in any company."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.embed.local.bert import Bert
from semsearch.embed.local.layout import read_layout
from semsearch.embed.local.weights import open_weights
from semsearch.embed.local.wordpiece import WordPiece, read_vocabulary
from tests.unit.embed_local.reference import Reference
from tests.unit.embed_local.tiny import LAYOUT, TEXTS, WORDS, write_model

if TYPE_CHECKING:
    from pathlib import Path

    from semsearch.embed.local.layout import Layout
    from semsearch.embed.local.weights import Weights

SENTENCES = (
    "That is a happy person",
    "That is a happy dog",
    "That is a very happy person",
    "Today is a sunny day",
    "Lock the database before the migration starts; roll back when a row fails its checksum.",
)


def load(folder: Path) -> tuple[Layout, Weights, WordPiece]:
    layout = read_layout(folder)
    vocabulary = read_vocabulary((folder / "vocab.txt").read_bytes())
    weights = open_weights(folder / "model.safetensors")
    return layout, weights, WordPiece(vocabulary, layout.max_tokens)


@pytest.fixture(scope="module")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Bert:
    layout, weights, _ = load(write_model(tmp_path_factory.mktemp("model")))
    return Bert(layout, weights)


def test_vectors_of_the_small_model_equal_the_reference(tiny_folder: Path) -> None:
    layout, weights, tokenizer = load(tiny_folder)
    sequences = [tokenizer.encode(text) for text in TEXTS]
    vectors = Bert(layout, weights).embed(sequences)
    reference = Reference(layout, weights)
    for vector, sequence in zip(vectors, sequences, strict=True):
        assert vector @ reference.embed(sequence) >= 0.99999


@pytest.mark.model
def test_vectors_of_the_default_model_equal_the_reference(model_folder: Path) -> None:
    layout, weights, tokenizer = load(model_folder)
    sequences = [tokenizer.encode(text) for text in SENTENCES]
    vectors = Bert(layout, weights).embed(sequences)
    reference = Reference(layout, weights)
    for vector, sequence in zip(vectors, sequences, strict=True):
        assert vector @ reference.embed(sequence) >= 0.999995


@pytest.mark.model
def test_similarities_are_the_published_ones(model_folder: Path) -> None:
    # The example on the model's public card: 0.695, 0.943, 0.257.
    layout, weights, tokenizer = load(model_folder)
    vectors = Bert(layout, weights).embed([tokenizer.encode(text) for text in SENTENCES])
    assert vectors[0] @ vectors[1:4].T == pytest.approx([0.695, 0.943, 0.257], abs=1e-3)


sequence = st.lists(st.integers(0, len(WORDS) - 1), min_size=1, max_size=LAYOUT.max_tokens)


@settings(max_examples=40, deadline=None)
@given(st.lists(sequence, min_size=1, max_size=6))
def test_a_text_has_the_same_vector_alone_and_in_a_batch(
    tiny_bert: Bert, sequences: list[list[int]]
) -> None:
    together = tiny_bert.embed(sequences)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0, abs=1e-5)
    for vector, ids in zip(together, sequences, strict=True):
        assert vector @ tiny_bert.embed([ids])[0] >= 0.999999


def test_the_order_of_tokens_matters(tiny_bert: Bert) -> None:
    one, other = tiny_bert.embed([[2, 5, 6, 7, 3], [2, 7, 6, 5, 3]])
    assert one @ other < 0.9999


def test_weights_that_overflow_give_non_finite_vectors_without_warnings(tiny_folder: Path) -> None:
    path = tiny_folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-4 * LAYOUT.width * LAYOUT.inner :] = b"\x00\x00\x80\x7f" * LAYOUT.width * LAYOUT.inner
    path.write_bytes(content)
    layout, weights, tokenizer = load(tiny_folder)
    assert not np.isfinite(Bert(layout, weights).embed([tokenizer.encode("a dog")])).all()
