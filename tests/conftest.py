"""Every test gets a home of its own and no settings, key or index of the person who runs it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOME_VARIABLES = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")


def _installed_model() -> Path | None:
    """Where the embedded model is, looked up before the environment is isolated."""
    named = os.environ.get("SEMSEARCH_TEST_MODEL", "")
    if named:
        return Path(named)
    from semsearch.embed.local.install import find_model
    from semsearch.paths import data_folder

    found = find_model(Path(data_folder()))
    return None if found is None else Path(found)


_MODEL = _installed_model()


@pytest.fixture(autouse=True)
def isolated_home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Point every place we write to, and every place settings come from, into a fresh folder."""
    home = tmp_path_factory.mktemp("home")
    for variable in list(os.environ):
        if variable.startswith(("SEMSEARCH_", "OPENROUTER_")) or variable in {
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "COLUMNS",
            "EDITOR",
            "VISUAL",
        }:
            monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(home))
    for variable in _HOME_VARIABLES:
        monkeypatch.setenv(variable, str(home / variable.lower()))
    return home


@pytest.fixture
def model_folder() -> Path:
    """Folder of the embedded model; a test that needs it fails with the command to type."""
    if _MODEL is None:
        pytest.fail("the embedded model is missing: run `semsearch models install`")
    return _MODEL


@pytest.fixture
def installed_model(model_folder: Path, isolated_home: Path) -> Iterator[Path]:
    """The embedded model made available in the isolated data folder."""
    target = isolated_home / "xdg_data_home" / "semsearch" / "models" / "all-MiniLM-L6-v2"
    target.parent.mkdir(parents=True, mode=0o700)
    target.symlink_to(model_folder)
    yield target
    target.unlink()
