"""The sample folder tried out: indexed on this machine in an index of its own, and asked once."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.engine.job import JobOptions
from semsearch.engine.sample import sample_choice, sample_folder
from semsearch.records import IndexReport
from semsearch.text import display_path, one_line

if TYPE_CHECKING:
    from semsearch.engine import Engine

QUESTION: Final = "why is my bread so dense"

_HITS: Final = 3


class Tried(NamedTuple):
    """How it went."""

    passages: int
    seconds: float
    answers: tuple[str, ...]
    """The best hits, one line each: cosine, place, words."""


def try_sample(engine: Engine) -> Tried:
    """Index the sample with the embedded model, ask a question; nothing is sent.

    Args:
        engine: one on the sample's own index.

    Raises:
        SemsearchError: what kept it from working.
    """
    started = time.monotonic()
    report: IndexReport | None = None
    with engine.index_job([sample_folder()], sample_choice(), JobOptions()) as job:
        for event in job.run():
            report = event if isinstance(event, IndexReport) else report
    assert report is not None
    if report.stopped_by is not None:
        raise report.stopped_by
    result = engine.search(QUESTION, limit=_HITS, cwd=sample_folder())
    answers = tuple(
        f"{hit.cosine or 0:.2f}  {display_path(os.path.relpath(hit.path, sample_folder()))}:"
        f"{hit.line or hit.start_line}  {one_line(hit.snippet)}"
        for hit in result.hits
    )
    return Tried(report.chunks_total, time.monotonic() - started, answers)
