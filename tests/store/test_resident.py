"""Sign codes in memory find what a plain count of bits finds, in the order a scan meets them."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.store.resident import ResidentCodes, best_of
from semsearch.vectors import narrow
from tests.store.material import KEY, ROOT, fresh, put, vector_of, version
from tests.store.test_nearest import same, sentence

if TYPE_CHECKING:
    from pathlib import Path


def bits(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "little") ^ int.from_bytes(other, "little")).bit_count()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_nearest_are_those_of_a_plain_count(data: st.DataObject) -> None:
    width = data.draw(st.sampled_from([8, 24, 128]))
    # Few different codes, so that many are equally far.
    kinds = data.draw(st.lists(st.binary(min_size=width, max_size=width), min_size=1, max_size=6))
    codes = data.draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=120))
    query = data.draw(st.binary(min_size=width, max_size=width))
    rows = [(3 * number + 7, code) for number, code in enumerate(codes)]
    held = ResidentCodes(width, data.draw(st.integers(0, 20)))
    cut = data.draw(st.integers(0, len(rows)))
    held.extend(rows[:cut])
    held.extend(rows[cut:])
    count = data.draw(st.integers(1, len(rows) + 3))
    by_distance = sorted(rows, key=lambda row: (bits(row[1], query), row[0]))
    assert held.nearest(query, count) == sorted(key for key, _ in by_distance[:count])
    assert len(held) == len(rows)
    assert held.last_key == rows[-1][0]


def test_more_codes_than_fit_the_cache_at_once() -> None:
    generator = np.random.default_rng(1)
    codes = generator.integers(0, 256, (40_000, 48), np.uint8)
    held = ResidentCodes(48)
    held.extend([(key, code.tobytes()) for key, code in enumerate(codes)])
    query = codes[39_999]
    distances = np.bitwise_count(codes ^ query).sum(axis=1)
    nearest = sorted(np.argsort(distances, kind="stable")[:25].tolist())
    assert held.nearest(query.tobytes(), 25) == nearest
    assert held.nbytes >= 40_000 * (48 + 8)


def test_discarded_codes_are_found_no_more() -> None:
    rows = [(key, key.to_bytes(8, "little")) for key in range(100)]
    held = ResidentCodes(8)
    held.extend(rows)
    held.discard([0, 5, 99])
    assert (len(held), held.last_key) == (97, 98)
    left = [row for row in rows if row[0] not in {0, 5, 99}]
    query = bytes(8)
    by_distance = sorted(left, key=lambda row: (bits(row[1], query), row[0]))
    assert held.nearest(query, 12) == sorted(key for key, _ in by_distance[:12])
    held.extend([(200, query)])
    assert held.nearest(query, 1) == [200]


def test_cosines_are_those_of_the_stored_vectors() -> None:
    query = struct.pack("<4f", 1.0, 0.0, 0.0, 0.0)
    raws = [(3.0, 0, 0, 4.0), (1.0, 0, 0, 0), (0, 1.0, 0, 0), (6.0, 0, 8.0, 0), (0, 0, 0, 0)]
    halves = [narrow(struct.pack("<4f", *raw)) for raw in raws]
    assert best_of(range(5), halves, query, 1) == [(1, 1.0)]
    # As near as the last one wanted belongs to them; a vector without a direction to none.
    found = best_of(range(5), halves, query, 2)
    assert [key for key, _ in found] == [0, 1, 3]
    assert [cosine for _, cosine in found] == pytest.approx([0.6, 1.0, 0.6])
    assert [key for key, _ in best_of(range(5), halves, query, 9)] == [0, 1, 2, 3]


def test_codes_of_large_spaces_are_held_once_they_are_searched(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    root = store.add_root(ROOT).id
    space = store.ensure_space(KEY, 0.5).id
    generator = random.Random(3)
    texts = [[sentence(generator), sentence(generator)] for _ in range(90)]
    files = [
        put(store, space, version(root, b"%d.md" % number, text))
        for number, text in enumerate(texts)
    ]
    store._db.connection.execute("UPDATE space SET candidates = 60")
    query = vector_of(sentence(generator))
    plain = store.nearest(space, query, 10)
    store.hold_large_spaces(1000)
    assert store.nearest(space, query, 10) == plain
    assert not store._held
    store.hold_large_spaces(50)
    same(store.nearest(space, query, 10), plain)
    assert list(store._held) == [space]
    # A few that are gone are discarded; the others stay as they were read.
    codes = store._held[space]
    best = store.chunk_rows([plain[0][0]])[0].file
    assert best in files
    store.remove_files([best])
    store.collect_garbage()
    found = store.nearest(space, query, 10)
    assert store._held[space] is codes
    again = fresh(tmp_path)
    same(found, again.nearest(space, query, 10))
    assert plain[0][0] not in {chunk for chunk, _ in found}
    again.close()
    store.close()
