"""Spoiled index files, each opened, searched, checked and repaired in a process of its own.

    python -m tests.fuzz.databases --cases 1000 --seed 1

No process may end by a signal, hang, or raise anything but our own errors. Whether the contents
were damaged is told by reading every row beside the product: a mutant whose rows differ from the
original's must be refused, or reported by `check`. After a repair that succeeds nothing may be
left to report.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import apsw

from semsearch.errors import SemsearchError
from semsearch.indexing import IndexRun, PlanOptions, RunOptions, Spending, make_plan
from semsearch.searching import Options, parse_query, search
from semsearch.store import open_index
from tests.fakes.embedder import FakeEmbedder
from tests.fuzz.command import Outcome, run_as_command
from tests.fuzz.spoiled_files import NOT_CONTENT, WAYS
from tests.harness.notes import write_notes

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS: Final = 60
_QUERIES: Final = ("boiler pressure", '"retry backoff"', "Überweisung -salt")
_HANDLES: Final = frozenset(
    {("history", "id"), ("judgment", "id"), ("query_vector", "id"), ("ledger", "id")}
    | {("vector", "ledger")}
)
"""Row numbers nobody shows; of the receipt of a vector only that there is one is checked."""

Rows = dict[str, list[str]]
"""The rows of every table, sorted."""


class Seen(NamedTuple):
    """What a child found out about its mutant."""

    opened: bool
    found: list[str]
    """What `check` reported."""
    trouble: str
    """An exception that is not ours, from any step; empty when there was none."""
    after_repair: list[str]


def fuzz(cases: int, seed: int) -> Outcome:
    """So many mutants."""
    outcome = Outcome()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        folder = Path(scratch)
        original = make_original(folder)
        whole = _rows(original)
        assert whole is not None
        for number in range(cases):
            mutant = folder / "mutant.db"
            for suffix in ("", "-wal", "-shm", ".lock"):
                Path(f"{mutant}{suffix}").unlink(missing_ok=True)
            shutil.copyfile(original, mutant)
            way = chance.choice(list(WAYS))
            what = f"case {number}, {way}: {WAYS[way](mutant, chance)}"
            with outcome.case(what):
                _judge(outcome, what, way, mutant, whole)
    return outcome


def make_original(folder: Path) -> Path:
    """An index with two models, a ledger, cached queries, history and marks; one file."""
    write_notes(folder / "notes", 40)
    path = folder / "original.db"
    store = open_index(str(path), create=True)
    root = store.add_root(bytes(folder / "notes"), exclude=("*.tmp",))
    store.grant_consent(root.id, "fake.test")
    for model in ("fake", "other"):
        embedder = FakeEmbedder(model=model)
        space = store.ensure_space(embedder.key, 0.5)
        if store.active_space() is None:
            store.activate_space(space.id)
        plan = make_plan(store, [root], PlanOptions(max_file_bytes=1_000_000, rehash=True))
        options = RunOptions(max_file_bytes=1_000_000, spending=Spending())
        for _ in IndexRun(store, plan, embedder, space, options, threading.Event()).events():
            pass
    active = store.active_space()
    assert active is not None
    for question in _QUERIES:
        query = parse_query(question, cwd=b"/", now=1.7e9)
        hits = search(store, query, active, FakeEmbedder, Options()).hits
        store.remember_query(question, "hybrid", len(hits))
        if hits:
            store.judge(question, hits[0].chunk, 2)
    store.checkpoint()
    store.close()
    return path


# --- judging -----------------------------------------------------------------------------------


def _judge(outcome: Outcome, what: str, way: str, mutant: Path, whole: Rows) -> None:
    rows = _rows(mutant)
    seen, ended = _in_a_child(mutant)
    if seen is None:
        outcome.fail(what, ended)
        return
    if seen.trouble:
        outcome.fail(what, seen.trouble)
    if seen.after_repair:
        outcome.fail(what, f"a repaired index has {seen.after_repair}")
    damaged = [] if rows is None else [table for table in whole if rows.get(table) != whole[table]]
    if way == "log":
        outcome.counts["log cut or spoiled"] += 1
        if seen.found:
            outcome.fail(what, f"is damaged: {seen.found}")
    elif not seen.opened:
        outcome.counts["refused"] += 1
    elif seen.found:
        outcome.counts["reported by check"] += 1
    elif rows is None:
        outcome.fail(what, "cannot be read, and nothing was said")
    elif damaged:
        outcome.counts[f"NOT REPORTED in {damaged[0]}"] += 1
        outcome.fail(what, f"other rows in {', '.join(damaged)}, and nothing was said")
    else:
        outcome.counts["harmless"] += 1


def _rows(path: Path) -> Rows | None:
    """Every row of every table, read without the product, from a copy; None if that fails."""
    copy = path.with_name("read.db")
    for suffix in ("", "-wal"):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
        if os.path.exists(f"{path}{suffix}"):
            shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
    try:
        connection = apsw.Connection(str(copy))
    except apsw.Error:
        return None
    try:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
            )
        ]
        rows: Rows = {}
        for name in names:
            if name.startswith("lexical_") or name in NOT_CONTENT:
                continue  # their own form may differ and mean the same: read as words below
            rows[name] = sorted(
                repr(row)
                for row in connection.execute(
                    "SELECT " + ", ".join(_columns(connection, name)) + f" FROM {name}"
                )
            )
        for name in ("lexical_chunk", "lexical_file"):
            connection.execute(
                f"CREATE VIRTUAL TABLE temp.words_of_{name} USING fts5vocab(main, {name}, instance)"
            )
            rows[name] = sorted(
                repr(row) for row in connection.execute(f"SELECT * FROM temp.words_of_{name}")
            )
    except (apsw.Error, ValueError):
        return None
    else:
        return rows
    finally:
        connection.close()


def _columns(connection: apsw.Connection, table: str) -> list[str]:
    """Texts as bytes, for a damaged one may be no UTF-8; without what is no content."""
    columns = connection.execute(f"SELECT name, type FROM pragma_table_info('{table}')")
    return [
        f"CAST({name} AS BLOB)" if kind == "TEXT" else name
        for name, kind in columns
        if (table, name) not in _HANDLES
    ]


# --- the child ---------------------------------------------------------------------------------


def _in_a_child(mutant: Path) -> tuple[Seen | None, str]:
    """What the child saw, or how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(_SECONDS)
        seen = _look(mutant)
        with os.fdopen(writing, "w") as stream:
            json.dump(seen, stream)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        told = stream.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGALRM:
        return None, f"still at work after {_SECONDS} s"
    if code:
        return None, f"ended by signal {-code}" if code < 0 else f"ended with status {code}"
    return Seen(*json.loads(told)), ""


def _look(mutant: Path) -> Seen:
    """Open, search, read the status, check, repair."""
    try:
        store = open_index(str(mutant))
    except SemsearchError:
        return Seen(False, [], "", [])
    except Exception as error:  # noqa: BLE001 - told to the parent
        return Seen(False, [], f"opening: {type(error).__name__}: {error}", [])
    trouble = _try("searching", lambda: _search(store))
    trouble = _try("status", store.status) or trouble
    found: list[str] = []

    def check() -> None:
        found.extend(f"{one.name}: {one.detail}" for one in store.check() if one.state != "ok")

    said: list[str] = []
    trouble = _try("checking", check, said) or trouble
    left: list[str] = []

    def repair() -> None:
        store.repair()
        left.extend(f"{one.name}: {one.detail}" for one in store.check() if one.state != "ok")

    trouble = _try("repairing", repair) or trouble
    return Seen(True, [*found, *said], trouble, left)


def _try(step: str, action: Callable[[], Any], said: list[str] | None = None) -> str:
    """Empty when it went well, or ended in an error of ours, which is put into `said`."""
    try:
        action()
    except SemsearchError as error:
        if error.code == "bug":
            return f"{step}: {error.message}"
        if said is not None:
            said.append(error.message)
    except Exception as error:  # noqa: BLE001 - told to the parent
        trace = error.__traceback__
        place = ""
        while trace is not None:
            place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
            trace = trace.tb_next
        return f"{step}: {type(error).__name__} at {place}: {error}"
    return ""


def _search(store: Any) -> None:
    space = store.active_space()
    for question in _QUERIES:
        query = parse_query(question, cwd=b"/", now=1.7e9)
        for mode in ("lexical", "hybrid", "semantic"):
            search(store, query, space, FakeEmbedder, Options(mode=mode))


if __name__ == "__main__":
    if sys.platform == "win32":
        sys.exit("mutants are looked at in forked processes, which this system does not have")
    run_as_command(__doc__ or "", 1_000, fuzz)
