"""Spaces side by side, and which passages still need a vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semsearch.errors import MalformedReply, UsageError
from tests.store.material import (
    DIMENSIONS,
    KEY,
    cosine,
    passage_of,
    put,
    sent,
    vector_of,
    version,
)

if TYPE_CHECKING:
    from semsearch.records import Passage
    from semsearch.store import SqliteStore
    from tests.store.conftest import Index


def missing(store: SqliteStore, space: int, *, remote: bool = False) -> list[str]:
    return [passage.text for passage in store.unembedded(space, 100, remote)]


# --- identity and state ------------------------------------------------------------------------


def test_a_space_is_one_per_identity(index: Index) -> None:
    store = index.store
    assert store.ensure_space(KEY, 0.9) == index.space
    assert (index.space.state, index.space.alpha, index.space.native) == ("building", 0.5, False)
    different = [
        KEY._replace(endpoint="local"),
        KEY._replace(model="other"),
        KEY._replace(dimensions=8),
        KEY._replace(document_form="passage: {}"),
        KEY._replace(query_form="query: {}"),
    ]
    ids = {store.ensure_space(key, 0.5).id for key in different}
    assert len(ids | {index.space.id}) == 6
    assert [space.key for space in store.spaces()] == [KEY, *different]


def test_one_space_is_active_and_the_flip_takes_it_from_the_other(index: Index) -> None:
    store = index.store
    other = store.ensure_space(KEY._replace(model="other"), 0.5)
    assert store.active_space() is None
    store.activate_space(index.space.id)
    store.activate_space(other.id)
    assert store.active_space() == other
    with pytest.raises(UsageError):
        store.activate_space(99)
    assert store.active_space() == other
    store.set_space_state(other.id, "ready")
    active = store.active_space()
    assert active is not None
    assert active.state == "ready"


def test_the_native_width_is_learned_from_the_first_vectors(index: Index) -> None:
    store = index.store
    native = KEY._replace(dimensions=0)
    space = store.ensure_space(native, 0.5)
    assert space.native
    assert space.id != index.space.id, "that one's width was asked for"
    assert store.nearest(space.id, vector_of("x"), 5) == []
    store.add_vectors(space.id, [passage_of("x")], [vector_of("x", 16)], None)
    learned = store.ensure_space(native, 0.5)
    assert (learned.id, learned.key.dimensions) == (space.id, 16)
    assert store.ensure_space(native._replace(dimensions=16), 0.5) == learned
    assert store.ensure_space(native._replace(dimensions=8), 0.5).id != space.id
    with pytest.raises(MalformedReply):
        store.add_vectors(space.id, [passage_of("y")], [vector_of("y", 17)], None)


def test_a_space_moves_to_an_endpoint_that_is_free(index: Index) -> None:
    store = index.store
    other = store.ensure_space(KEY._replace(endpoint="http://127.0.0.1:1"), 0.5)
    with pytest.raises(UsageError):
        store.set_space_endpoint(index.space.id, other.key.endpoint)
    store.set_space_endpoint(index.space.id, "http://127.0.0.1:2")
    assert store.spaces()[0].key == KEY._replace(endpoint="http://127.0.0.1:2")


def test_dropping_a_space_takes_its_vectors_and_leaves_the_others(index: Index) -> None:
    store = index.store
    other = store.ensure_space(KEY._replace(model="other"), 0.5)
    new = version(index.root.id, b"a.md", ["one", "two"])
    put(store, index.space.id, new)
    put(store, other.id, new)
    store.cache_query(other.id, "q", vector_of("q"))
    assert store.drop_space(other.id) == 2
    assert store.spaces() == [index.space]
    assert store.coverage(other.id) == (0, 2)
    assert store.coverage(index.space.id) == (2, 2)
    assert store.cached_query(other.id, "q") is None


# --- storing vectors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad", [b"", b"\0" * 4 * DIMENSIONS, b"\xff" * 4 * DIMENSIONS, vector_of("x", 7)]
)
def test_a_bad_vector_stores_nothing_of_its_batch(index: Index, bad: bytes) -> None:
    store = index.store
    good = passage_of("good")
    with pytest.raises(MalformedReply):
        store.add_vectors(
            index.space.id, [good, passage_of("bad")], [vector_of("good"), bad], sent(2)
        )
    assert store.counts().passages == 0
    assert store.spend() == []


def test_a_vector_too_few_is_refused(index: Index) -> None:
    with pytest.raises(MalformedReply, match="1 vectors came for 2 texts"):
        index.store.add_vectors(
            index.space.id, [passage_of("a"), passage_of("b")], [vector_of("a")], sent(2)
        )


def test_a_passage_keeps_the_vector_it_has(index: Index) -> None:
    store = index.store
    file = put(store, index.space.id, version(index.root.id, b"a.md", ["one", "two"]))
    before = store.chunk_vectors(index.space.id, store.chunks_of_file(file))
    passages = [passage_of("one"), passage_of("three"), passage_of("three")]
    store.add_vectors(index.space.id, passages, [vector_of("else")] * 3, None)
    assert store.chunk_vectors(index.space.id, store.chunks_of_file(file)) == before
    assert store.embedded(index.space.id, [p.digest for p in passages]) == {
        passage_of("one").digest,
        passage_of("three").digest,
    }


def test_stored_vectors_are_close_and_have_unit_length(index: Index) -> None:
    file = put(index.store, index.space.id, version(index.root.id, b"a.md", ["some words"]))
    (chunk,) = index.store.chunks_of_file(file)
    stored = index.store.chunk_vectors(index.space.id, [chunk, 999])
    assert list(stored) == [chunk]
    assert cosine(stored[chunk], vector_of("some words")) == pytest.approx(1.0, abs=1e-4)


def test_canaries_are_stored_passages_with_their_vectors(index: Index) -> None:
    texts = [f"text {n}" for n in range(40)]
    put(index.store, index.space.id, version(index.root.id, b"a.md", texts))
    canaries = index.store.sample_passages(index.space.id, 12)
    assert len({passage.digest for passage, _ in canaries}) == 12
    for passage, vector in canaries:
        assert cosine(vector, vector_of(passage.text)) == pytest.approx(1.0, abs=1e-4)


# --- what is missing ---------------------------------------------------------------------------


def test_what_has_no_vector_is_listed_recent_files_first(index: Index) -> None:
    store = index.store
    put(store, None, version(index.root.id, b"old.md", ["old a", "old b"], mtime_ns=10))
    put(store, None, version(index.root.id, b"new.md", ["new a", "old b"], mtime_ns=30))
    put(store, index.space.id, version(index.root.id, b"mid.md", ["mid a"], mtime_ns=20))
    assert missing(store, index.space.id) == ["new a", "old a", "old b"]
    assert store.pending(index.space.id, remote=False)[0] == 3
    assert [p.text for p in store.unembedded(index.space.id, 1, False)] == ["new a"]
    assert store.coverage(index.space.id) == (1, 5)
    _embed(store, index.space.id, [passage_of("old b")])
    assert missing(store, index.space.id) == ["new a", "old a"]
    assert store.coverage(index.space.id) == (3, 5)


def test_withheld_texts_are_missing_only_for_a_model_that_may_have_them(index: Index) -> None:
    store = index.store
    put(store, None, version(index.root.id, b"a.md", ["password 123"], withheld="password"))
    put(store, None, version(index.root.id, b"b.md", ["harmless"]))
    assert missing(store, index.space.id, remote=True) == ["harmless"]
    assert sorted(missing(store, index.space.id)) == ["harmless", "password 123"]
    assert store.pending(index.space.id, remote=True)[0] == 1


def test_what_the_model_refused_is_not_asked_again(index: Index) -> None:
    store = index.store
    put(store, None, version(index.root.id, b"a.md", ["fine", "refused"]))
    store.record_failures(index.space.id, [(passage_of("refused").digest, "too long")])
    store.record_failures(index.space.id, [(passage_of("refused").digest, "still too long")])
    assert missing(store, index.space.id) == ["fine"]
    other = store.ensure_space(KEY._replace(model="other"), 0.5)
    assert missing(store, other.id) == ["fine", "refused"]
    assert store.forget_failures(index.space.id) == 1
    assert missing(store, index.space.id) == ["fine", "refused"]


def test_texts_no_file_shows_are_not_asked_for(index: Index) -> None:
    index.store.add_passages([passage_of("waiting for its file")])
    assert missing(index.store, index.space.id) == []


def _embed(store: SqliteStore, space: int, passages: list[Passage]) -> None:
    store.add_vectors(space, passages, [vector_of(p.text) for p in passages], None)


def test_chunks_are_counted_as_they_come_and_go(index: Index) -> None:
    texts = [f"passage number {number}" for number in range(200)]
    put(index.store, index.space.id, version(index.root.id, b"many.md", texts))
    file = put(index.store, index.space.id, version(index.root.id, b"one.md", ["another"]))
    assert index.store.coverage(index.space.id) == (201, 201)
    with index.store.write():  # the keyword table's own count is not written yet
        new = version(index.root.id, b"new.md", ["a third", "a fourth"])
        index.store.add_passages([passage for _, passage in new.chunks])
        index.store.publish(new)
        assert index.store.coverage(index.space.id) == (201, 203)
        index.store.remove_files([file])
    assert index.store.coverage(0) == (0, 202)
