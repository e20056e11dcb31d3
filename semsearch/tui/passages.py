"""Reading a passage and its colours in one go, on an engine's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.engine.desk import find_matches, preview
from semsearch.tui.syntax import colours

if TYPE_CHECKING:
    from semsearch.engine import Engine
    from semsearch.engine.desk import Preview
    from semsearch.records import Query
    from semsearch.tui.syntax import Span

    Coloured = tuple[Preview, dict[int, list[Span]]]

_AROUND: Final = 60
"""Lines coloured above and below the passage."""


def read_passage(
    engine: Engine, chunk: int, query: Query, *, as_read: bool = False
) -> Coloured | None:
    """The passage in its surroundings and the token spans of its lines; None: it is gone.

    Args:
        engine: an open engine.
        chunk: the passage.
        query: whose words are marked.
        as_read: show Markdown as one reads it, not its source.
    """
    shown = preview(engine, chunk, query)
    if shown is None:
        return None
    if as_read and shown.kind == "markdown":
        return _as_read(shown, query)
    start, end = shown.passage
    first, last = max(0, start - _AROUND), end + _AROUND
    if shown.kind == "markdown":
        from semsearch.tui.markdown_source import source_colours

        return shown, source_colours(shown.lines, first, last)
    return shown, colours(shown.lines, shown.kind, first, last)


def _as_read(shown: Preview, query: Query) -> Coloured:
    from semsearch.tui.markdown_view import rendered, window

    first, last = window(shown.lines, shown.passage)
    page = rendered(shown.lines[first:last])
    start, end = (edge - first for edge in shown.passage)
    inside = [at for at, (top, bottom) in enumerate(page.sources) if top < end and bottom > start]
    return shown._replace(
        lines=page.lines,
        numbers=(),
        passage=(inside[0], inside[-1] + 1) if inside else (0, 0),
        matches=find_matches(page.lines, query),
    ), page.spans
