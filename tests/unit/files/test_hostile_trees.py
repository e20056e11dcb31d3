"""Trees made to mislead, exhaust or hang a walk."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from semsearch.errors import FileProblem
from semsearch.files import Rules, openat, read_file, scan, walk
from semsearch.files.mounts import special_devices
from semsearch.records import FileRef, SkippedPath
from tests.unit.files.trees import (
    bury,
    dig,
    fingerprints,
    grow,
    open_descriptors,
    skipped,
    taken,
    without_privileges,
)

if TYPE_CHECKING:
    from pathlib import Path

ODD_NAMES = (
    *(b"new\nline.md", b"tab\t.md", b"\x1b]0;title\x07.md", b"\xe2\x80\xaertl.md", b"[/x].md"),
    *(b"'quote\".md", b"%s%d.md", b"-rf.md", b"x" * 252 + b".md", "é.md".encode()),
    *("e\u0301.md".encode(), b"case.md", b"CASE.md", b"\xff\xfe.md", b"caf\xe9.md", b" .md"),
    *(b"*.md", b"back\\slash.md", b"\xed\xa0\x80.md", b"a ", b"\x7f"),
)


@pytest.fixture(params=["by descriptor", "by path"])
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once as on systems with `openat`, once as on those without."""
    monkeypatch.setattr(openat, "BY_DESCRIPTOR", request.param == "by descriptor")


@pytest.mark.usefixtures("each_way")
def test_every_name_survives_and_opens(tmp_path: Path) -> None:
    root = grow(tmp_path, {name: name for name in ODD_NAMES})
    odd_folder = grow(tmp_path / os.fsdecode(b"\xff\n"), {b"\xfe.md": b"deep"})
    assert odd_folder.startswith(root)
    paths = taken(root)
    assert sorted(paths) == sorted([*ODD_NAMES, b"\xff\n/\xfe.md"])
    assert [read_file(root, path, 1000).data for path in paths] == [*paths[:-1], b"deep"]


@pytest.mark.usefixtures("each_way")
def test_the_order_does_not_depend_on_how_names_were_made(tmp_path: Path) -> None:
    names = ["b.md", "a.md", "d/z.md", "d/a/m.md", "c/q.md", "B.md"]
    root = grow(tmp_path / "one", dict.fromkeys(names, ""))
    other = grow(tmp_path / "two", dict.fromkeys(reversed(names), ""))
    expected = [b"B.md", b"a.md", b"b.md", b"c/q.md", b"d/z.md", b"d/a/m.md"]
    assert taken(root) == taken(other) == expected


def test_a_tree_deeper_than_a_path_may_be_long_is_walked_and_read(tmp_path: Path) -> None:
    root = grow(tmp_path, {"z/last.md": ""})
    dig(root, 3000, beside="e", every=100, bottom="bottom.md")
    descriptors = open_descriptors()
    most = 0

    def watch(_: int) -> None:
        nonlocal most
        most = max(most, open_descriptors())

    result = scan(root, {}, on_folder=watch)
    try:
        bottom = b"d/" * 3000 + b"bottom.md"
        assert len(result.refs) == 32
        assert result.skipped == []
        assert {bottom, b"e/note.md", b"d/" * 2900 + b"e/note.md", b"z/last.md"} < {
            ref.relative for ref in result.refs
        }
        assert read_file(root, bottom, 10).data == b""
        assert most <= descriptors + 40
        assert open_descriptors() == descriptors
    finally:
        bury(root, 3000)


def test_a_path_without_bound_is_reported_and_the_rest_is_walked(tmp_path: Path) -> None:
    root = grow(tmp_path, {"z/last.md": ""})
    name = "d" * 250
    dig(root, 70, name=name, bottom="bottom.md")
    try:
        assert taken(root) == [b"z/last.md"]
        (path,), (reason,) = skipped(root).keys(), skipped(root).values()
        assert reason == "path too long"
        assert len(path) < 17_000
    finally:
        bury(root, 70, name=name)


def test_a_walk_that_is_given_up_leaves_nothing_open(tmp_path: Path) -> None:
    root = grow(tmp_path, {})
    dig(root, 50, beside="a")
    before = open_descriptors()
    for found in (walk(root), walk(root)):
        for _ in range(20):
            next(found)
        found.close()  # type: ignore[attr-defined]
    assert open_descriptors() == before


@pytest.mark.usefixtures("each_way")
def test_links_are_reported_and_not_followed(tmp_path: Path) -> None:
    root = grow(tmp_path / "root", {"real/a.md": "", "b.md": ""})
    grow(tmp_path / "outside", {"secret.md": ""})
    links = {
        "loop": "loop",
        "up": "..",
        "out": "../outside",
        "file.md": "b.md",
        "none.md": "nowhere",
    }
    for name, target in links.items():
        (tmp_path / "root" / name).symlink_to(target)
    assert taken(root) == [b"b.md", b"real/a.md"]
    assert skipped(root) == {name.encode(): "symlink" for name in links}


def test_followed_links_stay_inside_and_end(tmp_path: Path) -> None:
    root = grow(
        tmp_path / "root",
        {"real/a.md": "", ".store/c.md": "", "b.md": "", ".env": "", ".ssh/config": ""},
    )
    grow(tmp_path, {"outside/secret.md": "", "toor/b.md": ""})
    links = {
        "loop": "loop",
        "up": ".",
        "real/self": ".",
        "out": "../outside",
        "none.md": "nowhere",
        "out.md": "../outside/secret.md",
        "store.v1": ".store",
        "copy.md": "b.md",
        "again": ".store",
        "twin.md": "../toor/b.md",
        "env.md": ".env",
        "keys": ".ssh",
        "cat.png": "b.md",
    }
    for name, target in links.items():
        (tmp_path / "root" / name).symlink_to(target)
    rules = Rules(follow_symlinks=True)
    assert taken(root, rules) == [b"b.md", b"copy.md", b"again/c.md", b"real/a.md"]
    assert skipped(root, rules) == {
        **dict.fromkeys((b"loop", b"up", b"out", b"none.md", b"out.md"), "symlink"),
        **dict.fromkeys((b"env.md", b"keys", b"twin.md"), "symlink"),
        **dict.fromkeys((b"real/self", b"store.v1"), "symlink loop"),
        **dict.fromkeys((b".env", b".ssh"), "secret"),
    }
    result = scan(root, {}, rules)
    again = scan(root, fingerprints(result.refs), rules, trusted=result.rules_digest)
    assert (again.refs, again.gone, again.unchanged) == ([], set(), 4)
    assert read_file(root, b"again/c.md", 10, follow_symlinks=True).ref.relative == b"again/c.md"


def test_a_link_to_a_deep_folder_leads_back_to_where_it_stands(tmp_path: Path) -> None:
    root = grow(tmp_path, {"z.d/last.md": ""})
    os.mkdir(tmp_path / ".deep")
    dig(os.fsencode(tmp_path / ".deep"), 80, bottom="bottom.md")
    (tmp_path / "link").symlink_to(".deep")
    rules = Rules(follow_symlinks=True, exclude=("!z.d",))
    assert taken(root, rules) == [b"link/" + b"d/" * 80 + b"bottom.md", b"z.d/last.md"]
    bury(os.fsencode(tmp_path / ".deep"), 80)


def test_a_folder_below_a_link_is_found_again_after_a_deep_one(tmp_path: Path) -> None:
    root = grow(tmp_path, {".store/x/z/last.md": ""})
    os.mkdir(tmp_path / ".deep")
    dig(os.fsencode(tmp_path / ".deep"), 80, bottom="bottom.md")
    (tmp_path / "link").symlink_to(".store")
    (tmp_path / ".store" / "x" / "m").symlink_to("../../.deep")
    expected = [b"link/x/m/" + b"d/" * 80 + b"bottom.md", b"link/x/z/last.md"]
    assert taken(root, Rules(follow_symlinks=True)) == expected
    bury(os.fsencode(tmp_path / ".deep"), 80)


def test_few_descriptors_are_open_however_often_it_goes_up_and_down(tmp_path: Path) -> None:
    root = grow(tmp_path, {"p/note.md": ""})
    for name in "abc":
        dig(root + b"/p", 120, name=name, bottom="bottom.md")
    before, most = open_descriptors(), 0

    def watch(_: int) -> None:
        nonlocal most
        most = max(most, open_descriptors())

    assert len(taken(root, on_folder=watch)) == 4
    assert most <= before + 40


def test_special_files_are_reported_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = grow(tmp_path, {"a.md": ""})
    os.mkfifo(tmp_path / "pipe.md")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as endpoint:
        endpoint.bind("socket.md")
        assert taken(root) == [b"a.md"]
        assert skipped(root) == {b"pipe.md": "special file", b"socket.md": "special file"}
        for name in (b"pipe.md", b"socket.md"):
            with pytest.raises(FileProblem) as caught:
                read_file(root, name, 10)
            assert caught.value.reason == "special file"


def test_special_file_systems_are_not_entered() -> None:
    rules = Rules(exclude=("/*", "!/proc"))
    special = os.stat("/proc").st_dev in special_devices()
    assert special
    assert skipped(b"/", rules) == {b"proc": "special file system"}
    assert taken(b"/", rules) == []


def test_other_file_systems_are_entered_unless_told_otherwise() -> None:
    rules = Rules(exclude=("/*", "!/shm"), hidden=True)
    other = os.stat("/dev/shm").st_dev != os.stat("/dev").st_dev
    expected = {b"shm": "other file system"} if other else {}
    assert skipped(b"/dev", rules._replace(one_file_system=True)) == expected
    assert b"shm" not in skipped(b"/dev", rules)


@pytest.mark.usefixtures("each_way")
def test_what_vanishes_or_changes_between_listing_and_looking_is_no_error(tmp_path: Path) -> None:
    names = ("a.md", "b.md", "c.md", "d/x.md", "e/x.md", "f/x.md")
    root = grow(tmp_path, dict.fromkeys(names, ""))
    found = walk(root)
    assert next(found).relative == b"a.md"
    os.unlink(root + b"/b.md")
    os.rename(root + b"/d", root + b"/moved")
    os.rename(root + b"/e", root + b"/moved-too")
    os.symlink(b"f", root + b"/e")
    assert [(item.relative, getattr(item, "reason", "")) for item in found] == [
        *((b"c.md", ""), (b"e", "changing"), (b"f/x.md", "")),
    ]


@pytest.mark.usefixtures("each_way")
def test_our_own_folder_and_files_are_passed_over_under_any_name(tmp_path: Path) -> None:
    root = grow(tmp_path, {"data/index.md": "", "notes/a.md": "", "notes/index.txt": ""})
    own = frozenset(
        (status.st_dev, status.st_ino)
        for status in map(os.stat, (tmp_path / "data", tmp_path / "notes" / "index.txt"))
    )
    os.link(tmp_path / "notes" / "index.txt", tmp_path / "alias.txt")
    assert taken(root, own=own) == [b"notes/a.md"]
    assert scan(root, {}, own=own).counts == {"own index": 3}


def test_hard_links_share_an_identity(tmp_path: Path) -> None:
    root = grow(tmp_path, {"a.md": ""})
    os.link(tmp_path / "a.md", tmp_path / "b.md")
    first, second = (item for item in walk(root) if isinstance(item, FileRef))
    assert (first.device, first.inode) == (second.device, second.inode)


def reason_of_root(root: bytes) -> str:
    with pytest.raises(FileProblem) as caught:
        scan(root, {b"a.md": 1}, trusted=b"")
    assert caught.value.hint
    return caught.value.reason


@pytest.mark.usefixtures("each_way")
def test_a_root_that_is_not_there_never_looks_empty(tmp_path: Path) -> None:
    root = grow(tmp_path / "root", {"a.md": ""})
    (tmp_path / "dangling").symlink_to("nowhere")
    assert reason_of_root(root + b"-gone") == "root missing"
    assert reason_of_root(root + b"/a.md/below") == "root missing"
    assert reason_of_root(os.fsencode(tmp_path / "dangling")) == "root missing"


@pytest.mark.usefixtures("each_way")
def test_a_root_that_may_not_be_read_never_looks_empty(tmp_path: Path) -> None:
    root = grow(tmp_path / "above" / "root", {"a.md": ""})
    os.chmod(root, 0)
    assert without_privileges(lambda: reason_of_root(root)) == "root unreadable"
    os.chmod(root, 0o700)
    os.chmod(tmp_path / "above", 0)
    assert without_privileges(lambda: reason_of_root(root)) == "root unreadable"
    os.chmod(tmp_path / "above", 0o700)


@pytest.mark.parametrize("meanwhile", ["replaced", "removed"])
def test_a_root_that_vanishes_during_the_walk_never_looks_empty(
    meanwhile: str, tmp_path: Path
) -> None:
    root = grow(tmp_path / "root", {"a.md": "", "d/b.md": ""})

    def vanish(_: int) -> None:
        if not (tmp_path / "moved").exists():
            os.rename(root, tmp_path / "moved")
            if meanwhile == "replaced":
                os.mkdir(root)

    with pytest.raises(FileProblem) as caught:
        scan(root, {}, on_folder=vanish)
    assert caught.value.reason == {"replaced": "root changed", "removed": "root missing"}[meanwhile]


def test_folders_moved_away_meanwhile_are_reported_and_not_left_through(tmp_path: Path) -> None:
    root = grow(tmp_path / "root", {"z.md": ""})
    os.mkdir(tmp_path / "root" / "d")
    dig(root + b"/d", 80, beside="e")
    grow(tmp_path / "elsewhere", {"e/secret.md": ""})
    folders = 0

    def move(_: int) -> None:
        nonlocal folders
        folders += 1
        if folders == 75:
            os.rename(root + b"/d/d", tmp_path / "elsewhere" / "d")
            os.rename(root + b"/d", root + b"/renamed")

    found = list(walk(root, on_folder=move))

    assert SkippedPath(b"d", "changing") in found
    assert not any(item.relative.endswith(b"secret.md") for item in found)
    assert b"d/d/d/e/note.md" in {item.relative for item in found}, "still the folder entered"
    bury(os.fsencode(tmp_path / "elsewhere"), 79)


@pytest.mark.usefixtures("each_way")
def test_a_root_may_be_a_single_file(tmp_path: Path) -> None:
    root = grow(tmp_path, {"x.unknown": "text", ".gitignore": "*", "id_rsa": ""})
    single = root + b"/x.unknown"
    assert taken(single) == [b""]
    assert read_file(single, b"", 10).data == b"text"
    assert skipped(root + b"/id_rsa") == {b"": "secret"}
    assert skipped(single, Rules(max_bytes=3)) == {b"": "too large"}
    assert skipped(b"/dev/null") == {b"": "special file"}


def test_a_root_may_be_reached_through_a_link(tmp_path: Path) -> None:
    grow(tmp_path / "real", {"a.md": "hi"})
    (tmp_path / "link").symlink_to("real")
    root = os.fsencode(tmp_path / "link")
    assert taken(root) == [b"a.md"]
    assert read_file(root, b"a.md", 10).data == b"hi"
