"""BERT as the papers write it: float64, one text at a time, exact GELU. Slow and plain."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from semsearch.embed.local.onnx_graph import weight_shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from semsearch.embed.local.layout import Layout
    from semsearch.embed.local.weights import Weights

    Array = NDArray[np.float64]

_erf = np.vectorize(math.erf)


class Reference:
    """Devlin et al. (arXiv:1810.04805) over Vaswani et al. (arXiv:1706.03762), mean-pooled."""

    def __init__(self, layout: Layout, weights: Weights) -> None:
        self.layout = layout
        self.weights = {
            name: weights.take(name, *shape).astype(np.float64)
            for name, shape in weight_shapes(layout).items()
        }

    def embed(self, ids: Sequence[int]) -> Array:
        """The unit vector of one sequence."""
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][list(ids)]
        x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
        x = x + w["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, "embeddings.LayerNorm")
        for number in range(self.layout.layers):
            prefix = f"encoder.layer.{number}."
            attended = self._dense(self._attend(x, prefix), prefix + "attention.output.dense")
            x = self._norm(x + attended, prefix + "attention.output.LayerNorm")
            inner = self._dense(x, prefix + "intermediate.dense")
            inner = inner * (1 + _erf(inner / math.sqrt(2))) / 2
            x = self._norm(
                x + self._dense(inner, prefix + "output.dense"), prefix + "output.LayerNorm"
            )
        mean: Array = x.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def _attend(self, x: Array, prefix: str) -> Array:
        query, key, value = (
            self._dense(x, f"{prefix}attention.self.{part}") for part in ("query", "key", "value")
        )
        width = self.layout.width // self.layout.heads
        heads = []
        for start in range(0, self.layout.width, width):
            part = slice(start, start + width)
            scores = np.exp(query[:, part] @ key[:, part].T / math.sqrt(width))
            heads.append(scores / scores.sum(axis=1, keepdims=True) @ value[:, part])
        return np.concatenate(heads, axis=1)

    def _dense(self, x: Array, name: str) -> Array:
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def _norm(self, x: Array, name: str) -> Array:
        x = x - x.mean(axis=1, keepdims=True)
        x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + self.layout.epsilon)
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]
