"""How well searches answer questions whose answers are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from semsearch.records.searching import Mode
    from semsearch.records.storage import Space

JudgmentSource = Literal["file", "marks", "known items"]
"""Where it is known from: a judgments file, marks made in searches, or the index's own headings."""


class Measure(NamedTuple):
    """A mean over questions, 0 to 1, with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


class EvaluatedRun(NamedTuple):
    """One mode, with one model, over all questions."""

    mode: Mode
    space: Space | None
    """None: words alone."""
    ndcg: Measure
    """nDCG@10."""
    recall: Measure
    """recall@100."""
    reciprocal_rank: Measure
    """MRR@10."""
    judged: float
    """Share of the first ten hits that someone has judged; the others count as irrelevant."""
    nothing: int
    """Questions without any hit."""
    median_ms: float
    """To rank, the question's vector being known."""


class Difference(NamedTuple):
    """How much better the second run is than the first, question by question."""

    first: int
    """Positions in `Evaluation.runs`."""
    second: int
    ndcg: Measure
    recall: Measure
    reciprocal_rank: Measure


class SwitchCost(NamedTuple):
    """What it takes to embed the whole index with a model once."""

    space: Space
    passages: int
    tokens: int
    """Estimated."""
    cost_usd: float | None
    """None: no price is known. 0 for a model of this machine."""


class QueryOutlay(NamedTuple):
    """Questions that must still be embedded with a model before it can be measured."""

    space: Space
    questions: int
    tokens: int
    """Estimated."""
    cost_usd: float | None
    host: str
    """Empty: a model of this machine."""


class Evaluation(NamedTuple):
    """What `semsearch eval` found out."""

    source: JudgmentSource
    unit: Literal["file", "passage"]
    """What the judgments are about, and therefore what is ranked."""
    questions: int
    unanswerable: int
    """Questions left out because nothing relevant to them is in the index."""
    passages: int
    """Of the whole index."""
    runs: tuple[EvaluatedRun, ...]
    """The first one is what the others are compared with."""
    differences: tuple[Difference, ...]
    """Of every two runs."""
    switches: tuple[SwitchCost, ...]
    cost_usd: float
    """What this evaluation paid for vectors of questions."""
    notices: tuple[str, ...] = ()
