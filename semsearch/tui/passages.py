"""Reading a passage and its colours in one go, on an engine's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.engine.desk import preview
from semsearch.tui.syntax import colours

if TYPE_CHECKING:
    from semsearch.engine import Engine
    from semsearch.engine.desk import Preview
    from semsearch.records import Query
    from semsearch.tui.syntax import Span

_AROUND: Final = 60
"""Lines coloured above and below the passage."""


def read_passage(
    engine: Engine, chunk: int, query: Query
) -> tuple[Preview | None, dict[int, list[Span]]]:
    """The passage in its surroundings and the token spans of its lines."""
    shown = preview(engine, chunk, query)
    if shown is None:
        return None, {}
    start, end = shown.passage
    return shown, colours(shown.lines, shown.kind, max(0, start - _AROUND), end + _AROUND)
