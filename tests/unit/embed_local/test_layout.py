"""A model folder that would give wrong vectors is refused, with the reason."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from semsearch.embed.local.layout import read_layout
from semsearch.errors import ModelUnavailable
from tests.unit.embed_local.tiny import LAYOUT, write_model

if TYPE_CHECKING:
    from pathlib import Path


def refusal(folder: Path) -> str:
    with pytest.raises(ModelUnavailable) as caught:
        read_layout(folder)
    assert caught.value.hint
    return caught.value.message


def test_layout_is_read(tiny_folder: Path) -> None:
    assert read_layout(tiny_folder) == LAYOUT


def test_a_folder_without_the_optional_files_is_accepted(tiny_folder: Path) -> None:
    (tiny_folder / "sentence_bert_config.json").unlink()
    (tiny_folder / "1_Pooling" / "config.json").unlink()
    assert read_layout(tiny_folder).max_tokens == LAYOUT.positions


@pytest.mark.model
def test_layout_of_the_default_model(model_folder: Path) -> None:
    assert read_layout(model_folder) == (30522, 384, 1536, 6, 12, 512, 1e-12, 256)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "mpnet"}, "not describe a BERT"),
        ({"hidden_act": "relu"}, "activation"),
        ({"position_embedding_type": "relative_key"}, "position embeddings"),
        ({"is_decoder": True}, "decoder"),
        ({"num_attention_heads": 5}, "multiple"),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers"),
        ({"hidden_size": "32"}, "hidden_size"),
        ({"hidden_size": True}, "hidden_size"),
        ({"vocab_size": -1}, "vocab_size"),
        ({"layer_norm_eps": "tiny"}, "layer_norm_eps"),
        ({"layer_norm_eps": float("nan")}, "layer_norm_eps"),
    ],
)
def test_another_architecture_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    assert said in refusal(write_model(tmp_path / "other", **change))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}, "mean"),
        (
            "1_Pooling/config.json",
            {"pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": True},
            "mean",
        ),
        ("1_Pooling/config.json", {"word_embedding_dimension": 32}, "mean"),
        ("config_sentence_transformers.json", {"prompts": {"query": "query: "}}, "prompts"),
        ("tokenizer_config.json", {"do_lower_case": False}, "upper case"),
        ("tokenizer_config.json", {"strip_accents": False}, "accents"),
        ("tokenizer_config.json", {"tokenize_chinese_chars": False}, "Chinese"),
        ("sentence_bert_config.json", {"max_seq_length": 0}, "max_seq_length"),
        (
            "modules.json",
            [{"type": "x.Transformer"}, {"type": "x.Pooling"}, {"type": "x.Dense"}],
            "steps",
        ),
        ("modules.json", {"type": "x.Transformer"}, "modules.json"),
        ("modules.json", [1, 2], "modules.json"),
        ("config.json", [], "not a JSON object"),
    ],
)
def test_another_pipeline_is_refused(
    tiny_folder: Path, name: str, content: object, said: str
) -> None:
    (tiny_folder / name).write_text(json.dumps(content))
    assert said in refusal(tiny_folder)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5000])
def test_a_malformed_configuration_is_refused(tiny_folder: Path, content: bytes) -> None:
    (tiny_folder / "config.json").write_bytes(content)
    assert "JSON" in refusal(tiny_folder)


def test_a_missing_configuration_is_named(tiny_folder: Path) -> None:
    (tiny_folder / "config.json").unlink()
    assert "config.json is missing" in refusal(tiny_folder)


def test_a_pipe_in_place_of_a_file_does_not_block(tiny_folder: Path) -> None:
    (tiny_folder / "config.json").unlink()
    os.mkfifo(tiny_folder / "config.json")
    assert "not a regular file" in refusal(tiny_folder)


def test_an_enormous_configuration_is_not_read(tiny_folder: Path) -> None:
    with (tiny_folder / "config.json").open("wb") as file:
        file.truncate(1 << 40)
    assert "larger than" in refusal(tiny_folder)
