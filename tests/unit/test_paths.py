"""Folders are where the system means them to be, and what we write is private and whole."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import platformdirs
import pytest

from semsearch import paths
from semsearch.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("value", [None, "", "  ", "/srv/somewhere", "/a b/ü", "relative"])
def test_folders_agree_with_platformdirs(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        if value is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, value)
    assert paths.data_folder() == platformdirs.user_data_dir("semsearch", appauthor=False)
    assert paths.config_folder() == platformdirs.user_config_dir("semsearch", appauthor=False)
    assert paths.cache_folder() == platformdirs.user_cache_dir("semsearch", appauthor=False)


def test_a_private_file_replaces_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file"
    paths.write_private(str(target), b"one")
    os.chmod(target, 0o644)
    paths.write_private(str(target), b"two")
    assert target.read_bytes() == b"two"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert stat.S_IMODE(target.parent.stat().st_mode) == 0o700
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        paths.write_private(str(tmp_path / "file" / "below"), b"x")
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize(
    ("path", "cwd", "shown"),
    [
        (b"/a/b/c", b"/a", b"b/c"),
        (b"/a/b/c", b"/a/b/d/e", b"/a/b/c"),
        (b"/home/me/notes/x", b"/home/me/work", b"../notes/x"),
        (b"/ab", b"/a", b"/ab"),
        (b"/x", b"/", b"x"),
    ],
)
def test_paths_are_shown_relative_where_that_is_shorter(
    path: bytes, cwd: bytes, shown: bytes
) -> None:
    assert paths.relative_to_cwd(path, cwd) == shown


@pytest.mark.parametrize(
    ("path", "folder", "below"),
    [
        (b"/a/b", b"/a", True),
        (b"/a", b"/a", True),
        (b"/ab", b"/a", False),
        (b"/a", b"/a/b", False),
        (b"/a", b"/", True),
    ],
)
def test_below_is_by_component(path: bytes, folder: bytes, below: bool) -> None:
    assert paths.is_below(path, folder) is below
