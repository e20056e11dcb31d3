"""`config` and `doctor` as processes: what is written is what holds, also in a file with faults."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import data_of, error_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

FAULTY = 'limt = 3\n[search]\nlimt = 20\nlimit = "ten"\nmode = "lexical"\n'


@pytest.fixture
def faulty(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(FAULTY)
    return str(path)


def test_json_tells_what_holds_after_the_change_in_one_object(run: Run) -> None:
    for arguments, value, origin in (
        (("set", "search.limit", "5"), 5, "file"),
        (("unset", "search.limit"), 10, "default"),
    ):
        setting = data_of(run("config", *arguments, "--json"))["settings"][0]
        assert (setting["value"], setting["origin"]) == (value, origin)
    assert data_of(run("config", "path", "--json"))["path"].endswith("config.toml")


@pytest.mark.parametrize("value", ["1e400", "inf", "nan", "1e7"])
def test_a_number_out_of_all_bounds_is_refused(run: Run, value: str) -> None:
    error = error_of(run("config", "set", "index.max_file_mb", value, "--json"))
    assert error["code"] == "settings.invalid"
    assert "index.max_file_mb" in error["message"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("api.base_url", "javascript:alert(1)"),
        ("api.base_url", "localhost:11434"),
        ("ui.theme", "no-such-theme"),
        ("ui.keys", "search.opne=ctrl+e"),
    ],
)
def test_what_its_user_could_not_read_is_not_written(run: Run, name: str, value: str) -> None:
    assert run("config", "set", name, value).returncode == 2
    assert data_of(run("config", "get", name, "--json"))["settings"][0]["origin"] == "default"


def test_what_its_user_can_read_is_written(run: Run) -> None:
    for name, value in (
        ("api.base_url", "http://localhost:11434/v1"),
        ("ui.theme", "semsearch-light"),
        ("ui.keys", "search.open=ctrl+e"),
    ):
        assert run("config", "set", name, value).returncode == 0
        assert run("config", "get", name).stdout == value + "\n"


def test_a_fault_in_the_file_is_named_with_file_and_key(run: Run, faulty: str) -> None:
    error = error_of(run("search", "x", "--config", faulty, "--json"))
    assert error["exit"] == 2
    assert faulty in error["message"]
    assert "limt" in error["message"]


def test_faults_stop_neither_doctor_nor_what_mends_them(run: Run, faulty: str) -> None:
    def config(*arguments: str, code: int = 0) -> tuple[str, str]:
        done = run("config", *arguments, "--config", faulty)
        assert done.returncode == code
        return done.stdout, done.stderr

    doctor = run("doctor", "--json", "--config", faulty)
    told = [
        one for one in json.loads(doctor.stdout)["data"]["findings"] if one["name"] == "settings"
    ]
    assert [one["state"] for one in told] == ["failed"] * 3
    assert doctor.returncode == 3
    assert config("path")[0] == faulty + "\n"
    listed, talk = config("list")
    assert "search.mode = lexical" in listed
    assert talk.count("warning:") == 3
    assert config("get", "search.limit", code=2)[0] == ""
    for name in ("search.limt", "limt", "search.limit"):
        config("unset", name)
    assert config("get", "search.mode") == ("lexical\n", "")


def test_a_file_that_is_no_settings_file_is_told_and_kept(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[search\n")
    listed = run("config", "list", "--json", "--config", str(broken))
    assert "broken.toml" in json.loads(listed.stdout)["warnings"][0]
    assert run("config", "set", "search.limit", "3", "--config", str(broken)).returncode == 2
    broken.write_text("search = 5\n")
    assert run("config", "set", "search.limit", "3", "--config", str(broken)).returncode == 2
    assert run("config", "unset", "search", "--config", str(broken)).returncode == 0
    assert run("config", "unset", "search", "--config", str(broken)).returncode == 2


def test_an_index_is_the_same_one_from_every_folder(run: Run, tmp_path: Path) -> None:
    for given, kept in (("my.db", tmp_path / "my.db"), ("~/my.db", os.path.expanduser("~/my.db"))):
        assert run("config", "set", "index.path", given).returncode == 0
        assert run("config", "get", "index.path").stdout == f"{kept}\n"
