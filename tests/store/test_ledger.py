"""The books: calls and their cost, cached queries, history, marks, notes, status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semsearch.records import Sent
from tests.store.material import (
    KEY,
    ROOT,
    cosine,
    passage_of,
    put,
    sent,
    vector_of,
    version,
)

if TYPE_CHECKING:
    from tests.store.conftest import Index


def test_every_call_is_kept_with_what_it_cost(index: Index) -> None:
    store = index.store
    first = Sent("a.example", "m1", "provider", "document", 3, 30, 0.5, "r1", b"1" * 32)
    second = Sent("a.example", "m1", "", "query", 1, None, None, "", b"2" * 32)
    third = Sent("b.example", "m1", "", "document", 2, 5, 2.0, "r3", b"3" * 32)
    for call in (first, second, third):
        store.record_sent(call)
    entries = store.sent()
    assert [entry.sent for entry in entries] == [first, second, third]
    assert entries[0].at_ns <= entries[-1].at_ns
    spend = {(s.host, s.model): s for s in store.spend()}
    assert list(spend) == [("b.example", "m1"), ("a.example", "m1")]
    assert spend["a.example", "m1"][2:] == (2, 4, 30, 0.5)


def test_calls_are_found_by_the_path_whose_text_they_carried(index: Index) -> None:
    store = index.store
    put(store, index.space.id, version(index.root.id, b"a/1.md", ["one"]))
    put(store, index.space.id, version(index.root.id, b"a/2.md", ["two"]))
    put(store, index.space.id, version(index.root.id, b"b.md", ["one"]))
    put(store, None, version(index.root.id, b"c.md", ["never sent"]))
    store.record_sent(sent()._replace(purpose="query"))

    def ids(path: bytes) -> int:
        return len(store.sent(path))

    assert ids(ROOT + b"/a/1.md") == ids(ROOT + b"/b.md") == 1
    assert ids(ROOT + b"/a") == ids(ROOT) == 2
    assert ids(ROOT + b"/c.md") == ids(b"/elsewhere") == 0
    assert len(store.sent()) == 4


def test_a_query_asked_before_has_its_vector(index: Index) -> None:
    store = index.store
    vector = vector_of("apple pie")
    put(store, index.space.id, version(index.root.id, b"a.md", ["apple pie", "pear"]))
    assert store.cached_query(index.space.id, "apple pie") is None
    store.cache_query(index.space.id, "apple pie", vector)
    assert store.cached_query(index.space.id, "apple pie") == vector
    other = store.ensure_space(KEY._replace(model="other"), 0.5)
    assert store.cached_query(other.id, "apple pie") is None
    replaced = vector_of("else")
    store.cache_query(index.space.id, "apple pie", replaced)
    assert store.cached_query(index.space.id, "apple pie") == replaced
    found = store.nearest(index.space.id, vector, 2)
    assert found[0][1] == pytest.approx(cosine(vector, vector_of("apple pie")), abs=1e-4)


def test_the_oldest_cached_queries_go(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semsearch.store.ledger._CACHED_QUERIES", 3)
    for number in range(5):
        index.store.cache_query(index.space.id, f"q{number}", vector_of("x"))
    kept = [n for n in range(5) if index.store.cached_query(index.space.id, f"q{n}")]
    assert kept == [2, 3, 4]


def test_history_lists_each_query_once_the_latest_first(index: Index) -> None:
    for query in ("one", "two", "one", "three"):
        index.store.remember_query(query, "hybrid", 4)
    assert index.store.recent_queries(10) == ["three", "one", "two"]
    assert index.store.recent_queries(1) == ["three"]


def test_marks_name_the_passage_and_can_be_changed_and_taken_back(index: Index) -> None:
    store = index.store
    file = put(store, None, version(index.root.id, b"a.md", ["one", "two"]))
    first, second = store.chunks_of_file(file)
    store.judge("query", first, 1)
    store.judge("query", second, 0)
    store.judge("query", first, 3)
    store.judge("other", second, 2)
    store.judge("other", second, None)
    store.judge("query", 999, 1)
    marks = {mark.passage: mark for mark in store.judgments()}
    assert marks[passage_of("one").digest][:2] == ("query", ROOT + b"/a.md")
    assert {digest: mark.grade for digest, mark in marks.items()} == {
        passage_of("one").digest: 3,
        passage_of("two").digest: 0,
    }


def test_notes_are_kept_replaced_and_removed(index: Index) -> None:
    assert index.store.note("rules.1") is None
    index.store.set_note("rules.1", "abc")
    index.store.set_note("rules.1", "def")
    assert index.store.note("rules.1") == "def"
    index.store.set_note("rules.1", None)
    assert index.store.note("rules.1") is None


def test_status_sums_up(index: Index) -> None:
    store = index.store
    other = store.add_root(b"/other")
    put(store, index.space.id, version(index.root.id, b"a.md", ["one", "two"]))
    put(store, None, version(other.id, b"b.md", ["three"]))
    put(store, None, version(other.id, b"c.md", [])._replace(state="skipped", reason="binary"))
    store.activate_space(index.space.id)
    store.set_note("run.ended_ns", "123")
    status = store.status()
    assert [(r.root.path, r.files, r.chunks) for r in status.roots] == [
        (ROOT, 1, 2),
        (b"/other", 1, 1),
    ]
    assert status.files == {"indexed": 2, "skipped": 1}
    (space,) = status.spaces
    assert (space.active, space.covered, space.chunks) == (True, 2, 3)
    assert (status.indexed_ns, status.spent_usd, status.tokens) == (123, 0.25, 20)
    assert status.size_bytes > 16384
