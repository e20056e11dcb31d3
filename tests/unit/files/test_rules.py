"""Which files of friendly trees are taken: defaults, ignore files, include and exclude lists."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from semsearch.errors import FileProblem
from semsearch.files import Rules, explain, is_secret_name, scan
from tests.unit.files.trees import grow, skipped, taken, without_privileges

if TYPE_CHECKING:
    from pathlib import Path


def test_text_is_taken_and_the_rest_is_counted_by_reason(tmp_path: Path) -> None:
    root = grow(
        tmp_path,
        {
            **dict.fromkeys(("note.md", "src/a.py", "README", "Makefile", "README.first"), ""),
            **dict.fromkeys(("Dockerfile.dev", "UPPER.MD", "src/LICENSE"), ""),
            **dict.fromkeys(("cat.png", "a.zip", "x.xyz", ".profile", "Cargo.lock"), ""),
            **dict.fromkeys(("lib.min.js", ".hidden/n.md", "node_modules/p/i.js"), ""),
            **dict.fromkeys((".git/HEAD", "sub/.git/config", "__pycache__/a.pyc"), ""),
        },
    )
    result = scan(root, {})
    assert [ref.relative for ref in result.refs] == [
        *(b"Dockerfile.dev", b"Makefile", b"README", b"README.first", b"UPPER.MD", b"note.md"),
        *(b"src/LICENSE", b"src/a.py"),
    ]
    assert result.skipped == []
    assert result.counts == {
        "binary": 2,
        "unknown type": 1,
        "hidden": 2,
        "lock file": 1,
        "generated": 1,
        "excluded": 4,
    }
    assert (result.seen, result.unchanged, result.gone) == (8, 0, set())


def test_hidden_names_are_taken_when_asked_for_but_never_version_control(tmp_path: Path) -> None:
    root = grow(tmp_path, {".a.md": "", ".b/c.md": "", ".git/d.md": "", ".gitignore": ""})
    assert taken(root) == []
    assert taken(root, Rules(hidden=True)) == [b".a.md", b".b/c.md"]


SECRETS = (
    *(".env", ".env.local", "prod.env", "id_rsa", "id_ed25519", "server.pem", "a.KEY", ".netrc"),
    *("vault.kdbx", ".bash_history", "wallet.dat", "my.p12", "terraform.tfstate.backup"),
)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_listed_and_never_taken(name: str, tmp_path: Path) -> None:
    root = grow(tmp_path, {name: "", "ok.md": "", ".semsearchignore": "!*\n"})
    rules = Rules(hidden=True, include=("*",), suffixes=frozenset((b".pem", b".env")))
    for chosen in (None, rules):
        assert taken(root, chosen) == [b"ok.md"]
        assert skipped(root, chosen) == {os.fsencode(name): "secret"}


@pytest.mark.parametrize("name", ["id_card.md", "id_rsa.pub", "environment.md", "keys.md", "env"])
def test_a_name_that_only_resembles_a_secret_is_none(name: str) -> None:
    assert not is_secret_name(name.encode())


def test_folders_of_secrets_are_listed_and_not_entered(tmp_path: Path) -> None:
    root = grow(tmp_path, {".ssh/config": "", ".aws/readme.md": "", "a.md": ""})
    assert taken(root, Rules(hidden=True)) == [b"a.md"]
    assert skipped(root, Rules(hidden=True)) == {b".ssh": "secret", b".aws": "secret"}


def test_markers_exclude_caches_and_environments_under_any_name(tmp_path: Path) -> None:
    signature = "Signature: 8a477f597d28d172789f06886806bc55\n# more"
    root = grow(
        tmp_path,
        {
            "cache/CACHEDIR.TAG": signature,
            "cache/sub/a.md": "",
            "my-env/pyvenv.cfg": "",
            "my-env/lib/b.md": "",
            "fake/CACHEDIR.TAG": "no",
            "fake/c.md": "",
        },
    )
    assert taken(root) == [b"fake/c.md"]
    assert taken(os.path.join(root, b"cache")) == [b"sub/a.md"], "the user named it"
    assert explain(root, b"cache/sub/a.md").path == b"cache"
    assert explain(root + b"/cache", b"sub/a.md").reason == ""


def test_our_ignore_file_is_read_after_gits_and_wins_in_its_folder(tmp_path: Path) -> None:
    root = grow(
        tmp_path,
        {
            ".gitignore": "drafts/\n*.txt\n",
            ".semsearchignore": "!drafts/\nprivate/\n",
            "drafts/a.md": "",
            "private/b.md": "",
            "c.txt": "",
            "sub/d.txt": "",
            "sub/.gitignore": "!*.txt\nprivate/\n",
        },
    )
    assert taken(root) == [b"drafts/a.md", b"sub/d.txt"]


def test_a_negation_of_ours_lifts_the_defaults_and_one_of_gits_does_not(tmp_path: Path) -> None:
    files = dict.fromkeys(("app.log", ".hid/a.md", "node_modules/b.md", ".note.md"), "")
    lifted = "!*.log\n!.hid\n!node_modules/\n!.note.md\n"
    ours = grow(tmp_path / "ours", {**files, ".semsearchignore": lifted})
    gits = grow(tmp_path / "gits", {**files, ".gitignore": lifted})
    assert taken(ours) == [b".note.md", b"app.log", b".hid/a.md", b"node_modules/b.md"]
    assert taken(gits) == []


def test_an_exclude_list_is_stronger_than_every_ignore_file(tmp_path: Path) -> None:
    root = grow(
        tmp_path, {"a.md": "", "b.md": "", "sub/a.md": "", ".semsearchignore": "!a.md\nb.md"}
    )
    assert taken(root, Rules(exclude=("/a.md", "!b.md"))) == [b"b.md", b"sub/a.md"]


def test_an_include_list_takes_only_what_it_names(tmp_path: Path) -> None:
    root = grow(
        tmp_path,
        {
            **dict.fromkeys(("a.md", "b.log", "docs/c.md", "docs/deep/d.md", "docs/e.log"), ""),
            **dict.fromkeys(("x/y/f.log", "x/no.log", ".gitignore"), ""),
        },
    )
    rules = Rules(include=("/docs/", "*.log", "!no.log"))
    assert taken(root, rules) == [
        *(b"b.log", b"docs/c.md", b"docs/e.log", b"docs/deep/d.md", b"x/y/f.log")
    ]
    assert scan(root, {}, rules).counts == {"not included": 2, "excluded": 1}


def test_an_include_list_lifts_the_defaults_for_the_folders_it_names(tmp_path: Path) -> None:
    names = (".hid/a.md", ".hid/b.log", "node_modules/c.md", ".other/d.md", "e.md")
    root = grow(tmp_path, dict.fromkeys(names, ""))
    assert taken(root, Rules(include=(".hid", "node_modules/"))) == [
        *(b".hid/a.md", b"node_modules/c.md"),
    ]


def test_ignore_files_can_be_switched_off(tmp_path: Path) -> None:
    root = grow(tmp_path, {".gitignore": "*.md", ".semsearchignore": "*.md", "a.md": ""})
    assert taken(root) == []
    assert taken(root, Rules(ignore_files=False)) == [b"a.md"]


def init(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


def test_ignore_files_above_the_root_count_up_to_the_top_of_its_repository(tmp_path: Path) -> None:
    grow(tmp_path, {".gitignore": "c.md", ".semsearchignore": "c.md"})
    top = init(tmp_path / "top")
    grow(top, {".gitignore": "a.md\n/mid/root/b.md\n", ".git/info/exclude": "x.md\n"})
    grow(top, {"mid/.semsearchignore": "/root/sub/d.md"})
    files = dict.fromkeys(("a.md", "b.md", "c.md", "x.md", "sub/b.md", "sub/d.md"), "")
    root = grow(top / "mid" / "root", files)
    assert taken(root) == [b"c.md", b"sub/b.md"]
    assert explain(root, b"b.md").verdict == (
        True,
        b"../../.gitignore",
        2,
        b"/mid/root/b.md",
        False,
    )
    assert explain(root, b"x.md").verdict == (True, b"../../.git/info/exclude", 1, b"x.md", False)


def test_a_line_that_would_hide_whatever_the_root_holds_does_not_count(tmp_path: Path) -> None:
    """As the `*` that Python 3.13 and uv put into every environment they make."""
    top = init(tmp_path / "top")
    grow(top, {".gitignore": "c.md", "env/.semsearchignore": "b.md"})
    grow(top, {"env/.gitignore": "d.md\n*\n/lib/\n**\ne.md\n*\n*"})
    root = grow(top / "env" / "lib" / "notes", dict.fromkeys(("a.md", "b.md", "d.md", "e.md"), ""))
    grow(root, {"sub/c.md": ""})
    assert taken(root) == [b"a.md"]
    assert taken(top) == []
    grow(top, {"env/.gitignore": "lib/**\nd.md\ne.md"})
    assert taken(root) == [b"a.md"]
    grow(top, {"env/.semsearchignore": "*"})
    assert taken(root) == [], "what is said to semsearch itself always counts"


def test_a_root_that_is_hidden_keeps_the_rules_about_what_it_holds(tmp_path: Path) -> None:
    top = init(tmp_path / "top")
    grow(top, {".gitignore": "build/\nsecrets.md\n*.pem", ".semsearchignore": "build\ndiary.md"})
    names = ("a.md", "secrets.md", "k.pem", "diary.md", "sub/build/x.md")
    root = grow(top / "build", dict.fromkeys(names, ""))
    assert taken(root) == [b"a.md"]


def test_a_root_that_was_taken_back_into_its_repository_keeps_its_rules(tmp_path: Path) -> None:
    top = init(tmp_path / "top")
    grow(top, {".gitignore": "/*\n!/docs/\nb.md"})
    root = grow(top / "docs", {"a.md": "", "b.md": ""})
    assert taken(root) == [b"a.md"]
    grow(top, {".gitignore": "*\n!*/\n!b.*"})
    assert taken(root) == [b"b.md"], "a list of what is wanted stays one"


def test_a_nested_repository_has_its_own_rules_and_ours_reach_through(tmp_path: Path) -> None:
    init(tmp_path)
    init(tmp_path / "inner")
    root = grow(
        tmp_path,
        {
            ".gitignore": "a.md",
            ".semsearchignore": "b.md",
            "inner/.git/info/exclude": "c.md",
            **dict.fromkeys(("a.md", "inner/a.md", "inner/b.md", "inner/c.md", "inner/d.md"), ""),
            **dict.fromkeys(("empty/.git/x", "empty/a.md"), ""),
        },
    )
    assert taken(root) == [b"inner/a.md", b"inner/d.md"]


def test_gits_global_file_applies_in_every_repository_and_is_weakest(tmp_path: Path) -> None:
    listed = os.fsencode(tmp_path / "global")
    (tmp_path / "global").write_text("*.txt\n/a.md\n")
    root = grow(
        tmp_path / "r", {"a.md": "", "b.txt": "", "keep.txt": "", ".gitignore": "!keep.txt"}
    )
    init(tmp_path / "r" / "inner")
    grow(tmp_path / "r" / "inner", {"a.md": "", "c.md": ""})
    assert taken(root, Rules(global_ignore=listed)) == [b"keep.txt", b"inner/c.md"]
    assert taken(root, Rules(global_ignore=listed + b"-missing")) != []


def test_ignore_files_that_cannot_be_used_are_a_warning(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("*.md\n")
    root = grow(tmp_path / "r", {"a.md": "", "sub/b.md": "", "big/c.md": "", "big/d.md": ""})
    (tmp_path / "r" / ".gitignore").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "r" / "sub" / ".semsearchignore")
    (tmp_path / "r" / "big" / ".gitignore").write_text("c.md\n" + "#" * (1 << 20) + "\nd.md\n")
    result = scan(root, {})
    assert [ref.relative for ref in result.refs] == [b"a.md", b"big/d.md", b"sub/b.md"]
    assert [(w.path, w.reason) for w in result.warnings] == [
        (b".gitignore", "ignore file"),
        (b"big/.gitignore", "ignore file"),
        (b"sub/.semsearchignore", "ignore file"),
    ]


def test_an_explanation_agrees_with_the_walk(tmp_path: Path) -> None:
    root = grow(
        tmp_path,
        {
            ".gitignore": "*.txt\nold/\n",
            "big.md": "x" * 50,
            "a.md": "",
            "b.txt": "",
            "old/x/c.md": "",
            "node_modules/d/e.js": "",
            "f.xyz": "",
            "sub/.env": "",
        },
    )
    (tmp_path / "link").symlink_to("a.md")
    rules = Rules(max_bytes=40)
    reasons = {
        b"a.md": "",
        b"b.txt": "ignored",
        b"old/x/c.md": "ignored",
        b"big.md": "too large",
        b"node_modules/d/e.js": "excluded",
        b"f.xyz": "unknown type",
        b"sub/.env": "secret",
        b"link": "symlink",
        b"none.md": "missing",
        b"link/x.md": "symlink",
        b"sub": "",
    }
    assert {path: explain(root, path, rules).reason for path in reasons} == reasons
    assert explain(root, b"old/x/c.md", rules).path == b"old"
    assert taken(root, rules) == [b"a.md"]


def test_an_explanation_of_what_cannot_be_reached_says_so(tmp_path: Path) -> None:
    root = grow(tmp_path / "root", {"a.md": "", "shut/b.md": ""})
    os.chmod(tmp_path / "root" / "shut", 0)
    assert without_privileges(lambda: explain(root, b"shut/b.md").reason) == "unreadable"
    os.chmod(tmp_path / "root" / "shut", 0o700)
    for relative in (b"../a.md", b"/a.md", b"a.md\0", b""):
        with pytest.raises(FileProblem) as caught:
            explain(root, relative)
        assert caught.value.reason == "outside root"
    with pytest.raises(FileProblem) as caught:
        explain(root + b"-gone", b"a.md")
    assert caught.value.reason == "root missing"


def test_ignore_files_that_may_not_be_read_are_a_warning(tmp_path: Path) -> None:
    init(tmp_path)
    root = grow(tmp_path / "mid" / "root", {"a.md": "", ".gitignore": "a.md"})
    os.chmod(tmp_path / "mid" / "root" / ".gitignore", 0)
    os.chmod(tmp_path / "mid", 0o100)
    result = without_privileges(lambda: scan(root, {}, Rules(global_ignore=root + b"/no/such")))
    os.chmod(tmp_path / "mid", 0o700)
    assert [ref.relative for ref in result.refs] == [b"a.md"]
    assert [(w.path, w.reason) for w in result.warnings] == [
        *((b"../", "ignore file"), (b".gitignore", "ignore file")),
    ]


def test_a_walk_can_tell_every_path_and_look_at_one_place_only(tmp_path: Path) -> None:
    root = grow(
        tmp_path,
        {
            **dict.fromkeys(("a.md", "a/b.md", "a/c.png", "a/d/e.md", "ab/f.md", "x.xyz"), ""),
            **dict.fromkeys(("node_modules/p/i.js", "env/pyvenv.cfg", "env/g.md"), ""),
        },
    )
    assert skipped(root) == {}
    told = {
        b"x.xyz": "unknown type",
        b"a/c.png": "binary",
        b"env": "excluded",
        b"node_modules": "excluded",
    }
    assert skipped(root, every=True) == told
    assert skipped(root, every=True, toward=b"a") == {b"a/c.png": "binary"}
    assert taken(root, toward=b"a") == [b"a/b.md", b"a/d/e.md"]
    assert taken(root, toward=b"a/d/e.md") == [b"a/d/e.md"]
    assert skipped(root, every=True, toward=b"node_modules/p/i.js") == {b"node_modules": "excluded"}
