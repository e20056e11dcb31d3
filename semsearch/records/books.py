"""The ledger of what was sent, marks of relevance, and counts."""

from typing import Literal, NamedTuple

SentFor = Literal["document", "query", "rerank"]
"""Why text left: to be embedded, or (passages and a question together) to be put in order."""


class Sent(NamedTuple):
    """One API call for the ledger."""

    host: str
    model: str
    served_by: str
    purpose: SentFor
    inputs: int
    tokens: int | None
    cost_usd: float | None
    request_id: str
    digest: bytes
    """SHA-256 over the inputs sent, each prefixed by its length."""


class LedgerEntry(NamedTuple):
    """One line of the ledger, as `semsearch sent` tells it."""

    at_ns: int
    sent: Sent


class SentText(NamedTuple):
    """What left of one file: its passages that were sent to one model at one host."""

    path: bytes
    """Absolute."""
    host: str
    model: str
    passages: int
    tokens: int
    """Estimated; a call is billed as a whole."""
    cost_usd: float | None
    """The file's share of what its calls cost; None where a host did not say."""
    first_ns: int
    last_ns: int


class Spend(NamedTuple):
    """What one model at one host has cost so far."""

    host: str
    model: str
    calls: int
    inputs: int
    tokens: int
    cost_usd: float
    """Sum over the calls whose cost is known."""


class DaySpend(NamedTuple):
    """What one model at one host cost on one day."""

    day: str
    """ISO date in UTC."""
    spend: Spend


class RootSpend(NamedTuple):
    """What one model cost for one root on one day."""

    day: str
    """ISO date in UTC."""
    host: str
    model: str
    root: int | None
    """None: no text of a root was sent (a question), or it is not known of which."""
    path: bytes | None
    """Absolute; None for a root that is no longer indexed, and for none."""
    tokens: int
    cost_usd: float


class Judgment(NamedTuple):
    """A relevance mark: how well a passage answers a query."""

    query: str
    path: bytes
    """Absolute."""
    passage: bytes
    """Digest of the passage that was marked."""
    grade: int
    """0: not relevant; the higher, the better."""


class Counts(NamedTuple):
    """What an index holds."""

    files: dict[str, int]
    """File rows by state."""
    reasons: dict[str, int]
    """Skipped and failed files by reason."""
    chunks: int
    passages: int
    size: int
    """Bytes on disk, the write-ahead log included."""
