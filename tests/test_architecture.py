"""The map, held by tests: layers, homes of third parties, sizes, import sets."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "semsearch"

LAYERS: dict[str, int] = {
    # 1 ground
    "record": 1, "records": 1, "protocols": 1, "errors": 1, "settings": 1, "keys": 1, "paths": 1,
    "text": 1, "vectors": 1,
    # 2 rooms
    "files": 2, "extract": 2, "chunk": 2, "embed": 2, "store": 2,
    # 3 flows
    "indexing": 3, "searching": 3,
    # 4 façade
    "engine": 4, "present": 4,
    # 5 doors
    "cli": 5, "tui": 5,
}  # fmt: skip

PURE = {"present"}
"""Imports only ground: records in, text out."""

HOMES: dict[str, set[str]] = {
    "httpx": {"embed"},
    "httpcore": {"embed"},
    "msgspec": {"embed"},
    "apsw": {"store"},
    "sqlite_vec": {"store"},
    "chardet": {"extract"},
    "numpy": {"embed", "store", "searching", "vectors"},
    "onnxruntime": {"embed"},
    "keyring": {"keys"},
    "platformdirs": {"paths"},
    "tomlkit": {"engine"},
    "shtab": {"cli"},
    "textual": {"tui"},
    "rich": {"tui"},  # Textual's line API is made of rich segments
    "pygments": {"tui"},
}

HEAVY = (
    "textual",
    "httpx",
    "httpcore",
    "numpy",
    "rich",
    "asyncio",
    "msgspec",
    "tomlkit",
)

SLOW_TO_START = ("typing", "gettext", "locale", "signal", "dataclasses", "inspect")
"""Parts of the standard library that a one-shot search does without: each is a percent of it."""

MODULE_LINES = 400
FUNCTION_LINES = 60


def modules() -> list[Path]:
    return sorted(
        path for path in PACKAGE.rglob("*.py") if "sample" not in path.relative_to(PACKAGE).parts
    )


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[tuple[str, int, bool]]:
    """`(dotted name, line, at module level)` of every import, those for type checkers included."""
    tree = ast.parse(path.read_bytes())
    inside_function = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    found = []
    for node in ast.walk(tree):
        top = id(node) not in inside_function and id(node) not in typing_only
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno, top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [(name, node.lineno, top) for name in names]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downward_only(path: Path) -> None:
    room = room_of(path)
    if room in {"__init__", "__main__"}:
        return
    for name, line, _ in imports_of(path):
        parts = name.split(".")
        if parts[0] != "semsearch" or len(parts) == 1 or parts[1] not in LAYERS:
            continue
        target = parts[1]
        if target == room:
            continue
        where = f"{path.relative_to(PACKAGE)}:{line} imports {name}"
        assert LAYERS[target] < LAYERS[room] or LAYERS[room] == LAYERS[target] == 1, where
        if room in PURE:
            assert LAYERS[target] == 1, f"{where}, but {room} is pure"
        if room in {"cli", "tui"}:
            assert LAYERS[target] in {1, 4}, f"{where}: a door goes through the engine"


def test_every_room_is_on_the_map() -> None:
    rooms = {room_of(path) for path in modules()} - {"__init__", "__main__"}
    assert rooms == set(LAYERS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_third_parties_stay_at_home(path: Path) -> None:
    room = room_of(path)
    for name, line, top in imports_of(path):
        package = name.split(".")[0]
        if package in HOMES:
            where = f"{path.relative_to(PACKAGE)}:{line} imports {name}"
            assert room in HOMES[package], f"{where}, whose home is {sorted(HOMES[package])}"
            if package in {"keyring", "platformdirs", "tomlkit"}:
                assert not top, f"{where} at module level"


def test_the_ground_has_no_cycle() -> None:
    graph: dict[str, set[str]] = {name: set() for name, layer in LAYERS.items() if layer == 1}
    for path in modules():
        room = room_of(path)
        if room in graph:
            graph[room] |= {
                target
                for name, _, top in imports_of(path)
                for target in [name.split(".")[1] if name.startswith("semsearch.") else ""]
                if top and target in graph and target != room
            }
    while graph:
        free = {name for name, targets in graph.items() if not targets & (set(graph) - {name})}
        assert free, f"a cycle among {sorted(graph)}"
        graph = {name: targets for name, targets in graph.items() if name not in free}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    source = path.read_text("utf-8")
    assert source.count("\n") < MODULE_LINES, "split the module by idea"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            assert length < FUNCTION_LINES, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_bytes())), "a module docstring"
    assert path.stem not in {"utils", "util", "helpers", "common", "misc"}


def loaded_by(*arguments: str) -> set[str]:
    """Top-level packages a run of the command line has imported by the time it ends."""
    program = (
        "import sys, atexit, os\n"
        "atexit.register(lambda: os.write(2, ('LOADED ' + ' '.join({m.split('.')[0] "
        "for m in sys.modules}) + '\\n').encode()))\n"
        "from semsearch.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("LOADED ")]
    return set(lines[-1].split()[1:])


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(argument: str) -> None:
    loaded = loaded_by(argument)
    assert not loaded & set(HEAVY)
    assert "apsw" not in loaded


def test_keyword_search_loads_nothing_heavy(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# Cabbage\n\nFermenting cabbage at home takes two weeks.\n")
    index = str(tmp_path / "index.db")
    assert "apsw" in loaded_by("index", str(notes), "--index", index, "--offline")
    for output in ([], ["--json"], ["--plain"], ["--paths"]):
        loaded = loaded_by("search", "cabbage", "--index", index, "--mode", "lexical", *output)
        assert not loaded & set(HEAVY)
        assert not loaded & set(SLOW_TO_START)
