"""Index and search without a model: what works on the first minute of a new machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import data_of, error_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


def test_index_then_search_by_keyword(run: Run, notes: Path) -> None:
    done = run("index", str(notes), "--json", "--offline")
    assert done.returncode == 0
    report = data_of(done)
    assert report["files"]["new"] == 4
    assert report["space"] is None
    assert "keyword" in done.stderr
    found = run("search", "fermenting", "cabbage", "--json", "--offline")
    assert found.returncode == 0
    hit = data_of(found)["hits"][0]
    assert hit["path"] == str(notes / "cabbage.md")
    assert hit["breadcrumb"] == ["Sauerkraut", "Waiting"]
    assert (hit["start_line"], hit["cosine"]) == (7, None)


def test_each_kind_of_document_is_found(run: Run, notes: Path) -> None:
    run("index", str(notes), "--offline")
    for question, name in {
        "pedals": "bicycle.txt",
        "seconds attempt": "backoff.py",
        "boiler pressure": "page.html",
        "salt weight": "cabbage.md",
    }.items():
        done = run("search", question, "--paths", "--offline")
        assert done.stdout.splitlines()[0].endswith(name)


def test_a_second_run_changes_nothing_and_an_edit_one_file(run: Run, notes: Path) -> None:
    run("index", str(notes), "--offline")
    again = data_of(run("index", "--json", "--offline"))
    assert again["files"]["unchanged"] == 4
    assert again["chunks"]["added"] == 0
    (notes / "bicycle.txt").write_text("The brakes squeal in the rain.\n")
    edited = data_of(run("index", "--json", "--offline"))
    assert (edited["files"]["changed"], edited["files"]["unchanged"]) == (1, 3)
    assert run("search", "squeal", "--offline").returncode == 0
    assert run("search", "pedals", "--offline", "--mode", "lexical").returncode == 1


def test_a_moved_file_is_told_as_moved_and_a_deleted_one_is_gone(run: Run, notes: Path) -> None:
    run("index", str(notes), "--offline")
    (notes / "deep").mkdir()
    (notes / "bicycle.txt").rename(notes / "deep" / "bike.txt")
    (notes / "page.html").unlink()
    files = data_of(run("index", "--json", "--offline"))["files"]
    assert (files["moved"], files["gone"], files["new"]) == (1, 1, 0)
    found = data_of(run("search", "pedals", "--json", "--offline"))["hits"]
    assert [hit["path"] for hit in found] == [str(notes / "deep" / "bike.txt")]
    assert run("search", "boiler", "--offline", "--mode", "lexical").returncode == 1


def test_a_folder_that_is_forgotten_does_not_come_back(run: Run, notes: Path) -> None:
    run("index", str(notes), "--offline")
    removed = data_of(run("forget", str(notes), "--yes", "--json"))["removed"][0]
    assert (removed["files"], removed["roots"]) == (4, 1)
    assert data_of(run("status", "--json"))["roots"] == []
    assert run("index", "--offline").returncode == 2
    assert run("search", "chain", "--offline", "--mode", "lexical").returncode == 1


def test_no_hits_is_exit_1_and_nothing_on_standard_output(run: Run, notes: Path) -> None:
    run("index", str(notes), "--offline")
    done = run("search", "zeppelin", "--offline", "--mode", "lexical")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no hits" in done.stderr


def test_output_forms(run: Run, notes: Path) -> None:
    run("index", str(notes), "--offline")
    plain = run("search", "chain", "--plain", "--offline").stdout
    assert plain.startswith("notes/bicycle.txt:1: ")
    assert "\x1b" not in plain
    nul = run("search", "chain", "--paths", "-0", "--offline").stdout
    assert nul == "notes/bicycle.txt\0"
    coloured = run("search", "chain", "--color", "always", "--offline").stdout
    assert "\x1b[" in coloured
    assert "\x1b" not in run("search", "chain", "--offline").stdout


def test_search_before_any_index_says_what_to_type(run: Run) -> None:
    done = run("search", "anything", "--json")
    error = error_of(done)
    assert done.returncode == 2
    assert "semsearch index" in error["hint"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("index", "/does/not/exist"), "/does/not/exist"),
        (("serach", "x"), "search"),
        (("search",), "query"),
        (("search", "x", "--mode", "fast"), "fast"),
        (("search", "x", "--bogus"), "bogus"),
        (("config", "get", "search.limt"), "search.limit"),
        (("config", "set", "search.limit", "many"), "search.limit"),
        (("--index",), "index"),
    ],
)
def test_usage_errors_are_exit_2_and_name_the_trouble(
    run: Run, arguments: tuple[str, ...], word: str
) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert word in done.stderr.lower()


def test_a_file_that_is_no_index_is_refused_and_left_alone(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(b"not a database at all, but somebody's file" * 50)
    before = other.read_bytes()
    done = run("search", "x", "--index", str(other))
    assert done.returncode in {2, 6}
    assert run("index", str(tmp_path), "--index", str(other), "--offline").returncode in {2, 6}
    assert other.read_bytes() == before


def test_a_broken_settings_file_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[search\n")
    done = run("search", "x", "--config", str(tmp_path / "c.toml"))
    assert done.returncode == 2
    assert "c.toml" in done.stderr


def test_settings_are_written_read_and_unset(run: Run) -> None:
    assert run("config", "set", "search.limit", "3").returncode == 0
    assert run("config", "get", "search.limit").stdout == "3\n"
    listed = run("config", "list", "--show-origin").stdout
    assert any("search.limit" in line and "file" in line for line in listed.splitlines())
    assert run("config", "unset", "search.limit").returncode == 0
    assert run("config", "get", "search.limit").stdout == "10\n"


def test_help_names_every_command_and_exit_status(run: Run) -> None:
    text = run("--help").stdout
    for word in ("index", "search", "similar", "models", "status", "doctor", "forget", "130"):
        assert word in text
    for command in ("index", "search", "models", "key", "config"):
        assert run(command, "--help").returncode == 0
