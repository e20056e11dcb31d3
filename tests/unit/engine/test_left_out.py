"""What of a folder cannot be found: the disk beside the index."""

from __future__ import annotations

import os
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from semsearch import settings
from semsearch.engine import Engine
from semsearch.engine.job import JobOptions
from semsearch.engine.left_out import path_status
from semsearch.errors import UsageError
from semsearch.files import walk
from semsearch.records import IndexReport, PathStatus
from tests.unit.files.trees import grow, without_privileges

if TYPE_CHECKING:
    from pathlib import Path


class Desk:
    """A folder and its index, each act with an engine of its own."""

    def __init__(self, place: Path) -> None:
        self.root = grow(place / "notes", {"a.md": "# A\n\none", "sub/b.md": "# B\n\ntwo"})
        self.index = str(place / "index.db")

    def engine(self) -> Engine:
        return Engine(settings.load(), index_path=self.index)

    def run(self, *paths: bytes) -> IndexReport:
        with closing(self.engine()) as engine:
            with engine.index_job(list(paths), None, JobOptions()) as job:
                *_, report = job.run()
            assert isinstance(report, IndexReport)
            return report

    def status(self, path: bytes) -> PathStatus:
        with closing(self.engine()) as engine:
            return path_status(engine, path)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.run(made.root)
    return made


def told(status: PathStatus, root: bytes) -> dict[bytes, str]:
    return {os.path.relpath(one.path, root): one.reason for one in status.problems}


def test_what_cannot_be_seen_is_not_said_to_be_gone(desk: Desk) -> None:
    os.chmod(os.path.join(desk.root, b"sub"), 0)
    status = without_privileges(partial(desk.status, desk.root))
    os.chmod(os.path.join(desk.root, b"sub"), 0o700)
    assert told(status, desk.root) == {b"sub": "unreadable"}
    assert status.files == 2


def test_folders_within_folders_are_told_once(desk: Desk, tmp_path: Path) -> None:
    desk.run(os.fsencode(tmp_path / "notes" / "sub"), os.fsencode(tmp_path))
    os.unlink(os.path.join(desk.root, b"sub", b"b.md"))
    (tmp_path / "notes" / "c.md").write_text("# C\n")
    status = desk.status(os.fsencode(tmp_path / "notes"))
    assert set(status.reasons.values()) == {1}
    assert sorted(told(status, desk.root).items()) == [
        (b"c.md", "not indexed yet"),
        (b"sub/b.md", "not there any more, or not wanted"),
    ]


def test_a_folder_above_is_asked_about_the_folders_below_it(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "notes" / "c.md").write_text("# C\n")
    status = desk.status(os.fsencode(tmp_path))
    assert (status.files, told(status, desk.root)) == (2, {b"c.md": "not indexed yet"})


def test_a_file_of_the_same_size_has_changed_with_its_time(desk: Desk) -> None:
    path = os.path.join(desk.root, b"a.md")
    assert desk.status(path).problems == ()
    os.utime(path, ns=(1, 1))
    assert told(desk.status(path), desk.root) == {b"a.md": "changed since it was indexed"}


def test_a_path_that_was_left_out_by_choice_is_told_so(desk: Desk) -> None:
    with closing(desk.engine()) as engine:
        engine.exclude(os.path.join(desk.root, b"sub"))
    desk.run()
    [problem] = desk.status(desk.root).problems
    assert (problem.reason, problem.hint) == ("ignored", "by your choice: /sub")


def test_a_file_that_cannot_be_read_now_still_counts_and_is_told(desk: Desk) -> None:
    path = os.path.join(desk.root, b"a.md")
    with closing(desk.engine()) as engine:
        store = engine.store()
        [root] = store.roots()
        [ref] = walk(desk.root, toward=b"a.md")
        store.mark_failed(root.id, ref, "changing")  # type: ignore[arg-type]
    status = desk.status(path)
    assert (status.files, told(status, desk.root)) == (1, {b"a.md": "changing"})
    assert desk.status(os.path.join(desk.root, b"sub")).problems == ()


def test_an_empty_folder_that_vanished_is_told_and_no_mistyped_path(
    desk: Desk, tmp_path: Path
) -> None:
    place = tmp_path / "disk" / "later"
    place.mkdir(parents=True)
    desk.run(os.fsencode(place))
    place.rmdir()
    place.parent.rmdir()
    for asked in (place, place.parent):
        [problem] = desk.status(os.fsencode(asked)).problems
        assert (problem.path, problem.reason) == (os.fsencode(place), "root missing")
    with pytest.raises(UsageError):
        desk.status(os.fsencode(place / "below"))
