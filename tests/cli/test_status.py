"""`status PATH` and `index`: what is left out, by name and with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import data_of, error_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run


@pytest.fixture
def tangled(run: Run, notes: Path) -> Path:
    """An indexed folder with something of every sort that is left out."""
    (notes / ".gitignore").write_text("# ours\nbuild/\n")
    (notes / "build").mkdir()
    (notes / "build" / "made.md").write_text("made")
    (notes / "odd.xyz").write_text("odd")
    (notes / "torn.md").write_bytes(b"a\0b")
    (notes / ".env").write_text("KEY=1")
    for number in range(5):
        (notes / f"link{number}.md").symlink_to("cabbage.md")
    assert run("index", str(notes), "--offline").returncode == 0
    return notes


def reasons(status: Any) -> dict[str, str]:
    [path] = status["paths"]
    assert path["unlisted"] == 0
    return {one["path"].rpartition("notes/")[2]: one["reason"] for one in path["problems"]}


def test_every_path_that_is_left_out_is_named_with_its_reason(run: Run, tangled: Path) -> None:
    (tangled / "cabbage.md").unlink()
    (tangled / "late.md").write_text("late")
    (tangled / "bicycle.txt").write_text("changed")
    status = data_of(run("status", str(tangled), "--json"))
    assert reasons(status) == {
        ".env": "secret",
        ".gitignore": "excluded",
        "build": "ignored",
        "odd.xyz": "unknown type",
        "torn.md": "not text",
        "cabbage.md": "not there any more, or not wanted",
        "late.md": "not indexed yet",
        "bicycle.txt": "changed since it was indexed",
        **{f"link{number}.md": "symlink" for number in range(5)},
    }
    assert status["paths"][0]["files"] == 4
    assert status["paths"][0]["reasons"]["symlink"] == 5


def test_what_is_rare_is_named_among_very_many(run: Run, tangled: Path) -> None:
    for number in range(1005):
        (tangled / f"a{number:04}.xyz").touch()
    (tangled / "zz.md").symlink_to("nowhere")
    [path] = data_of(run("status", str(tangled), "--json"))["paths"]
    assert path["reasons"]["unknown type"] == 1006
    assert path["unlisted"] == 6
    assert str(tangled / "zz.md") in {one["path"] for one in path["problems"]}
    shown = run("status", str(tangled)).stdout
    assert "and 986 more" in shown
    assert "zz.md" in shown


def test_of_one_file_the_line_that_leaves_it_out_is_told(run: Run, tangled: Path) -> None:
    told = run("status", str(tangled / "build" / "made.md"), str(tangled / "page.html"))
    assert told.returncode == 0
    assert "by line 2 of .gitignore: build/" in told.stdout
    assert "page.html: 1 file, 1 passage in the index; nothing is left out" in told.stdout
    assert "odd.xyz" not in told.stdout


def test_what_a_line_of_semsearchignore_takes_is_not_left_out(run: Run, tangled: Path) -> None:
    (tangled / ".semsearchignore").write_text("!odd.xyz\n")
    assert reasons(data_of(run("status", str(tangled), "--json")))["odd.xyz"] == "not indexed yet"
    run("index", "--offline")
    assert "odd.xyz" not in reasons(data_of(run("status", str(tangled), "--json")))


def test_paths_outside_the_index_are_refused(run: Run, tangled: Path) -> None:
    outside = run("status", str(tangled.parent / "elsewhere"), "--json")
    assert (outside.returncode, error_of(outside)["code"]) == (2, "usage.not_indexed")
    mistyped = run("status", str(tangled / "cabage.md"), "--json")
    assert (mistyped.returncode, error_of(mistyped)["code"]) == (2, "usage.path")


def test_links_are_one_problem_and_the_hint_knows_the_setting(run: Run, tangled: Path) -> None:
    again = run("index", "--offline")
    assert again.stdout.count("notes/link") == 3
    assert "5 symlink: " in again.stdout
    assert "and 2 more" in again.stdout
    assert "index.follow_symlinks" in again.stdout
    (tangled / "astray.md").symlink_to("nowhere")
    following = {"SEMSEARCH_INDEX_FOLLOW_SYMLINKS": "true"}
    problems = data_of(run("index", "--offline", "--json", env=following))["problems"]
    [link] = [one for one in problems if one["reason"] == "symlink"]
    assert link["path"] == str(tangled / "astray.md")
    assert "nowhere" in link["hint"]
    assert "index.follow_symlinks" not in link["hint"]


def test_a_verbose_run_names_what_it_left_out(run: Run, tangled: Path) -> None:
    told = run("index", "--offline", "--verbose").stdout
    assert str(tangled / "odd.xyz") in told or "notes/odd.xyz" in told
    assert "by line 2 of .gitignore: build/" in told
    assert "odd.xyz" not in run("index", "--offline").stdout


def test_a_folder_that_cannot_be_seen_is_no_success(run: Run, tangled: Path) -> None:
    tangled.rename(tangled.with_name("elsewhere"))
    gone = run("index", "--offline", "--json")
    assert gone.returncode == 3
    assert data_of(gone)["problems"][0]["path"] == str(tangled)
    assert reasons(data_of(run("status", str(tangled / "page.html"), "--json"))) == {
        str(tangled): "root missing"
    }
