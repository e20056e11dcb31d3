"""Roots, file rows, chunks and passages: what is published, replaced, moved away and collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semsearch.records import Chunk, FileRef
from tests.store.material import ROOT, passage_of, put, ref_of, vector_of, version

if TYPE_CHECKING:
    from semsearch.store import SqliteStore
    from tests.store.conftest import Index


def texts(store: SqliteStore, file: int) -> list[str]:
    return [row.text for row in store.chunk_rows(store.chunks_of_file(file))]


# --- roots -------------------------------------------------------------------------------------


def test_a_root_keeps_its_rules_and_takes_new_ones(index: Index) -> None:
    root = index.store.add_root(b"/docs", ["*.md", "a b"], ["draft/"])
    assert (root.include, root.exclude) == (("*.md", "a b"), ("draft/",))
    again = index.store.add_root(b"/docs", [], ["tmp/"])
    assert again.id == root.id
    assert [r for r in index.store.roots() if r.path == b"/docs"] == [again]
    assert (again.include, again.exclude) == ((), ("tmp/",))


def test_consent_is_per_root_and_host(index: Index) -> None:
    store, root = index.store, index.root.id
    other = store.add_root(b"/other").id
    store.grant_consent(root, "api.example")
    store.grant_consent(root, "api.example")
    assert store.has_consent(root, "api.example")
    assert store.has_consent(None, "api.example")
    assert not store.has_consent(other, "api.example")
    assert not store.has_consent(root, "elsewhere.example")
    store.forget(index.root.path)
    assert not store.has_consent(None, "api.example")


def test_forgetting_a_root_removes_its_files_only(index: Index) -> None:
    store = index.store
    other = store.add_root(b"/other")
    put(store, index.space.id, version(index.root.id, b"a.md", ["shared text", "own text"]))
    put(store, index.space.id, version(other.id, b"b.md", ["shared text"]))
    assert store.forget(index.root.path).passages == 1
    assert [file.relative for file in store.files()] == [b"b.md"]
    assert [root.path for root in store.roots()] == [b"/other"]
    assert store.counts().passages == 1


# --- files -------------------------------------------------------------------------------------


def test_a_published_file_is_read_back_as_it_was(index: Index) -> None:
    new = version(index.root.id, b"sub/a.md", ["first", "second"], title="Title")
    new = new._replace(ref=FileRef(b"sub/a.md", 7, -5, 6, 1, 2**64 - 3))
    id = put(index.store, None, new)
    stored = index.store.file(index.root.id, b"sub/a.md")
    assert stored is not None
    assert stored == index.store.files_with_digest(new.digest)[0]
    assert (stored.id, stored.size, stored.mtime_ns, stored.ctime_ns) == (id, 7, -5, 6)
    assert (stored.inode, stored.digest, stored.kind) == (2**64 - 3, new.digest, "markdown")
    assert (stored.title, stored.state, stored.reason) == ("Title", "indexed", "")
    assert index.store.fingerprints(index.root.id) == {b"sub/a.md": 5}


def test_a_chunk_is_read_back_with_its_place(index: Index) -> None:
    new = version(index.root.id, b"a.md", ["body text"], title="Title")
    chunk = Chunk(0, 3, 12, 4, 5, 7, ("Title", "Heading, with: signs"), "body text")
    passage = passage_of("body text", title="Title")
    file = put(index.store, None, new._replace(chunks=((chunk, passage),)))
    (row,) = index.store.chunk_rows(index.store.chunks_of_file(file))
    assert (row.file, row.root, row.relative) == (file, ROOT, b"a.md")
    assert (row.ordinal, row.start, row.end) == (0, 3, 12)
    assert (row.start_line, row.end_line, row.page) == (4, 5, 7)
    assert row.breadcrumb == ("Title", "Heading, with: signs")
    assert row.text == "body text"


def test_chunk_rows_come_in_the_order_asked_without_vanished_ones(index: Index) -> None:
    file = put(index.store, None, version(index.root.id, b"a.md", ["one", "two", "three"]))
    first, second, third = index.store.chunks_of_file(file)
    rows = index.store.chunk_rows([third, 999, first])
    assert [row.text for row in rows] == ["three", "one"]
    assert index.store.chunk_rows([]) == []
    assert second == first + 1


def test_a_new_version_replaces_the_old_one(index: Index) -> None:
    store = index.store
    old = put(store, index.space.id, version(index.root.id, b"a.md", ["old words", "kept words"]))
    new = put(store, index.space.id, version(index.root.id, b"a.md", ["kept words", "new words"]))
    assert new == old
    assert texts(store, new) == ["kept words", "new words"]
    assert store.match_chunks("old", 5) == store.match_files("old", 5) == []
    assert len(store.match_chunks("kept", 5)) == 1
    assert store.collect_garbage() == 1
    assert store.coverage(index.space.id) == (2, 2)


def test_ids_are_never_given_to_something_else(index: Index) -> None:
    """A result list held by a window must not point at another text."""
    store = index.store
    file = put(store, index.space.id, version(index.root.id, b"a.md", ["one"]))
    (chunk,) = store.chunks_of_file(file)
    store.remove_files([file])
    store.collect_garbage()
    again = put(store, index.space.id, version(index.root.id, b"b.md", ["two"]))
    assert again > file
    assert store.chunks_of_file(again)[0] > chunk
    assert store.chunk_rows([chunk]) == []


def test_a_version_brings_its_passages(index: Index) -> None:
    put(index.store, None, version(index.root.id, b"a.md", ["shared"]))
    file = index.store.publish(version(index.root.id, b"b.md", ["new", "shared", "new"]))
    rows = index.store.chunk_rows(index.store.chunks_of_file(file))
    assert [row.text for row in rows] == ["new", "shared", "new"]
    assert index.store.counts().passages == 2


def test_versions_published_together_are_each_their_own(index: Index) -> None:
    """As many chunks as take every size of statement, unequal files, one of them replaced."""
    store = index.store
    put(store, None, version(index.root.id, b"2.md", ["an older version", "of two passages"]))
    sizes = [70, 0, 3, 1, 41]
    versions = [
        version(index.root.id, b"%d.md" % number, [f"w{number}x{n}" for n in range(size)])
        for number, size in enumerate(sizes)
    ]
    files = store.publish_all(versions)
    for file, new in zip(files, versions, strict=True):
        rows = store.chunk_rows(store.chunks_of_file(file))
        assert [row.relative for row in rows] == [new.ref.relative] * len(new.chunks)
        assert [(row.ordinal, row.text) for row in rows] == [
            (chunk.ordinal, chunk.text) for chunk, _ in new.chunks
        ]
        for row in rows[:: max(1, len(rows) - 1)]:
            assert [found for found, _ in store.match_chunks(row.text, 9)] == [row.chunk]
    assert [found for found, _ in store.match_files("w0x69", 9)] == [files[0]]
    assert store.match_chunks("older", 9) == []
    assert store.counts().chunks == sum(sizes)
    assert [one for one in store.check() if one.state != "ok"] == []


def test_a_skipped_file_is_known_with_its_reason(index: Index) -> None:
    new = version(index.root.id, b"a.bin", [])._replace(state="skipped", reason="binary")
    put(index.store, None, new)
    put(index.store, None, version(index.root.id, b"b.md", ["text"]))
    counts = index.store.counts()
    assert counts.files == {"indexed": 1, "skipped": 1}
    assert counts.reasons == {"binary": 1}
    assert [file.relative for file in index.store.files(state="skipped")] == [b"a.bin"]
    assert index.store.match_files("bin", 5) == []


def test_a_file_that_cannot_be_read_now_stays_searchable(index: Index) -> None:
    store = index.store
    file = put(store, None, version(index.root.id, b"a.md", ["apple"]))
    assert store.mark_failed(index.root.id, ref_of(b"a.md"), "unreadable") == file
    assert len(store.match_chunks("apple", 5)) == 1
    assert store.counts().reasons == {"unreadable": 1}
    assert store.fingerprints(index.root.id) == {b"a.md": 0}
    new = store.mark_failed(index.root.id, ref_of(b"never.md"), "unreadable", fingerprint=9)
    assert new != file
    assert store.fingerprints(index.root.id) == {b"a.md": 0, b"never.md": 9}


def test_touching_changes_the_stat_alone(index: Index) -> None:
    store = index.store
    file = put(store, None, version(index.root.id, b"a.md", ["apple"]))
    store.touch(file, ref_of(b"a.md", mtime_ns=99, size=3), 42)
    stored = store.file(index.root.id, b"a.md")
    assert stored is not None
    assert (stored.mtime_ns, stored.size) == (99, 3)
    assert store.fingerprints(index.root.id) == {b"a.md": 42}
    assert texts(store, file) == ["apple"]


def test_removing_files_counts_their_chunks(index: Index) -> None:
    store = index.store
    files = [
        put(store, index.space.id, version(index.root.id, b"%d.md" % n, [f"text {n}", "shared"]))
        for n in range(4)
    ]
    assert store.remove_files([]) == 0
    assert store.remove_files(files[:3]) == 6
    assert store.remove_files([*files[:3], 12345]) == 0
    assert store.coverage(index.space.id) == (2, 2)
    assert store.collect_garbage() == 3
    assert len(store.match_chunks("shared", 9)) == 1


def test_listing_files_goes_on_over_many_pages(index: Index) -> None:
    other = index.store.add_root(b"/other")
    with index.store.write():
        for number in range(1500):
            root = other if number % 3 == 0 else index.root
            index.store.publish(version(root.id, b"%d.md" % number, []))
    assert len(list(index.store.files())) == 1500
    assert len(list(index.store.files(other.id))) == 500
    assert len(index.store.fingerprints(index.root.id)) == 1000


def test_a_root_that_is_a_file_has_an_empty_relative_path(index: Index) -> None:
    single = index.store.add_root(b"/home/me/list.txt")
    put(index.store, None, version(single.id, b"", ["groceries"]))
    ((file, _),) = index.store.match_files("list", 5)
    (row,) = index.store.chunk_rows(index.store.chunks_of_file(file))
    assert (row.root, row.relative) == (b"/home/me/list.txt", b"")


@pytest.mark.parametrize("name", [b"caf\xe9.md", b"new\nline.md", b"\x1b[2J.md", b"a'b\"c.md"])
def test_names_are_bytes(index: Index, name: bytes) -> None:
    put(index.store, None, version(index.root.id, name, ["apple"]))
    assert index.store.fingerprints(index.root.id) == {name: 5}
    ((chunk, _),) = index.store.match_chunks("apple", 5)
    assert index.store.chunk_rows([chunk])[0].relative == name


# --- passages ----------------------------------------------------------------------------------


def test_equal_text_is_stored_once(index: Index) -> None:
    store = index.store
    put(store, index.space.id, version(index.root.id, b"a.md", ["same", "same"]))
    put(store, index.space.id, version(index.root.id, b"b.md", ["same"]))
    assert store.counts().passages == 1
    assert store.coverage(index.space.id) == (3, 3)


@pytest.mark.parametrize("at_once", [True, False])
def test_of_equal_texts_the_first_is_stored(index: Index, at_once: bool) -> None:
    """The middle of a private key is known as one by what stands around it."""
    secret, plain = passage_of("MIIEow", withheld="private key"), passage_of("MIIEow")
    for passages in [[secret, plain]] if at_once else [[secret], [plain]]:
        index.store.add_passages(passages)
    put(index.store, None, version(index.root.id, b"a.txt", ["MIIEow"]))
    assert index.store.unembedded(index.space.id, 9, remote=True) == []
    assert index.store.unembedded(index.space.id, 9, remote=False) == [secret]


def test_garbage_is_what_no_chunk_shows(index: Index) -> None:
    store = index.store
    put(store, index.space.id, version(index.root.id, b"a.md", ["shown"]))
    lonely = passage_of("bought but never published")
    store.add_vectors(index.space.id, [lonely], [vector_of(lonely.text)], None)
    store.record_failures(index.space.id, [(lonely.digest, "too long")])
    assert store.collect_garbage() == 1
    assert store.collect_garbage() == 0
    assert store.embedded(index.space.id, [lonely.digest]) == set()
    assert store.forget_failures(index.space.id) == 0
