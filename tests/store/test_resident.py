"""Sign codes in memory find what a plain count of bits finds, in the order a scan meets them."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.store.resident import ResidentCodes, are_enough, best_of, cosines_of
from semsearch.vectors import narrow
from tests.store.material import KEY, ROOT, fresh, put, vector_of, version
from tests.store.test_nearest import same, sentence

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def bits(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "little") ^ int.from_bytes(other, "little")).bit_count()


def nearest(held: ResidentCodes, query: bytes, count: int) -> list[int]:
    """By counted bits alone."""
    return sorted(held.likeliest(query, np.zeros(8 * len(query), np.float32), count)[0])


def many(count: int, width: int) -> tuple[NDArray[np.uint8], ResidentCodes]:
    """Random codes, and the same held."""
    codes = np.random.default_rng(1).integers(0, 256, (count, width), np.uint8)
    return codes, filled(codes)


def filled(codes: NDArray[np.uint8]) -> ResidentCodes:
    """Codes held under their positions."""
    held = ResidentCodes(codes.shape[1])
    held.extend([(key, code.tobytes()) for key, code in enumerate(codes)])
    return held


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
    assert nearest(held, query, count) == sorted(key for key, _ in by_distance[:count])
    assert len(held) == len(rows)
    assert held.last_key == rows[-1][0]


def test_more_codes_than_fit_the_cache_at_once() -> None:
    codes, held = many(40_000, 48)
    query = codes[39_999]
    by_distance = np.argsort(np.bitwise_count(codes ^ query).sum(axis=1), kind="stable")
    # With so many wanted, every code is looked at as a whole.
    assert nearest(held, query.tobytes(), 5_000) == sorted(by_distance[:5_000].tolist())
    assert held.nbytes >= 40_000 * (48 + 8)


def test_the_first_look_is_at_a_part_of_each_code_and_the_second_at_all_of_it() -> None:
    codes, _ = many(20_000, 48)
    query = codes[19_999]
    # Equal to the query at first, and as far as can be from there on: seen, but not chosen.
    codes[:60, :16], codes[:60, 16:] = query[:16], ~query[16:]
    # A little off at the beginning.
    codes[500:540] = query
    codes[np.arange(500, 540), np.arange(40) % 16] ^= 1
    found = nearest(filled(codes), query.tobytes(), 41)
    assert found == [*range(500, 540), 19_999]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 90))
def test_those_come_first_that_agree_where_the_point_is_far_out(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    codes = generator.integers(0, 256, (70, 16), np.uint8)
    point = generator.standard_normal(128, np.float32)
    query = np.packbits(point > 0, bitorder="little").tobytes()
    keys, agreement = filled(codes).likeliest(query, point, count)
    signs = np.unpackbits(codes, axis=1, bitorder="little").astype(np.float64) * 2 - 1
    products = signs @ point
    assert sorted(keys) == nearest(filled(codes), query, count)
    assert keys == sorted(keys, key=lambda place: -products[place])
    assert 2 * agreement - point.sum() == pytest.approx(products[keys], abs=1e-4)


def test_a_question_finds_its_neighbours_however_many_codes_there_are() -> None:
    generator = np.random.default_rng(5)
    centres = generator.standard_normal((600, 128), np.float32)
    vectors = np.repeat(centres, 50, axis=0) + 0.7 * generator.standard_normal(
        (30_000, 128), np.float32
    )
    codes = np.packbits(vectors > 0, axis=1, bitorder="little")
    held, found = filled(codes), 0
    for vector in vectors[::1500]:
        query = np.packbits(vector > 0, bitorder="little").tobytes()
        keys, agreement = held.likeliest(query, vector, 200)
        cosines = vectors @ vector / np.linalg.norm(vectors, axis=1)
        known = cosines[keys[:64]].tolist()
        while not are_enough(agreement, known, 10):
            known = cosines[keys[: len(known) + 64]].tolist()
        assert len(known) < 200
        true = {*np.argsort(-cosines)[:10].tolist()}
        found += len(true & {*keys[: len(known)]})
    assert found >= 0.97 * 200


def test_among_more_codes_more_are_looked_at_a_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codes = np.full((1000, 16), 255, np.uint8)
    codes[:200] = [1] + [0] * 7 + [255] * 8
    codes[500] = [3] + [0] * 15  # begins less alike than two hundred others, and is the nearest

    def found() -> bool:
        return 500 in filled(codes).likeliest(bytes(16), np.ones(128, np.float32), 10)[0]

    assert not found()
    monkeypatch.setattr("semsearch.store.resident._WIDEST_AT", 10)
    assert found()


def test_reading_ends_when_the_rest_is_too_far() -> None:
    agreement = np.asarray([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], np.float32)
    exact = (agreement / 10).tolist()
    # Estimates that never err: the sixth cannot reach the second.
    assert are_enough(agreement, exact[:5], 2)
    # As many as are wanted tell nothing about the others; all of them tell everything.
    assert not are_enough(agreement, exact[:2], 2)
    assert are_enough(agreement, exact, 2)
    assert are_enough(agreement[:2], exact[:2], 2)
    # Estimates that err widely.
    assert not are_enough(agreement, [0.5, 0.9, 0.1, 0.8, 0.2], 2)
    # Estimates that err: of a hundred others all are too far, of a thousand one may not be.
    for unread, enough in ((100, True), (1000, False)):
        others = np.concatenate((agreement[:5], np.full(unread, 5, np.float32)))
        assert are_enough(others, [0.7, 0.9, 0.5, 0.1, 0.3], 2) is enough
    assert not are_enough(np.zeros(20, np.float32), exact[:5], 2)


@pytest.mark.parametrize("width", [8, 48])
def test_discarded_codes_are_found_no_more(width: int) -> None:
    # What tells them apart stands at the end, behind what is looked at first.
    rows = [(key, key.to_bytes(width, "big")) for key in range(100)]
    held = ResidentCodes(width)
    held.extend(rows)
    held.discard([0, 5, 99])
    assert (len(held), held.last_key) == (97, 98)
    left = [row for row in rows if row[0] not in {0, 5, 99}]
    query = bytes(width)
    by_distance = sorted(left, key=lambda row: (bits(row[1], query), row[0]))
    assert nearest(held, query, 12) == sorted(key for key, _ in by_distance[:12])
    held.extend([(200, query)])
    assert nearest(held, query, 1) == [200]


def test_cosines_are_those_of_the_stored_vectors() -> None:
    query = struct.pack("<4f", 1.0, 0.0, 0.0, 0.0)
    raws = [(3.0, 0, 0, 4.0), (1.0, 0, 0, 0), (0, 1.0, 0, 0), (6.0, 0, 8.0, 0), (0, 0, 0, 0)]
    halves = [narrow(struct.pack("<4f", *raw)) for raw in raws]
    cosines = dict(enumerate(cosines_of(halves, query)))
    assert best_of(cosines, 1) == {1: 1.0}
    # As near as the last one wanted belongs to them; a vector without a direction to none.
    found = best_of(cosines, 2)
    assert list(found) == [0, 1, 3]
    assert list(found.values()) == pytest.approx([0.6, 1.0, 0.6])
    assert list(best_of(cosines, 9)) == [0, 1, 2, 3]


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
