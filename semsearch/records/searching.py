"""Questions, candidates and hits."""

from __future__ import annotations

from semsearch.errors import SemsearchError
from semsearch.record import Record
from semsearch.records.storage import Space

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Mode = Literal["hybrid", "semantic", "lexical"]

    Band = Literal["strong", "fair", "weak"]
    """How near a hit is beside what unrelated text reaches in the index; `weak`: no nearer."""

    ChosenBy = Literal["words", "meaning", "beginning"]
    """What made a sentence the one that is shown; `beginning`: nothing, it is the first."""


class Filter(Record):
    """Restricts which chunks may answer, before the top k is cut."""

    folders: tuple[bytes, ...] = ()
    """Absolute paths; a file passes when it is one of them or lies below one."""
    suffixes: tuple[str, ...] = ()
    """File name endings without the dot, lower case; a file passes when it has one of them."""
    after_ns: int | None = None
    before_ns: int | None = None
    """Modification time, `after_ns <= mtime_ns < before_ns`."""


class ChunkRow(Record):
    """A chunk with its file, as the store hands it to whoever presents it."""

    chunk: int
    file: int
    root: bytes
    relative: bytes
    kind: str
    size: int
    mtime_ns: int
    ordinal: int
    start: int
    end: int
    start_line: int
    end_line: int
    page: int | None
    breadcrumb: tuple[str, ...]
    text: str
    """The chunk's own words, without the breadcrumb in front."""


class Place(Record):
    """A file, or one line of it, as `like:path:line` names it."""

    path: bytes
    """Absolute."""
    line: int | None


class Query(Record):
    """A parsed query; `text` is what is embedded."""

    raw: str
    text: str
    terms: tuple[str, ...]
    """Plain words, lower case, in order, repeats kept."""
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    where: Filter = Filter()
    like: Place | None = None
    """Search for passages like the ones there; their stored vectors replace the query's."""


class Hit(Record):
    """One passage that answers."""

    rank: int
    chunk: int
    """Row id of the chunk."""
    path: bytes
    """Absolute."""
    root: bytes
    start_line: int
    end_line: int
    page: int | None
    breadcrumb: tuple[str, ...]
    cosine: float | None
    """Cosine similarity to the query in the space used; None when the passage has no vector."""
    score: float
    """What the order follows: fused score, cosine, or BM25, by mode."""
    semantic_rank: int | None
    lexical_rank: int | None
    snippet: str
    matches: tuple[tuple[int, int], ...]
    """Spans of `snippet` to highlight."""
    text: str
    kind: str
    modified_ns: int
    stale: bool
    """The file on disk is not the version that was indexed (changed or gone)."""
    line: int = 0
    """Where the snippet's best sentence starts, between `start_line` and `end_line`."""
    also: tuple[bytes, ...] = ()
    """Other files that hold the same passage, folded into this hit."""
    parts: tuple[float, float] = (0.0, 0.0)
    """What words and what meaning add to a fused `score`."""
    rerank_score: float | None = None
    """What a rerank model gave it; where one did, the order follows this and not `score`."""
    band: Band | None = None
    """By the cosine; None without one, or where nobody measured what unrelated text reaches."""
    snippet_by: ChosenBy = "words"


class SearchResult(Record):
    """What `searching.search` returns; `space` is None when no vectors took part."""

    query: Query
    mode: Mode
    """The mode that answered, which is `lexical` after a degradation (then `notices` says so)."""
    space: Space | None
    coverage: float
    """Share of chunks that have a vector in the space used, 0..1."""
    hits: tuple[Hit, ...]
    notices: tuple[str, ...]
    timing_ms: dict[str, float]
    cost_usd: float
    fault: SemsearchError | None = None
    """Why meaning took no part, when it was asked for and could not."""
    reranked_by: str = ""
    """The rerank model that put the hits in order; empty when none did."""
