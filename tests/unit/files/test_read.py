"""Reading one file: what it refuses, and that it shows one moment of one file inside the root."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from semsearch.errors import FileProblem
from semsearch.files import Rules, looks_binary, openat, read_file, walk
from tests.unit.files.trees import grow, without_privileges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def reason(root: bytes, relative: bytes, limit: int = 1000, **options: bool) -> str:
    with pytest.raises(FileProblem) as caught:
        read_file(root, relative, limit, **options)
    assert caught.value.hint
    assert caught.value.message != caught.value.reason
    return caught.value.reason


def test_content_comes_with_the_status_of_what_was_read(tmp_path: Path) -> None:
    root = grow(tmp_path, {"d/a.md": "text"})
    content = read_file(root, b"d/a.md", 4)
    status = os.stat(tmp_path / "d" / "a.md")
    assert content.data == b"text"
    assert content.ref == (
        *(b"d/a.md", 4, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_ino),
    )


def test_every_refusal_has_its_reason(tmp_path: Path) -> None:
    root = grow(tmp_path / "root", {"a.md": "text", "d/b.md": ""})
    grow(tmp_path, {"outside.md": "no"})
    (tmp_path / "root" / "link.md").symlink_to("a.md")
    (tmp_path / "root" / "link").symlink_to("d")
    (tmp_path / "root" / "out.md").symlink_to("../outside.md")
    os.mkfifo(tmp_path / "root" / "pipe")
    assert reason(root, b"none.md") == "vanished"
    assert reason(root, b"d/none/x.md") == "vanished"
    assert reason(root, b"link.md") == "symlink"
    assert reason(root, b"link/b.md") == "symlink"
    assert reason(root, b"pipe") == "special file"
    assert reason(root, b"d") == "special file"
    assert reason(root, b"a.md", limit=3) == "too large"
    assert reason(root, b"out.md", follow_symlinks=True) == "symlink"
    assert reason(root + b"-gone", b"a.md") == "root missing"
    assert reason(b"/dev/zero", b"", limit=10) == "special file"
    for climbing in (b"../outside.md", b"/etc/hostname", b"d/../a.md", b"d//b.md", b"a.md\0", b"."):
        assert reason(root, climbing) == "outside root"


def test_permissions_are_a_reason(tmp_path: Path) -> None:
    root = grow(tmp_path, {"a.md": "", "d/b.md": ""})
    os.chmod(tmp_path / "a.md", 0)
    os.chmod(tmp_path / "d", 0)
    assert without_privileges(lambda: reason(root, b"a.md")) == "unreadable"
    assert without_privileges(lambda: reason(root, b"d/b.md")) == "unreadable"
    os.chmod(tmp_path / "d", 0o700)


def test_links_inside_the_root_are_followed_when_asked_for(tmp_path: Path) -> None:
    root = grow(tmp_path, {"d/b.md": "text", ".ssh/id_rsa": "key"})
    (tmp_path / "link").symlink_to("d")
    (tmp_path / "key.md").symlink_to(".ssh/id_rsa")
    assert read_file(root, b"link/b.md", 10, follow_symlinks=True).data == b"text"
    assert reason(root, b"key.md", follow_symlinks=True) == "symlink"


def test_a_file_that_lies_about_its_size_is_not_believed() -> None:
    # A file of procfs says 0 bytes and has content; what is read must not be taken for the file.
    assert reason(b"/proc/self", b"status", limit=100_000) == "changing"
    assert reason(b"/proc/self", b"status", limit=100) == "too large"


def test_a_large_file_is_refused_without_reading_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = grow(tmp_path, {"sparse.md": ""})
    os.truncate(tmp_path / "sparse.md", 1 << 40)

    def forbidden(descriptor: int, limit: int) -> bytes:
        raise AssertionError(f"read {limit} bytes of {descriptor}")

    monkeypatch.setattr(openat, "read_capped", forbidden)
    assert reason(root, b"sparse.md") == "too large"


@pytest.mark.parametrize("times", [1, 3, 9])
def test_a_file_written_to_while_it_is_read_is_read_again(
    times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = grow(tmp_path, {"a.md": "version 0"})
    system_read = os.read
    writes = 0

    def read_then_write(descriptor: int, count: int) -> bytes:
        nonlocal writes
        data = system_read(descriptor, count)
        if data and writes < times:
            writes += 1
            grow(tmp_path, {"a.md": f"version {writes}"})
        return data

    monkeypatch.setattr(os, "read", read_then_write)
    if times < 4:
        assert read_file(root, b"a.md", 100).data == b"version %d" % times
    else:
        assert reason(root, b"a.md") == "changing"
        assert writes == 4


@pytest.mark.parametrize("size", [0, 5, 20])
def test_a_file_cut_or_appended_to_while_it_is_read_is_read_again(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = grow(tmp_path, {"a.md": b"0123456789"})
    system_read = os.read
    resized = False

    def resize_then_read(descriptor: int, count: int) -> bytes:
        nonlocal resized
        if not resized:
            resized = True
            os.truncate(tmp_path / "a.md", size)
        return system_read(descriptor, count)

    monkeypatch.setattr(os, "read", resize_then_read)
    content = read_file(root, b"a.md", 100)
    assert content.ref.size == len(content.data) == size


def test_a_swapped_symlink_leaks_nothing(tmp_path: Path) -> None:
    grow(tmp_path / "outside", {"a.md": "secret"})
    root = grow(tmp_path / "root", {"d/a.md": "public"})
    outside = os.stat(tmp_path / "outside" / "a.md").st_ino
    outcomes: dict[str, int] = {}

    def swap() -> None:
        os.rename(root + b"/d", root + b"/kept")
        os.symlink(b"../outside", root + b"/d")
        os.unlink(root + b"/d")
        os.rename(root + b"/kept", root + b"/d")

    with meanwhile(swap):
        for _ in repeat(1.0, until=lambda: len(outcomes) > 1):
            for follow in (False, True):
                try:
                    outcome = read_file(root, b"d/a.md", 100, follow_symlinks=follow).data.decode()
                except FileProblem as problem:
                    outcome = problem.reason
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
            refs = walk(root, Rules(follow_symlinks=True))
            assert all(getattr(found, "inode", 0) != outside for found in refs)
    assert outcomes.keys() <= {"public", "symlink", "vanished"}, outcomes
    assert len(outcomes) > 1, "the swap was never met half-way"


class meanwhile:  # noqa: N801 - reads as a word of the `with` line
    """Repeat an action in another thread as long as the block runs."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._repeat, args=(action,))

    def _repeat(self, action: Callable[[], None]) -> None:
        while not self._stop.is_set():
            action()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def repeat(seconds: float, *, until: Callable[[], bool]) -> Iterator[None]:
    """Iterate for a while, and on a busy machine longer, until the condition holds."""
    started = time.monotonic()
    while (passed := time.monotonic() - started) < seconds or (not until() and passed < 30):
        yield


def test_binary_is_told_from_text() -> None:
    assert looks_binary(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    assert looks_binary(b"x" * 8191 + b"\0")
    assert not looks_binary(b"x" * 8192 + b"\0")
    assert not looks_binary(b"text, bytes \x01 and all")
    assert not looks_binary(b"")
    for encoding in ("utf-16", "utf-32"):
        assert not looks_binary("text".encode(encoding))
    assert not looks_binary(b"\xfe\xff" + "text".encode("utf-16-be"))
    assert not looks_binary(b"\0\0\xfe\xff" + "text".encode("utf-32-be"))
    assert looks_binary("text".encode("utf-16-le"))
