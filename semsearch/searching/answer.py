"""Answer a question: candidates, one order, hits.

Hybrid search degrades to keywords when vectors cannot be had, and says so; semantic search fails
instead. Semantic and lexical results are raw: pure cosine or pure BM25, nothing folded, exactly
`limit` hits when there are that many.
"""

from __future__ import annotations

from itertools import islice
from time import perf_counter

from semsearch.errors import (
    AccessError,
    EmbeddingError,
    SemsearchError,
    UsageError,
)
from semsearch.record import Record
from semsearch.records import Filter, Query, SearchResult
from semsearch.searching.hits import (
    NOTHING_BELOW,
    Shown,
    background,
    changed_on_disk,
    choose,
    make_hits,
    ranked_rows,
    well_chosen,
)
from semsearch.searching.rank import fuse, lexical_only, semantic_only
from semsearch.searching.retrieve import (
    DEPTH,
    FUSED_OVERSAMPLING,
    Sources,
    lexical_chunks,
    semantic_chunks,
    weigh_words,
)
from semsearch.searching.snippet import Matcher, Snippet
from semsearch.searching.vector import existing, no_vectors, query_vector
from semsearch.store import segment
from semsearch.text import display_path, one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Final

    from semsearch.embed.local.likeness import WordLikeness
    from semsearch.protocols import Embedder, Store
    from semsearch.records import ChunkRow, Mode, Place, Space
    from semsearch.searching.hits import Background
    from semsearch.searching.rank import Ranked
    from semsearch.searching.retrieve import Weighed

MAX_LIMIT: Final = 1000
"""Most hits of one search."""


class Options(Record):
    """How to search: everything but the question and the index."""

    mode: Mode = "hybrid"
    limit: int = 10
    """Hits wanted, 1 to `MAX_LIMIT`; a value outside is brought inside."""
    alpha: float | None = None
    """Weight of the semantic side in hybrid mode, 0 to 1; None: the space's own."""
    per_file: bool = False
    """Rank whole files, each shown by its best passage."""
    offline: bool = False
    """Never ask a server for the query's vector."""
    same_file: bool = True
    """Whether other passages of the file `like:` names may answer; a whole file never does."""
    diverse: bool = False
    """Prefer passages that differ from those before them; see `searching.diverse`."""
    stale: Callable[[ChunkRow], bool] = changed_on_disk
    """Whether a hit's file is no longer what was indexed; asked once per file shown."""
    likeness: Callable[[Space], WordLikeness | None] | None = None
    """How alike words are to a model of this machine, to choose the sentence shown of a hit."""


_DEFAULT: Final = Options()
_LOOKED_AT: Final = 10
"""Hits that tell whether anything is close, however few are wanted."""


def search(
    store: Store,
    query: Query,
    space: Space | None,
    embedder: Callable[[], Embedder] | None = None,
    options: Options = _DEFAULT,
) -> SearchResult:
    """Answer a parsed query.

    Args:
        store: the index.
        query: what to look for.
        space: whose vectors to use; None when the index has none.
        embedder: makes the client of the space's model; called only when the query's vector is
            not in the cache.
        options: mode, number of hits and the like.

    Raises:
        UsageError: there is nothing to look for, or `like:` names nothing that is indexed.
        AccessError: semantic mode, and no key, credit or consent for the query's vector.
        EmbeddingError: semantic mode, and the query's vector cannot be had.
    """
    clock = _Clock()
    options = options._replace(limit=max(1, min(options.limit, MAX_LIMIT)))
    covered, chunks = store.coverage(space.id if space is not None else 0)
    question = _ask(store, query, space if covered else None, embedder, options)
    clock.lap("embed")
    answers = _answers(question, options, chunks)
    clock.lap("retrieve")
    finder = Matcher(query.terms, query.phrases, segment)
    fold = question.mode == "hybrid" and not options.per_file
    reached = _background(question)
    looked_at = options.limit if reached is None else max(options.limit, _LOOKED_AT)
    shown = choose(answers, finder, looked_at, fold=fold)
    cosines = _cosines(question.sources, shown)
    nothing = _nothing_close(question, shown, cosines, reached)
    used = question.sources.space
    chosen = shown[: options.limit] if not nothing else []
    chosen = well_chosen(chosen, finder, used, options.likeness)
    hits = make_hits(chosen, cosines, options.stale, reached)
    clock.lap("rank")
    coverage = covered / chunks if used is not None else 0.0
    return SearchResult(
        query=query,
        mode=question.mode,
        space=used,
        coverage=coverage,
        hits=hits,
        notices=(
            *question.notices,
            *_remarks(question.sources, coverage, found=bool(shown)),
            *filter(None, [nothing]),
        ),
        timing_ms=clock.laps,
        cost_usd=question.cost_usd,
        fault=question.fault,
    )


def ranking(
    store: Store, query: Query, space: Space | None, vector: bytes | None, options: Options
) -> list[tuple[Ranked, ChunkRow]]:
    """The order `search` answers in, without what it shows of each hit; nothing is embedded.

    Args:
        store: the index.
        query: what to look for.
        space: whose vectors; None in lexical mode.
        vector: the query in that space.
        options: mode, number of hits and the like.
    """
    question = _Question(Sources(store, query, segment, space, vector), options.mode)
    chunks = store.coverage(0)[1]
    answers = _answers(question, options, chunks)
    if options.mode != "hybrid":
        return list(islice(answers, options.limit))
    if options.per_file:
        no_snippet = Snippet("", (), 0, "")
        shown = [Shown(*one, no_snippet) for one in islice(answers, options.limit)]
    else:
        finder = Matcher(query.terms, query.phrases, segment)
        shown = choose(answers, finder, options.limit, fold=True)
    first = shown[:_LOOKED_AT]
    cosines = _cosines(question.sources, first)
    if _nothing_close(question, first, cosines, _background(question)):
        return []
    return [(one.ranked, one.row) for one in shown]


def similar(
    store: Store,
    place: Place,
    space: Space | None,
    options: Options = _DEFAULT,
    where: Filter | None = None,
) -> SearchResult:
    """Passages nearest to those at a place, by their stored vectors; no model is asked.

    Raises:
        UsageError: nothing there is indexed, or it has no vector.
    """
    name = display_path(place.path) + (f":{place.line}" if place.line else "")
    query = Query(raw=f"like:{name}", text="", terms=(), where=where or Filter(), like=place)
    return search(store, query, space, None, options._replace(mode="semantic"))


class _Question(Record):
    """A query with its vector, or without one and with the reason."""

    sources: Sources
    mode: Mode
    cost_usd: float = 0.0
    notices: tuple[str, ...] = ()
    fault: SemsearchError | None = None


class _Clock:
    """Milliseconds of each stage, and since the start as `total`."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._start = self._last = perf_counter()

    def lap(self, stage: str) -> None:
        now = perf_counter()
        self.laps[stage] = (now - self._last) * 1e3
        self.laps.pop("total", None)
        self.laps["total"] = (now - self._start) * 1e3
        self._last = now


def _ask(
    store: Store,
    query: Query,
    space: Space | None,
    embedder: Callable[[], Embedder] | None,
    options: Options,
) -> _Question:
    if query.like is not None:
        return _ask_like(store, query, query.like, space, options)
    if not query.text:
        raise UsageError(
            "There is nothing to search for: the query has no words.",
            hint="Filters and exclusions narrow a search; add a word, a phrase or like:path.",
            code="query.empty",
        )
    words_only = Sources(store, query, segment, None, None)
    if options.mode == "lexical":
        return _Question(words_only, "lexical")
    try:
        vector = query_vector(
            store, existing(store, space), query.text, embedder, offline=options.offline
        )
    except (AccessError, EmbeddingError) as error:
        if options.mode == "semantic":
            raise
        return _Question(words_only, "lexical", notices=(_degraded(error),), fault=error)
    sources = words_only._replace(space=space, vector=vector.unit)
    return _Question(sources, options.mode, vector.cost_usd, tuple(filter(None, [vector.notice])))


def _ask_like(
    store: Store, query: Query, like: Place, space: Space | None, options: Options
) -> _Question:
    """The stored vectors at a place stand for the query's; words, if any, rank beside them."""
    from semsearch.searching.places import mean_vector, passages_at

    if options.mode == "lexical":
        raise UsageError(
            "like: ranks by meaning, and this search is by words alone.",
            hint="Leave out --mode lexical.",
            code="query.bad_filter",
        )
    passages = passages_at(store, like, same_file=options.same_file)
    if space is None:
        missing = no_vectors(store)
        raise UsageError(missing.message, hint=missing.hint, code="query.no_vector")
    vector = mean_vector(store, space, passages.chunks)
    mode: Mode = options.mode if query.text else "semantic"
    return _Question(Sources(store, query, segment, space, vector, passages.same), mode)


def _answers(
    question: _Question, options: Options, chunks: int
) -> Iterator[tuple[Ranked, ChunkRow]]:
    """Candidates in their final order; rows are read as they are taken."""
    sources = question.sources
    words: Weighed = (frozenset(), 0.0)
    if question.mode != "semantic":
        words = weigh_words(sources, chunks)
    if not options.diverse or sources.space is None:
        return _by_score(question, options, words)
    from semsearch.searching.diverse import POOL, diversified

    wide = options._replace(limit=min(POOL * options.limit, MAX_LIMIT))
    return diversified(
        sources.store, sources.space, _by_score(question, wide, words), options.limit
    )


def _by_score(
    question: _Question, options: Options, words: Weighed
) -> Iterator[tuple[Ranked, ChunkRow]]:
    sources, mode, limit = question.sources, question.mode, options.limit
    depth = max(DEPTH, limit)
    alpha = options.alpha
    if alpha is None:
        alpha = sources.space.alpha if sources.space is not None else 0.0
    if options.per_file:
        from semsearch.searching.per_file import file_rows, rank_files

        files = rank_files(sources, mode, alpha, depth, limit, words)
        return file_rows(sources, files, limit)
    if mode == "semantic":
        return ranked_rows(sources.store, semantic_only(semantic_chunks(sources, depth)), limit)
    lexical = lexical_chunks(sources, depth, wanted=limit, skip=words[0])
    if mode == "lexical":
        return ranked_rows(sources.store, lexical_only(lexical), limit)
    close = semantic_chunks(sources, depth, oversampling=FUSED_OVERSAMPLING)
    fused = fuse(lexical, close, alpha, words[1])
    return ranked_rows(sources.store, fused, limit)


def _background(question: _Question) -> Background | None:
    """What unrelated text reaches, where the cosines are those of a typed question."""
    sources = question.sources
    if sources.space is None or question.mode == "lexical" or sources.query.like is not None:
        return None
    return background(sources.store, sources.space)


def _nothing_close(
    question: _Question,
    shown: Sequence[Shown],
    cosines: dict[int, float],
    reached: Background | None,
) -> str:
    """Why nothing is worth showing; empty where something is.

    Only a hybrid search may come back empty-handed: when no passage is nearer than unrelated text
    and none holds the words of the query. A passage without a vector is judged by its words.
    """
    sources = question.sources
    first = shown[:_LOOKED_AT]
    if question.mode != "hybrid" or reached is None or sources.query.phrases or not first:
        return ""
    close = reached[0] + NOTHING_BELOW * reached[1]
    near = max(cosines.values(), default=-1.0)
    if near < close:
        # A file is shown by the passage that both sides like best, not by its nearest one.
        near = max([near, *(cosine for _, cosine in semantic_chunks(sources, 1))])
    if near >= close:
        return ""
    from semsearch.searching.closeness import why_nothing

    rows = [one.row for one in first]
    return why_nothing(sources.store, sources.query, segment, rows, near, close)


def _cosines(sources: Sources, shown: Sequence[Shown]) -> dict[int, float]:
    if sources.space is None or sources.vector is None:
        return {}
    chunks = [one.row.chunk for one in shown]
    return sources.store.cosines(sources.space.id, sources.vector, chunks)


def _remarks(sources: Sources, coverage: float, *, found: bool) -> list[str]:
    """What the reader must know to judge the result."""
    remarks = []
    space = sources.space
    if space is not None and coverage < 1.0:
        remarks.append(
            f"{one_line(space.key.model)} covers {min(coverage * 100, 99.9):.3g} % of the "
            "passages; the others can be found by their words only."
        )
    if not found:
        roots = [root.path for root in sources.store.roots()]
        remarks += [
            f"{display_path(folder)} is not below an indexed folder."
            for folder in sources.query.where.folders
            if not any(_related(folder, root) for root in roots)
        ]
    return remarks


def _related(one: bytes, other: bytes) -> bool:
    """Whether one path is the other or lies below it, whichever way round."""
    return one == other or one.startswith(other + b"/") or other.startswith(one + b"/")


def _degraded(error: SemsearchError) -> str:
    only = "" if error.code == "index.empty" else "Found by words only: "
    return f"{only}{error.message} {error.hint}".rstrip()
