"""Large files are read by a child with limits, which gives the same answer or a reason."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from semsearch.errors import Cancelled
from semsearch.indexing import apart
from semsearch.indexing.apart import CRASHED, TOO_LARGE, TOO_SLOW, ReaderApart
from semsearch.indexing.reading import APART_FROM, Reader, read_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.indexing.conftest import Bench

HOSTILE = b"<ul><li>" * 130_000  # a megabyte that takes a second
KEY = "sk-or-v1-0123456789abcdef0123456789abcdee"
DOCUMENTS = {
    "note.md": f"# Title\n\nPreface \u00e9\u00e8 \ud83d\ude00.\n\n## Part\n\n{KEY}\n\n- a\n- b\n",
    "page.html": "<title>T</title><h1>One</h1><p>Words &amp; more<pre>code\n  here</pre>",
    "code.py": "class A:\n    def f(self):\n        return 1\n",
    "r\u00e9sum\u00e9.txt": "Plain\r\n\r\ntext\x85with odd\u2028ends.\n",
    "empty.md": "   \n",
    "picture.png": "\x00\x01\x02" * 50,
}


def never() -> None:
    """Nobody asks to stop."""


@pytest.fixture
def child() -> Iterator[ReaderApart]:
    reader = ReaderApart(never)
    yield reader
    reader.close()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_answer_is_the_same_as_here(name: str, child: ReaderApart) -> None:
    data = DOCUMENTS[name].encode("utf-16", "surrogatepass").decode("utf-16").encode()
    assert child.read(data, name) == read_document(data, name)


def test_one_child_reads_many_files_and_is_gone_afterwards(child: ReaderApart) -> None:
    for number in range(3):
        assert child.read(b"text %d" % number, "a.txt").text == f"text {number}"
    process = child._process
    assert process is not None
    child.close()
    assert process.poll() is not None


def test_small_files_start_no_process() -> None:
    reader = Reader(never)
    assert reader.read(b"# A\n\nword\n", "a.md").kind == "markdown"
    assert reader._child is None
    assert reader.read(b"word " * (APART_FROM // 5 + 1), "a.md").kind == "markdown"
    assert reader._child is not None
    reader.close()


def test_where_no_child_can_be_started_a_large_file_is_read_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    reader = Reader(never, apart_from=10)
    assert reader.read(b"# Title\n\nSome words.\n", "a.md").title == "Title"
    reader.close()


def test_a_file_that_takes_too_long_is_failed_and_the_next_one_is_read() -> None:
    child = ReaderApart(never, wall_s=0.4)
    child.read(b"warm up", "a.txt")
    assert child.read(HOSTILE * 4, "a.html").reason == TOO_SLOW
    child._wall_s = 20.0
    assert child.read(b"next", "a.txt").text == "next"
    child.close()


def test_processor_time_is_counted_for_each_file() -> None:
    child = ReaderApart(never, cpu_s=1)
    assert child.read(HOSTILE * 9, "a.html")[2:4] == ("failed", TOO_SLOW)
    for _ in range(6):  # more than a second in all
        assert child.read(HOSTILE[:280_000], "a.html").state == "indexed"
    child.close()


def test_memory_is_limited() -> None:
    child = ReaderApart(never, memory_bytes=120 << 20)
    assert child.read(b"<a " * 3_000_000, "a.html")[2:4] == ("failed", TOO_LARGE)
    assert child.read(b"next", "a.txt").text == "next"
    child.close()


def test_the_largest_files_fit_into_the_memory_there_is(child: ReaderApart) -> None:
    assert child.read(b"<a " * 500_000, "a.html").state == "indexed"
    assert child.read(b"word " * 600_000, "a.txt").state == "indexed"


def test_a_child_that_dies_fails_its_file_alone(child: ReaderApart) -> None:
    child.read(b"first", "a.txt")
    process = child._process
    assert process is not None
    threading.Timer(0.1, process.kill).start()
    assert child.read(HOSTILE * 4, "a.html")[2:4] == ("failed", CRASHED)
    assert child.read(b"next", "a.txt").text == "next"


def test_a_stop_ends_the_child_at_once() -> None:
    asked = threading.Event()

    def check_stop() -> None:
        if asked.is_set():
            raise Cancelled("Stopped.")

    child = ReaderApart(check_stop)
    child.read(b"first", "a.txt")
    process = child._process
    assert process is not None
    threading.Timer(0.2, asked.set).start()
    with pytest.raises(Cancelled):
        child.read(HOSTILE * 8, "a.html")
    assert process.returncode == -signal.SIGKILL


def test_the_child_ends_with_its_parent() -> None:
    program = (
        "import os\nfrom semsearch.indexing.apart import ReaderApart\n"
        "child = ReaderApart(lambda: None)\nchild.read(b'x', 'a.txt')\n"
        "print(child._process.pid, flush=True)\nos._exit(1)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    number = int(done.stdout)
    for _ in range(200):
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError("an orphan is left")


def test_the_child_has_neither_keys_nor_a_way_to_write(
    child: ReaderApart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    child.read(b"first", "a.txt")
    process = child._process
    assert process is not None
    with open(f"/proc/{process.pid}/environ", "rb") as stream:
        assert KEY.encode() not in stream.read()
    with open(f"/proc/{process.pid}/limits", encoding="ascii") as stream:
        limits = {line[:26].strip(): line[26:].split()[0] for line in stream}
    assert limits["Max file size"] == "0"
    assert limits["Max open files"] == str(apart.OPEN_FILES)
    assert limits["Max address space"] == str(apart.MEMORY_BYTES)


def test_a_run_lists_what_could_not_be_read_and_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = {"wall_s": 0.5, "cpu_s": 10, "memory_bytes": apart.MEMORY_BYTES}
    monkeypatch.setattr(ReaderApart.__init__, "__kwdefaults__", hurried)
    bench.write("slow.html", HOSTILE[:900_000])
    bench.write("long.txt", "words of a long text. " * 20_000)
    bench.write("z.md", "# Short\n\nStill here.\n")
    report = bench.index()
    assert [(one.path.rsplit(b"/", 1)[-1], one.reason) for one in report.problems] == [
        (b"slow.html", TOO_SLOW)
    ]
    assert report.failed == 1
    assert sorted(bench.texts()) == [b"long.txt", b"z.md"]
    assert bench.index().unchanged == 3, "it is tried again when it changes"
    assert [one.reason for one in bench.store.troubles()] == [TOO_SLOW]


def test_a_file_with_more_passages_than_a_file_may_have_says_so(bench: Bench) -> None:
    bench.write("many.md", "# a\n\nb\n\n" * 20_500)
    report = bench.index()
    assert "only its first 20,000 passages" in report.problems[0].reason
    assert bench.store.counts().chunks == 20_000
