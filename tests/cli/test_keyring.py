"""The extra `keyring`: used where it is installed, explained where it is not or does not work.

The library itself is not among what the tests need; a package of its name and shape stands in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.conftest import data_of, error_of
from tests.fakes.api_server import KEY, FakeApi

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

WORKING = """
import json, os
PLACE = os.environ["FAKE_KEYRING"]
def _all():
    return json.load(open(PLACE)) if os.path.exists(PLACE) else {}
def _keep(entries):
    json.dump(entries, open(PLACE, "w"))
def get_password(service, user):
    return _all().get(f"{service}/{user}")
def set_password(service, user, value):
    _keep(_all() | {f"{service}/{user}": value})
def delete_password(service, user):
    entries = _all()
    del entries[f"{service}/{user}"]
    _keep(entries)
"""
BROKEN = """
def _fail(*arguments):
    raise RuntimeError("dbus: " + " ".join(arguments))
get_password = set_password = delete_password = _fail
"""


def with_package(tmp_path: Path, source: str, api: FakeApi) -> dict[str, str]:
    import os

    folder = tmp_path / "packages" / "keyring"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(source)
    return {
        "PYTHONPATH": os.pathsep.join([os.getcwd(), str(folder.parent)]),
        "FAKE_KEYRING": str(tmp_path / "entries.json"),
        "SEMSEARCH_BASE_URL": api.url,
    }


def test_a_key_is_kept_there_used_shown_in_part_and_forgotten(
    run: Run, tmp_path: Path, notes: Path, api: FakeApi, isolated_home: Path
) -> None:
    env = with_package(tmp_path, WORKING, api)
    done = run("key", "set", "--keyring", stdin=KEY + "\n", env=env)
    assert "the system's key store" in done.stdout
    shown = run("key", env=env).stdout
    assert "from the system's key store" in shown
    assert KEY not in shown
    assert run("index", str(notes), "--yes", "--model", "acme/tiny", env=env).returncode == 0
    assert api.paid_inputs > 0
    for path in isolated_home.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()
    assert data_of(run("key", "forget", "--json", env=env))["forgotten"] is True
    assert "no key" in run("key", env=env).stdout


def test_a_store_that_does_not_work_is_told_and_counts_as_empty(
    run: Run, tmp_path: Path, api: FakeApi
) -> None:
    env = with_package(tmp_path, BROKEN, api)
    done = run("key", "set", "--keyring", "--json", stdin=KEY + "\n", env=env)
    error = error_of(done)
    assert done.returncode == 2
    assert "refused the key" in error["message"]
    assert "--keyring" in error["hint"]
    assert KEY not in done.stdout + done.stderr
    assert "no key" in run("key", env=env).stdout


def test_without_the_extra_its_name_is_said(run: Run) -> None:
    error = error_of(run("key", "set", "--keyring", "--json", stdin=KEY + "\n"))
    assert "semsearch[keyring]" in error["hint"]
