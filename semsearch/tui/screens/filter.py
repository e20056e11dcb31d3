"""A form for the filters of the query language; what it says goes into the query, visibly."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from semsearch.tui import keys

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

_FIELDS: Final = (
    ("in", "folder", "notes/2024"),
    ("type", "types", "md,py"),
    ("after", "changed after", "2024-06, or 7d"),
    ("before", "changed before", "2024-12-31"),
)
_FILTER: Final = re.compile(r'(?:^|(?<=\s))(in|type|after|before):("[^"]*"|\S*)', re.IGNORECASE)


class FilterDialog(ModalScreen["str | None"]):
    """Gives back the query with the filters of the form, or None when left by escape."""

    CSS = """
    FilterDialog { align: center middle; background: $paper 60%; }
    FilterDialog > Vertical { width: 64; max-width: 96%; height: auto; }
    FilterDialog Horizontal { height: 1; }
    FilterDialog .label { width: 16; color: $quiet; }
    FilterDialog .hint { color: $quiet; margin-top: 1; }
    FilterDialog Input { width: 1fr; border: none; height: 1; padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [keys.back_binding()]

    def __init__(self, query: str) -> None:
        super().__init__()
        self._query = query

    def compose(self) -> ComposeResult:
        """One field per filter, filled with what the query says now."""
        given = parts(self._query)[1]
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "filter"
            dialog.border_subtitle = "enter apply   esc leave"
            for name, label, example in _FIELDS:
                with Horizontal():
                    yield Static(label, classes="label", markup=False)
                    yield Input(
                        given.get(name, ""), placeholder=example, id=f"filter-{name}", compact=True
                    )
            yield Static(
                "Filters apply before anything is ranked; empty fields are no filters.",
                classes="hint",
                markup=False,
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in any field applies them all."""
        event.stop()
        values = {
            name: self.query_one(f"#filter-{name}", Input).value.strip() for name, _, _ in _FIELDS
        }
        self.dismiss(compose_query(self._query, values))

    def action_back(self) -> None:
        """Leave the query as it is."""
        self.dismiss(None)


def parts(query: str) -> tuple[str, dict[str, str]]:
    """The query without its filters, and the filters by name."""
    found = {match[1].lower(): match[2].strip('"') for match in _FILTER.finditer(query)}
    return " ".join(_FILTER.sub(" ", query).split()), found


def compose_query(query: str, values: dict[str, str]) -> str:
    """The query with these filters instead of its own."""
    words = parts(query)[0]
    filters = [
        f'{name}:"{value}"' if " " in value else f"{name}:{value}"
        for name, value in values.items()
        if value
    ]
    return " ".join(filter(None, [words, *filters]))
