"""Search results and errors, for people."""

from __future__ import annotations

import time

from semsearch.present.style import (
    PLAIN,
    Style,
    highlight,
    link,
    paint,
    shown_path,
    wrap,
)
from semsearch.text import cell_width, cut, display_path, one_line, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from semsearch.errors import SemsearchError
    from semsearch.present.style import Role
    from semsearch.records import Hit, SearchResult, Space

_INDENT: Final = "    "
_SNIPPET_LINES: Final = 3
_NARROWEST: Final = 30
_CRUMB_WORTH_SHOWING: Final = 10

_CHOICE: Final = {
    "words": "sentence by words",
    "meaning": "sentence by meaning",
    "beginning": "first sentence",
}


def search_text(
    result: SearchResult,
    style: Style = PLAIN,
    *,
    cwd: bytes | None = None,
    full: bool = False,
    explain: bool = False,
) -> str:
    """Every hit: where it is, under which headings, how near, and its best sentence.

    `V` marks hits that meaning found, `K` those that words found.

    Args:
        result: what was found.
        style: colour, width, links.
        cwd: paths are shown relative to it where that is shorter.
        full: the whole passage instead of its best sentence.
        explain: how each score came about.
    """
    blocks = []
    for hit in result.hits:
        lines = [_heading(hit, style, cwd)]
        lines += _passage(hit.text) if full else _snippet(hit, style)
        if hit.also:
            also = ", ".join(display_path(shown_path(path, cwd)) for path in hit.also)
            room = max(style.width, _NARROWEST) - len(_INDENT)
            lines.append(_INDENT + paint(cut(f"also in {also}", room), "quiet", style))
        if explain:
            lines += [_INDENT + paint(line, "quiet", style) for line in _explanation(hit, result)]
        blocks.append("\n".join(lines))
    if explain and result.hits:
        blocks.append(paint(_provenance(result), "quiet", style))
    return "\n\n".join(blocks)


def search_plain(result: SearchResult, *, cwd: bytes | None = None) -> str:
    """One line a hit, `path:line: text`, without colour: for screen readers and for grep."""
    return "\n".join(
        f"{display_path(shown_path(hit.path, cwd))}:{hit.line or hit.start_line}: "
        f"{one_line(hit.snippet)}"
        for hit in result.hits
    )


def search_paths(
    result: SearchResult, *, cwd: bytes | None = None, nul: bool = False, terminal: bool = False
) -> bytes:
    """Each file once, in order of its best hit, every path ended by a newline or a NUL.

    Args:
        result: what was found.
        cwd: paths are given relative to it where that is shorter.
        nul: end paths with NUL, so that names with newlines survive.
        terminal: make the names harmless; otherwise they are the exact bytes.
    """
    paths = dict.fromkeys(shown_path(hit.path, cwd) for hit in result.hits)
    end = b"\0" if nul else b"\n"
    if terminal:
        return b"".join(display_path(path).encode() + b"\n" for path in paths)
    return b"".join(path + end for path in paths)


def notice_text(notice: str, style: Style = PLAIN) -> str:
    """A remark about how the answer was found."""
    return paint("note:", "warning", style) + " " + one_line(notice)


def error_text(error: SemsearchError, style: Style = PLAIN) -> str:
    """`error: …`, and `hint: …` when there is something to do about it."""
    lines = [paint("error:", "error", style) + " " + one_line(error.message)]
    if error.hint:
        lines.append(paint("hint:", "good", style) + " " + one_line(error.hint))
    return "\n".join(lines)


def money(usd: float | None) -> str:
    """US dollars with as many decimals as the sum needs; `unknown` for None."""
    if usd is None:
        return "unknown"
    if 0 < usd < 1e-6:
        return "less than $0.000001"
    decimals = 2 if usd >= 1 or usd == 0 else 4 if usd >= 1e-3 else 6
    return f"${usd:,.{decimals}f}"


def space_name(space: Space) -> str:
    """Model, dimensions and, for a server, its address."""
    key = space.key
    where = "" if key.endpoint == "local" else f" at {one_line(key.endpoint)}"
    width = f"{key.dimensions} dimensions" if key.dimensions else "size not known yet"
    return f"{one_line(key.model)}, {width}{where}"


def moment(nanoseconds: int | None, *, never: str = "never") -> str:
    """Local date and time to the minute."""
    if nanoseconds is None:
        return never
    try:
        local = time.localtime(nanoseconds // 1_000_000_000)
    except (OverflowError, OSError, ValueError):
        return "an impossible date"
    date = f"{local.tm_year:04}-{local.tm_mon:02}-{local.tm_mday:02}"
    return f"{date} {local.tm_hour:02}:{local.tm_min:02}"


def _heading(hit: Hit, style: Style, cwd: bytes | None) -> str:
    """`1  notes/retro.md:12  Q3 retro › What slowed us down   0.871 VK`."""
    number = f"{hit.rank:>2}  "
    line = f":{hit.line or hit.start_line}"
    marks = _marks(hit)
    marks_width = sum(cell_width(text) + 1 for text, _ in marks)
    room = max(style.width, _NARROWEST) - len(number) - len(line) - marks_width - 1
    path = _cut_left(display_path(shown_path(hit.path, cwd)), room)
    room -= cell_width(path)
    crumb = _where(hit, room - 2) if room > _CRUMB_WORTH_SHOWING else ""
    if crumb:
        room -= cell_width(crumb) + 2
    place = link(paint(path, "path", style) + paint(line, "line", style), hit.path, style)
    middle = "  " + paint(crumb, "quiet", style) if crumb else ""
    painted = " ".join(paint(text, role, style) for text, role in marks)
    return f"{number}{place}{middle}{' ' * (room + 2)}{painted}"


def _marks(hit: Hit) -> list[tuple[str, Role]]:
    """Whether the file changed, the cosine, its band if weak, and what found the passage."""
    marks: list[tuple[str, Role]] = [("changed since", "warning")] if hit.stale else []
    marks.append((f"{hit.cosine:.3f}" if hit.cosine is not None else "    –", "score"))
    if hit.band == "weak":
        marks.append(("weak", "warning"))
    found_by = ("V" if hit.semantic_rank else " ") + ("K" if hit.lexical_rank else " ")
    return [*marks, (found_by, "quiet")]


def _where(hit: Hit, width: int) -> str:
    """Page and headings; of those that do not fit, the last ones say most."""
    steps = [one_line(crumb) for crumb in hit.breadcrumb]
    if hit.page:
        steps[:1] = [" · ".join([f"page {hit.page}", *steps[:1]])]
    where = " › ".join(steps)
    while cell_width(where) > width and len(steps) > 1:
        del steps[0]
        where = " › ".join(["…", *steps])
    return cut(where, width)


def _cut_left(path: str, width: int) -> str:
    """The end of a path, which says most, when the whole does not fit."""
    if cell_width(path) <= width:
        return path
    start = 1
    while start < len(path) and cell_width(path[start:]) >= width:
        start += 1
    return "…" + path[start:]


def _snippet(hit: Hit, style: Style) -> list[str]:
    """The best sentence over at most three lines, its matches painted."""
    text = printable(hit.snippet)
    width = max(style.width, _NARROWEST) - len(_INDENT)
    lines = []
    pieces = wrap(text, width, _SNIPPET_LINES)
    for number, (start, end) in enumerate(pieces):
        inside = [
            (max(first, start) - start, min(last, end) - start)
            for first, last in hit.matches
            if first < end and last > start
        ]
        line = text[start:end]
        if number == len(pieces) - 1 and text[end:].strip():
            line = cut(line + text[end:], width)
            inside = [(first, min(last, len(line) - 1)) for first, last in inside]
        lines.append(
            _INDENT + highlight(line, [span for span in inside if span[0] < span[1]], style)
        )
    return lines


def _passage(text: str) -> list[str]:
    return [_INDENT + line for line in printable(text.strip("\n"), multiline=True).split("\n")]


def _explanation(hit: Hit, result: SearchResult) -> list[str]:
    ranks = [
        f"meaning: rank {hit.semantic_rank or '–'}"
        + (f", cosine {hit.cosine:.4f}" if hit.cosine is not None else ", no vector")
        + (f" ({hit.band})" if hit.band is not None else ""),
        f"words: rank {hit.lexical_rank or '–'}" + _matched(hit),
    ]
    if result.mode == "hybrid":
        words, meaning = hit.parts
        score = f"score {hit.score:.4f} = {meaning:.4f} by meaning + {words:.4f} by words"
    else:
        score = f"score {hit.score:.4f} = {'cosine' if result.mode == 'semantic' else 'BM25'}"
    reranked = (
        []
        if hit.rerank_score is None
        else [f"rerank score {hit.rerank_score:.4f} by {one_line(result.reranked_by)}"]
    )
    return [
        *reranked,
        score,
        "; ".join(ranks),
        f"lines {hit.start_line}–{hit.end_line}, {one_line(hit.kind)}, {_CHOICE[hit.snippet_by]}, "
        f"changed {moment(hit.modified_ns)}"
        + (", and again since it was indexed" if hit.stale else ""),
    ]


def _matched(hit: Hit) -> str:
    """The words of the query in the sentence that is shown, each once."""
    words = dict.fromkeys(hit.snippet[start:end].lower() for start, end in hit.matches)
    return f" ({one_line(', '.join(words))})" if words else ""


def _provenance(result: SearchResult) -> str:
    stages = ", ".join(f"{name} {spent:.1f} ms" for name, spent in result.timing_ms.items())
    if result.space is None:
        return f"by words only; {stages}"
    return (
        f"{space_name(result.space)}, {result.coverage * 100:.1f} % of passages covered, "
        f"alpha {result.space.alpha:g}; {stages}"
    )
