"""What the index cannot show, or shows by keyword only, with the reason for each file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.records import Problem
from semsearch.store.base import absolute

if TYPE_CHECKING:
    from semsearch.store.driver import Database

_WITHHELD = "withheld from the API, because it looks like: "
_SEND = "It is found by keyword; the setting index.send_secrets would send it."
_RETRY = "It is tried again when it changes, or with --retry-failed."


def troubles(db: Database, limit: int) -> list[Problem]:
    """Files that failed or are cut short, and files with passages without a vector of the model.

    A vector may be missing because its text looks like a secret and was withheld, or because the
    model refused it; passages that merely wait for the next run are no trouble.
    """
    found = [
        Problem(absolute(root, relative), reason, _RETRY)
        for root, relative, reason in db.rows(
            "SELECT root.path, relative, reason FROM file CROSS JOIN root ON root.id = file.root "
            "WHERE state IN ('failed', 'partial') ORDER BY root.path, relative LIMIT ?",
            (limit,),
        )
    ]
    active = db.row(
        "SELECT id, endpoint, covered, (SELECT count(*) FROM chunk) FROM space WHERE active"
    )
    if active is None or active[2] >= active[3]:
        return found
    space, endpoint = active[:2]
    rows = db.rows(
        "SELECT root.path, relative, group_concat(DISTINCT nullif(withheld, '')), "
        "max(refusal.reason) FROM chunk CROSS JOIN passage ON passage.id = chunk.passage "
        "LEFT JOIN refusal ON refusal.space = ?1 AND refusal.passage = passage.id "
        "CROSS JOIN file ON file.id = chunk.file CROSS JOIN root ON root.id = file.root "
        "WHERE NOT EXISTS (SELECT 1 FROM code WHERE key = (?1 << 40 | passage.id)) "
        "AND ((withheld <> '' AND ?2) OR refusal.reason IS NOT NULL) "
        "GROUP BY file.id ORDER BY root.path, relative LIMIT ?3",
        (space, int(endpoint != "local"), limit),
    )
    for root, relative, kinds, refusal in rows:
        path = absolute(root, relative)
        if refusal is not None:
            found.append(Problem(path, f"a passage has no vector: {refusal}", _RETRY))
        if kinds is not None and endpoint != "local":
            listed = ", ".join(sorted(kinds.split(",")))
            found.append(Problem(path, _WITHHELD + listed, _SEND))
    return found[:limit]
