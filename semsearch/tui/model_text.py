"""The models screen in words: a row of the list, the pane about one model. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content

from semsearch.present.amounts import counted
from semsearch.text import one_line
from semsearch.tui.cells import fit

if TYPE_CHECKING:
    from semsearch.records import ModelChoice, ModelInfo, SpaceStatus
    from semsearch.tui.background import RunState
    from semsearch.tui.keys import KeyName

_WIDE: Final = 96
LOCAL: Final = "local:"


def heading(width: int, *, measured: bool = False) -> str:
    """The names of the columns; `measured`: with one for the quality."""
    if width < _WIDE:
        return _join("  model", width, (("$/M", 8), ("your index", 16)))
    quality = (("nDCG@10", 8),) if measured else ()
    return _join(
        "  model",
        width,
        (
            *(("dims", 12), ("context", 9), ("$/M tokens", 10), ("your index", 17)),
            *(*quality, ("state", 10)),
        ),
    )


def model_line(row: ModelChoice, width: int, run: RunState, quality: str | None = None) -> Content:
    """Mark, model, what it is and costs, how much of this index it covers and how good it is."""
    info, space = row.info, row.space
    active = space is not None and space.active
    mark = "●" if active else "○"
    state = state_word(row, run)
    cells: tuple[tuple[str, int], ...]
    if width < _WIDE:
        cells = ((price(info), 8), (coverage(space), 16))
    else:
        cells = (
            (dimensions(row), 12),
            (f"{info.context_tokens:,}" if info.context_tokens else "–", 9),
            (price(info), 10),
            (coverage(space), 17),
            *(() if quality is None else ((quality, 8),)),
            (state, 10),
        )
    text = _join(f"{mark} {one_line(info.id)}", width, cells)
    return Content.styled(text, "bold" if active else "")


def about_lines(row: ModelChoice, chunks: int, key: KeyName) -> list[str]:
    """One model in full: what it is, what this index has of it, what there is to do."""
    info, space = row.info, row.space
    facts = [one_line(info.name)] if info.name else []
    facts.append(f"{dimensions(row)} dimensions")
    if info.context_tokens:
        facts.append(f"{info.context_tokens:,} tokens of context")
    facts.append("runs on this machine" if info.id.startswith(LOCAL) else _price_text(info))
    if info.modalities != ("text",):
        facts.append("takes " + ", ".join(one_line(one) for one in info.modalities))
    lines = [" · ".join(facts)]
    build = key("models.build")
    if space is None:
        lines.append(
            f"No vectors yet. {build} builds them for {counted(chunks, 'passage')} beside the "
            "active ones; the cost is shown and capped before anything is sent."
        )
    elif space.active:
        lines.append(f"It answers searches now; {coverage(space)} passages have its vector.")
    elif space.covered >= space.chunks:
        lines.append(
            f"Complete. {key('models.use')} switches to it at once, and back is as quick; "
            "nothing is sent."
        )
    else:
        told = f"{coverage(space)} passages have its vector."
        lines.append(f"{told} {build} goes on where it stopped.")
    return lines


def state_word(row: ModelChoice, run: RunState) -> str:
    """`active`, `ready`, `building`, `retired`, or nothing."""
    if run.active and run.request.model == row.info.id:
        return run.stage
    if row.space is None:
        return ""
    return "active" if row.space.active else row.space.space.state


def coverage(space: SpaceStatus | None) -> str:
    """Passages with a vector, of all."""
    return "none" if space is None else f"{space.covered:,} / {space.chunks:,}"


def dimensions(row: ModelChoice) -> str:
    """Those of its vectors here, else those it can have."""
    info, space = row.info, row.space
    if space is not None and space.space.key.dimensions:
        return f"{space.space.key.dimensions}"
    if info.matryoshka and info.dimensions:
        return f"{min(info.matryoshka)}-{info.dimensions}"
    return f"{info.dimensions}" if info.dimensions else "–"


def price(info: ModelInfo) -> str:
    """US dollars per million tokens."""
    usd = info.usd_per_million_tokens
    if info.id.startswith(LOCAL) or usd == 0:
        return "free"
    return "–" if usd is None else f"{usd:.3f}"


def _price_text(info: ModelInfo) -> str:
    return "price unknown" if price(info) == "–" else f"${price(info)} per million tokens"


def _join(first: str, width: int, cells: tuple[tuple[str, int], ...]) -> str:
    room = width - sum(size + 2 for _, size in cells)
    return fit(first, room) + "".join(f"  {text:>{size}}" for text, size in cells)
