"""`semsearch`, telling its commits: the child process of the harnesses.

    python -m tests.harness.watched DESCRIPTOR WHEN -- COMMAND… [-- COMMAND…]

Every commit of the index that has returned becomes a line on DESCRIPTOR: what was published and
removed in it, and how many vectors were stored. WHEN is `-`, or `before:N:SIGNAL` or
`after:N:SIGNAL`: the process sends itself that signal at the N-th commit.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from semsearch.store.documents import Files
from semsearch.store.driver import Database
from semsearch.store.vectors import Vectors

if TYPE_CHECKING:
    from collections.abc import Sequence


class Watch:
    """Counts commits and tells them."""

    def __init__(self, descriptor: int, when: str) -> None:
        self._descriptor = descriptor
        self._moment, self._number, self._signal = "", 0, 0
        if when != "-":
            moment, number, signal = when.split(":")
            self._moment, self._number, self._signal = moment, int(number), int(signal)
        self._commits = 0
        self._published: list[str] = []
        self._vectors = 0

    def install(self) -> None:
        """Wrap the few methods every change of an index goes through."""
        commit, roll_back = Database._commit, Database._roll_back
        publish, add_vectors = Files.publish, Vectors.add_vectors
        watch = self

        def watched_commit(self: Database) -> None:
            outermost = self._depth == 0
            if outermost:
                watch._commits += 1
                watch._strike("before")
            commit(self)
            if outermost:
                watch._tell()
                watch._strike("after")

        def watched_roll_back(self: Database) -> None:
            roll_back(self)
            if self._depth == 0:
                watch._forget()

        def watched_publish(self: Files, new: Any) -> int:
            watch._published.append(new.ref.relative.hex())
            return publish(self, new)

        def watched_add(self: Vectors, space: int, passages: Any, *rest: Any) -> None:
            add_vectors(self, space, passages, *rest)
            watch._vectors += len(passages)

        Database._commit = watched_commit  # type: ignore[method-assign]
        Database._roll_back = watched_roll_back  # type: ignore[method-assign]
        Files.publish = watched_publish  # type: ignore[method-assign]
        Vectors.add_vectors = watched_add  # type: ignore[method-assign, assignment]

    def _tell(self) -> None:
        line = {"published": self._published, "vectors": self._vectors}
        os.write(self._descriptor, json.dumps(line).encode() + b"\n")
        self._forget()

    def _forget(self) -> None:
        self._published, self._vectors = [], 0

    def _strike(self, moment: str) -> None:
        if (moment, self._commits) == (self._moment, self._number):
            os.kill(os.getpid(), self._signal)


def main(words: Sequence[str]) -> int:
    """Run the commands one after the other; the first that fails ends it."""
    from semsearch.cli.main import main as run

    descriptor, when, *rest = words
    Watch(int(descriptor), when).install()
    os.write(int(descriptor), b"{}\n")
    commands: list[list[str]] = []
    for word in rest:
        if word == "--":
            commands.append([])
        else:
            commands[-1].append(word)
    status = 0
    for command in commands:
        status = run(command)
        if status:
            break
    return status


if __name__ == "__main__":
    ended = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(ended)
