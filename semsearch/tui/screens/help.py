"""Every key, from the registry, and how search works; typing filters it."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from semsearch.tui import keys
from semsearch.tui.screens.base import BaseScreen
from semsearch.tui.terminal import content
from semsearch.tui.widgets.status_line import EndsLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult

    from semsearch.tui.facts import Facts
    from semsearch.tui.keys import Scope

Section = tuple[str, tuple[tuple[str, str], ...]]
"""A title, and rows of key and phrase."""

_TITLES: Final = {
    "search": "SEARCH",
    "preview": "PREVIEW ({search.next_pane})",
    "anywhere": "ANYWHERE",
    "index": "INDEX ({go.index})",
    "models": "MODELS ({go.models})",
    "settings": "SETTINGS ({go.settings})",
    "welcome": "FIRST STEPS",
}

_NOTES: Final = (
    ("QUERY LANGUAGE", (
        ("plain words", "search by meaning and by words"),
        ('"exact phrase"', "must hold these words in this order"),
        ("-word", "must not hold it"),
        ("in:notes/2024", "below this folder"),
        ("type:md,py", "by file type"),
        ("after:2024-06", "changed since; before: until; 7d is an age"),
        ("like:path.md:40", "similar to that place; nothing is sent"),
    )),
    ("HOW RESULTS ARE MADE", (
        ("", "Keywords answer at once; meaning follows after a pause of a quarter second, or with "
             "enter. Both lists of 200 are fused by the weights of the model; equal passages fold. "
             "A cursor you have moved stays on its hit."),
    )),
    ("READING THE LIST", (
        ("▌", "the cursor"),
        ("V K", "found by meaning, by keyword"),
        ("0.87", "cosine to the query; the order is the fused rank"),
        ("~", "weak: no nearer than any passage is to any question"),
        ("+ −", "marked relevant, not relevant ({search.relevant}, {search.irrelevant})"),
        ("changed", "the file is newer than the index"),
        ("┃", "the passage, in the preview"),
    )),
    ("MORE", (
        ("search --json", "for scripts"),
        ("search --plain", "for screen readers"),
        ("doctor", "checks key, index, extension, terminal"),
        ("ui.keys", "the setting that remaps: search.open=ctrl+e"),
    )),
)  # fmt: skip


class HelpScreen(BaseScreen):
    """Keys on the left, notes on the right, a filter below."""

    SCOPE: ClassVar[Scope] = "help"
    HEADING: ClassVar[str] = "Help"
    CSS = """
    HelpScreen Horizontal { height: 1fr; }
    HelpScreen VerticalScroll { width: 1fr; padding: 0 1; scrollbar-gutter: stable; }
    HelpScreen Input { border: none; height: 1; padding: 0 1; }
    HelpScreen.-narrow Horizontal, HelpScreen.-tiny Horizontal { layout: vertical; }
    """

    def __init__(self, asked_from: Scope = "search") -> None:
        """Show the keys of this scope first."""
        super().__init__(id="help")
        self._asked_from = asked_from

    def compose_body(self) -> ComposeResult:
        """Two panes and the filter."""
        with Horizontal():
            with VerticalScroll(id="keys", classes="pane", can_focus=False) as pane:
                pane.border_title = "keys"
                yield Static(id="key-rows", markup=False)
            with VerticalScroll(id="notes", classes="pane", can_focus=False) as pane:
                pane.border_title = "notes"
                yield Static(id="note-rows", markup=False)
        yield Input(placeholder="type to filter this page", compact=True)

    def on_mount(self) -> None:
        """Everything, until something is typed."""
        self.query_one(Input).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Only rows that hold what was typed."""
        event.stop()
        self._fill(event.value)

    def on_key(self, event: object) -> None:
        """Arrows scroll while the filter keeps the focus."""
        by = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10}.get(getattr(event, "key", ""))
        if by is not None:
            for pane in self.query(VerticalScroll):
                pane.scroll_relative(y=by, animate=False)

    def show_title(self, facts: Facts) -> None:
        """Where the keys come from."""
        remapped = len(self.semsearch.keys)
        right = f"{remapped} keys are your own, from ui.keys" if remapped else "ui.keys remaps"
        self.query_one("#title", EndsLine).show("semsearch   Help", right, heading=True)

    def on_resize(self) -> None:
        """Phrases are wrapped to the panes."""
        self.call_after_refresh(lambda: self._fill(self.query_one(Input).value))

    def _fill(self, wanted: str) -> None:
        wanted = wanted.strip().lower()
        for rows, sections in (
            ("#key-rows", self._key_sections()),
            ("#note-rows", self._note_sections()),
        ):
            static = self.query_one(rows, Static)
            static.update(_page(sections, wanted, max(static.size.width - 1, 30)))

    def _key_sections(self) -> list[Section]:
        own, key = self.semsearch.keys, self.semsearch.key
        sections = []
        for scope in sorted(_TITLES, key=lambda scope: scope != self._asked_from):
            rows = [
                (keys.shown_keys(action, own) if action.key else action.label, action.help)
                for action in keys.ACTIONS
                if action.scope == scope and (action.key or not action.action)
            ]
            sections.append((keys.with_keys(_TITLES[scope], key), tuple(rows)))
        return sections

    def _note_sections(self) -> list[Section]:
        key = self.semsearch.key
        return [
            (title, tuple((name, keys.with_keys(text, key)) for name, text in rows))
            for title, rows in _NOTES
        ]


def _page(sections: Iterable[Section], wanted: str, width: int) -> Content:
    """The rows that hold what is wanted, phrases indented below each other."""
    lines: list[Content] = []
    sections = list(sections)
    longest = max(len(key) for _, rows in sections for key, _ in rows)
    column = min(longest + 3, width // 2)
    for title, rows in sections:
        kept = [row for row in rows if wanted in f"{row[0]} {row[1]} {title}".lower()]
        if not kept:
            continue
        lines.append(content(title, "bold $title"))
        for key, text in kept:
            indent = max(column, len(key) + 2) if key else 1
            phrases = wrap(text, max(width - indent, 12)) or [""]
            first = content(f" {key}".ljust(indent), "bold $key-ink") + content(phrases[0])
            lines += [first, *(content(" " * indent + phrase) for phrase in phrases[1:])]
        lines.append(content(""))
    return Content("\n").join(lines) if lines else content("nothing here")
