"""An empty index with one root and one space."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.store.invariants import invariants
from tests.store.material import KEY, ROOT, fresh

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from semsearch.records import Root, Space
    from semsearch.store import SqliteStore


class Index(NamedTuple):
    store: SqliteStore
    root: Root
    space: Space


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """After the test the file must be whole, whatever the test did to it through the store."""
    store = fresh(tmp_path)
    yield Index(store, store.add_root(ROOT), store.ensure_space(KEY, 0.5))
    store.close()
    invariants(tmp_path / "index.db")
