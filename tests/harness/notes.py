"""A folder of notes, and the same folder a week later."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

FOLDERS: Final = 5
_OLD_S: Final = 1_700_000_000
"""Times far enough back that a run trusts them."""

_WORDS: Final = (
    "boiler", "pressure", "valve", "bicycle", "chain", "cabbage", "salt", "kettle", "retry",
    "backoff", "socket", "ledger", "harbour", "tide", "lantern", "orchard", "pruning", "compost",
    "yeast", "flour", "oven", "invoice", "tax", "receipt", "train", "platform", "violin", "string",
    "tuning", "Überweisung", "données", "клавиша", "索引", "ファイル",
)  # fmt: skip


def write_notes(folder: Path, files: int) -> None:
    """Notes of one to four sections; some sections stand in several files."""
    chance = random.Random(7)
    for number in range(files):
        _write(folder / f"{number % FOLDERS}" / f"{number}.md", _note(chance, number))


def edit_notes(folder: Path) -> None:
    """A third is changed, a few are new, moved or gone."""
    chance = random.Random(11)
    for number, path in enumerate(sorted(folder.rglob("*.md"))):
        if number % 9 == 0:
            path.unlink()
        elif number % 7 == 0:
            shutil.move(path, folder / f"moved-{path.name}")
        elif number % 3 == 0:
            _write(path, path.read_text() + f"\n## Later\n\n{_sentence(chance)}\n")
        elif number % 8 == 0:
            _write(folder / "new" / f"{number}.md", _note(chance, 1000 + number))


def remove_notes(folder: Path) -> None:
    """Every second file is deleted."""
    for path in sorted(folder.rglob("*.md"))[::2]:
        path.unlink()


def _note(chance: random.Random, number: int) -> str:
    parts = [f"# Note {number}\n\n{_sentence(chance)}\n"]
    parts += [
        f"\n## Part {part}\n\n{_sentence(chance)}\n" for part in range(chance.randrange(1, 4))
    ]
    if number % 10 == 0:
        parts.append("\n## Shared\n\nThis paragraph stands in every tenth note.\n")
    return "".join(parts)


def _sentence(chance: random.Random) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randrange(12, 60))) + "."


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (_OLD_S, _OLD_S))
