"""A file opened in the person's editor, and what is said when that cannot be."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from semsearch.errors import SemsearchError
from semsearch.text import display_path, printable
from semsearch.tui.editor import editor_command, open_arguments

if TYPE_CHECKING:
    from semsearch.tui.app import SemsearchApp


def open_in_editor(app: SemsearchApp, path: bytes, line: int = 1) -> bool:
    """Give the terminal to the editor and take it back; False when none could be started."""
    if not os.path.isfile(path):
        app.say(f"There is no such file now: {display_path(path)}", warning=True)
        return False
    try:
        command = editor_command(app.settings)
        with app.suspend():
            subprocess.run(open_arguments(command, path, line), check=False)  # noqa: S603 - a list
    except SuspendNotSupported:
        app.say(f"No editor can be opened here: {display_path(path)}", warning=True)
    except SemsearchError as error:
        app.report(error)
    except OSError as error:
        reason = printable(error.strerror or type(error).__name__)
        app.say(f"The editor {printable(command[0])} did not start: {reason}.", warning=True)
    else:
        return True
    return False
