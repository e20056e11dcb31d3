"""Frozen values that cross rooms.

Named tuples rather than dataclasses: they cost a few microseconds to define where a dataclass
pulls in `inspect`, and a one-shot keyword search pays for every import it makes.

Conventions used by every record:

* a path on disk is `bytes` (`os.fsencode`), so a name that is not valid UTF-8 survives;
* `start` and `end` count characters (code points) of `Document.text`, end exclusive;
* a line number is 1-based and counts as an editor does: LF, CRLF and lone CR end a line;
* a vector is the little-endian float32 bytes of the API's base64 form, `4 * dimensions` long;
* money is US dollars, times ending in `_ns` are nanoseconds since the epoch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from semsearch.errors import SemsearchError

Purpose = Literal["document", "query"]
"""What a text is embedded for; the API's `input_type` derives from it."""

Mode = Literal["hybrid", "semantic", "lexical"]

SpaceState = Literal["building", "ready", "retired"]

FileState = Literal["indexed", "partial", "skipped", "failed"]
"""`partial`: searchable by keyword, but some passages have no vector (see the reason)."""


# --- files -----------------------------------------------------------------------------------


class FileRef(NamedTuple):
    """A regular file as the walk saw it."""

    relative: bytes
    """Path below the root, with `/` between components."""
    size: int
    mtime_ns: int
    ctime_ns: int
    device: int
    inode: int


class SkippedPath(NamedTuple):
    """A file or folder the walk passed over, with a reason worth telling."""

    relative: bytes
    reason: str
    """A stable word: `binary`, `too large`, `secret`, `unreadable`, `special file`, ..."""


class FileContent(NamedTuple):
    """Bytes read in one piece from a file that did not change meanwhile."""

    ref: FileRef
    """The stat of the descriptor that was read, not of the name."""
    data: bytes


# --- extract and chunk -----------------------------------------------------------------------


class Block(NamedTuple):
    """A structural unit of a document; the chunker never crosses a change of breadcrumb."""

    start: int
    end: int
    kind: str
    """`heading`, `paragraph`, `list`, `quote`, `code`, `table`, `definition`."""
    breadcrumb: tuple[str, ...]
    """Headings (or code scopes) this block stands under, outermost first, title excluded."""


class Document(NamedTuple):
    """A file turned into text with structure."""

    text: str
    """For text formats the decoded source, unchanged; for others what the extractor read out."""
    kind: str
    """`markdown`, `text`, `rst`, `org`, `html`, `python`, `code`, ..."""
    title: str
    """From front matter or the first heading; empty when the document names none."""
    blocks: tuple[Block, ...]
    """In order of `start`, not overlapping; text outside every block is not indexed."""
    encoding: str
    warnings: tuple[str, ...] = ()
    source_lines: tuple[tuple[int, int], ...] = ()
    """`(offset, line)` pairs, ascending: for formats whose text is not the source, the line of
    the source file where the text from `offset` on comes from. Empty: count lines in `text`."""


class Chunk(NamedTuple):
    """A passage of a document; `document.text[start:end] == text`, always."""

    ordinal: int
    start: int
    end: int
    start_line: int
    end_line: int
    page: int | None
    breadcrumb: tuple[str, ...]
    """The document's title, then the headings above the chunk, without repetition."""
    text: str


class Passage(NamedTuple):
    """A chunk as it is embedded and stored: breadcrumb, newline, text. Content-addressed."""

    digest: bytes
    """SHA-256 of `text` in UTF-8."""
    text: str
    body: int
    """Characters of `text` before the chunk's own words begin (0: no breadcrumb in front)."""
    tokens: int
    """Estimate; see `chunk.tokens`."""
    withheld: str = ""
    """Why this text must not leave for a remote host (a secret's kind); empty: it may."""


# --- embedding -------------------------------------------------------------------------------


class SpaceKey(NamedTuple):
    """What makes two vectors comparable; vectors of two spaces never meet in one ranking."""

    endpoint: str
    """Normalised base URL, or `local` for a model that runs in this process."""
    model: str
    dimensions: int
    """0 while unknown: native size, learned from the first reply."""
    document_form: str
    """Input type or template used for documents, e.g. `input_type=search_document`."""
    query_form: str


class Embeddings(NamedTuple):
    """One reply: `vectors[i]` belongs to input `i`; width is equal, values are not yet gated."""

    vectors: tuple[bytes, ...]
    dimensions: int
    model: str
    """As the server spelled it."""
    provider: str = ""
    tokens: int | None = None
    cost_usd: float | None = None
    request_id: str = ""
    requests: int = 1
    """HTTP requests it took, retries included; 0 for a local model."""


class ModelInfo(NamedTuple):
    """One embedding model on offer, from the server's list completed by the built-in catalog."""

    id: str
    dimensions: int | None = None
    matryoshka: tuple[int, ...] = ()
    """Allowed smaller sizes; empty: native size only (or unknown, see `dimensions`)."""
    context_tokens: int | None = None
    usd_per_million_tokens: float | None = None
    modalities: tuple[str, ...] = ("text",)
    name: str = ""
    max_inputs: int | None = None


class KeyStatus(NamedTuple):
    """What the server says about the key; unknown fields are None."""

    label: str
    usage_usd: float | None
    limit_usd: float | None
    remaining_usd: float | None
    free_tier: bool | None


# --- store -----------------------------------------------------------------------------------


class Root(NamedTuple):
    """A folder (or single file) the user chose to index."""

    id: int
    path: bytes
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class Space(NamedTuple):
    """A row of the `space` table: one model's vectors in this index."""

    id: int
    key: SpaceKey
    state: SpaceState
    candidates: int
    """m: how many nearest sign codes are re-scored exactly; calibrated per space."""
    alpha: float
    """Weight of the semantic side in hybrid fusion; belongs to the model."""


class StoredFile(NamedTuple):
    """A row of the `file` table."""

    id: int
    root: int
    relative: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    digest: bytes
    """SHA-256 of the content that is indexed (or that was refused)."""
    kind: str
    title: str
    state: FileState
    reason: str


class NewFile(NamedTuple):
    """A file version to publish: what `Store.publish` makes visible in one transaction."""

    root: int
    ref: FileRef
    digest: bytes
    kind: str
    title: str
    state: FileState
    reason: str
    text: str
    """Whole text for the file-level lexical index."""
    chunks: tuple[tuple[Chunk, Passage], ...]


class Sent(NamedTuple):
    """One API call for the ledger."""

    host: str
    model: str
    served_by: str
    purpose: Purpose
    inputs: int
    tokens: int | None
    cost_usd: float | None
    request_id: str
    digest: bytes
    """SHA-256 over the inputs sent, each prefixed by its length."""


class Filter(NamedTuple):
    """Restricts which chunks may answer, before the top k is cut."""

    folders: tuple[bytes, ...] = ()
    """Absolute paths; a file passes when it is one of them or lies below one."""
    suffixes: tuple[str, ...] = ()
    """File name endings without the dot, lower case; a file passes when it has one of them."""
    after_ns: int | None = None
    before_ns: int | None = None
    """Modification time, `after_ns <= mtime_ns < before_ns`."""


class ChunkRow(NamedTuple):
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


# --- searching -------------------------------------------------------------------------------


class Place(NamedTuple):
    """A file, or one line of it, as `like:path:line` names it."""

    path: bytes
    """Absolute."""
    line: int | None


class Query(NamedTuple):
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


class Hit(NamedTuple):
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


class SearchResult(NamedTuple):
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


# --- indexing --------------------------------------------------------------------------------


class Problem(NamedTuple):
    """Something about one path the user should know."""

    path: bytes
    reason: str
    hint: str = ""


class Estimate(NamedTuple):
    """What an index run would send; shown before consent is asked."""

    files: int
    chunks: int
    inputs: int
    """Passages without a vector in the space: what would be embedded."""
    tokens: int
    cost_usd: float | None
    host: str


class Progress(NamedTuple):
    """A running count; every number only grows within a run."""

    files_done: int
    files_total: int
    chunks_done: int
    chunks_total: int
    tokens: int
    cost_usd: float
    elapsed_s: float
    note: str = ""


class IndexReport(NamedTuple):
    """The outcome of an index run (or, with `plan`, of a dry run)."""

    plan: bool
    roots: tuple[bytes, ...]
    seen: int
    new: int
    changed: int
    moved: int
    gone: int
    unchanged: int
    skipped: dict[str, int]
    failed: int
    chunks_total: int
    chunks_added: int
    chunks_removed: int
    embedded: int
    reused: int
    requests: int
    inputs: int
    tokens: int
    cost_usd: float
    space: Space | None
    problems: tuple[Problem, ...]
    interrupted: bool
    elapsed_s: float
    estimate: Estimate | None = None
    stopped_by: SemsearchError | None = None
    """What ended the run early, when something did; the report counts what was kept."""
