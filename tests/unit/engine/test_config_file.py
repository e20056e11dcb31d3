"""Changing one setting leaves the rest of the user's file as it was."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from semsearch.engine.config_file import set_value
from semsearch.errors import SettingsError
from semsearch.settings import load

if TYPE_CHECKING:
    from pathlib import Path


def test_comments_and_other_settings_survive(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# mine\n[search]\nlimit = 5  # few\nmode = 'lexical'\n")
    set_value(str(path), "search.limit", "20")
    text = path.read_text()
    assert "# mine" in text
    assert "# few" in text
    loaded = load(environment={}, config_path=str(path))
    assert (loaded.integer("search.limit"), loaded.text("search.mode")) == (20, "lexical")


def test_a_new_file_is_private_and_unset_restores_the_default(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    set_value(str(path), "provider.only", "a,b")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(environment={}, config_path=str(path)).words("provider.only") == ("a", "b")
    set_value(str(path), "provider.only", None)
    assert load(environment={}, config_path=str(path)).origin("provider.only") == "default"


@pytest.mark.parametrize(("name", "value"), [("search.limit", "0"), ("no.such", "1")])
def test_a_wrong_name_or_value_changes_nothing(tmp_path: Path, name: str, value: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[search]\nlimit = 5\n")
    with pytest.raises(SettingsError):
        set_value(str(path), name, value)
    assert path.read_text() == "[search]\nlimit = 5\n"


def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[search\n")
    with pytest.raises(SettingsError, match="TOML"):
        set_value(str(path), "search.limit", "3")
    assert path.read_text() == "[search\n"
