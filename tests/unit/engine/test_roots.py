"""Leaving a path out: in the index, never on disk, and for exactly that path."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from semsearch import settings
from semsearch.engine import Engine
from semsearch.engine.job import JobOptions
from semsearch.errors import UsageError
from semsearch.records import IndexReport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = (b"a.md", b"w[x]*.md", b"#h.md", b"!b ad.md", b"sp .md", b"n\xffu.md", b"back\\slash.md")
NEIGHBOURS = (b"b.md", b"wx.md", b"h.md", b"w[x]y.md")


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    folder = os.fsencode(tmp_path / "notes")
    os.mkdir(folder)
    for number, name in enumerate((*NAMES, *NEIGHBOURS)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            stream.write(f"# Note\n\nSomething about subject {number}.\n")
    return folder


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(settings.load(), index_path=str(tmp_path / "index.db"))
    yield engine
    engine.close()


def index(engine: Engine, *paths: bytes) -> IndexReport:
    with engine.index_job(paths, None, JobOptions()) as job:
        report = list(job.run())[-1]
    assert isinstance(report, IndexReport)
    return report


def test_a_path_left_out_goes_from_the_index_and_stays_on_disk(engine: Engine, root: bytes) -> None:
    assert index(engine, root).new == len(NAMES) + len(NEIGHBOURS)
    for name in NAMES:
        engine.exclude(os.path.join(root, name))
    report = index(engine)
    assert (report.gone, report.unchanged) == (len(NAMES), len(NEIGHBOURS))
    assert sorted(os.listdir(root)) == sorted((*NAMES, *NEIGHBOURS))


def test_leaving_out_twice_is_the_same_as_once(engine: Engine, root: bytes) -> None:
    index(engine, root)
    engine.exclude(os.path.join(root, b"a.md"))
    engine.exclude(os.path.join(root, b"a.md"))
    (only,) = engine.store().roots()
    assert only.exclude == ("/a.md",)


def test_a_secret_left_out_is_not_told_again(engine: Engine, root: bytes) -> None:
    secret = os.path.join(root, b"id_rsa")
    with open(secret, "w", encoding="ascii") as stream:
        stream.write("-----BEGIN")
    assert [one.path for one in index(engine, root).problems] == [secret]
    engine.exclude(secret)
    assert index(engine).problems == ()


def test_a_root_and_what_is_outside_cannot_be_left_out(engine: Engine, root: bytes) -> None:
    index(engine, root)
    for path in (root, os.path.dirname(root), b"/elsewhere/x.md"):
        with pytest.raises(UsageError):
            engine.exclude(path)
