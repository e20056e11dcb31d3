"""Run the same weights through onnxruntime, where it is installed (extra `fast`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from semsearch.embed.local.onnx_graph import bert_model, weight_shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from semsearch.embed.local.layout import Layout
    from semsearch.embed.local.weights import Weights

__all__ = ["OnnxBert"]

_FATAL: Final = 4
"""Log level: what matters comes as an exception."""


class OnnxBert:
    """`Bert` by onnxruntime in float32; unlike it, pads a batch to its longest sequence.

    One thread per call, and calls from several threads at once: onnxruntime's own threads spin
    while they wait for each other, and on a busy machine lose a third of their time to that.

    Raises:
        ImportError: onnxruntime is missing or cannot be loaded.
        ModelUnavailable: the weights do not fit the layout.
        Exception: of onnxruntime's own kinds, when it cannot run the model.
    """

    batch_tokens: Final = 512

    def __init__(self, layout: Layout, weights: Weights) -> None:
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        onnxruntime.set_default_logger_severity(_FATAL)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = _FATAL
        shapes = weight_shapes(layout)
        # The session refers to these arrays and does not keep them alive.
        self._arrays = [weights.take(name, *shape) for name, shape in shapes.items()]
        self._values = [onnxruntime.OrtValue.ortvalue_from_numpy(a) for a in self._arrays]
        options.add_external_initializers(list(shapes), self._values)
        self.width = layout.width
        self._session = onnxruntime.InferenceSession(
            bert_model(layout), options, providers=["CPUExecutionProvider"]
        )

    def embed(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Unit vectors, one row per sequence of token ids."""
        shape = (len(sequences), max(map(len, sequences)))
        ids = np.zeros(shape, np.int64)
        mask = np.zeros(shape, np.float32)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        (total,) = self._session.run(["sum"], {"ids": ids, "mask": mask})
        unit: NDArray[np.float32] = total / np.linalg.norm(total, axis=1, keepdims=True)
        return unit
