"""Write BERT as an ONNX model, without the `onnx` package.

Only the graph is written; weights are declared as external tensors under their safetensors names
and handed to the session by reference, so nothing is copied or transposed. Field numbers are
those of `onnx/onnx.proto` (ONNX IR version 9), operators those of opset 20.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from semsearch.embed.local.layout import Layout

    Attribute = int | float | str | tuple[int, ...]

__all__ = ["bert_model", "weight_shapes"]

_IR_VERSION: Final = 9
_OPSET: Final = 20
_FLOAT: Final = 1
_INT64: Final = 7
_MASKED: Final = -1e9
"""Added to the attention scores of padding; its exponential is zero in float32."""


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # negative numbers travel as 64-bit two's complement
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _block(field: int, value: bytes | str) -> bytes:
    """A length-delimited field: a string, bytes or an embedded message."""
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, str):
        typed = _block(4, value) + _number(20, 3)
    elif isinstance(value, float):
        typed = _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    elif isinstance(value, int):
        typed = _number(3, value) + _number(20, 2)
    else:
        typed = b"".join(_number(8, item) for item in value) + _number(20, 7)
    return _block(1, name) + typed


def _tensor(name: str, shape: Iterable[int], dtype: int, content: bytes) -> bytes:
    dimensions = b"".join(_number(1, size) for size in shape)
    return dimensions + _number(2, dtype) + _block(8, name) + content


def _value(name: str, dtype: int, shape: Iterable[int | str]) -> bytes:
    """A graph input or output; a dimension given by name is free."""
    sizes = b"".join(
        _block(1, _block(2, size) if isinstance(size, str) else _number(1, size)) for size in shape
    )
    tensor_type = _number(1, dtype) + _block(2, sizes)
    return _block(1, name) + _block(2, _block(1, tensor_type))


class _Graph:
    """Collects nodes and initialisers; a node's output carries the node's name."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._initialisers: list[bytes] = []

    def node(self, kind: str, name: str, *inputs: str, **attributes: Attribute) -> str:
        message = b"".join(_block(1, source) for source in inputs)
        message += _block(2, name) + _block(3, name) + _block(4, kind)
        message += b"".join(_block(5, _attribute(*item)) for item in attributes.items())
        self._nodes.append(message)
        return name

    def integers(self, name: str, *values: int) -> str:
        raw = _block(9, struct.pack(f"<{len(values)}q", *values))
        self._initialisers.append(_tensor(name, [len(values)], _INT64, raw))
        return name

    def scalar(self, name: str, value: float) -> str:
        raw = _block(9, struct.pack("<f", value))
        self._initialisers.append(_tensor(name, [1], _FLOAT, raw))
        return name

    def external(self, name: str, shape: Sequence[int]) -> None:
        place = _block(13, _block(1, "location") + _block(2, "handed over by reference"))
        self._initialisers.append(_tensor(name, shape, _FLOAT, place + _number(14, 1)))

    def model(self, inputs: Iterable[bytes], outputs: Iterable[bytes]) -> bytes:
        graph = b"".join(_block(1, node) for node in self._nodes) + _block(2, "bert")
        graph += b"".join(_block(5, initialiser) for initialiser in self._initialisers)
        graph += b"".join(_block(11, value) for value in inputs)
        graph += b"".join(_block(12, value) for value in outputs)
        opset = _block(1, "") + _number(2, _OPSET)
        return _number(1, _IR_VERSION) + _block(7, graph) + _block(8, opset)


def weight_shapes(layout: Layout) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor the model needs, as safetensors files hold them."""
    width, inner = layout.width, layout.inner
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (layout.vocabulary, width),
        "embeddings.position_embeddings.weight": (layout.positions, width),
        "embeddings.token_type_embeddings.weight": (2, width),
        "embeddings.LayerNorm.weight": (width,),
        "embeddings.LayerNorm.bias": (width,),
    }
    dense = {
        "attention.self.query": (width, width),
        "attention.self.key": (width, width),
        "attention.self.value": (width, width),
        "attention.output.dense": (width, width),
        "intermediate.dense": (inner, width),
        "output.dense": (width, inner),
    }
    for number in range(layout.layers):
        prefix = f"encoder.layer.{number}"
        for name, shape in dense.items():
            shapes[f"{prefix}.{name}.weight"] = shape
            shapes[f"{prefix}.{name}.bias"] = shape[:1]
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"{prefix}.{name}.weight"] = (width,)
            shapes[f"{prefix}.{name}.bias"] = (width,)
    return shapes


def bert_model(layout: Layout) -> bytes:
    """The model: int64 `ids` and float `mask`, both (texts, tokens), to `sum`, (texts, width).

    `sum` adds up the token vectors of each text, padding left out; its direction is the mean's.
    """
    graph = _Graph()
    for name, shape in weight_shapes(layout).items():
        graph.external(name, shape)
    _declare_constants(graph, layout)
    x = _embeddings(graph, layout)
    for number in range(layout.layers):
        x = _layer(graph, layout, f"encoder.layer.{number}", x)
    graph.node("Reshape", "tokens", x, "by text")
    graph.node("Unsqueeze", "counted", "mask", "two")
    graph.node("Mul", "kept", "tokens", "counted")
    graph.node("ReduceSum", "sum", "kept", "one", keepdims=0)
    free = ("texts", "length")
    return graph.model(
        [_value("ids", _INT64, free), _value("mask", _FLOAT, free)],
        [_value("sum", _FLOAT, ("texts", layout.width))],
    )


def _declare_constants(graph: _Graph, layout: Layout) -> None:
    head = layout.width // layout.heads
    graph.integers("zero", 0)
    graph.integers("one", 1)
    graph.integers("two", 2)
    graph.integers("one and two", 1, 2)
    graph.integers("flat", -1, layout.width)
    graph.integers("width", layout.width)
    graph.integers("heads", layout.heads, head)
    graph.scalar("unity", 1.0)
    graph.scalar("masked", _MASKED)
    graph.scalar("scale", head**-0.5)
    graph.node("Shape", "shape", "ids")
    graph.node("Slice", "length", "shape", "one", "two")
    graph.node("Concat", "by text", "shape", "width", axis=0)
    graph.node("Concat", "by head", "shape", "heads", axis=0)
    graph.node("Sub", "padding", "unity", "mask")
    graph.node("Mul", "penalty", "padding", "masked")
    graph.node("Unsqueeze", "bias", "penalty", "one and two")


def _embeddings(graph: _Graph, layout: Layout) -> str:
    graph.node("Gather", "words", "embeddings.word_embeddings.weight", "ids")
    table = "embeddings.position_embeddings.weight"
    graph.node("Slice", "positions", table, "zero", "length", "zero")
    graph.node("Gather", "kind", "embeddings.token_type_embeddings.weight", "zero")
    graph.node("Add", "placed", "words", "positions")
    graph.node("Add", "embedded", "placed", "kind")
    graph.node("Reshape", "rows", "embedded", "flat")
    return _norm(graph, layout, "embeddings.LayerNorm", "rows")


def _layer(graph: _Graph, layout: Layout, prefix: str, x: str) -> str:
    mixed = _dense(graph, f"{prefix}.attention.output.dense", _attend(graph, prefix, x))
    y = graph.node("Add", f"{prefix}.attended", mixed, x)
    y = _norm(graph, layout, f"{prefix}.attention.output.LayerNorm", y)
    inner = _dense(graph, f"{prefix}.intermediate.dense", y)
    active = graph.node("Gelu", f"{prefix}.gelu", inner, approximate="tanh")
    outer = _dense(graph, f"{prefix}.output.dense", active)
    outer = graph.node("Add", f"{prefix}.fed", outer, y)
    return _norm(graph, layout, f"{prefix}.output.LayerNorm", outer)


def _attend(graph: _Graph, prefix: str, x: str) -> str:
    query = _dense(graph, f"{prefix}.attention.self.query", x)
    query = graph.node("Mul", f"{prefix}.query", query, "scale")
    query = _split_heads(graph, query, (0, 2, 1, 3))
    key = _dense(graph, f"{prefix}.attention.self.key", x)
    key = _split_heads(graph, key, (0, 2, 3, 1))
    value = _dense(graph, f"{prefix}.attention.self.value", x)
    value = _split_heads(graph, value, (0, 2, 1, 3))
    scores = graph.node("MatMul", f"{prefix}.scores", query, key)
    scores = graph.node("Add", f"{prefix}.allowed", scores, "bias")
    shares = graph.node("Softmax", f"{prefix}.shares", scores, axis=-1)
    mixed = graph.node("MatMul", f"{prefix}.mixed", shares, value)
    joined = graph.node("Transpose", f"{prefix}.joined", mixed, perm=(0, 2, 1, 3))
    return graph.node("Reshape", f"{prefix}.context", joined, "flat")


def _split_heads(graph: _Graph, x: str, order: tuple[int, ...]) -> str:
    split = graph.node("Reshape", f"{x}.split", x, "by head")
    return graph.node("Transpose", f"{x}.heads", split, perm=order)


def _dense(graph: _Graph, name: str, x: str) -> str:
    return graph.node("Gemm", f"{name}.out", x, f"{name}.weight", f"{name}.bias", transB=1)


def _norm(graph: _Graph, layout: Layout, name: str, x: str) -> str:
    weights = (f"{name}.weight", f"{name}.bias")
    return graph.node(
        "LayerNormalization", f"{name}.out", x, *weights, axis=-1, epsilon=layout.epsilon
    )
