"""One indexer at a time, by a lock that dies with its process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from semsearch.errors import BusyError, Cancelled, StorageError
from semsearch.store.lock import indexer_lock
from tests.store.material import ROOT, fresh

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys, time
from semsearch.store.lock import indexer_lock
with indexer_lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_a_second_indexer_is_told_who_is_at_work(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with holder(path) as child:
        with pytest.raises(BusyError) as caught, indexer_lock(str(path)):
            pass
        assert caught.value.exit_status == 5
        assert f"process {child.pid}, since " in caught.value.message
        assert "--wait" in caught.value.hint
        child.kill()


def test_the_lock_dies_with_its_process_and_its_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with holder(path) as child:
        child.kill()
    inode = (tmp_path / "index.db.lock").stat().st_ino
    with indexer_lock(str(path)):
        assert str(os.getpid()) in (tmp_path / "index.db.lock").read_text()
    status = (tmp_path / "index.db.lock").stat()
    assert (status.st_ino, stat.S_IMODE(status.st_mode)) == (inode, 0o600)


def test_waiting_gets_the_lock_when_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with holder(path) as child:
        asked = 0

        def keep_waiting() -> bool:
            nonlocal asked
            asked += 1
            if asked == 2:
                child.kill()
            return True

        with indexer_lock(str(path), wait=True, keep_waiting=keep_waiting):
            assert asked >= 2


def test_waiting_can_be_given_up(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with indexer_lock(str(path)):
        told: list[Exception] = []

        def wait() -> None:
            try:
                with indexer_lock(str(path), wait=True, keep_waiting=lambda: False):
                    pass
            except Cancelled as error:
                told.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
    assert len(told) == 1


def test_searching_and_recording_need_no_lock(tmp_path: Path) -> None:
    with indexer_lock(str(tmp_path / "index.db")):
        store = fresh(tmp_path)
        store.add_root(ROOT)
        store.close()


def test_names_in_the_lock_file_cannot_drive_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with indexer_lock(str(path)):
        (tmp_path / "index.db.lock").write_bytes(b"\x1b]0;owned\x07")
        with pytest.raises(BusyError) as caught, indexer_lock(str(path)):
            pass
    assert "\x1b" not in caught.value.message


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match="cannot be opened"),
        indexer_lock(str(tmp_path / "no" / "index.db")),
    ):
        pass


FULL = """
import resource, sys
from semsearch.store.lock import indexer_lock
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with indexer_lock(sys.argv[1]):
    print("held")
"""


def test_a_full_disk_takes_the_text_of_the_lock_and_not_the_lock(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "index.db")],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "held\n"
    assert (tmp_path / "index.db.lock").read_bytes() == b""
