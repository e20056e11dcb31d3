"""What differs between a tree and what the index holds of it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

from semsearch.files import UNTRUSTED, Rules, ScanResult, fingerprint, scan, walk
from semsearch.records import FileRef
from tests.unit.files.trees import fingerprints, grow, without_privileges

if TYPE_CHECKING:
    from pathlib import Path

Known = dict[bytes, int]


def first(root: bytes, rules: Rules | None = None) -> tuple[Known, bytes]:
    result = scan(root, {}, rules)
    return fingerprints(result.refs), result.rules_digest


def names(result: ScanResult) -> list[bytes]:
    return [ref.relative for ref in result.refs]


def test_nothing_differs_in_an_untouched_tree(tmp_path: Path) -> None:
    root = grow(tmp_path, {"a.md": "1", "b/c.md": "2", ".gitignore": "*.txt", "d.txt": ""})
    known, digest = first(root)
    result = scan(root, known, trusted=digest)
    assert (result.refs, result.skipped, result.gone) == ([], [], set())
    assert (result.seen, result.unchanged, result.rules_digest) == (2, 2, digest)


def test_new_changed_replaced_and_removed_files_are_told_apart(tmp_path: Path) -> None:
    root = grow(
        tmp_path, dict.fromkeys(("same.md", "edit.md", "swap.md", "gone.md", "d/x.md"), "1")
    )
    known, digest = first(root)
    grow(tmp_path, {"edit.md": "22", "new.md": "", "other": "1"})
    os.replace(tmp_path / "other", tmp_path / "swap.md")
    (tmp_path / "gone.md").unlink()
    os.rename(tmp_path / "d", tmp_path / "e")
    result = scan(root, known, trusted=digest)
    assert names(result) == [b"edit.md", b"new.md", b"swap.md", b"e/x.md"]
    assert result.gone == {b"gone.md", b"d/x.md"}
    assert (result.seen, result.unchanged) == (5, 1)


def test_a_same_size_edit_with_its_old_time_put_back_is_seen(tmp_path: Path) -> None:
    root = grow(tmp_path, {"a.md": "one"})
    known, digest = first(root)
    before = os.stat(tmp_path / "a.md")
    grow(tmp_path, {"a.md": "two"})
    os.utime(tmp_path / "a.md", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert names(scan(root, known, trusted=digest)) == [b"a.md"]


def test_an_untrusted_file_is_always_looked_at_again(tmp_path: Path) -> None:
    root = grow(tmp_path, {"a.md": "", "b.md": ""})
    known, digest = first(root)
    assert names(scan(root, {**known, b"b.md": UNTRUSTED}, trusted=digest)) == [b"b.md"]


def test_a_file_that_became_a_folder_is_gone(tmp_path: Path) -> None:
    root = grow(tmp_path, {"a.md": "", "b": ""})
    known, digest = first(root)
    (tmp_path / "b").unlink()
    grow(tmp_path, {"b/c.md": ""})
    result = scan(root, known, trusted=digest)
    assert (names(result), result.gone) == ([b"b/c.md"], {b"b"})


def test_a_changed_ignore_file_makes_everything_be_decided_anew(tmp_path: Path) -> None:
    root = grow(tmp_path, {"a.md": "", "b.md": "", "d/c.md": "", "d/.gitignore": ""})
    known, digest = first(root)
    grow(tmp_path, {"d/.gitignore": "c.md", ".gitignore": "b.md"})
    result = scan(root, known, trusted=digest)
    assert (names(result), result.gone, result.unchanged) == ([], {b"b.md", b"d/c.md"}, 1)
    assert result.rules_digest != digest

    known = {b"a.md": known[b"a.md"]}
    (tmp_path / ".gitignore").unlink()
    back = scan(root, known, trusted=result.rules_digest)
    assert names(back) == [b"b.md"]
    assert back.unchanged == 1


def test_other_rules_make_everything_be_decided_anew(tmp_path: Path) -> None:
    root = grow(tmp_path, {"a.md": "1", "b.py": "22222"})
    known, digest = first(root)
    for rules in (
        Rules(exclude=("*.py",)),
        Rules(include=("*.md",)),
        Rules(suffixes=frozenset((b".md",))),
    ):
        result = scan(root, known, rules, trusted=digest)
        assert (names(result), result.gone) == ([], {b"b.py"})
    result = scan(root, known, Rules(max_bytes=3), trusted=digest)
    assert ([tuple(item) for item in result.skipped], result.gone) == (
        [(b"b.py", "too large")],
        set(),
    )


def test_a_marker_that_appears_removes_its_folder(tmp_path: Path) -> None:
    root = grow(tmp_path, {"env/a.md": "", "b.md": ""})
    known, digest = first(root)
    grow(tmp_path, {"env/pyvenv.cfg": ""})
    assert scan(root, known, trusted=digest).gone == {b"env/a.md"}


def test_a_known_file_that_became_a_secret_or_too_large_is_never_a_ref(tmp_path: Path) -> None:
    root = grow(tmp_path, {"a.md": "x" * 9, "b.md": ""})
    known, digest = first(root, Rules(max_bytes=20))
    grow(tmp_path, {"a.md": "x" * 21, "id_rsa": ""})
    known[b"id_rsa"] = UNTRUSTED
    result = scan(root, known, Rules(max_bytes=20), trusted=digest)
    assert names(result) == []
    assert {item.relative: item.reason for item in result.skipped} == {
        b"a.md": "too large",
        b"id_rsa": "secret",
    }
    assert result.gone == set()


def test_what_cannot_be_read_is_neither_gone_nor_silent(tmp_path: Path) -> None:
    files = dict.fromkeys(("a.md", "shut/b.md", "shut/sub/c.md", "shut2.md", "listed/d.md"), "")
    root = grow(tmp_path, files)
    known, digest = first(root)
    os.chmod(tmp_path / "shut", 0)
    os.chmod(tmp_path / "listed", 0o400)
    (tmp_path / "a.md").unlink()

    result = without_privileges(lambda: scan(root, known, trusted=digest))

    assert result.gone == {b"a.md"}
    assert {item.relative: item.reason for item in result.skipped} == {
        b"shut": "unreadable",
        b"listed/d.md": "unreadable",
    }
    assert result.counts["unreadable"] == 2
    assert result.unchanged == 1


def test_progress_counts_files_and_may_end_the_scan(tmp_path: Path) -> None:
    root = grow(tmp_path, {f"d{number}/a.md": "" for number in range(4)})
    counts: list[int] = []
    scan(root, {}, on_folder=counts.append)
    assert counts == [0, 0, 1, 2, 3]


def test_the_digest_is_the_same_in_every_process(tmp_path: Path) -> None:
    root = grow(tmp_path, {".gitignore": "x", "d/.semsearchignore": "y", "d/a.md": ""})
    code = "import os; from semsearch.files import scan; print(scan(os.getcwdb(), {})[6].hex())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()},
        ).stdout
        for seed in ("1", "2")
    }
    assert digests == {scan(root, {}).rules_digest.hex().encode() + b"\n"}


def test_any_change_of_a_tree_is_found_exactly(tmp_path: Path) -> None:
    chance = random.Random(5)
    root = grow(tmp_path, {"f0.md": ""})
    known, digest = first(root)
    for step in range(60):
        for number in range(chance.randint(0, 4)):
            mutate(tmp_path, chance, f"{step}-{number}")
        now = {found.relative: found for found in walk(root) if isinstance(found, FileRef)}
        result = scan(root, known, trusted=digest)
        differing = [path for path, ref in now.items() if known.get(path) != fingerprint(ref)]
        assert names(result) == differing
        assert result.gone == known.keys() - now.keys()
        assert result.seen == len(now)
        known, digest = fingerprints(list(now.values())), result.rules_digest


def mutate(top: Path, chance: random.Random, fresh: str) -> None:
    folders = [top, *(path for path in top.rglob("*") if path.is_dir())]
    files = [path for path in top.rglob("*.md") if path.is_file()]
    folder = chance.choice(folders)
    match chance.randint(0, 6):
        case 0:
            (folder / f"f{fresh}.md").write_text("new")
        case 1 if len(folders) < 12:
            (folder / f"d{fresh}").mkdir()
        case 2 if files:
            chance.choice(files).write_text(fresh)
        case 3 if files:
            chance.choice(files).unlink()
        case 4 if files:
            chance.choice(files).rename(folder / f"m{fresh}.md")
        case 5:
            (folder / ".gitignore").write_text(chance.choice(("f*\n", "m*\n", "", "d*/\n")))
        case 6 if files:
            chance.choice(files).touch()
