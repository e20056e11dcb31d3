"""BERT's forward pass in numpy, for batches of sequences laid end to end.

Sequences are not padded: the dense layers see all tokens of a batch as one matrix, attention runs
over each run of equally long sequences. So a text's vector does not depend on its neighbours, up
to the order in which float32 sums are taken.

GELU is computed in its tanh form, which moves the default model's vectors by less than 2e-6 in
cosine; see Hendrycks & Gimpel, arXiv:1606.08415, section 2.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from semsearch.embed.local.layout import Layout
    from semsearch.embed.local.weights import Weights

    Array = NDArray[np.float32]

__all__ = ["Bert"]


class _Dense(NamedTuple):
    weight: Array
    """Inputs x outputs: safetensors hold the transpose."""
    bias: Array

    def __call__(self, x: Array) -> Array:
        y: Array = x @ self.weight
        y += self.bias
        return y


class _Norm(NamedTuple):
    gain: Array
    bias: Array
    epsilon: np.float32

    def __call__(self, x: Array) -> Array:
        """Normalise rows in place."""
        x -= x.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", x, x) / np.float32(x.shape[1])
        x *= (1 / np.sqrt(variance + self.epsilon))[:, None]
        x *= self.gain
        x += self.bias
        return x


class _Layer(NamedTuple):
    qkv: _Dense
    """Query (already divided by the square root of the head's width), key and value."""
    mix: _Dense
    after_attention: _Norm
    up: _Dense
    down: _Dense
    """Halved, for the factor 1/2 of GELU."""
    after_feed_forward: _Norm


class _Run(NamedTuple):
    """Rows of `texts` sequences of `length` tokens each."""

    rows: slice
    texts: int
    length: int


class Bert:
    """An encoder with mean pooling; `embed` may be called from several threads at once."""

    batch_tokens: Final = 512
    """Tokens of a batch worth having: its matrices still fit the processor's caches."""

    def __init__(self, layout: Layout, weights: Weights) -> None:
        self.width = layout.width
        self._heads = layout.heads
        self._words = weights.take(
            "embeddings.word_embeddings.weight", layout.vocabulary, layout.width
        )
        positions = weights.take(
            "embeddings.position_embeddings.weight", layout.positions, layout.width
        )
        kinds = weights.take("embeddings.token_type_embeddings.weight", 2, layout.width)
        self._positions: Array = positions[: layout.max_tokens] + kinds[0]
        self._norm = _norm(weights, layout, "embeddings.LayerNorm")
        self._layers = [_layer(weights, layout, number) for number in range(layout.layers)]

    def embed(self, sequences: Sequence[Sequence[int]]) -> Array:
        """Unit vectors, one row per sequence of token ids.

        Equally long sequences should stand together; non-finite weights give non-finite rows.
        """
        with np.errstate(all="ignore"):
            runs = _runs(sequences)
            ids = np.concatenate([np.asarray(ids, np.intp) for ids in sequences])
            places = np.concatenate([np.arange(len(ids)) for ids in sequences])
            x = self._norm(self._words[ids] + self._positions[places])
            for layer in self._layers:
                x = self._encode(layer, x, runs)
            return _pool(x, [len(ids) for ids in sequences])

    def _encode(self, layer: _Layer, x: Array, runs: list[_Run]) -> Array:
        y = layer.mix(self._attend(layer.qkv(x), runs))
        y += x
        x = layer.after_attention(y)
        y = layer.down(_gelu_twice(layer.up(x)))
        y += x
        return layer.after_feed_forward(y)

    def _attend(self, qkv: Array, runs: list[_Run]) -> Array:
        out = np.empty((len(qkv), self.width), np.float32)
        for run in runs:
            split = qkv[run.rows].reshape(run.texts, run.length, 3, self._heads, -1)
            query, key, value = split.transpose(2, 0, 3, 1, 4)
            scores = query @ key.swapaxes(-1, -2)
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            mixed = scores @ value
            mixed /= scores @ np.ones((run.length, 1), np.float32)
            shape = (run.texts, run.length, self._heads, -1)
            out[run.rows].reshape(shape)[...] = mixed.swapaxes(1, 2)
        return out


def _runs(sequences: Sequence[Sequence[int]]) -> list[_Run]:
    runs: list[_Run] = []
    start = 0
    for length, group in groupby(map(len, sequences)):
        texts = sum(1 for _ in group)
        runs.append(_Run(slice(start, start + texts * length), texts, length))
        start += texts * length
    return runs


def _gelu_twice(x: Array) -> Array:
    """`2 * gelu(x)`: x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))."""
    y: Array = x * x
    y *= np.float32(0.7978845608 * 0.044715)
    y += np.float32(0.7978845608)
    y *= x
    np.tanh(y, out=y)
    y += np.float32(1)
    y *= x
    return y


def _pool(x: Array, lengths: list[int]) -> Array:
    """Mean over each sequence's tokens, scaled to unit length."""
    starts = np.cumsum([0, *lengths[:-1]])
    mean: Array = np.add.reduceat(x, starts, axis=0)
    mean /= np.sqrt(np.einsum("ij,ij->i", mean, mean))[:, None]
    return mean


def _norm(weights: Weights, layout: Layout, name: str) -> _Norm:
    return _Norm(
        weights.take(f"{name}.weight", layout.width),
        weights.take(f"{name}.bias", layout.width),
        np.float32(layout.epsilon),
    )


def _transposed(parts: Sequence[Array]) -> Array:
    """The transpose of matrices laid one below the other, in C order.

    Goes by strips of 16 rows, a cache line of float32, which is four times faster than numpy's
    own copy of a transposed view.
    """
    out = np.empty((parts[0].shape[1], sum(map(len, parts))), np.float32)
    column = 0
    for part in parts:
        for row in range(0, len(part), 16):
            strip = part[row : row + 16]
            out[:, column : column + len(strip)] = strip.T
            column += len(strip)
    return out


def _dense(weights: Weights, name: str, inputs: int, outputs: int) -> _Dense:
    weight = weights.take(f"{name}.weight", outputs, inputs)
    return _Dense(_transposed([weight]), weights.take(f"{name}.bias", outputs))


def _query_key_value(weights: Weights, prefix: str, layout: Layout) -> _Dense:
    names = [f"{prefix}.attention.self.{part}" for part in ("query", "key", "value")]
    width = layout.width
    matrices = [weights.take(f"{name}.weight", width, width) for name in names]
    biases = [weights.take(f"{name}.bias", width) for name in names]
    joined = _Dense(_transposed(matrices), np.concatenate(biases))
    scale = np.float32((width // layout.heads) ** -0.5)
    joined.weight[:, :width] *= scale
    joined.bias[:width] *= scale
    return joined


def _layer(weights: Weights, layout: Layout, number: int) -> _Layer:
    prefix = f"encoder.layer.{number}"
    width, inner = layout.width, layout.inner
    down = _dense(weights, f"{prefix}.output.dense", inner, width)
    np.multiply(down.weight, np.float32(0.5), out=down.weight)
    return _Layer(
        qkv=_query_key_value(weights, prefix, layout),
        mix=_dense(weights, f"{prefix}.attention.output.dense", width, width),
        after_attention=_norm(weights, layout, f"{prefix}.attention.output.LayerNorm"),
        up=_dense(weights, f"{prefix}.intermediate.dense", width, inner),
        down=down,
        after_feed_forward=_norm(weights, layout, f"{prefix}.output.LayerNorm"),
    )
