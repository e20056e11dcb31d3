"""Safetensors from outside: read exactly, or refused; nothing in them can crash the process."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.embed.local.weights import Tensor, open_weights, parse_header
from semsearch.errors import ModelUnavailable
from tests.unit.embed_local.tiny import safetensors

if TYPE_CHECKING:
    from pathlib import Path

VALUES = np.array([[1.0, -2.5, 0.15625], [65504.0, -0.0, 3.0]], "<f4")


def entry(**changes: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} | changes


def file_of(path: Path, dtype: str, content: bytes, name: str = "a") -> Path:
    path.write_bytes(safetensors({name: (dtype, VALUES.shape, content)}))
    return path


def test_tensors_of_each_float_type_are_read_exactly(tmp_path: Path) -> None:
    stored = {
        "F32": VALUES.tobytes(),
        "F16": VALUES.astype("<f2").tobytes(),
        "BF16": (VALUES.view("<u4") >> 16).astype("<u2").tobytes(),
    }
    for dtype, content in stored.items():
        expected = VALUES if dtype != "BF16" else (VALUES.view("<u4") & 0xFFFF0000).view("<f4")
        array = open_weights(file_of(tmp_path / dtype, dtype, content)).take("a", 2, 3)
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, expected)


def test_a_tensor_at_an_odd_place_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "odd"
    path.write_bytes(safetensors({"x": ("U8", (1,), b"?"), "a": ("F32", (2, 3), VALUES.tobytes())}))
    array = open_weights(path).take("a", 2, 3)
    np.testing.assert_array_equal(array, VALUES)
    assert array.flags.aligned


def test_names_may_carry_the_prefix_of_a_whole_model(tmp_path: Path) -> None:
    name = "bert.embeddings.word_embeddings.weight"
    weights = open_weights(file_of(tmp_path / "w", "F32", VALUES.tobytes(), name))
    np.testing.assert_array_equal(weights.take("embeddings.word_embeddings.weight", 2, 3), VALUES)


@pytest.mark.parametrize(
    ("name", "shape", "said"), [("b", (2, 3), "lack b"), ("a", (3, 2), "shape")]
)
def test_a_tensor_that_is_not_there_is_refused(
    tmp_path: Path, name: str, shape: tuple[int, ...], said: str
) -> None:
    weights = open_weights(file_of(tmp_path / "w", "F32", VALUES.tobytes()))
    with pytest.raises(ModelUnavailable, match=said):
        weights.take(name, *shape)


def test_integers_are_not_taken_for_weights(tmp_path: Path) -> None:
    weights = open_weights(file_of(tmp_path / "w", "I32", VALUES.tobytes()))
    with pytest.raises(ModelUnavailable, match="stored as I32"):
        weights.take("a", 2, 3)


@pytest.mark.parametrize(
    "bad",
    [
        entry(data_offsets=[0, 25]),
        entry(data_offsets=[8, 32]),
        entry(data_offsets=[-24, 0]),
        entry(data_offsets=[24, 0]),
        entry(data_offsets=[0, 24, 48]),
        entry(data_offsets=[0.0, 24.0]),
        entry(data_offsets="ab"),
        entry(data_offsets=None),
        entry(shape=[6]) | {"shape": [7]},
        entry(shape=[-2, -3]),
        entry(shape=[2**62, 2**62]),
        entry(shape=[True, 6]),
        entry(shape="23"),
        entry(dtype="F31"),
        entry(dtype=["F32"]),
        entry(dtype=None),
        [],
        "F32",
        None,
    ],
)
def test_a_tensor_that_does_not_fit_its_file_is_refused(bad: object) -> None:
    with pytest.raises(ModelUnavailable):
        parse_header(json.dumps({"a": bad}).encode(), 24)


def test_hostile_names_are_made_printable() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        parse_header(json.dumps({"\x1b]52;c;x\x07" + "y" * 500: {}}).encode(), 24)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 250


@pytest.mark.parametrize("header", [b"", b"[]", b"1", b"{" * 100_000, b'{"a":' + b"[" * 100_000])
def test_a_header_that_is_no_object_is_refused(header: bytes) -> None:
    with pytest.raises(ModelUnavailable):
        parse_header(header, 24)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01",
        struct.pack("<Q", 1 << 63) + b"{}",
        struct.pack("<Q", 3) + b"{}",
        b"\xff" * 64,
        b"PK\x03\x04" + bytes(60),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelUnavailable):
        open_weights(path)


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = file_of(tmp_path / "w", "F32", VALUES.tobytes()).read_bytes()
    path = tmp_path / "cut"
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelUnavailable):
            open_weights(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ModelUnavailable):
            open_weights(path)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["dtype", "shape", "data_offsets"]),
        st.one_of(
            st.none(),
            st.sampled_from(["F32", "F16", "BOOL", "x"]),
            st.lists(st.one_of(st.integers(-4, 30), st.floats(), st.text(max_size=2)), max_size=4),
        ),
    )
)
def test_every_accepted_tensor_lies_in_its_file(fields: dict[str, object]) -> None:
    header = json.dumps({"a": entry() | fields}).encode()
    try:
        tensor = parse_header(header, 24)["a"]
    except ModelUnavailable:
        return
    assert isinstance(tensor, Tensor)
    assert 0 <= tensor.start <= tensor.stop <= 24


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_no_header_bytes_raise_anything_else(header: bytes) -> None:
    try:
        parse_header(header, 24)
    except ModelUnavailable:
        return
