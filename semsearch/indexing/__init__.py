"""Bring the index up to date: plan what differs, then run it."""

from semsearch.indexing.estimate import estimate
from semsearch.indexing.filling import Event, RunOptions
from semsearch.indexing.plan import Plan, PlanOptions, make_plan
from semsearch.indexing.run import IndexRun
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
