"""Hostile questions, typed or as FTS5 expressions, against a real index.

    python -m tests.fuzz.queries --cases 20000 --seed 1

A question is answered, or refused as a `UsageError` with a harmless message; nothing else may
happen, and the slowest is told. Three quarters are typed questions in a search by words or, with
a model in this process, by meaning too; the rest are expressions handed to the store.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from semsearch.errors import UsageError
from semsearch.indexing import IndexRun, PlanOptions, RunOptions, make_plan
from semsearch.searching import Options, parse_query, search
from semsearch.store import open_index
from semsearch.text import printable
from tests.fakes.embedder import FakeEmbedder
from tests.fuzz.command import Outcome, run_as_command
from tests.fuzz.mutations import random_text
from tests.harness.notes import write_notes

if TYPE_CHECKING:
    from semsearch.records import Mode, Space
    from semsearch.store import SqliteStore

FILES: Final = 60
_SLOWEST_S: Final = 2.0
"""Slower than this is a hang in the making, on any machine."""

_PIECES: Final = (
    '"', '""', "'", "-", "--", "\\", "(", ")", "*", "^", "+", ":", "AND", "OR", "NOT", "NEAR",
    "NEAR(a b, 5)", "NEAR/", "{title}", "title :", "body:", "rowid", "col", "a*", '"a" *', "-a",
    '-"a b"', "in:", "in:/", "in:..", "in:~", "type:", "type:md", "type:,", "after:", "after:2024",
    "after:9999-99-99", "after:7d", "before:", "before:0001", "like:", "like:x:0", "like:a.md:1",
    "boiler", "pressure", "Überweisung", "索引", "ファイル", "клавиша", "the", "of", ";", "/*",
    "DROP TABLE chunk", "' OR 1=1", "%s", "{}", "\0", "\x1b[2J", "“", "”", "„", "\ud800", "\u202e",
    "a" * 300, "a " * 200, '"' * 99, "(" * 99, "e\u0301" * 30, "\U0001f469\u200d" * 20,
)  # fmt: skip


def fuzz(cases: int, seed: int) -> Outcome:
    """So many questions."""
    outcome = Outcome()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="queries-") as scratch:
        folder = Path(scratch)
        store, space, embedder = _index(folder)
        for number in range(cases):
            with outcome.case(f"case {number}"):
                if chance.random() < 0.75:
                    mode: Mode = chance.choice(("lexical", "lexical", "hybrid", "semantic"))
                    _ask(outcome, store, space, embedder, _question(chance), mode, chance)
                else:
                    _match(outcome, store, _question(chance))
        store.close()
    if outcome.slowest_s > _SLOWEST_S:
        outcome.fail(outcome.slowest, f"took {outcome.slowest_s:.1f} s")
    return outcome


def _index(folder: Path) -> tuple[SqliteStore, Space, FakeEmbedder]:
    write_notes(folder / "notes", FILES)
    store = open_index(str(folder / "index.db"), create=True)
    root = store.add_root(bytes(folder / "notes"))
    embedder = FakeEmbedder(endpoint="local")
    space = store.ensure_space(embedder.key, 0.5)
    store.activate_space(space.id)
    import threading

    limit = 1_000_000
    plan = make_plan(store, [root], PlanOptions(max_file_bytes=limit))
    run = IndexRun(
        store, plan, embedder, space, RunOptions(max_file_bytes=limit), threading.Event()
    )
    for _ in run.events():
        pass
    active = store.active_space()
    assert active is not None
    return store, active, embedder


def _question(chance: random.Random) -> str:
    parts = [
        chance.choice(_PIECES)
        if chance.random() < 0.7
        else random_text(chance, chance.choice((1, 3, 12, 60)))
        for _ in range(chance.choice((1, 1, 2, 3, 5, 9, 30)))
    ]
    return chance.choice((" ", "", " ", "\t")).join(parts)


def _ask(
    outcome: Outcome,
    store: SqliteStore,
    space: Space,
    embedder: FakeEmbedder,
    question: str,
    mode: Mode,
    chance: random.Random,
) -> None:
    try:
        query = parse_query(question, cwd=b"/home/me", now=time.time(), roots=[b"/home/me/notes"])
        options = Options(mode=mode, limit=chance.choice((1, 10, 100)))
        result = search(store, query, space, lambda: embedder, options)
    except UsageError as error:
        outcome.counts[f"refused {error.code}"] += 1
        _prove_message(outcome, question, error)
        return
    outcome.counts["answered" if result.hits else "answered, nothing found"] += 1
    for hit in result.hits:
        if hit.cosine is not None and not -1.001 <= hit.cosine <= 1.001:
            outcome.fail(repr(question), f"a cosine of {hit.cosine}")


def _match(outcome: Outcome, store: SqliteStore, expression: str) -> None:
    try:
        store.match_chunks(expression, 10)
    except UsageError as error:
        outcome.counts["expression refused"] += 1
        _prove_message(outcome, expression, error)
    else:
        outcome.counts["expression answered"] += 1


def _prove_message(outcome: Outcome, question: str, error: UsageError) -> None:
    text = f"{error.message} {error.hint}"
    if text != printable(text):
        outcome.fail(repr(question), f"a message drives the terminal: {text!a}")
    if len(text) > 2000:
        outcome.fail(repr(question), f"a message of {len(text)} characters")


if __name__ == "__main__":
    run_as_command(__doc__ or "", 20_000, fuzz)
