"""Hostile file names, indexed, searched, shown and forgotten.

    python -m tests.fuzz.names --cases 500 --seed 1

Each file holds a word of its own. Whatever it is called, it is indexed under exactly its bytes,
found by its word, shown without anything that drives a terminal, and gone from the index when it
is gone from the disk.
"""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
import unicodedata
from contextlib import closing
from typing import TYPE_CHECKING, Final, NoReturn

from semsearch.indexing import IndexRun, PlanOptions, RunOptions, make_plan
from semsearch.present import envelope, human
from semsearch.present.style import Style
from semsearch.records import IndexReport
from semsearch.searching import Options, parse_query, search
from semsearch.store import open_index
from semsearch.text import display_path, printable
from tests.fuzz.command import Outcome, run_as_command
from tests.fuzz.mutations import random_text

if TYPE_CHECKING:
    from semsearch.records import Root
    from semsearch.store import SqliteStore

_LIMIT: Final = 1_000_000
_ODD: Final = (
    b"-rf", b"--", b"~", b"~root", b"%s%n", b"$(touch x)", b"`id`", b"a\nb", b"a\tb", b"\x1b[2J",
    b"\x1b]0;x\x07", b"[/bold]", b"[@click=q]", b"'", b'"', b"\\", b" ", b" a ", b"a ", b"*", b"?",
    b"!", b"#", b"a" * 240, b"\xff\xfe", b"\x80", b"\xed\xa0\x80", b"con", b"nul.txt", b"...",
    b"a.",
    "\u202egnp.exe".encode(), "é".encode(), unicodedata.normalize("NFD", "é").encode(),
    "日本語".encode(), "\U0001f469\u200d\U0001f469".encode(), b"A", b"a", b"in:x", b"type:md",
)  # fmt: skip


def fuzz(cases: int, seed: int) -> Outcome:
    """So many names."""
    outcome = Outcome()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="names-") as scratch:
        folder = os.fsencode(os.path.join(scratch, "notes"))
        words = _write(folder, chance, cases)
        with closing(open_index(os.path.join(scratch, "index.db"), create=True)) as store:
            root = store.add_root(folder)
            _run(store, root)
            stored = {file.relative for file in store.files()}
            for relative, word in words.items():
                with outcome.case(repr(relative)):
                    _prove(outcome, store, folder, relative, word, stored)
            for relative in words:
                os.unlink(os.path.join(folder, relative))
            _run(store, root)
            left = [file.relative for file in store.files()]
            if left:
                outcome.fail(repr(left[0]), f"{len(left)} files are still in the index")
            outcome.counts["indexed"] = len(stored)
    return outcome


def _write(folder: bytes, chance: random.Random, count: int) -> dict[bytes, str]:
    """The files, and the word of each."""
    words: dict[bytes, str] = {}
    number = 0
    while len(words) < count:
        number += 1
        parent = b"/".join(_name(chance)[:60] for _ in range(chance.choice((0, 0, 1, 2))))
        relative = (parent + b"/" if parent else b"") + _name(chance)[:250] + b".md"
        path = os.path.join(folder, relative)
        hidden = any(part.startswith(b".") for part in relative.split(b"/"))
        if hidden or relative in words or os.path.isdir(path):
            continue
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except OSError:
            continue  # this file system has no such name, or it is taken in another form
        words[relative] = f"kraken{number}word"
        with os.fdopen(descriptor, "w") as stream:
            stream.write(f"# Note\n\nHere lives the {words[relative]} of the deep.\n")
    return words


def _name(chance: random.Random) -> bytes:
    kind = chance.randrange(3)
    if kind == 0:
        name = chance.choice(_ODD)
    elif kind == 1:
        name = chance.randbytes(chance.randrange(1, 40))
    else:
        name = random_text(chance, chance.randrange(1, 60)).encode("utf-8", "surrogatepass")
    name = name.replace(b"/", b"_").replace(b"\0", b"_")
    return name if name.strip(b".") else b"x" + name


def _run(store: SqliteStore, root: Root) -> IndexReport:
    options = PlanOptions(max_file_bytes=_LIMIT, remove_many=True)
    plan = make_plan(store, [root], options)
    run = IndexRun(store, plan, None, None, RunOptions(max_file_bytes=_LIMIT), threading.Event())
    *_, report = run.events()
    assert isinstance(report, IndexReport)
    return report


def _prove(
    outcome: Outcome,
    store: SqliteStore,
    folder: bytes,
    relative: bytes,
    word: str,
    stored: set[bytes],
) -> None:
    name = repr(relative)
    if relative not in stored:
        outcome.fail(name, "is not in the index")
        return
    query = parse_query(word, cwd=folder, now=time.time(), roots=[folder])
    result = search(store, query, None, _no_embedder, Options(mode="lexical"))
    if [hit.path for hit in result.hits] != [os.path.join(folder, relative)]:
        outcome.fail(name, f"found as {[hit.path for hit in result.hits]!a}")
    shown = human.search_text(result, Style(width=80), cwd=b"/")
    for text in (display_path(relative), *shown.splitlines()):
        if text != printable(text):
            outcome.fail(name, f"is shown as {text!a}")
    if not envelope.search(result).isascii():
        outcome.fail(name, "is not ASCII in JSON")


def _no_embedder() -> NoReturn:
    raise AssertionError("nothing is embedded here")


if __name__ == "__main__":
    run_as_command(__doc__ or "", 500, fuzz)
