"""What a run leaves with the index for `status` to tell: when it ended, and what was wrong."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from semsearch.records import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

RUN_ENDED: Final = "run.ended_ns"
RUN_PROBLEMS: Final = "run.problems"
MODEL_WANTED: Final = "model.wanted"
"""Id of a space the user switched to before it covered the index; it answers when it does."""

_KEPT: Final = 200


def write_problems(problems: Sequence[Problem]) -> str:
    """Problems as one note, the first `_KEPT` of them."""
    rows = [(os.fsdecode(one.path), one.reason, one.hint) for one in problems[:_KEPT]]
    return json.dumps(rows)


def read_problems(note: str | None) -> tuple[Problem, ...]:
    """The problems of a note; none where a run never ended."""
    rows = json.loads(note) if note else []
    return tuple(Problem(os.fsencode(path), reason, hint) for path, reason, hint in rows)
