"""Frozen values that cross rooms.

Named tuples rather than dataclasses: a dataclass pulls in `inspect`, and a one-shot keyword search
pays for every import it makes. For the same reason a record's module is imported when the record
is first asked for.

Conventions used by every record:

* a path on disk is `bytes` (`os.fsencode`), so a name that is not valid UTF-8 survives;
* `start` and `end` count characters (code points) of `Document.text`, end exclusive;
* a line number is 1-based and counts as an editor does: LF, CRLF and lone CR end a line;
* a vector is the little-endian float32 bytes of the API's base64 form, `4 * dimensions` long;
* money is US dollars, times ending in `_ns` are nanoseconds since the epoch.
"""

from __future__ import annotations

from semsearch import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from semsearch.records.books import (
        Counts,
        DaySpend,
        Judgment,
        LedgerEntry,
        RootSpend,
        Sent,
        SentText,
        Spend,
    )
    from semsearch.records.care import Aside, Health, Loss, Saved
    from semsearch.records.comparing import (
        ComparedRow,
        Comparison,
        Drift,
        Dropped,
        Filled,
        FullSwitch,
        Outlay,
    )
    from semsearch.records.documents import Block, Chunk, Document, Passage
    from semsearch.records.embedding import Embeddings, KeyStatus, ModelInfo, Purpose
    from semsearch.records.files import FileContent, FileRef, SkippedPath
    from semsearch.records.indexing import Estimate, IndexReport, NewFile, Problem, Progress
    from semsearch.records.reports import (
        Finding,
        Forgotten,
        HeldFile,
        IndexStatus,
        ModelChoice,
        PathStatus,
        RootStatus,
        SpaceStatus,
    )
    from semsearch.records.searching import (
        Band,
        ChunkRow,
        Filter,
        Hit,
        Mode,
        Place,
        Query,
        SearchResult,
    )
    from semsearch.records.storage import FileState, Root, Space, SpaceKey, SpaceState, StoredFile

__all__ = [
    "Aside",
    "Band",
    "Block",
    "Chunk",
    "ChunkRow",
    "ComparedRow",
    "Comparison",
    "Counts",
    "DaySpend",
    "Document",
    "Drift",
    "Dropped",
    "Embeddings",
    "Estimate",
    "FileContent",
    "FileRef",
    "FileState",
    "Filled",
    "Filter",
    "Finding",
    "Forgotten",
    "FullSwitch",
    "Health",
    "HeldFile",
    "Hit",
    "IndexReport",
    "IndexStatus",
    "Judgment",
    "KeyStatus",
    "LedgerEntry",
    "Loss",
    "Mode",
    "ModelChoice",
    "ModelInfo",
    "NewFile",
    "Outlay",
    "Passage",
    "PathStatus",
    "Place",
    "Problem",
    "Progress",
    "Purpose",
    "Query",
    "Root",
    "RootSpend",
    "RootStatus",
    "Saved",
    "SearchResult",
    "Sent",
    "SentText",
    "SkippedPath",
    "Space",
    "SpaceKey",
    "SpaceState",
    "SpaceStatus",
    "Spend",
    "StoredFile",
]

_HOMES = {
    "Counts": "books",
    "DaySpend": "books",
    "Judgment": "books",
    "LedgerEntry": "books",
    "RootSpend": "books",
    "Sent": "books",
    "SentText": "books",
    "Spend": "books",
    "Aside": "care",
    "Health": "care",
    "Loss": "care",
    "Saved": "care",
    "ComparedRow": "comparing",
    "Comparison": "comparing",
    "Drift": "comparing",
    "Dropped": "comparing",
    "Filled": "comparing",
    "FullSwitch": "comparing",
    "Outlay": "comparing",
    "Block": "documents",
    "Chunk": "documents",
    "Document": "documents",
    "Passage": "documents",
    "Embeddings": "embedding",
    "KeyStatus": "embedding",
    "ModelInfo": "embedding",
    "Purpose": "embedding",
    "SpaceKey": "storage",
    "FileContent": "files",
    "FileRef": "files",
    "SkippedPath": "files",
    "Estimate": "indexing",
    "IndexReport": "indexing",
    "Problem": "indexing",
    "Progress": "indexing",
    "Finding": "reports",
    "Forgotten": "reports",
    "HeldFile": "reports",
    "IndexStatus": "reports",
    "ModelChoice": "reports",
    "PathStatus": "reports",
    "RootStatus": "reports",
    "SpaceStatus": "reports",
    "Band": "searching",
    "ChunkRow": "searching",
    "Filter": "searching",
    "Hit": "searching",
    "Mode": "searching",
    "Place": "searching",
    "Query": "searching",
    "SearchResult": "searching",
    "FileState": "storage",
    "NewFile": "indexing",
    "Root": "storage",
    "Space": "storage",
    "SpaceState": "storage",
    "StoredFile": "storage",
}

__getattr__ = lazily(__name__, _HOMES)
