"""Hundreds of random trees in one repository, decided by git and by us."""

from __future__ import annotations

import os
import random
import subprocess
from typing import TYPE_CHECKING

from semsearch.files import Rules, explain, walk
from semsearch.records import FileRef

if TYPE_CHECKING:
    from pathlib import Path

PARTS = (
    *("a", "b", "ab", "a.c", "x.py", "*", "*.c", "a*", "*b", "**", "?", "[ab]", "[!a]", "[^a]"),
    *("[a-c]x", "a\\*", "\\a", "[[:alpha:]]b", "[![:alpha:]]", "a**", "**b", "[]a]", "[\\]a]", "é"),
    *(
        "[!é]",
        "?*",
        "a b",
        "a\\ ",
        "*a*b",
        "a?c",
        "[a-]",
        "[a\\-c]",
        "[]-a]",
        "[[:digit:]-z]",
        "b*c",
    ),
    *("**a**", "a[", "[[:nope:]]", "a\\", "\\#a", "#a", "\\!a", "*.*", "[[]", "[[:x]b"),
)
NAMES = ("a", "b", "ab", "a.c", "x.py", "c", "bb", "abc", "é", "a*", "a b", "ax", "]", "a ", "bac")
ODD_NAMES = ("#a", "!a", "a-", "-", "[", "\udcff", "a\\", "ax b")


def random_pattern(chance: random.Random) -> str:
    pattern = "/".join(chance.choice(PARTS) for _ in range(chance.choice((1, 1, 1, 2, 2, 3))))
    if chance.random() < 0.15:
        pattern = "/" + pattern
    if chance.random() < 0.2:
        pattern += "/"
    if chance.random() < 0.25:
        pattern = "!" + pattern
    return pattern + chance.choice(("", "", "", "", " ", "\t", "\r", "/"))


def grow(top: bytes, chance: random.Random) -> None:
    folders = [top]
    for _ in range(25):
        steps = chance.choices(NAMES + ODD_NAMES, k=chance.randint(1, 4))
        path = os.path.join(top, *map(os.fsencode, steps))
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "xb"):
                pass
        except (FileExistsError, IsADirectoryError, NotADirectoryError):
            continue
        folders.append(os.path.dirname(path))
    for folder in {top, *chance.sample(folders, min(2, len(folders)))}:
        lines = [random_pattern(chance) for _ in range(chance.randint(1, 4))]
        with open(os.path.join(folder, b".gitignore"), "wb") as file:
            file.write(os.fsencode("\n".join(lines) + chance.choice(("", "\n"))))


def grow_repository(top: Path, trees: int, seed: int) -> bytes:
    git(top, "init", "--quiet")
    for number in range(trees):
        folder = os.path.join(os.fsencode(top), b"t%d" % number)
        os.mkdir(folder)
        grow(folder, random.Random(seed + number))
    return os.fsencode(top)


def git(top: Path, *arguments: str, data: bytes = b"", codes: tuple[int, ...] = (0,)) -> bytes:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", "-C", top, *arguments],
        check=False,
        input=data,
        capture_output=True,
        env=environment,
    )
    assert done.returncode in codes, done.stderr
    return done.stdout


def all_paths(root: bytes) -> list[bytes]:
    paths = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != b".git"]
        paths += [os.path.relpath(os.path.join(folder, name), root) for name in folders + files]
    return [path for path in paths if not path.endswith(b".gitignore")]


def test_the_walk_takes_what_git_takes(tmp_path: Path) -> None:
    root = grow_repository(tmp_path, trees=250, seed=1)
    listed = git(tmp_path, "ls-files", "-z", "--others", "--exclude-standard").split(b"\0")
    expected = {path for path in listed if path and not path.endswith(b".gitignore")}
    rules = Rules(hidden=True)

    taken = {found.relative for found in walk(root, rules) if isinstance(found, FileRef)}

    assert taken == expected
    assert 400 < len(taken) < len(all_paths(root)) - 400


def test_every_verdict_names_the_line_git_names(tmp_path: Path) -> None:
    root = grow_repository(tmp_path, trees=60, seed=10_000)
    paths = all_paths(root)
    answer = git(
        tmp_path,
        *("check-ignore", "--verbose", "--non-matching", "--no-index", "-z", "--stdin"),
        data=b"".join(path + b"\0" for path in paths),
        codes=(0, 1),
    ).split(b"\0")[:-1]
    rules = Rules(hidden=True)
    decided = 0
    for source, line, _, path in zip(*[iter(answer)] * 4, strict=True):
        verdict = explain(root, path, rules).verdict
        if source:
            assert verdict is not None, path
            assert (verdict.source, verdict.line) == (source, int(line)), path
            decided += 1
        else:
            assert verdict is None, path
    assert decided > 100
