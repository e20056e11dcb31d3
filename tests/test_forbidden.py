"""What no module of the package may do: run data, leave a process half copied, look away."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "semsearch"
MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if "sample" not in path.relative_to(PACKAGE).parts
)

_IMPORTS = {
    "pickle", "marshal", "shelve", "dill", "joblib", "copyreg",  # run what they read
    "multiprocessing", "pty",  # a fork would copy open connections and held locks
    "yaml", "xml.sax", "xml.dom", "lxml",  # entities, aliases, tags with constructors
    "telnetlib", "ftplib", "http.client",  # ways out that nobody has asked about
}  # fmt: skip
_CALLS = {
    "eval", "exec", "compile", "__import__",
    "os.system", "os.popen", "os.fork", "os.forkpty", "os.spawnl", "os.spawnv",
    "tempfile.mktemp", "urllib.request.urlopen",
}  # fmt: skip
_ARGUMENTS = {("shell", True), ("allow_pickle", True), ("verify", False), ("trust_env", True)}


def name_of(node: ast.expr) -> str:
    return ast.unparse(node)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_runs_data_or_forks(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_bytes())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        assert not _IMPORTS.intersection(names), f"{path.name}:{node.lineno} imports {names}"  # type: ignore[attr-defined]
        if isinstance(node, ast.Call):
            called = name_of(node.func)
            assert called not in _CALLS, f"{path.name}:{node.lineno} calls {called}"
            for argument in node.keywords:
                if isinstance(argument.value, ast.Constant):
                    pair = (argument.arg, argument.value.value)
                    assert pair not in _ARGUMENTS, f"{path.name}:{node.lineno} passes {pair}"


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from multiprocessing import pool",
        "eval('1')",
        "f(shell=True)",
        "import urllib.request\nurllib.request.urlopen('x')",
    ],
)
def test_a_search_for_these_finds_them(line: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(line)
    with pytest.raises(AssertionError):
        test_nothing_runs_data_or_forks(bad)


_SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+")
_NO_PATTERNS = {"extract/plain.py"}
"""Modules with a list of punctuation that looks like one."""


def repeats_a_group_possessively(source: str | bytes) -> bool:
    """Python before 3.11.5 matches such a pattern wrongly (python/cpython#106052)."""
    return any(
        _POSSESSIVE_GROUP.search(_SET.sub("x", text))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
        for text in [node.value if isinstance(node.value, str) else node.value.decode("latin-1")]
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_patterns_mean_the_same_to_every_supported_python(path: Path) -> None:
    if str(path.relative_to(PACKAGE)) not in _NO_PATTERNS:
        assert not repeats_a_group_possessively(path.read_bytes())


def test_a_possessive_group_is_found_in_any_kind_of_string() -> None:
    for pattern in ('r"(?:a|b)*+"', 'rb"(?:a|b)++c"', 'rf"(?:{x}|b){{1,3}}+"', '"(a)?+"'):
        assert repeats_a_group_possessively(f"P = {pattern}")
    for pattern in ('r"(?:[^>]++|=\\s*+)*"', 'r"[()*+,]"', 'r"(?>a|b)+"'):
        assert not repeats_a_group_possessively(f"P = {pattern}")
