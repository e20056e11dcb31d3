"""`check`, `repair` and `sent`, as processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import apsw
import pytest

from semsearch.store.lock import indexer_lock
from tests.cli.conftest import data_of, error_of
from tests.fakes.api_server import KEY, FakeApi
from tests.store.invariants import invariants

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

HURT = (
    "UPDATE vector SET checksum = checksum + 1 WHERE key & 255 = 1;"
    "UPDATE passage SET text = text || '!' WHERE id = 3;"
    "DELETE FROM code WHERE key & 255 = 2;"
    "DELETE FROM lexical_file WHERE rowid = 2"
)
DERIVED = (
    "DELETE FROM code; DELETE FROM lexical_file WHERE rowid = 2;"
    "INSERT INTO lexical_chunk(lexical_chunk) VALUES('delete-all'); UPDATE space SET covered = 9"
)


@pytest.fixture
def env(api: FakeApi) -> dict[str, str]:
    return {
        "OPENROUTER_API_KEY": KEY,
        "SEMSEARCH_BASE_URL": api.url,
        "SEMSEARCH_MODEL": "acme/tiny",
    }


@pytest.fixture
def index(run: Run, notes: Path, env: dict[str, str], isolated_home: Path) -> Path:
    assert run("index", str(notes), "--yes", env=env).returncode == 0
    return isolated_home / "xdg_data_home" / "semsearch" / "index.db"


def hurt(index: Path, statements: str = HURT) -> None:
    connection = apsw.Connection(str(index))
    connection.execute(statements)
    connection.close()


def test_a_whole_index_is_said_to_be_one(run: Run, index: Path) -> None:
    done = run("check")
    assert done.returncode == 0
    assert "keyword index" in done.stdout
    assert done.stderr == ""
    data = data_of(run("check", "--json", "--quick"))
    assert data["whole"] is True
    assert data["index"] == str(index)
    assert run("repair").stdout == "The index is whole; there is nothing to repair.\n"


def test_damage_is_exit_6_with_what_is_free_and_what_is_not(
    run: Run, index: Path, env: dict[str, str], notes: Path
) -> None:
    hurt(index)
    done = run("check", env=env)
    assert done.returncode == 6
    assert "2 vectors of acme/tiny" in done.stdout
    shown = run("check", "--json", env=env)
    assert error_of(shown)["code"] == "index.damaged"
    plan = data_of(run("repair", "--dry-run", "--json", env=env))
    assert plan["done"] is False
    assert [one["passages"] for one in plan["plan"]["losses"]] == [2]
    assert [os.path.dirname(one["path"]) for one in plan["plan"]["files"]] == [str(notes)]
    assert run("check").returncode == 6, "a plan changes nothing"


def test_what_can_be_derived_is_made_again_without_a_request(
    run: Run, index: Path, env: dict[str, str], api: FakeApi
) -> None:
    before = run("search", "fermenting cabbage", "--json", env=env)
    requests = len(api.requests)
    hurt(index, DERIVED)
    done = run("repair", env=env)
    assert done.returncode == 0
    assert "Nothing was sent." in done.stdout
    assert run("check").returncode == 0
    assert len(api.requests) == requests
    invariants(index)
    after = run("search", "fermenting cabbage", "--json", env=env)
    assert data_of(after)["hits"] == data_of(before)["hits"]


def test_what_is_lost_is_paid_for_only_when_somebody_agrees(
    run: Run, index: Path, env: dict[str, str], api: FakeApi
) -> None:
    hurt(index)
    paid = api.paid_inputs
    done = run("repair", env=env)
    assert done.returncode == 0
    assert "semsearch index" in done.stderr
    assert api.paid_inputs == paid
    assert run("check").returncode == 0
    invariants(index)
    hurt(index, "UPDATE vector SET checksum = 0 WHERE key & 255 = 2")
    data = data_of(run("repair", "--yes", "--json", env=env))
    assert data["done"] is True
    assert data["embedded"]["passages"] == api.paid_inputs - paid == 3
    invariants(index)
    assert data_of(run("status", "--json"))["spaces"][0]["coverage"] == 1.0


def test_a_file_sqlite_cannot_open_is_moved_aside_with_its_log(
    run: Run, index: Path, env: dict[str, str], notes: Path
) -> None:
    for suffix in ("-wal", "-shm"):
        index.with_name(index.name + suffix).write_bytes(b"log")
    content = index.read_bytes()
    torn = content[:100] + os.urandom(16384 * 2)
    index.write_bytes(torn)
    refused = run("repair", "--json")
    assert refused.returncode == 6
    assert "repair --yes" in error_of(refused)["hint"]
    assert index.read_bytes() == torn
    moved = data_of(run("repair", "--yes", "--json"))["moved"]
    places = [one["path"] for one in moved]
    assert [place.removeprefix(places[0]) for place in places] == ["", "-wal", "-shm"]
    for place, before in zip(places, (torn, b"log"), strict=False):
        with open(place, "rb") as stream:
            assert stream.read() == before
    assert not index.exists()
    assert run("check").returncode == 2
    run("index", str(notes), "--yes", env=env)
    forgotten = run("forget", str(notes / "page.html"), "--yes")
    assert "may still hold this text" in forgotten.stderr, "a damaged copy is its owner's affair"
    assert run("index", str(notes), "--yes", env=env).returncode == 0
    invariants(index)


def test_of_a_torn_file_only_what_is_lost_is_paid_for_again(
    run: Run, env: dict[str, str], api: FakeApi, tmp_path: Path, isolated_home: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(150):
        (folder / f"{number}.md").write_text(f"# Note {number}\n\n" + f"word{number} text. " * 60)
    report = data_of(run("index", str(folder), "--yes", "--json", env=env))
    bought = report["chunks"]["embedded"]
    index = isolated_home / "xdg_data_home" / "semsearch" / "index.db"
    connection = apsw.Connection(str(index))
    pages = connection.execute(
        "SELECT pageno FROM dbstat WHERE name = 'vector' ORDER BY path"
    ).fetchall()
    connection.close()
    with index.open("r+b") as file:
        file.seek((pages[1][0] - 1) * 16384)
        file.write(b"\xff" * 16384)
    assert run("check").returncode == 6
    assert run("repair").returncode == 6, "nobody agreed"
    data = data_of(run("repair", "--yes", "--json", env=env))
    assert data["saved"]["files"] == 150
    assert 0 < data["saved"]["vectors"] < bought
    assert run("check").returncode == 0
    paid = api.paid_inputs
    run("index", env=env)
    assert api.paid_inputs - paid == bought - data["saved"]["vectors"]
    assert run("check").returncode == 0
    invariants(index)


def test_a_file_that_was_never_an_index_is_left_where_it_is(run: Run, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(os.urandom(4096))
    for _ in range(2):  # the first try leaves nothing that makes the second one believe
        done = run("repair", "--yes", "--index", str(photo))
        assert done.returncode == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.jpg"]


def test_a_busy_index_is_not_repaired_and_the_holder_is_named(run: Run, index: Path) -> None:
    with indexer_lock(str(index)):
        done = run("repair", "--json")
        assert done.returncode == 5
        assert f"process {os.getpid()}, since " in error_of(done)["message"]
        assert run("check").returncode == 0, "looking needs no lock"


def test_a_newer_index_is_neither_checked_nor_repaired(run: Run, index: Path) -> None:
    hurt(index, "PRAGMA user_version = 9999")
    for command in ("check", "repair", "sent", "search"):
        done = run(command, *(["x"] if command == "search" else []), "--json")
        assert done.returncode == 7, command
        assert error_of(done)["code"] == "index.newer"


def test_an_index_that_is_not_there_is_exit_2(run: Run, tmp_path: Path) -> None:
    for command in ("check", "repair", "sent"):
        done = run(command, "--json")
        assert done.returncode == 2, command
        assert error_of(done)["code"] == "index.missing"


def test_progress_of_a_check_is_shown_on_a_terminal_only(run: Run, index: Path) -> None:
    command = f"{sys.executable} -m semsearch check"
    program = shutil.which("script")
    assert program is not None
    done = subprocess.run(
        [program, "-qec", command, "/dev/null"],
        env={**os.environ, "PYTHONPATH": os.getcwd(), "TERM": "xterm"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "checking structure" in done.stdout
    assert done.returncode == 0


def test_what_left_is_told_by_day_by_file_and_by_call(
    run: Run, index: Path, env: dict[str, str], api: FakeApi, notes: Path
) -> None:
    run("search", "how long does cabbage take", env=env)
    data = data_of(run("sent", "--json"))
    assert data["path"] is None
    assert sum(day["inputs"] for day in data["days"]) == api.paid_inputs
    assert sum(day["cost_usd"] for day in data["days"]) == pytest.approx(api.spent_usd)
    assert [call["purpose"] for call in data["calls"]] == ["document", "query"]
    assert {call["host"] for call in data["calls"]} == {api.url.split("/")[2]}
    page = data_of(run("sent", str(notes / "page.html"), "--json"))
    assert [one["path"] for one in page["files"]] == [str(notes / "page.html")]
    assert [call["purpose"] for call in page["calls"]] == ["document"]
    folder = data_of(run("sent", str(notes), "--json"))
    assert len(folder["files"]) == 4
    assert sum(one["passages"] for one in folder["files"]) == data["calls"][0]["inputs"]
    assert 0 < sum(one["cost_usd"] for one in folder["files"]) < 2 * api.spent_usd
    text = run("sent", str(notes), "--verbose").stdout
    assert "bicycle.txt" in text
    assert "document" in text
    assert data_of(run("sent", str(notes.parent), "--json"))["files"] == folder["files"]
    (notes / "never.xyz").write_text("no text")
    assert data_of(run("sent", str(notes / "never.xyz"), "--json"))["files"] == []
    mistyped = run("sent", str(notes / "pge.html"), "--json")
    assert (mistyped.returncode, error_of(mistyped)["code"]) == (2, "usage.path")
    (notes / "page.html").unlink()
    assert data_of(run("sent", str(notes / "page.html"), "--json"))["files"] == page["files"]
