"""Read and check a model folder's description: is it a BERT that this package can run?

A model with another pooling, activation, tokenizer or prefix would run and give vectors that are
quietly wrong, so everything that changes the numbers is checked and the rest refused.
"""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from semsearch.errors import ModelUnavailable
from semsearch.text import printable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Layout", "read_file", "read_layout", "unsuitable"]

MAX_TOKENS: Final = 256
"""Longest input of any model; the default model was trained shorter, chunks are shorter."""
_JSON_LIMIT: Final = 1 << 20
_ACTIVATIONS: Final = ("gelu", "gelu_new", "gelu_pytorch_tanh")
_HINT: Final = (
    "Give a folder that holds a BERT model with mean pooling: "
    "config.json, vocab.txt and model.safetensors."
)


class Layout(NamedTuple):
    """The shape of a BERT encoder."""

    vocabulary: int
    width: int
    inner: int
    """Width of the feed-forward layer."""
    layers: int
    heads: int
    positions: int
    epsilon: float
    """Added to the variance in layer normalisation."""
    max_tokens: int


def unsuitable(reason: str) -> ModelUnavailable:
    """The error for a model folder that cannot be used; `reason` is a sentence's tail."""
    return ModelUnavailable(f"The model folder cannot be used: {reason}.", hint=_HINT)


def read_file(path: Path, limit: int) -> bytes:
    """Bytes of a regular file of at most `limit` bytes.

    Raises:
        ModelUnavailable: missing, unreadable, too large, or a device or pipe.
    """
    name = printable(path.name)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise unsuitable(f"{name} is not a regular file")
        if status.st_size > limit:
            raise unsuitable(f"{name} is larger than {limit} bytes")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise unsuitable(f"{name} is missing") from error
    except OSError as error:
        raise unsuitable(f"{name} cannot be read ({error.strerror})") from error


def read_layout(folder: Path) -> Layout:
    """The encoder's shape from the folder's JSON files.

    Raises:
        ModelUnavailable: not a BERT, not mean pooling, or anything else that would make this
            package's vectors differ from the model's own.
    """
    config = _read_object(folder / "config.json")
    _check_encoder(config)
    _check_pipeline(folder)
    _check_tokenizer(_read_object(folder / "tokenizer_config.json", optional=True))
    width = _number(config, "hidden_size", 8192)
    heads = _number(config, "num_attention_heads", 256)
    if width % heads:
        raise unsuitable("hidden_size is not a multiple of num_attention_heads")
    positions = _number(config, "max_position_embeddings", 1 << 16)
    sentence = _read_object(folder / "sentence_bert_config.json", optional=True)
    longest = _number(sentence, "max_seq_length", 1 << 16, MAX_TOKENS)
    return Layout(
        vocabulary=_number(config, "vocab_size", 1 << 20),
        width=width,
        inner=_number(config, "intermediate_size", 1 << 15),
        layers=_number(config, "num_hidden_layers", 64),
        heads=heads,
        positions=positions,
        epsilon=_epsilon(config),
        max_tokens=min(longest, positions, MAX_TOKENS),
    )


def _read_object(path: Path, *, optional: bool = False) -> dict[str, Any]:
    if optional and not path.exists():
        return {}
    name = f"{path.parent.name}/{path.name}" if path.name == "config.json" else path.name
    try:
        value = json.loads(read_file(path, _JSON_LIMIT))
    except (ValueError, RecursionError) as error:
        raise unsuitable(f"{printable(name)} is not valid JSON") from error
    if not isinstance(value, dict):
        raise unsuitable(f"{printable(name)} is not a JSON object")
    return value


def _number(config: dict[str, Any], key: str, limit: int, default: int | None = None) -> int:
    value = config.get(key, default)
    if type(value) is not int or not 2 <= value <= limit:
        raise unsuitable(f"{key} is not a number between 2 and {limit}")
    return value


def _epsilon(config: dict[str, Any]) -> float:
    value = config.get("layer_norm_eps", 1e-12)
    if not isinstance(value, float) or not 0.0 < value < 1.0:
        raise unsuitable("layer_norm_eps is not a small positive number")
    return value


def _check_encoder(config: dict[str, Any]) -> None:
    if config.get("model_type") != "bert":
        raise unsuitable("config.json does not describe a BERT model")
    if config.get("hidden_act") not in _ACTIVATIONS:
        raise unsuitable("its activation is not GELU")
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise unsuitable("its position embeddings are not absolute")
    if config.get("is_decoder", False):
        raise unsuitable("it is a decoder")


def _check_pipeline(folder: Path) -> None:
    """Mean pooling and nothing after it but normalisation; no prompts in front of the text."""
    pooling = _read_object(folder / "1_Pooling" / "config.json", optional=True)
    modes = {key for key, value in pooling.items() if key.startswith("pooling_mode") and value}
    if pooling and modes != {"pooling_mode_mean_tokens"}:
        raise unsuitable("its pooling is not the mean over tokens")
    prompts = _read_object(folder / "config_sentence_transformers.json", optional=True).get(
        "prompts"
    )
    if isinstance(prompts, dict) and any(prompts.values()):
        raise unsuitable("it wants prompts in front of its texts")
    _check_modules(folder / "modules.json")


def _check_modules(path: Path) -> None:
    if not path.exists():
        return
    try:
        modules = json.loads(read_file(path, _JSON_LIMIT))
        kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        raise unsuitable("modules.json is not a list of modules") from error
    if kinds[:2] != ["Transformer", "Pooling"] or set(kinds[2:]) - {"Normalize"}:
        raise unsuitable("modules.json lists steps other than pooling and normalising")


def _check_tokenizer(config: dict[str, Any]) -> None:
    if config.get("do_lower_case", True) is not True:
        raise unsuitable("its tokenizer keeps upper case")
    if config.get("strip_accents") is False:
        raise unsuitable("its tokenizer keeps accents")
    if config.get("tokenize_chinese_chars", True) is not True:
        raise unsuitable("its tokenizer joins Chinese characters")
