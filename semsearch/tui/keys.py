"""Every action of the terminal UI, once: bindings, footer, palette, help and remapping read this.

A person remaps an action with the setting `ui.keys`, a list of `action=key`, such as
`search.open=ctrl+e`; several keys are parted by `|`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from textual.binding import Binding

from semsearch.errors import SettingsError
from semsearch.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    KeyName = Callable[[str], str]
    """From the id of an action to the key the person presses for it."""

Scope = Literal["anywhere", "search", "preview", "index", "models", "settings", "welcome", "help"]

MODES: Final = ("search", "index", "models", "settings")
"""Screens one switches between; each keeps its state."""


class Action(NamedTuple):
    """Something a person can do, and the key for it."""

    id: str
    """Stable; what `ui.keys` names."""
    scope: Scope
    key: str
    """In Textual's spelling, several parted by commas; empty: in the palette only."""
    action: str
    """What Textual runs, in the scope's screen or widget; empty: the row only documents a key."""
    label: str
    """A word or two, for the footer."""
    help: str
    """A short phrase, for the help screen and the palette."""
    footer: int = 0
    """Place in the footer, low first; 0: not shown there."""


# ruff: noqa: E501 - a table reads by its columns
ACTIONS: Final[tuple[Action, ...]] = (
    # --- search ---
    Action("search.type", "search", "", "", "type", "search as you type"),
    Action("search.open", "search", "enter", "open", "open", "open at the line in the editor", 1),
    Action("search.up", "search", "up", "move(-1)", "up", "the hit above (the query keeps focus)"),
    Action("search.down", "search", "down", "move(1)", "down", "the hit below"),
    Action("search.page_up", "search", "pageup", "page(-1)", "page up", "a page of hits up"),
    Action("search.page_down", "search", "pagedown", "page(1)", "page down", "a page of hits down"),
    Action("search.first", "search", "ctrl+home", "to_end(-1)", "first", "the first hit"),
    Action("search.last", "search", "ctrl+end", "to_end(1)", "last", "the last hit"),
    Action("search.next_pane", "search", "tab", "pane(1)", "preview", "query, results, preview", 4),
    Action("search.previous_pane", "search", "shift+tab", "pane(-1)", "back", "the pane before"),
    Action("search.earlier", "search", "alt+up", "history(1)", "earlier", "the query before"),
    Action("search.later", "search", "alt+down", "history(-1)", "later", "the query after"),
    Action("search.similar", "search", "ctrl+l", "similar", "similar", "more like this passage", 3),
    Action("search.copy", "search", "ctrl+y", "copy", "copy", "copy path:line, again: the text", 2),
    Action("search.preview", "search", "ctrl+o", "toggle_preview", "preview", "preview on, off"),
    Action("search.mode", "search", "f3", "next_mode", "mode", "hybrid, meaning, keyword", 5),
    Action("search.filter", "search", "f4", "filter", "filter", "filter by folder, type, date", 6),
    Action("search.rerank", "search", "ctrl+t", "rerank", "re-rank", "order hits by a rerank model, stop"),
    Action("search.again", "search", "ctrl+r", "again", "again", "ask the same question again"),
    Action("search.relevant", "search", "f7", "judge(1)", "relevant", "mark relevant, again: unmark"),
    Action(
        "search.irrelevant", "search", "f8", "judge(0)", "not relevant", "mark not relevant, unmark"
    ),
    Action("search.why", "search", "f9", "why", "why", "why this rank"),
    Action("search.clear", "search", "escape", "back", "clear", "back to the query, then clear it"),
    # --- preview ---
    Action("preview.down", "preview", "j,down", "scroll_by(1)", "down", "scroll a line"),
    Action("preview.up", "preview", "k,up", "scroll_by(-1)", "up", "scroll a line back"),
    Action("preview.page_down", "preview", "space,pagedown", "page_by(1)", "page", "scroll a page"),
    Action("preview.page_up", "preview", "b,pageup", "page_by(-1)", "back", "scroll a page back"),
    Action("preview.next", "preview", "n", "step(1)", "next match", "next match", 1),
    Action("preview.previous", "preview", "N", "step(-1)", "previous", "previous match", 2),
    Action("preview.passage", "preview", "home,g", "to_passage", "passage", "back to the passage"),
    Action("preview.wrap", "preview", "w", "wrap", "wrap", "wrap long lines on, off", 3),
    Action("preview.markdown", "preview", "m", "markdown", "rendered", "Markdown rendered, or its source", 4),
    # --- index ---
    Action("index.run", "index", "r", "run", "index now", "bring the index up to date", 1),
    Action("index.pause", "index", "p", "pause", "pause", "pause, go on", 2),
    Action("index.stop", "index", "s", "stop", "stop", "stop after this batch; work is kept", 3),
    Action("index.add", "index", "a", "add_folder", "add folder", "add a folder to the index", 4),
    Action("index.remove", "index", "x", "remove_folder", "remove", "remove a folder from the index", 5),
    Action("index.open", "index", "enter", "open_problem", "open", "open the file in the editor", 6),
    Action("index.ignore", "index", "i", "ignore", "ignore", "leave this path out from now on", 7),
    Action("index.retry", "index", "t", "retry", "retry", "try what failed again", 8),
    Action("index.details", "index", "d", "details", "details", "more about the problem", 9),
    # --- models ---
    Action("models.compare", "models", "space", "compare", "compare", "compare with this model", 1),
    Action("models.use", "models", "enter", "use", "switch", "make this model the active one", 2),
    Action("models.build", "models", "b", "build", "build", "build its vectors in background", 3),
    Action("models.stop", "models", "s", "stop", "stop", "stop building; work is kept", 4),
    Action("models.query", "models", "slash", "edit_query", "query", "another query to compare", 5),
    Action("models.drop", "models", "x", "drop", "drop", "drop its vectors", 6),
    Action("models.find", "models", "f", "find", "find", "find a model", 7),
    Action("models.judge", "models", "e", "evaluate", "quality", "measure the models on your marks", 8),
    Action("models.check", "models", "c", "check", "check", "is it still the model its vectors came from?", 9),
    Action("models.adopt", "models", "a", "adopt", "adopt", "keep its vectors for the server in the settings"),
    Action("models.refresh", "models", "r", "refresh_list", "refresh", "ask the server again"),
    Action("models.rerank", "models", "o", "rerank", "re-rank", "order hits by a rerank model, stop"),
    Action("models.install", "models", "i", "install", "install", "install the embedded model"),
    # --- settings ---
    Action("settings.edit", "settings", "enter", "edit", "change", "change the value", 1),
    Action("settings.reset", "settings", "delete", "reset", "default", "back to the default", 2),
    Action("settings.filter", "settings", "slash", "find", "find", "find a setting", 3),
    Action("settings.key", "settings", "k", "key", "API key", "set or forget the API key", 4),
    # --- first steps ---
    Action("welcome.take_back", "welcome", "ctrl+t", "take_back", "take folder back", "take back the folder added last", 1),
    # --- anywhere ---
    Action("go.help", "anywhere", "f1", "help", "help", "every key, and how search works", 91),
    Action("go.settings", "anywhere", "f2", "go('settings')", "settings", "settings and their origin"),
    Action("go.index", "anywhere", "f5", "go('index')", "index", "index: folders, progress, cost", 80),
    Action("go.models", "anywhere", "f6", "go('models')", "models", "models and comparison", 81),
    Action("go.search", "anywhere", "f10", "go('search')", "search", "search"),
    Action("go.welcome", "anywhere", "", "welcome", "first steps", "first steps: key, folder, model"),
    Action("go.theme", "anywhere", "", "change_theme", "theme", "choose colours"),
    Action("go.palette", "anywhere", "ctrl+p", "command_palette", "palette", "any command by name", 92),
    Action("go.quit", "anywhere", "ctrl+q", "quit", "quit", "quit; nothing is lost"),
)  # fmt: skip

BY_ID: Final = {action.id: action for action in ACTIONS}

BACK: Final = Action("go.back", "anywhere", "escape", "back", "back", "back to search", 90)
"""Bound by every screen but search, where escape first leaves the preview."""


def bindings(scope: Scope) -> list[Binding]:
    """The Textual bindings of a scope, each with its id so that a keymap can replace the key."""
    return [_binding(action) for action in ACTIONS if action.scope == scope and bound(action)]


def _binding(action: Action) -> Binding:
    # Anywhere means anywhere: a text field must not swallow the way out.
    return Binding(
        action.key,
        action.action,
        action.label,
        show=bool(action.footer),
        tooltip=action.help,
        id=action.id,
        priority=action.scope == "anywhere",
    )


def back_binding() -> Binding:
    """Escape, for screens one leaves to search."""
    return Binding(BACK.key, BACK.action, BACK.label, tooltip=BACK.help, id=BACK.id)


def bound(action: Action) -> bool:
    """Whether the action has a key to press."""
    return bool(action.key and action.action)


def keymap(entries: Iterable[str]) -> dict[str, str]:
    """What `ui.keys` asks for: Textual's keymap, from action id to keys.

    Raises:
        SettingsError: an entry is not `action=key`, or there is no such action.
    """
    chosen: dict[str, str] = {}
    for entry in entries:
        id, equals, keys = entry.partition("=")
        id = id.strip()
        if not equals or not keys.strip():
            raise SettingsError(
                f"The entry {printable(entry)} of ui.keys is not action=key.",
                hint="Write, for example, search.open=ctrl+e.",
                code="settings.keys",
            )
        if id not in BY_ID or not bound(BY_ID[id]):
            raise SettingsError(
                f"The setting ui.keys names no action: {printable(id)}.",
                hint="The help screen (f1) shows the name of every action.",
                code="settings.keys",
            )
        chosen[id] = ",".join(part.strip() for part in keys.split("|"))
    return chosen


_PLACE: Final = re.compile(r"\{([a-z]+\.[a-z_]+)\}")
_SHOWN: Final = {
    "slash": "/",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "question_mark": "?",
    "escape": "esc",
    "delete": "del",
}


def key_names(keymap: dict[str, str]) -> KeyName:
    """The keys as people write them, with those they have remapped."""
    return lambda id: shown_key(BY_ID[id], keymap)


def with_keys(text: str, key: KeyName) -> str:
    """A text of ours, with the key of each `{action.id}` in its place.

    Never for text from outside: what is in braces there is not ours.
    """
    return _PLACE.sub(lambda place: key(place[1]), text)


def shown_key(action: Action, keymap: dict[str, str]) -> str:
    """The key as people write it; of several the first."""
    return shown_keys(action, keymap).partition(" ")[0]


def shown_keys(action: Action, keymap: dict[str, str]) -> str:
    """All keys of an action as people write them, parted by blanks."""
    return " ".join(map(_shown, keymap.get(action.id, action.key).split(",")))


def _shown(key: str) -> str:
    *modifiers, name = key.split("+")
    return "+".join([*modifiers, _SHOWN.get(name, name)])
