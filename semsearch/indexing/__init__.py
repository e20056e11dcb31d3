"""Bring the index up to date: plan what differs, then run it."""

from semsearch.indexing.estimate import estimate
from semsearch.indexing.plan import Plan, PlanOptions, make_plan
from semsearch.indexing.run import Event, IndexRun, RunOptions
from semsearch.indexing.spending import Spending

__all__ = [
    "Event",
    "IndexRun",
    "Plan",
    "PlanOptions",
    "RunOptions",
    "Spending",
    "estimate",
    "make_plan",
]
