"""The person's editor, told to open a file at a line. No shell is involved, ever."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING, Final

from semsearch.errors import UsageError

if TYPE_CHECKING:
    from semsearch.settings import Settings

_PLUS: Final = frozenset({
    "emacs", "emacsclient", "kak", "ne", "joe", "jed", "mg", "mcedit", "ed", "gedit", "pluma",
    "xed", "geany", "nvim-qt", "tilde", "most", "xemacs", "zile", "e3", "vis", "mle", "amp",
})  # fmt: skip
"""`+LINE FILE`."""

_PLUS_DASHES: Final = frozenset({
    "vi", "vim", "nvim", "view", "gvim", "vimdiff", "elvis", "nvi", "busybox", "nano",
    "rnano", "pico", "less", "more", "micro",
})  # fmt: skip
"""`+LINE -- FILE`: they know where options end."""

_COLON: Final = frozenset({
    "subl", "sublime_text", "zed", "zeditor", "hx", "helix", "mate", "bbedit", "lapce",
})  # fmt: skip
"""`FILE:LINE`."""

_GOTO: Final = frozenset({
    "code", "code-insiders", "codium", "vscodium", "cursor", "windsurf", "positron",
})  # fmt: skip
"""`--goto FILE:LINE`."""

_LINE_OPTION: Final = frozenset({
    "kate", "kwrite", "idea", "pycharm", "webstorm", "clion", "goland", "rider",
})  # fmt: skip
"""`--line LINE FILE`."""

_FALLBACKS: Final = ("sensible-editor", "editor", "nano", "vim", "vi", "micro")


def editor_command(settings: Settings) -> list[str]:
    """The editor's words: the setting `editor`, else VISUAL, else EDITOR, else one that is here.

    Raises:
        UsageError: there is none, or the quotes in the setting do not pair.
    """
    environment = settings.environment
    for source in (
        settings.text("editor"),
        environment.get("VISUAL", ""),
        environment.get("EDITOR", ""),
    ):
        if source.strip():
            try:
                return shlex.split(source)
            except ValueError as error:
                raise UsageError(
                    "The editor's command has a quote without its pair.",
                    hint="Mend the setting editor, VISUAL or EDITOR.",
                    code="editor.command",
                ) from error
    for name in _FALLBACKS:
        if shutil.which(name, path=environment.get("PATH")):
            return [name]
    raise UsageError(
        "There is no editor to open the file with.",
        hint="Set EDITOR, or the setting editor.",
        code="editor.missing",
    )


def open_arguments(command: list[str], path: bytes, line: int) -> list[bytes]:
    """The argument list that opens an absolute path at a line.

    `{file}` and `{line}` in the command are replaced; otherwise the syntax is that of the
    editor's name, and an unknown editor gets the file alone.
    """
    words = [os.fsencode(word) for word in command]
    number = b"%d" % max(line, 1)
    if any(b"{file}" in word for word in words):
        return [word.replace(b"{line}", number).replace(b"{file}", path) for word in words]
    name = os.path.basename(command[0]).removesuffix(".exe").lower()
    if name in _PLUS_DASHES:
        return [*words, b"+" + number, b"--", path]
    if name in _PLUS:
        return [*words, b"+" + number, path]
    if name in _COLON:
        return [*words, path + b":" + number]
    if name in _GOTO:
        return [*words, b"--goto", path + b":" + number]
    if name in _LINE_OPTION:
        return [*words, b"--line", number, path]
    return [*words, path]
