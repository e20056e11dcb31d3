"""Records with everything filled in: one set of plain values, one of hostile ones."""

from __future__ import annotations

from typing import Final

from semsearch.errors import AccessError, SemsearchError
from semsearch.records import (
    DaySpend,
    Estimate,
    Finding,
    Forgotten,
    Hit,
    IndexReport,
    IndexStatus,
    ModelChoice,
    ModelInfo,
    Problem,
    Query,
    Root,
    RootSpend,
    RootStatus,
    SearchResult,
    Space,
    SpaceKey,
    SpaceStatus,
    Spend,
)

_RANGES: Final = (
    (0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0x61C, 0x61C), (0x200E, 0x200F), (0x2028, 0x202E),
    (0x2066, 0x2069), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xD800, 0xDFFF), (0xE0000, 0xE007F),
)  # fmt: skip
FORBIDDEN: Final = frozenset(code for low, high in _RANGES for code in range(low, high + 1))
"""Code points that no output may hold, bar line feeds and tabs."""

HOSTILE: Final = (
    "\x1b]52;c;aGk=\x07\x1b[2J\x1bP\x9b31m\x00\x7f\u202eevil\u2066\ufeff\ud800\U000e0041[/x]"
    "[@click=app.quit]x[/]\r\u2028"
)
HOSTILE_PATH: Final = b"/n/\x1b[31m\n\xff\xc2\x9b\xe2\x80\xae[/x].md"

SPACE: Final = Space(
    1,
    SpaceKey(
        "https://openrouter.ai/api/v1",
        "openai/text-embedding-3-small",
        1536,
        "input_type=search_document",
        "input_type=search_query",
    ),
    "ready",
    320,
    0.6,
)

HITS: Final = (
    Hit(
        rank=1,
        chunk=11,
        path=b"/home/ada/notes/work/retro.md",
        root=b"/home/ada/notes",
        start_line=10,
        end_line=31,
        page=None,
        breadcrumb=("Q3 retro", "What slowed us down"),
        cosine=0.87124,
        score=0.931,
        semantic_rank=1,
        lexical_rank=3,
        snippet="The import slowed down because the index of the customer table had been dropped "
        "in the spring, and nobody measured it again until the nightly job ran into the morning "
        "…",
        matches=((4, 10), (11, 17), (18, 22)),
        text="The import slowed down because the index\nof the customer table had been dropped.\n",
        kind="markdown",
        modified_ns=1_785_576_600_000_000_000,
        stale=False,
        line=12,
        also=(b"/home/ada/backup/retro.md",),
        parts=(0.331, 0.6),
        band="strong",
    ),
    Hit(
        rank=2,
        chunk=12,
        path=b"/home/ada/notes/papers/a-rather-long-file-name-about-bread-and-butter.pdf",
        root=b"/home/ada/notes",
        start_line=3,
        end_line=3,
        page=7,
        breadcrumb=(),
        cosine=None,
        score=0.2,
        semantic_rank=None,
        lexical_rank=1,
        snippet="全文検索エンジンは速い。",
        matches=((0, 4),),
        text="全文検索エンジンは速い。",
        kind="pdf",
        modified_ns=1_700_000_000_000_000_000,
        stale=True,
        line=3,
        parts=(0.2, 0.0),
    ),
)

RESULT: Final = SearchResult(
    query=Query("import slow down", "import slow down", ("import", "slow", "down")),
    mode="hybrid",
    space=SPACE,
    coverage=0.9,
    hits=HITS,
    notices=("openai/text-embedding-3-small covers 90 % of the passages.",),
    timing_ms={"embed": 0.0, "retrieve": 3.12345, "rank": 0.2, "total": 9.04},
    cost_usd=0.0000021,
)
EMPTY: Final = RESULT._replace(hits=(), space=None, mode="lexical", notices=(), cost_usd=0.0)

ESTIMATE: Final = Estimate(4, 40, 32, 9_000, 0.00018, "openrouter.ai")
REPORT: Final = IndexReport(
    plan=False,
    roots=(b"/home/ada/notes",),
    seen=120,
    new=3,
    changed=1,
    moved=1,
    gone=0,
    unchanged=114,
    skipped={"binary": 4, "too large": 9},
    failed=1,
    chunks_total=1800,
    chunks_added=40,
    chunks_removed=6,
    embedded=32,
    reused=8,
    requests=1,
    inputs=32,
    tokens=9_000,
    cost_usd=0.00018,
    space=SPACE,
    problems=(Problem(b"/home/ada/notes/torn.md", "unreadable", "Check its permissions."),),
    interrupted=False,
    elapsed_s=2.3456,
)
STATUS_OF_SPACE: Final = SpaceStatus(
    SPACE, active=True, covered=1799, chunks=1800, size_bytes=6_000_000, unchecked=("Nebius",)
)
STATUS: Final = IndexStatus(
    path=b"/home/ada/.local/share/semsearch/index.db",
    size_bytes=52_428_800,
    roots=(
        RootStatus(Root(1, b"/home/ada/notes"), 119, 1800, spent_usd=0.0119),
        RootStatus(Root(2, b"/media/stick"), 1, 0, missing=True),
    ),
    files={"indexed": 119, "failed": 1, "skipped": 13, "partial": 0},
    chunks=1800,
    spaces=(STATUS_OF_SPACE,),
    indexed_ns=1_785_576_600_000_000_000,
    spent_usd=0.0123,
    tokens=600_000,
    problems=REPORT.problems,
    days=(DaySpend("2026-08-01", Spend("api.example", "acme/tiny", 2, 90, 600_000, 0.0123)),),
    by_root=(
        RootSpend("2026-08-01", "api.example", "acme/tiny", 1, b"/home/ada/notes", 580_000, 0.0119),
        RootSpend("2026-08-01", "api.example", "acme/tiny", None, None, 20_000, 0.0004),
    ),
    wanted=SPACE._replace(key=SPACE.key._replace(model="acme/other")),
)
CHOICES: Final = (
    ModelChoice(
        ModelInfo(
            "openai/text-embedding-3-small", 1536, (512,), 8192, 0.02, ("text",), "Embedding 3"
        ),
        STATUS.spaces[0],
        "input_type=search_query",
        "input_type=search_document",
        181.4,
    ),
    ModelChoice(ModelInfo("local:all-MiniLM-L6-v2", 384, (), 256, 0.0)),
    ModelChoice(ModelInfo("somebody/unknown")),
)
FORGOTTEN: Final = (Forgotten(b"/home/ada/notes/diary", 12, 80, 77),)
FINDINGS: Final = (
    Finding("Python", "ok", "3.11.7"),
    Finding("bytecode", "warning", "not written", "Unset PYTHONDONTWRITEBYTECODE."),
    Finding("key", "failed", "there is none", "semsearch key set"),
)
ERROR: Final = AccessError(
    "The server refused the key.", hint="Check it with `semsearch key status`.", code="auth.401"
)

# --- the same records, every string from outside replaced ----------------------------------------

HOSTILE_SPACE: Final = SPACE._replace(key=SpaceKey(HOSTILE, HOSTILE, 1536, HOSTILE, HOSTILE))
HOSTILE_HITS: Final = tuple(
    hit._replace(
        path=HOSTILE_PATH,
        root=HOSTILE_PATH,
        breadcrumb=(HOSTILE, HOSTILE),
        snippet=HOSTILE * 9,
        matches=((0, 3), (5, 40)),
        text=HOSTILE + "\n\t" + HOSTILE,
        kind=HOSTILE,
        also=(HOSTILE_PATH,),
    )
    for hit in HITS
)
HOSTILE_RESULT: Final = RESULT._replace(
    query=Query(HOSTILE, HOSTILE, (HOSTILE,)),
    space=HOSTILE_SPACE,
    hits=HOSTILE_HITS,
    notices=(HOSTILE,),
)
HOSTILE_PROBLEMS: Final = (Problem(HOSTILE_PATH, HOSTILE, HOSTILE),)
HOSTILE_REPORT: Final = REPORT._replace(
    roots=(HOSTILE_PATH,),
    skipped={HOSTILE: 1},
    space=HOSTILE_SPACE,
    problems=HOSTILE_PROBLEMS,
    estimate=ESTIMATE._replace(host=HOSTILE),
    stopped_by=SemsearchError(HOSTILE, hint=HOSTILE),
)
HOSTILE_STATUS: Final = STATUS._replace(
    path=HOSTILE_PATH,
    roots=(RootStatus(Root(1, HOSTILE_PATH), 1, 1, missing=True),),
    files={HOSTILE: 3},
    spaces=(SpaceStatus(HOSTILE_SPACE, active=True, covered=1, chunks=2, unchecked=(HOSTILE,)),),
    days=(DaySpend("2026-08-01", Spend(HOSTILE, HOSTILE, 1, 1, 1, 0.1)),),
    by_root=(RootSpend("2026-08-01", HOSTILE, HOSTILE, 1, HOSTILE_PATH, 1, 0.1),),
    wanted=HOSTILE_SPACE,
    problems=HOSTILE_PROBLEMS,
)
HOSTILE_CHOICES: Final = (
    ModelChoice(
        ModelInfo(HOSTILE, 8, (), 8, 0.1, (HOSTILE,), HOSTILE),
        HOSTILE_STATUS.spaces[0],
        HOSTILE,
        HOSTILE,
        12.34,
    ),
)
HOSTILE_FORGOTTEN: Final = (Forgotten(HOSTILE_PATH, 1, 1, 1),)
HOSTILE_FINDINGS: Final = (Finding(HOSTILE, "failed", HOSTILE, HOSTILE),)
