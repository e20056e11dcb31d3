"""A folder, an index and a way to bring the one into the other."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from semsearch.indexing import IndexRun, PlanOptions, RunOptions, Spending, make_plan
from semsearch.records import IndexReport
from semsearch.store import open_index
from tests.fakes.embedder import FakeEmbedder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from semsearch.protocols import Embedder
    from semsearch.records import Root, Space
    from semsearch.store import SqliteStore

LIMIT = 1_000_000


class Bench:
    """One index and one root."""

    def __init__(self, store: SqliteStore, folder: Path) -> None:
        self.store = store
        self.folder = folder
        self.root: Root = store.add_root(bytes(folder))
        self.stop = threading.Event()

    def write(self, name: str, text: str | bytes) -> Path:
        """Make or replace a file; its times are old enough to be trusted by the next run."""
        import os

        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(path, (1_700_000_000, 1_700_000_000))
        return path

    def space(self, embedder: Embedder) -> Space:
        """The embedder's space, active if none is."""
        space = self.store.ensure_space(embedder.key, 0.5)
        if self.store.active_space() is None:
            self.store.activate_space(space.id)
        return space

    def index(
        self,
        embedder: Embedder | None = None,
        *,
        plan: PlanOptions | None = None,
        max_cost: float = 0.0,
        send_secrets: bool = False,
        follow_symlinks: bool = False,
        on_event: Callable[[object], None] | None = None,
    ) -> IndexReport:
        """Plan and run; returns the report."""
        options = RunOptions(
            max_file_bytes=LIMIT,
            spending=Spending(max_cost, 1.0),
            send_secrets=send_secrets,
            follow_symlinks=follow_symlinks,
        )
        planned = make_plan(self.store, [self.root], plan or PlanOptions(max_file_bytes=LIMIT))
        space = None if embedder is None else self.space(embedder)
        run = IndexRun(self.store, planned, embedder, space, options, self.stop)
        last: object = None
        for last in run.events():
            if on_event is not None:
                on_event(last)
        assert isinstance(last, IndexReport)
        return last

    def texts(self) -> dict[bytes, list[str]]:
        """What is searchable, by file, in order."""
        found: dict[bytes, list[str]] = {}
        for file in self.store.files():
            chunks = self.store.chunk_rows(self.store.chunks_of_file(file.id))
            if chunks:
                found[file.relative] = [chunk.text for chunk in chunks]
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    folder = tmp_path / "notes"
    folder.mkdir()
    store = open_index(str(tmp_path / "data" / "index.db"), create=True)
    yield Bench(store, folder)
    store.close()


@pytest.fixture
def fake() -> FakeEmbedder:
    return FakeEmbedder()
