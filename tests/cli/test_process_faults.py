"""What happens around a process: limits, signals, clocks, locales, closed pipes, odd places."""

from __future__ import annotations

import json
import os
import pty
import resource
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import data_of, error_of
from tests.fakes import replies
from tests.fakes.api_server import KEY, FakeApi
from tests.store.invariants import invariants

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Run


@pytest.fixture
def env(api: FakeApi) -> dict[str, str]:
    return {
        "OPENROUTER_API_KEY": KEY,
        "SEMSEARCH_BASE_URL": api.url,
        "SEMSEARCH_MODEL": "acme/tiny",
    }


@pytest.fixture
def many(tmp_path: Path) -> Path:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(300):
        text = f"# Note {number}\n\nAbout subject{number}. " + f"word{number} and more. " * 40
        (folder / f"{number}.md").write_text(text)
        os.utime(folder / f"{number}.md", (1_700_000_000, 1_700_000_000))
    return folder


def limited(
    env: dict[str, str], *arguments: str, limit: Callable[[], object]
) -> subprocess.CompletedProcess[str]:
    """A command under a limit of its own."""
    return subprocess.run(
        [sys.executable, "-m", "semsearch", *arguments],
        env={**os.environ, "PYTHONPATH": os.getcwd(), **env},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


# --- limits ----------------------------------------------------------------------------------


def test_a_file_that_may_not_grow_is_told_as_trouble_with_the_disk(
    run: Run, many: Path, env: dict[str, str], isolated_home: Path
) -> None:
    """B8: a quota, or a limit of the file system. SQLite reports an I/O error, not a full disk."""
    size = 900_000

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = limited(env, "index", str(many), "--yes", "--json", limit=limit)
    assert done.returncode == 3
    error = json.loads(done.stdout)["error"]
    assert error["code"] in {"storage.io", "storage.full"}
    assert "kept" in error["message"]
    index = isolated_home / "xdg_data_home" / "semsearch" / "index.db"
    invariants(index)
    assert run("search", "subject1", "--mode", "lexical", env=env).returncode in {0, 1}
    assert data_of(run("index", "--json", env=env))["files"]["failed"] == 0
    invariants(index)


def test_a_run_that_is_out_of_memory_ends_and_keeps_what_is_done(
    run: Run, many: Path, env: dict[str, str], isolated_home: Path
) -> None:
    """B6: wherever memory ends, the index stays whole and the next run finishes."""
    index = isolated_home / "xdg_data_home" / "semsearch" / "index.db"
    told = set()
    for megabytes in (105, 215):
        size = megabytes << 20

        def limit(size: int = size) -> None:
            resource.setrlimit(resource.RLIMIT_AS, (size, size))

        done = limited(env, "index", str(many), "--yes", limit=limit)
        blas_gave_up = "OpenBLAS" in done.stderr  # which ends the process itself, with 1
        assert done.returncode == 3 or blas_gave_up, done.stderr
        if not blas_gave_up:
            told.add(done.stderr)
        if index.exists() and index.stat().st_size:
            invariants(index)
    assert any("not enough memory" in one for one in told), told
    assert data_of(run("index", str(many), "--yes", "--json", env=env))["files"]["failed"] == 0
    invariants(index)


def test_few_open_files_are_enough(run: Run, many: Path, env: dict[str, str]) -> None:
    """B15."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    done = limited(env, "index", str(many), "--yes", "--json", limit=limit)
    assert done.returncode == 0, done.stderr
    assert data_of(done)["files"]["new"] == 300
    assert limited(env, "search", "subject7", limit=limit).returncode == 0


# --- signals and clocks ----------------------------------------------------------------------


def test_a_stopped_holder_is_named_and_searches_go_on(
    run: Run, many: Path, env: dict[str, str]
) -> None:
    """B12."""
    asked, answer = threading.Event(), threading.Event()

    def stall(exchange: object) -> None:
        asked.set()
        replies.stall(answer)(exchange)  # type: ignore[arg-type]

    run("index", str(many / "1.md"), "--yes", env=env)
    with FakeApi(lambda _: stall) as slow:
        held = {**env, "SEMSEARCH_BASE_URL": slow.url}
        process = subprocess.Popen(
            [sys.executable, "-m", "semsearch", "index", str(many), "--yes"],
            env={**os.environ, "PYTHONPATH": os.getcwd(), **held},
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            assert asked.wait(60)
            process.send_signal(signal.SIGSTOP)
            busy = run("index", str(many), "--yes", "--json", env=env)
            assert busy.returncode == 5
            assert f"process {process.pid}, since 20" in error_of(busy)["message"]
            assert run("search", "subject1", env=env).returncode == 0
            waiting = subprocess.Popen(
                [sys.executable, "-m", "semsearch", "index", "--wait", "--yes", "--json"],
                env={**os.environ, "PYTHONPATH": os.getcwd(), **env},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert waiting.stderr is not None
            assert "waiting for it" in waiting.stderr.readline()
            assert waiting.poll() is None
            process.kill()
            out, errors = waiting.communicate(timeout=60)
            assert waiting.returncode == 0, errors
            assert json.loads(out)["data"]["files"]["failed"] == 0
        finally:
            answer.set()
            process.kill()
            process.wait()


def test_a_suspended_run_goes_on_where_it_was(run: Run, many: Path, env: dict[str, str]) -> None:
    """B11: to this process no time has passed, to the server a request was never read."""
    asked = threading.Event()
    with FakeApi(lambda _: asked.set()) as api:
        process = subprocess.Popen(
            [sys.executable, "-m", "semsearch", "index", str(many), "--yes", "--json"],
            env={**os.environ, "PYTHONPATH": os.getcwd(), **env, "SEMSEARCH_BASE_URL": api.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert asked.wait(60)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        data = json.loads(out)["data"]
        assert data["files"]["new"] == 300
        assert api.paid_inputs == data["chunks"]["embedded"]


@pytest.mark.parametrize("moment", [0, 4_102_444_800, 2**33])
def test_no_date_makes_a_file_be_read_again(run: Run, tmp_path: Path, moment: int) -> None:
    """B10, C18: 1970, 2038, 2100 and beyond are dates like any other."""
    (tmp_path / "old.md").write_text("# Old\n\nFrom another time.\n")
    os.utime(tmp_path / "old.md", (moment, moment))
    run("index", str(tmp_path / "old.md"), "--offline")
    again = data_of(run("index", "--offline", "--json"))
    assert (again["files"]["unchanged"], again["files"]["changed"]) == (1, 0)
    hits = data_of(run("search", "another", "--offline", "--json"))["hits"]
    assert hits[0]["modified"] is not None


def test_a_clock_that_jumps_changes_no_wait(run: Run, many: Path, env: dict[str, str]) -> None:
    """B10: waits are counted by a clock that does not jump."""
    program = (
        "import sys, time\nreal = time.time\njump = iter([0, 10**8, -10**8] * 10**5)\n"
        "time.time = lambda: real() + next(jump)\n"
        "from semsearch.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    )
    with FakeApi([replies.status(429), replies.status(503), replies.status(429)]) as api:
        done = subprocess.run(
            [sys.executable, "-c", program, "index", str(many), "--yes", "--json"],
            env={**os.environ, "PYTHONPATH": os.getcwd(), **env, "SEMSEARCH_BASE_URL": api.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert data_of(done)["files"]["failed"] == 0


# --- terminals and places --------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1"])
def test_any_locale_and_a_dumb_terminal_will_do(run: Run, tmp_path: Path, locale: str) -> None:
    """B13."""
    (tmp_path / "n\u00e4me\u4e2d.md").write_text(
        "# \u00dcber \u4e2d\u6587\n\nGr\u00fc\u00dfe, smile \U0001f600.\n"
    )
    plain = {"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "0", "TERM": "dumb",
             "PYTHONCOERCECLOCALE": "0"}  # fmt: skip
    assert run("index", str(tmp_path), "--offline", env=plain).returncode == 0
    for command in (("search", "smile"), ("status",), ("check",), ("doctor",)):
        done = run(*command, "--offline", env=plain)
        assert done.returncode in {0, 3}, done
    (hit,) = data_of(run("search", "smile", "--offline", "--json", env=plain))["hits"]
    assert hit["path"].endswith("n\u00e4me\u4e2d.md")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_is_silent(run: Run, notes: Path, unbuffered: str) -> None:
    """B13: `semsearch … | head -0`; when it shows may depend on Python's buffer."""
    run("index", str(notes), "--offline")
    for arguments in (["search", "the", "--offline"], ["status"], ["config", "list"], ["--help"]):
        process = subprocess.Popen(
            [sys.executable, "-m", "semsearch", *arguments],
            env={**os.environ, "PYTHONPATH": os.getcwd(), "PYTHONUNBUFFERED": unbuffered},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
        assert told == b"" or (told.startswith(b"note: Found by words") and told.count(b"\n") == 1)
        process.stderr.close()
        assert process.wait() in {0, 1}


def test_a_place_that_cannot_be_made_is_told(run: Run, notes: Path, tmp_path: Path) -> None:
    """B16."""
    (tmp_path / "file").write_text("in the way")
    for home in ("/proc/nowhere", str(tmp_path / "file")):
        done = run("index", str(notes), "--offline", "--json", env={"XDG_DATA_HOME": home})
        assert done.returncode == 3
        assert error_of(done)["code"] in {"storage.folder", "storage.create"}
        assert "--index" in error_of(done)["hint"]


def test_nothing_is_left_in_folders_of_others(
    run: Run, notes: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """F21, P20: no temporary file outside the data folder, nothing written where it indexes."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    before = {path: path.stat().st_mtime_ns for path in [notes, *notes.rglob("*")]}
    here = {**env, "TMPDIR": str(temporary)}
    for arguments in (["index", str(notes), "--yes"], ["search", "cabbage"], ["check"],
                      ["repair"], ["forget", str(notes / "page.html"), "--yes"]):  # fmt: skip
        assert run(*arguments, env=here).returncode == 0
    assert list(temporary.iterdir()) == []
    assert {path: path.stat().st_mtime_ns for path in [notes, *notes.rglob("*")]} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes", "temporary"]


def test_nothing_in_an_indexed_folder_is_a_setting_or_an_index(
    run: Run, notes: Path, env: dict[str, str], api: FakeApi, tmp_path: Path
) -> None:
    """F20: a folder from elsewhere cannot change where text goes."""
    hostile = 'api.base_url = "http://evil.example/v1"\nmodel.name = "evil/model"\n'
    for name in ("config.toml", ".semsearch.toml", "semsearch.toml", "pyproject.toml"):
        (notes / name).write_text(hostile)
    (notes / "semsearch").mkdir()
    (notes / "semsearch" / "config.toml").write_text(hostile)
    (notes / "sitecustomize.py").write_text("raise SystemExit('owned')")
    (notes / "index.db").write_bytes(b"not ours")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "semsearch", "index", ".", "--yes", "--json"],
        cwd=notes,
        env={**os.environ, "PYTHONPATH": os.getcwd(), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert data_of(done)["space"]["model"] == "acme/tiny"
    assert api.paid_inputs > 0
    assert (notes / "index.db").read_bytes() == b"not ours"


def test_roots_inside_roots_are_listed_twice_and_paid_for_once(
    run: Run, notes: Path, env: dict[str, str], api: FakeApi
) -> None:
    """C20: overlapping roots, hard links, equal files."""
    below = notes / "below"
    below.mkdir()
    os.link(notes / "cabbage.md", below / "linked.md")
    (below / "copy.md").write_bytes((notes / "cabbage.md").read_bytes())
    inside = data_of(run("index", str(below), "--yes", "--json", env=env))
    assert api.paid_inputs == inside["chunks"]["embedded"] == inside["chunks"]["added"] / 2
    whole = data_of(run("index", str(notes), "--yes", "--json", env=env))
    assert api.paid_inputs == inside["chunks"]["embedded"] + whole["chunks"]["embedded"]
    texts = [text for request in api.embedding_requests for text in request.inputs]
    assert len(texts) == len(set(texts))
    hits = data_of(run("search", "sauerkraut", "salt", "-n", "40", "--mode", "lexical", "--json"))
    paths = {hit["path"] for hit in hits["hits"]}
    assert {str(notes / "cabbage.md"), str(below / "linked.md"), str(below / "copy.md")} <= paths
    again = data_of(run("index", "--json", env=env))
    assert (again["files"]["new"], again["files"]["gone"], again["api"]["requests"]) == (0, 0, 0)


def test_a_huge_folder_is_walked_in_little_memory(run: Run, tmp_path: Path) -> None:
    """C9: a command walks millions; here the memory for each name is looked at."""
    import tracemalloc

    from semsearch.files import walk

    folder = tmp_path / "huge"
    folder.mkdir()
    top = os.open(folder, os.O_RDONLY)
    names = 8_000
    for number in range(names):
        if number % 2:
            os.mkdir(f"folder-{number}", dir_fd=top)
        else:
            os.close(os.open(f"note-{number}.md", os.O_CREAT | os.O_WRONLY, dir_fd=top))
    os.close(top)
    tracemalloc.start()
    found = sum(1 for _ in walk(bytes(folder)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == names // 2
    assert peak < names * 600, f"{peak / names:.0f} bytes a name"


def test_being_told_to_end_is_heard_at_a_prompt(isolated_home: Path) -> None:
    terminal, typed = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-m", "semsearch", "key", "set"],
        stdin=typed,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert asking.stderr is not None
    told = b""
    while b"API key for" not in told:
        piece = os.read(asking.stderr.fileno(), 4096)
        assert piece, told
        told += piece
    asking.terminate()
    _, rest = asking.communicate(timeout=30)
    os.close(terminal)
    os.close(typed)
    assert asking.returncode == 130
    assert b"interrupted" in rest
