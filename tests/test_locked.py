"""The lock file: every package with hashes, every dependency within the bounds we declare."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
LOCKED = (ROOT / ".github" / "locked.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NAME = re.compile(r"[-_.]+")


def declared() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *extras["test"], *extras["dev"]]
    requirements = [Requirement(line) for line in lines]
    return [one for one in requirements if one.name != PROJECT["name"]]


def locked() -> list[tuple[Requirement, str]]:
    """Each package with the hashes that follow it."""
    entries = re.split(r"^(?=[A-Za-z0-9])", LOCKED, flags=re.MULTILINE)[1:]
    split = (entry.partition("\\\n") for entry in entries)
    return [(Requirement(first.strip()), hashes) for first, _, hashes in split]


def test_every_locked_package_has_hashes() -> None:
    entries = locked()
    assert len(entries) > 30
    for requirement, hashes in entries:
        assert re.fullmatch(r"==[^,]+", str(requirement.specifier)), requirement
        lines = [line.strip(" \\") for line in hashes.strip().splitlines()]
        assert lines, requirement
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line) for line in lines)


@pytest.mark.parametrize("requirement", declared(), ids=lambda one: one.name)
def test_what_is_locked_is_what_we_declare(requirement: Requirement) -> None:
    wanted = NAME.sub("-", requirement.name).lower()
    environment = {key: str(value) for key, value in default_environment().items()}
    found = [
        next(iter(one.specifier)).version
        for one, _ in locked()
        if NAME.sub("-", one.name).lower() == wanted
        and (one.marker is None or one.marker.evaluate(environment))
    ]
    assert len(found) == 1
    assert requirement.specifier.contains(found[0])
