"""What a terminal would show: the few control sequences that position and erase, and text."""

from __future__ import annotations

import codecs
import re

from rich.cells import cell_len

_SEQUENCE = re.compile(
    r"\x1b(?:\[([0-9;?<>=$]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|[()][A-Z0-9]|[=>78cM])"
)
_PARTIAL = re.compile(r"\x1b(?:\[[0-9;?<>=$]*|[\]P][^\x07\x1b]*\x1b?|[()])?$")


class VirtualScreen:
    """Feed it what a program writes, and read the lines.

    Args:
        columns: of the terminal.
        rows: of the terminal.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self._size = columns, rows
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._clear()

    @property
    def text(self) -> str:
        """The lines, without trailing blanks."""
        return "\n".join("".join(row).rstrip() for row in self._cells)

    def feed(self, data: bytes) -> None:
        """Show what was written; a sequence cut in two waits for its end."""
        text = self._rest + self._decode(data)
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = _SEQUENCE.match(text, at)
                if found is None:
                    if _PARTIAL.match(text, at):
                        break
                    at += 1
                    continue
                self._control(found[1], found[2])
                at = found.end()
            else:
                self._put(text[at])
                at += 1
        self._rest = text[at:]

    def _clear(self) -> None:
        columns, rows = self._size
        self._cells = [[" "] * columns for _ in range(rows)]
        self._row = self._column = 0

    def _put(self, character: str) -> None:
        columns, rows = self._size
        if character == "\n":
            self._row = min(self._row + 1, rows - 1)
        elif character == "\r":
            self._column = 0
        elif (width := cell_len(character)) and self._column < columns:
            line = self._cells[self._row]
            line[self._column] = character
            line[self._column + 1 : self._column + width] = [""] * (width - 1)
            del line[columns:]
            self._column += width

    def _control(self, parameters: str | None, name: str | None) -> None:
        if name is None or parameters is None or parameters.startswith(("?", "<", ">", "=")):
            if parameters == "?1049" and name in {"h", "l"}:
                self._clear()
            return
        numbers = [int(part) if part.isdigit() else 0 for part in parameters.split(";")]
        columns, rows = self._size
        if name in {"H", "f"}:
            row, column = (*numbers, 0)[:2]
            self._row = min(max(row, 1), rows) - 1
            self._column = min(max(column, 1), columns) - 1
        elif name == "J" and numbers[0] == 2:
            self._clear()
        elif name == "K":
            self._cells[self._row][self._column :] = [" "] * (columns - self._column)
        elif name in {"A", "B"}:
            by = max(numbers[0], 1) * (1 if name == "B" else -1)
            self._row = min(max(self._row + by, 0), rows - 1)
        elif name in {"C", "D"}:
            by = max(numbers[0], 1) * (1 if name == "C" else -1)
            self._column = min(max(self._column + by, 0), columns - 1)
