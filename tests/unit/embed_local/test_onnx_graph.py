"""The ONNX model is well formed and computes what the numpy model computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from semsearch.embed.local.bert import Bert
from semsearch.embed.local.layout import read_layout
from semsearch.embed.local.onnx_graph import bert_model, weight_shapes
from semsearch.embed.local.weights import open_weights
from semsearch.embed.local.wordpiece import WordPiece, read_vocabulary
from tests.unit.embed_local.tiny import LAYOUT, TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GRAPH, NODE, INITIALISER, INPUT, OUTPUT = 7, 1, 5, 11, 12


def varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[place] & 0x7F) << shift
        shift += 7
        place += 1
        if data[place - 1] < 0x80:
            return value, place


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field number and content of each field of a protobuf message."""
    place = 0
    while place < len(data):
        tag, place = varint(data, place)
        if tag & 7 == 0:
            value, place = varint(data, place)
            yield tag >> 3, value
            continue
        assert tag & 7 in (2, 5)
        size, place = varint(data, place) if tag & 7 == 2 else (4, place)
        assert place + size <= len(data)
        yield tag >> 3, data[place : place + size]
        place += size


def blocks(data: bytes, number: int) -> list[bytes]:
    return [
        content for field, content in fields(data) if field == number and type(content) is bytes
    ]


def test_every_name_a_node_reads_is_defined_before_and_no_name_twice() -> None:
    (graph,) = blocks(bert_model(LAYOUT), GRAPH)
    initialisers = [blocks(tensor, 8)[0] for tensor in blocks(graph, INITIALISER)]
    known = [blocks(value, 1)[0] for value in blocks(graph, INPUT)] + initialisers
    for node in blocks(graph, NODE):
        assert set(blocks(node, 1)) <= set(known)
        known += blocks(node, 2)
    assert len(known) == len(set(known))
    assert {blocks(value, 1)[0] for value in blocks(graph, OUTPUT)} == {b"sum"} <= set(known)


def test_all_weights_are_declared_with_their_shapes_and_none_is_inside() -> None:
    model = bert_model(LAYOUT)
    declared = {}
    for tensor in blocks(blocks(model, GRAPH)[0], INITIALISER):
        content = list(fields(tensor))
        if (14, 1) in content:  # data_location = EXTERNAL
            shape = tuple(size for field, size in content if field == 1)
            declared[blocks(tensor, 8)[0].decode()] = shape
    assert declared == weight_shapes(LAYOUT)
    assert len(model) < 20_000


def compare(folder: Path, texts: tuple[str, ...]) -> float:
    pytest.importorskip("onnxruntime", reason="onnxruntime (extra `fast`) is not installed")
    from semsearch.embed.local.onnx_session import OnnxBert

    layout = read_layout(folder)
    weights = open_weights(folder / "model.safetensors")
    tokenizer = WordPiece(read_vocabulary((folder / "vocab.txt").read_bytes()), layout.max_tokens)
    sequences = [tokenizer.encode(text) for text in texts]
    expected = Bert(layout, weights).embed(sequences)
    return float(np.min(np.sum(OnnxBert(layout, weights).embed(sequences) * expected, axis=1)))


def test_onnxruntime_computes_the_small_model(tiny_folder: Path) -> None:
    assert compare(tiny_folder, TEXTS) >= 0.99999


@pytest.mark.model
def test_onnxruntime_computes_the_default_model(model_folder: Path) -> None:
    texts = ("How do I rotate the keys?", "word " * 300, "x", "A sentence, somewhat longer. " * 4)
    assert compare(model_folder, texts) >= 0.99999
