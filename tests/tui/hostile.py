"""Text that would drive a terminal, speak markup or break a layout if it were let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PAYLOADS = (
    "\x1b]0;owned\x07",
    "\x1b]52;c;ZXZpbA==\x1b\\",
    "\x1b[2J\x1b[31mred\x1b[6n",
    "\x1bP+q544e\x1b\\",
    "\x9b31m\x9d0;c1\x9c\x90q\x9c",
    "\u202egnp.exe\u202c \u2066iso\u2069 \u200f\u061c",
    "\x07\x08\x0b\x0c\x7f\x85\u2028\u2029\ufeff",
    "[bold]x[/bold] [/nope] array[0] [@click=app.quit]quit[/] [link=http://evil]l[/link]",
    "$(touch /x) `id` ; rm",
    "日本語 e\u0301 👩\u200d👩\u200d👧",
)


def plant(folder: Path) -> None:
    """A note, a heading and a file name for each payload, all with the word `kraken`."""
    folder.mkdir()
    for number, payload in enumerate(PAYLOADS):
        name = f"kraken {number} {payload}".replace("/", "_").replace("\0", "")[:100]
        text = f"# kraken {payload}\n\nThe kraken {payload} sleeps {payload}.\n"
        (folder / f"{name}.md").write_text(text, newline="")
    (folder / "kraken.py").write_text(f"def kraken():\n    '''{PAYLOADS[2]}'''\n    return 'x'\n")
