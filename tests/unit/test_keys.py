"""A key is kept for its host, closed to others, and never shown."""

from __future__ import annotations

import pickle
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from semsearch import keys
from semsearch.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

KEY = "sk-or-v1-0123456789abcdef"


def test_a_secret_shows_four_characters_at_most() -> None:
    secret = keys.Secret(KEY)
    assert secret.reveal() == KEY
    assert KEY not in repr(secret) + str(secret) + f"{secret}"
    assert str(secret) == "…cdef"
    assert "bc" not in str(keys.Secret("abc"))
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize("bad", ["", "  ", "a b", "a\nb", "ключ", "a\x00b"])
def test_a_malformed_key_is_refused_without_repeating_it(bad: str) -> None:
    with pytest.raises(SettingsError) as caught:
        keys.Secret(bad)
    assert not bad.strip() or bad not in str(caught.value)


def test_a_line_end_around_a_key_is_forgiven() -> None:
    assert keys.Secret(KEY + "\r\n").reveal() == KEY


def test_keys_are_kept_per_host_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys"
    keys.store("openrouter.ai", keys.Secret(KEY), path=str(path))
    keys.store("example.test", keys.Secret("other-key-123456"), path=str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    found = keys.find_stored("openrouter.ai", command="", environment={}, path=str(path))
    assert found is not None
    assert found.secret.reveal() == KEY
    assert keys.find_stored("else.test", command="", environment={}, path=str(path)) is None
    assert keys.forget("openrouter.ai", path=str(path))
    assert not keys.forget("openrouter.ai", path=str(path))
    assert keys.find_stored("example.test", command="", environment={}, path=str(path)) is not None


def test_a_key_file_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"h {KEY}\n")
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="other users"):
        keys.find_stored("h", command="", environment={}, path=str(path))


def test_a_key_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(f"h {KEY}\n")
    (tmp_path / "keys").symlink_to(tmp_path / "real")
    with pytest.raises(SettingsError, match="cannot be read"):
        keys.find_stored("h", command="", environment={}, path=str(tmp_path / "keys"))


def test_a_command_may_print_the_key(tmp_path: Path) -> None:
    command = f"{sys.executable} -c \"print('{KEY}')\""
    found = keys.find_stored("h", command=command, environment={}, path=str(tmp_path / "none"))
    assert found is not None
    assert found.secret.reveal() == KEY
    with pytest.raises(SettingsError, match="did not print"):
        keys.find_stored("h", command="false", environment={"PATH": "/bin:/usr/bin"})
