"""The editor's argument list: at the line, without a shell, a path never read as an option."""

from __future__ import annotations

import pytest

from semsearch import settings
from semsearch.errors import UsageError
from semsearch.tui.editor import editor_command, open_arguments
from semsearch.tui.history import History

PATH = b"/notes/-r $(x) \xff.md"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["vim"], [b"vim", b"+12", b"--", PATH]),
        (["/usr/bin/nvim", "-R"], [b"/usr/bin/nvim", b"-R", b"+12", b"--", PATH]),
        (["nano"], [b"nano", b"+12", b"--", PATH]),
        (["emacsclient", "-t"], [b"emacsclient", b"-t", b"+12", PATH]),
        (["code", "--wait"], [b"code", b"--wait", b"--goto", PATH + b":12"]),
        (["hx"], [b"hx", PATH + b":12"]),
        (["kate"], [b"kate", b"--line", b"12", PATH]),
        (["my-editor"], [b"my-editor", PATH]),
        (["x", "at{line}", "{file}"], [b"x", b"at12", PATH]),
    ],
)
def test_each_editor_gets_the_line_its_own_way(command: list[str], expected: list[bytes]) -> None:
    assert open_arguments(command, PATH, 12) == expected


def test_the_setting_wins_over_visual_and_visual_over_editor() -> None:
    environment = {"EDITOR": "ed", "VISUAL": "vi -e", "SEMSEARCH_EDITOR": "hx 'a b'", "HOME": "/"}
    assert editor_command(settings.load(environment=environment)) == ["hx", "a b"]
    del environment["SEMSEARCH_EDITOR"]
    assert editor_command(settings.load(environment=environment)) == ["vi", "-e"]
    del environment["VISUAL"]
    assert editor_command(settings.load(environment=environment)) == ["ed"]


@pytest.mark.parametrize("environment", [{"EDITOR": "vi 'x"}, {"PATH": "/nowhere"}])
def test_what_cannot_be_run_is_told(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        editor_command(settings.load(environment=environment))
    assert caught.value.hint


def test_history_steps_back_and_forth_and_returns_to_what_was_typed() -> None:
    history = History()
    history.load(["two", "one"])
    assert history.add("three")
    assert not history.add("three")
    assert history.step(1, "typed") == "three"
    assert history.step(1, "three") == "two"
    assert history.step(-1, "two") == "three"
    assert history.step(-1, "three") == "typed"
    assert history.step(-1, "typed") is None
    assert history.add("one")
    assert history.recent == ["one", "three", "two"]
