"""Where a write-ahead log is not safe, the index is made without one and stays so (fault B16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semsearch.store import open_index, placement
from tests.store.material import KEY, ROOT, put, version

if TYPE_CHECKING:
    from pathlib import Path

    from semsearch.store import SqliteStore

TABLE = """\
21 1 0:20 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:30 / /net rw,relatime - nfs4 server:/export rw
31 30 0:31 / /net/local rw,relatime - xfs /dev/sdb1 rw
32 21 0:32 / /with\\040space rw,relatime - cifs //server/share rw
33 21 0:33 / /home/ada/box rw - fuse.sshfs ada@host: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/index.db", ""),
        ("/network/index.db", ""),
        ("/net/index.db", "nfs4"),
        ("/net/a/b/index.db", "nfs4"),
        ("/net/local/index.db", ""),
        ("/with space/index.db", "cifs"),
        ("/home/ada/box/index.db", "fuse.sshfs"),
    ],
)
def test_the_file_system_nearest_above_decides(path: str, kind: str, tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)
    shared = placement.shared_by(path, str(table))
    assert shared == (f"a network file system ({kind})" if kind else "")


@pytest.mark.parametrize(
    ("folder", "service"),
    [
        ("Dropbox/data", "Dropbox"),
        ("OneDrive - Company", "OneDrive"),
        ("Library/Mobile Documents/x", "iCloud"),
        ("boxes", ""),
    ],
)
def test_folders_of_services_are_known_by_name(folder: str, service: str, tmp_path: Path) -> None:
    assert service in placement.shared_by(str(tmp_path / folder / "index.db"))
    assert bool(placement.shared_by(str(tmp_path / folder / "index.db"))) == bool(service)


def test_a_service_is_known_by_what_it_leaves(tmp_path: Path) -> None:
    (tmp_path / ".stfolder").mkdir()
    assert "Syncthing" in placement.shared_by(str(tmp_path / "deep" / "er" / "index.db"))


def test_a_system_without_the_table_is_believed_to_be_local(tmp_path: Path) -> None:
    assert placement.shared_by("/index.db", str(tmp_path / "missing")) == ""


def journal(store: SqliteStore) -> tuple[str, int]:
    return store._db.pragma("journal_mode"), store._db.pragma("synchronous")


def test_an_index_in_a_synchronised_folder_has_no_log_and_gets_none(tmp_path: Path) -> None:
    place = tmp_path / "Dropbox" / "index.db"
    extra, full = 3, 2
    store = open_index(str(place), create=True)
    assert journal(store) == ("delete", extra)
    space = store.ensure_space(KEY, 0.5).id
    put(store, space, version(store.add_root(ROOT).id, b"a.md", ["text"]))
    store.close()
    for _ in range(2):
        store = open_index(str(place))
        assert journal(store) == ("delete", extra)
        assert store.match_chunks("text", 1)
        store.close()
    assert sorted(path.name for path in place.parent.iterdir()) == ["index.db"]
    store = open_index(str(tmp_path / "index.db"), create=True)
    assert journal(store) == ("wal", full)
    store.close()
