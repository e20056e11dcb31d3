"""The gate, bfloat16 and sign codes: one vector in plain Python, batches in numpy, one answer."""

from __future__ import annotations

import math
import random
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semsearch.errors import MalformedReply
from semsearch.vectors import (
    Rotation,
    gate,
    gate_many,
    narrow,
    narrow_many,
    widen,
    widen_many,
)

floats32 = st.floats(width=32, allow_nan=True, allow_infinity=True)
finite32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


def pack(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def unpack(raw: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(raw) // 4}f", raw)


def unit_rows(count: int, dimensions: int, seed: int = 1) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
    return gate_many([row.tobytes() for row in rows], dimensions)


# --- the gate --------------------------------------------------------------------------------


def test_gate_returns_the_direction_at_unit_length() -> None:
    assert unpack(gate(pack(3.0, 4.0), 2)) == pytest.approx((0.6, 0.8))


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (pack(1, 2, 3), "12 bytes where 2 dimensions"),
        (pack(1, 2)[:-1], "7 bytes"),
        (b"", "0 bytes"),
        (pack(math.nan, 1), "not a finite number"),
        (pack(math.inf, 1), "not a finite number"),
        (pack(0, 0), "length 0"),
        (pack(1e-30, 1e-30), "an embedding lies between"),
        (pack(3e7, 1), "an embedding lies between"),
    ],
)
def test_gate_says_what_is_wrong(raw: bytes, told: str) -> None:
    with pytest.raises(MalformedReply, match=told):
        gate(raw, 2)
    with pytest.raises(MalformedReply, match=told):
        gate_many([pack(1, 0), raw], 2)


def test_gate_many_names_the_position_of_the_bad_vector() -> None:
    with pytest.raises(MalformedReply, match=r"Vector 7 has length 0"):
        gate_many([pack(1, 0), pack(0, 0)], 2, first=6)


@settings(max_examples=40)
@given(st.lists(st.lists(floats32, min_size=3, max_size=3), min_size=1, max_size=4))
@example([[1e-6, 0.0, 0.0]])
@example([[1.0000001e-6, 0.0, 0.0]])
@example([[1e6, 0.0, 0.0]])
@example([[1.0000001e6, 0.0, 0.0]])
@example([[3e38, 3e38, 3e38]])
@example([[1e-45, 0.0, 0.0]])
def test_both_gates_agree(rows: list[list[float]]) -> None:
    raws = [np.asarray(row, np.float32).tobytes() for row in rows]
    try:
        single = [gate(raw, 3) for raw in raws]
    except MalformedReply:
        with pytest.raises(MalformedReply):
            gate_many(raws, 3)
        return
    batch = gate_many(raws, 3)
    assert batch.tolist() == pytest.approx(np.asarray([unpack(raw) for raw in single]), abs=2e-7)


@settings(max_examples=40)
@given(st.lists(finite32, min_size=1, max_size=40))
def test_what_passes_has_unit_length(values: list[float]) -> None:
    try:
        passed = gate(pack(*values), len(values))
    except MalformedReply:
        return
    assert math.hypot(*unpack(passed)) == pytest.approx(1.0, abs=1e-5)


# --- bfloat16 --------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=1, max_size=20))
def test_narrowing_rounds_to_the_nearest_value_and_ties_to_even(values: list[float]) -> None:
    raw = pack(*values)
    halves = struct.unpack(f"<{len(values)}H", narrow(raw))
    for value, half in zip(unpack(raw), halves, strict=True):
        error = abs(_widened(half) - value)
        for other in (half - 1, half + 1):
            if 0 <= other <= 0xFFFF and (other ^ half) & 0x8000 == 0:
                further = abs(_widened(other) - value)
                assert error < further or (error == further and half % 2 == 0)


def test_ties_go_to_the_even_neighbour() -> None:
    words = [0x3F808000, 0x3F818000, 0xBF808000, 0x3F808001, 0x3F807FFF]
    raw = struct.pack("<5I", *words)
    wanted = struct.pack("<5H", 0x3F80, 0x3F82, 0xBF80, 0x3F81, 0x3F80)
    assert narrow(raw) == wanted
    assert narrow_many(np.frombuffer(raw, "<f4").reshape(1, 5)).tobytes() == wanted


def _widened(half: int) -> float:
    return float(struct.unpack("<f", struct.pack("<I", half << 16))[0])


@settings(max_examples=40)
@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=4, max_size=4))
def test_batches_narrow_and_widen_to_the_same_bytes(values: list[float]) -> None:
    raw = pack(*values)
    halves = narrow(raw)
    matrix = np.frombuffer(raw, "<f4").reshape(2, 2)
    assert narrow_many(matrix).tobytes() == halves
    assert widen_many(halves, 2).tobytes() == widen(halves)
    assert narrow(widen(halves)) == halves


# --- sign codes ------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [1, 3, 8, 64, 100, 384, 1000, 1024, 1536, 4096, 8192])
def test_one_vector_and_a_batch_get_the_same_code(dimensions: int) -> None:
    rotation = Rotation(dimensions)
    rows = unit_rows(6, dimensions)
    codes = rotation.sign_codes(rows)
    assert codes == [rotation.sign_code(row.tobytes()) for row in rows]
    assert {len(code) for code in codes} == {rotation.code_bytes}
    assert rotation.code_bytes == 8 * math.ceil(dimensions / 64)


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from([5, 96, 320]))
def test_codes_of_structured_vectors_agree_too(seed: int, dimensions: int) -> None:
    generator = random.Random(seed)
    values = [generator.choice((0.0, 0.5, -0.5, 1e-3, generator.gauss(0, 1)))] * dimensions
    values[generator.randrange(dimensions)] = 2.0
    row = gate(pack(*values), dimensions)
    rotation = Rotation(dimensions)
    assert rotation.sign_codes(np.frombuffer(row, "<f4").reshape(1, -1)) == [
        rotation.sign_code(row)
    ]


def test_codes_never_change() -> None:
    """Codes are stored: another process, platform or version must make the same ones."""
    row = gate(pack(*range(1, 97)), 96)
    assert Rotation(96).sign_code(row).hex() == "0d3ef8fcbc3e51d5218c3d358a75954d"


def test_opposite_vectors_differ_in_every_bit_that_is_not_zero() -> None:
    rotation = Rotation(128)
    row = unit_rows(1, 128)
    code, opposite = rotation.sign_codes(np.vstack([row, -row]))
    differing = (int.from_bytes(code, "little") ^ int.from_bytes(opposite, "little")).bit_count()
    assert differing >= 126


@pytest.mark.parametrize("dimensions", [128, 384, 1024])
def test_codes_measure_the_angle(dimensions: int) -> None:
    """The share of differing bits is near the angle over pi, also for one-sided vectors."""
    rng = np.random.default_rng(5)
    base = np.zeros(dimensions, np.float32)
    base[:8] = 1.0
    rows = [base, *(base + a * rng.standard_normal(dimensions) / 8 for a in (0.1, 0.3, 0.6, 1.0))]
    unit = gate_many([np.asarray(row, np.float32).tobytes() for row in rows], dimensions)
    first, *others = Rotation(dimensions).sign_codes(unit)
    for row, code in zip(unit[1:], others, strict=True):
        differing = int.from_bytes(first, "little") ^ int.from_bytes(code, "little")
        angle = math.acos(min(1.0, float(unit[0] @ row))) / math.pi
        assert differing.bit_count() / dimensions == pytest.approx(angle, abs=0.12)


def test_one_vector_needs_no_numpy() -> None:
    program = (
        "import sys, struct; from semsearch.vectors import Rotation, gate, narrow, widen; "
        "v = gate(struct.pack('<64f', *range(1, 65)), 64); Rotation(64).sign_code(v); "
        "widen(narrow(v)); sys.exit('numpy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
