"""`semsearch` on a disk that is recorded: the child process of the power harness.

    python -m tests.harness.recorded FOLDER [FULL|OFF] FILES

Indexes FOLDER/notes, edits them, indexes again, forgets a part, builds another model's vectors and
switches to it. FOLDER/recording.pickle then holds what was done to the files, and what the index
said after each commit that has to survive a power cut.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from semsearch.cli.main import main as run
from semsearch.store import driver
from semsearch.store.driver import Database
from tests.harness.disk import RecordingVfs
from tests.harness.logical import content
from tests.harness.notes import edit_notes, write_notes
from tests.harness.phases import MODEL, OTHER_MODEL

if TYPE_CHECKING:
    from collections.abc import Sequence


def state_of(index: Path) -> str:
    """A digest of everything the index says, the calls that were paid for included."""
    said = content(index)
    connection = apsw.Connection(str(index))
    paid = connection.execute(
        "SELECT digest, tokens, cost_usd FROM ledger WHERE cost_usd IS NOT NULL ORDER BY id"
    ).fetchall()
    connection.close()
    return hashlib.sha256(repr((said, paid)).encode("utf-8", "replace")).hexdigest()


def record(folder: Path, synchronous: str, files: int) -> None:
    """Run the commands on a recorded disk."""
    vfs = RecordingVfs()
    index = folder / "index.db"
    states = [""]
    commit = Database._commit

    def watched(self: Database) -> None:
        commit(self)
        if self._depth == 0 and self.version is not None:
            durable = self.pragma("synchronous") != 1  # NORMAL: what may be lost
            if durable:
                before = len(vfs.operations)
                states.append(state_of(index))
                del vfs.operations[before:]  # reading changes nothing that lasts
                vfs.commit(len(states) - 1)

    Database._commit = watched  # type: ignore[method-assign]
    if synchronous == "OFF":
        _never_sync()
    notes = folder / "notes"
    write_notes(notes, files)
    where = ("--yes", "--quiet", "--index", str(index))
    index_all = ("index", str(notes), "--model", MODEL, *where)
    _must(index_all)
    edit_notes(notes)
    _must(index_all)
    _must(("forget", str(notes / "1"), *where))
    _must(("models", "build", OTHER_MODEL, "--use", *where))
    (folder / "recording.pickle").write_bytes(pickle.dumps((vfs.operations, states)))


def _never_sync() -> None:
    durable = driver.survive_power_loss  # type: ignore[attr-defined]

    def careless(connection: apsw.Connection, *, wal: bool | None) -> str:
        durable(connection, wal=wal)
        connection.pragma("synchronous", "OFF")
        return "OFF"

    driver.survive_power_loss = careless  # type: ignore[attr-defined]


def _must(words: Sequence[str]) -> None:
    status = run(words)
    if status:
        raise SystemExit(f"{words[0]} ended with status {status}")


if __name__ == "__main__":
    record(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    sys.stdout.flush()
    os._exit(0)
