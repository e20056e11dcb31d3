"""Two models beside each other on one question, and what a switch between them takes."""

from typing import NamedTuple

from semsearch.errors import SemsearchError
from semsearch.records.storage import Space


class Filled(NamedTuple):
    """What became of a handful of passages that were to get a vector."""

    embedded: int
    tokens: int
    cost_usd: float
    fault: SemsearchError | None = None
    """Why it ended early; what had been paid for is kept."""


class FullSwitch(NamedTuple):
    """What is still to be embedded before a model covers the whole index."""

    chunks: int
    """Passages; equal text counts once."""
    tokens: int
    """Estimated."""
    cost_usd: float | None
    """None: no price is known for the model. 0 for a model of this machine."""


class Outlay(NamedTuple):
    """What a comparison would send before it has anything to show."""

    candidates: int
    inputs: int
    """Candidates that have no vector of the model yet."""
    tokens: int
    """Estimated."""
    cost_usd: float | None
    host: str
    """Empty when nothing leaves."""
    needs_consent: bool
    """Text of some folder was never allowed to go to this host."""


class Dropped(NamedTuple):
    """What deleting a model's vectors has freed."""

    vectors: int
    freed_bytes: int
    """By which the index became smaller on disk."""
    shrunk: bool
    """False: another process reads, so the rest of the space is given back after it has gone."""


class Drift(NamedTuple):
    """Stored vectors held against new ones of the same texts."""

    space: Space
    sampled: int
    lowest: float
    """Cosine of the pair least alike."""
    mean: float
    cost_usd: float
    same: bool
    """The model behind the name is still the one whose vectors are stored."""
    served_by: str = ""
    """Who answered this time."""


class ComparedRow(NamedTuple):
    """One candidate in both rankings; a rank and a cosine are None without a vector."""

    chunk: int
    path: bytes
    """Absolute."""
    start_line: int
    breadcrumb: tuple[str, ...]
    snippet: str
    rank_a: int | None
    """By the cosine of A alone, among the candidates."""
    rank_b: int | None
    cosine_a: float | None
    cosine_b: float | None


class Comparison(NamedTuple):
    """A, which answers now, beside B, on the candidates of one query."""

    query: str
    a: Space
    b: Space
    rows: tuple[ComparedRow, ...]
    """Every candidate, in B's order; those without a vector of B last, in A's order."""
    k: int
    """How deep `overlap_at_k` looks."""
    overlap_at_k: float | None
    """Share of the first k that both have, 0 to 1; None when either ranking is empty."""
    rank_agreement: float | None
    """Kendall's tau over the candidates both rank: 1 the same order, -1 the reverse."""
    embedded: int
    """Candidates that were embedded for this comparison; they are kept."""
    cost_usd: float
    """What this comparison has cost, the vectors of the query included."""
    full_switch: FullSwitch
    notices: tuple[str, ...] = ()
