"""What words on the command line mean: `--`, empty paths, flags without effect, help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semsearch.cli.arguments import find_command, parse
from tests.cli.conftest import data_of, error_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


@pytest.fixture
def index(run: Run, notes: Path) -> Path:
    assert run("index", str(notes), "--offline").returncode == 0
    return notes


def test_what_follows_two_dashes_is_no_option(run: Run, index: Path) -> None:
    (index.parent / "-rf.md").write_text("# Zebra\n\nZebras on the chain.\n")
    assert data_of(run("index", "--json", "--offline", "--", "-rf.md"))["files"]["new"] == 1
    found = run("search", "--paths", "--mode", "lexical", "--", "chain", "-load")
    assert found.stdout.splitlines() == ["./-rf.md"]
    told = run("search", "--mode", "lexical", "--", "chain", "--json", "-v")
    assert not told.stdout.startswith("{"), "it is a word of the query"
    assert run("forget", "--yes", "--", "-rf.md").returncode == 0
    assert run("search", "zebra", "--mode", "lexical").returncode == 1


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("search bread --json more -- -loaf --yes", "query", ["bread", "more", "-loaf", "--yes"]),
        ("search bread -- --", "query", ["bread", "--"]),
        ("search x -0 --paths", "nul", True),
        ("search x -n -3 --in a", "limit", -3),
        ("index --max-cost -1", "max_cost", -1.0),
        ("index", "paths", []),
        ("similar -- -x.md:3", "place", "-x.md:3"),
        ("models compare M --use a -- -b", "query", ["a", "-b"]),
        ("config set -- search.alpha -1", "value", "-1"),
    ],
)
def test_options_and_arguments_come_in_any_order(line: str, name: str, value: object) -> None:
    command, *words = line.split()
    assert getattr(parse(find_command(command), words), name) == value


@pytest.mark.parametrize("word", ["-loaf", "-note", "-quick"])
def test_a_word_to_leave_out_gets_a_hint(run: Run, word: str) -> None:
    error = error_of(run("search", "bread", word, "--json"))
    assert "quote the query" in error["hint"]
    assert word in error["hint"]
    assert "quote" not in error_of(run("search", "bread", "--bogus", "--json"))["hint"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("index", "", "--yes"),
        ("forget", "", "--yes"),
        ("search", "x", "--in", ""),
        ("similar", ""),
        ("similar", ":3"),
        ("sent", ""),
        ("status", "--index", ""),
        ("status", "--config", ""),
        ("eval", ""),
        ("models", "install", "--from", ""),
    ],
)
def test_an_empty_path_is_not_the_current_folder(
    run: Run, index: Path, arguments: tuple[str, ...]
) -> None:
    done = run(*arguments, "--json")
    assert error_of(done)["exit"] == 2
    assert len(data_of(run("status", "--json"))["roots"]) == 1


def test_a_run_over_nothing_leaves_nothing(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "new" / "index.db"
    done = run("index", "--offline", "--index", str(place))
    assert done.returncode == 2
    assert "semsearch index PATH" in done.stderr
    assert not place.parent.exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("index", "--model", "local:/nowhere"), "model.missing"),
        (("search", "x", "--model", "local:/nowhere"), "model.missing"),
        (("models", "compare", "local:/nowhere", "--queries", "."), "usage.unreadable"),
    ],
)
def test_what_does_not_exist_is_a_mistake_of_the_user(
    run: Run, index: Path, arguments: tuple[str, ...], code: str
) -> None:
    error = error_of(run(*arguments, "--json"))
    assert (error["exit"], error["code"]) == (2, code)
    assert error["hint"]


def test_the_index_is_asked_to_forget_only_what_it_holds(run: Run, index: Path) -> None:
    typo = index / "cabage.md"
    error = error_of(run("forget", str(index / "page.html"), str(typo), "--yes", "--json"))
    assert error["code"] == "usage.not_indexed"
    assert str(typo) in error["message"]
    assert "page.html" not in error["message"]
    assert run("search", "boiler", "--mode", "lexical").returncode == 0, "nothing was removed"
    assert run("forget", "/elsewhere", "--yes").returncode == 2
    for path in index.iterdir():
        path.unlink()
    assert run("index", "--yes").returncode == 0
    emptied = data_of(run("forget", str(index), "--yes", "--json"))["removed"][0]
    assert (emptied["files"], emptied["roots"]) == (0, 1), "a folder without files is still one"


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (("-0",), "--paths"),
        (("--plain", "--full"), "--full"),
        (("--paths", "--explain"), "--explain"),
        (("-n", "-3"), "-3"),
    ],
)
def test_a_flag_without_effect_or_sense_is_refused(
    run: Run, index: Path, flags: tuple[str, ...], word: str
) -> None:
    for command in (("search", "chain"), ("similar", str(index / "bicycle.txt"))):
        done = run(*command, *flags)
        assert (done.returncode, done.stdout) == (2, "")
        assert word in done.stderr


@pytest.mark.parametrize("word", ["-chain", '-"chain"', "-\u201cchain\u201d"])
def test_a_word_to_leave_out_is_told_from_a_flag(run: Run, index: Path, word: str) -> None:
    refused = run("search", "load", word)
    assert refused.returncode == 2
    assert "put `--` before" in refused.stderr
    assert run("search", "--mode", "lexical", "load", "--", word).returncode == 1


def test_help_is_a_command_too(run: Run) -> None:
    assert run("help").stdout == run("--help").stdout
    assert run("help", "search").stdout == run("search", "--help").stdout
    assert run("help", "serach").returncode == 2


def test_help_is_as_wide_as_it_is_told(run: Run) -> None:
    narrow = run("index", "--help", env={"COLUMNS": "50"}).stdout
    options = narrow.split("options:")[1].split("examples:")[0]
    assert 40 < max(map(len, options.splitlines())) <= 50


def test_a_table_is_no_wider_than_the_terminal(run: Run) -> None:
    listed = run("models", "list", "--offline", env={"COLUMNS": "40"}).stdout.splitlines()
    assert max(map(len, listed)) <= 40
    number = listed.index("openai/text-embedding-3-small")
    assert listed[number + 1].split()[0] == "1536"
