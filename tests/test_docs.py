"""The documentation names what there is, and CI runs what the README says."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from semsearch import settings
from semsearch.cli.arguments import full_parser, help_text
from semsearch.cli.registry import COMMANDS, Command

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_is_in_the_readme_and_in_the_help(command: Command) -> None:
    assert f"semsearch {command.name}" in README
    assert re.search(rf"^  {command.name} ", help_text(), re.MULTILINE)


def test_every_argument_has_a_help_text() -> None:
    for action in full_parser()._subparsers._group_actions[0].choices.values():  # type: ignore[union-attr, attr-defined]
        for argument in action._actions:
            if argument.option_strings:
                assert argument.help, argument.option_strings


def test_the_readme_names_only_settings_that_exist() -> None:
    names = {setting.name for setting in settings.DECLARED}
    tables = {name.split(".")[0] for name in names}
    for quoted in re.findall(r"`([a-z]+\.[a-z_]+)`", README):
        if quoted.split(".")[0] in tables:
            assert quoted in names


def test_ci_runs_the_commands_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    for marker in ("run", "test"):
        assert f"<!-- {marker} -->" in README
        assert f"readme_command {marker}" in script


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"].values()
    listed = [*project["dependencies"], *(one for extra in extras for one in extra)]
    for requirement in listed:
        line = next(line for line in text.splitlines() if f'"{requirement}"' in line)
        assert "#" in line or requirement.startswith("semsearch["), line


def test_the_top_level_holds_nothing_unexpected() -> None:
    done = subprocess.run(
        ["git", "ls-tree", "--name-only", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = {"semsearch", "tests", "pyproject.toml", "README.md", "screenshots", "LICENSE"}
    names = {name for name in done.stdout.split() if not name.startswith(".")}
    assert names <= expected
