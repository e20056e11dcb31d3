"""Bars that show how far each stage of a run is; told apart by glyph, so that colour may be off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from semsearch.tui.cells import cell_len, cut

if TYPE_CHECKING:
    from textual.geometry import Size

_FULL: Final = "━"
_EMPTY: Final = "╌"
_NARROWEST_BAR: Final = 8


class StageBar(NamedTuple):
    """One stage."""

    name: str
    done: int
    total: int | None
    """None: not known yet; the bar stays empty."""
    unit: str
    note: str = ""
    """Time left, or `done`."""

    @property
    def share(self) -> float:
        """How much is done, 0..1; a stage with nothing to do is done."""
        if self.total is None:
            return 0.0
        return min(1.0, self.done / self.total) if self.total else 1.0

    @property
    def counts(self) -> str:
        """The numbers, as `424 of 612 passages`."""
        if self.total is None:
            return f"{self.done:,} {self.unit}" if self.done else "–"
        if self.done >= self.total:
            return f"{self.done:,} {self.unit}"
        return f"{self.done:,} of {self.total:,} {self.unit}"


def bar_text(width: int, share: float) -> tuple[str, str]:
    """The full and the empty part of a bar; full only when nothing is left."""
    full = int(width * share)
    return _FULL * full, _EMPTY * (width - full)


class StageBars(Widget):
    """A line for each stage: name, bar, counts, note."""

    DEFAULT_CSS = "StageBars { height: auto; }"

    stages: reactive[tuple[StageBar, ...]] = reactive((), layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line a stage."""
        return len(self.stages)

    def render(self) -> Content:
        """Columns as wide as their longest cell; the bars take the rest."""
        stages, width = self.stages, self.size.width
        if not stages:
            return Content("")
        name = max(cell_len(stage.name) for stage in stages)
        count = max(cell_len(stage.counts) for stage in stages)
        note = max(cell_len(stage.note) for stage in stages)
        bar = width - name - count - note - 6
        if bar < _NARROWEST_BAR:
            return Content("\n").join(
                Content(cut(f"{stage.name} {stage.counts} {stage.note}", width)) for stage in stages
            )
        lines = []
        for stage in stages:
            full, empty = bar_text(bar, stage.share)
            lines.append(
                Content.assemble(
                    f"{stage.name:<{name}}  ",
                    (full, "$good" if stage.share >= 1 else "$title"),
                    (empty, "$quiet"),
                    f"  {stage.counts:>{count}}  ",
                    (f"{stage.note:<{note}}", "$quiet"),
                )
            )
        return Content("\n").join(lines)
