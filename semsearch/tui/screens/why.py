"""Why a hit stands where it stands: both lists, the cosine, and how the score came about."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from semsearch.text import one_line
from semsearch.tui import keys
from semsearch.tui.terminal import content
from semsearch.tui.widgets.result_list import hit_name

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Click

    from semsearch.records import Hit, SearchResult
    from semsearch.tui.app import SemsearchApp
    from semsearch.tui.keys import KeyName


_WIDTH: Final = 76
_FRAME: Final = 6
_NAMES: Final = 12
"""Cells of the column that names the facts."""


class WhyDialog(ModalScreen[None]):
    """A table one closes with escape, with its own key again, or with a click."""

    CSS = """
    WhyDialog { align: center middle; background: $paper 60%; }
    WhyDialog > Vertical { width: 76; max-width: 96%; height: auto; max-height: 96%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        keys.back_binding(),
        *(one for one in keys.bindings("search") if one.id == "search.why"),
    ]

    def __init__(self, hit: Hit, result: SearchResult) -> None:
        super().__init__()
        self._hit, self._result = hit, result

    def compose(self) -> ComposeResult:
        """One row per fact."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = f"why rank {self._hit.rank}"
            dialog.border_subtitle = "esc close"
            key = cast("SemsearchApp", self.app).key
            room = min(_WIDTH, int(self.app.size.width * 0.96)) - _FRAME - _NAMES
            for name, value in explanation(self._hit, self._result, key):
                first, *more = wrap(value, max(room, 12)) or [""]
                yield Static(content(f"{name:<{_NAMES}}", "$quiet") + content(first), markup=False)
                for line in more:
                    yield Static(content(" " * _NAMES + line), markup=False)

    def follow(self, result: SearchResult) -> None:
        """Another answer to the same question: tell of the same hit anew, or close without it."""
        hit = next((one for one in result.hits if one.chunk == self._hit.chunk), None)
        if hit is None and self.is_current:
            self.dismiss()
        elif hit is not None:
            self._hit, self._result = hit, result
            self.refresh(recompose=True)

    def on_click(self, event: Click) -> None:
        """Anywhere."""
        event.stop()
        self.dismiss()

    def action_back(self) -> None:
        """Close."""
        self.dismiss()

    def action_why(self) -> None:
        """Close."""
        self.dismiss()


def explanation(hit: Hit, result: SearchResult, key: KeyName) -> list[tuple[str, str]]:
    """Name and value of each fact about a hit's rank."""
    words, meaning = hit.parts
    ranks = result.mode == "hybrid"
    rows = [("hit", f"{hit_name(hit)}:{hit.line or hit.start_line}"), ("mode", result.mode)]
    if ranks and result.space is not None:
        alpha = result.space.alpha
        rows += [
            ("score", f"{hit.score:.4f} = {meaning:.4f} by meaning + {words:.4f} by words"),
            ("weights", f"{alpha:g} meaning, {1 - alpha:g} words: belongs to the model"),
        ]
    else:
        rows.append(("score", f"{hit.score:.4f} ({_SCORES[result.mode]})"))
    if result.reranked_by:
        by = one_line(result.reranked_by)
        scored = hit.rerank_score is not None
        rows.append(("re-rank", f"{hit.rerank_score:.4f} by {by}" if scored else f"none by {by}"))
    rows += [
        ("meaning", _side(hit.semantic_rank, hit.cosine)),
        *([("meaning is", f"{hit.band}, for this index and model")] if hit.band else []),
        ("words", f"rank {hit.lexical_rank}" if hit.lexical_rank else "not among the first 200"),
    ]
    if result.space is not None:
        space = result.space.key
        where = "on this machine" if space.endpoint == "local" else space.endpoint
        rows += [
            ("model", f"{one_line(space.model)}, {space.dimensions} dimensions, {one_line(where)}"),
            ("coverage", f"{result.coverage * 100:.3g} % of the passages have its vectors"),
        ]
    rows.append(("passage", f"lines {hit.start_line}-{hit.end_line}, {one_line(hit.kind)}"))
    rows += [("also in", one_line(path.decode("utf-8", "replace"))) for path in hit.also[:5]]
    if hit.stale:
        index = key("go.index")
        rows.append(("file", f"changed since it was indexed: {index} brings the index up to date"))
    rows.append(("time", ", ".join(f"{k} {_ms(v)} ms" for k, v in result.timing_ms.items())))
    return rows


_SCORES = {"hybrid": "words alone", "semantic": "cosine", "lexical": "BM25"}


def _ms(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _side(rank: int | None, cosine: float | None) -> str:
    if cosine is None:
        return "no vector took part"
    return f"rank {rank}, cosine {cosine:.4f}" if rank else f"cosine {cosine:.4f}, below the list"
