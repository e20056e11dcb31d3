"""FTS5 expressions for a query; every word is quoted, so no input is syntax.

Words are joined by OR and ranked by BM25, which counts a repeated word as often as it is repeated:
that is what makes long pasted queries work. Phrases are required, exclusions forbidden.
"""

from __future__ import annotations

import math

from semsearch.searching.words import telling, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping
    from typing import Final

    from semsearch.records import Query

    Segment = Callable[[str], str]

MAX_TERMS: Final = 64
"""Words and phrases of one expression, repeats included: bounds the time a query takes."""
MAX_TERM_CHARACTERS: Final = 64
COMMON_SHARE: Final = 0.1
"""Words in more than this share of the chunks cost most of the time and tell the least; beside a
semantic side their loss is not measurable."""
COMMON_SHARE_ALONE: Final = 0.2
"""The same where words alone rank: there the tenth tells something still."""
LARGE_INDEX: Final = 20_000
"""Chunks from which on common words are left out; a smaller index is fast with them."""


def lexical_expression(query: Query, segment: Segment, skip: Container[str] = ()) -> str:
    """What chunks or files must match to be lexical candidates; empty when nothing can.

    Args:
        query: the parsed query.
        segment: puts spaces into scripts that have none, as the index did.
        skip: terms to leave out, see `common_terms`.
    """
    terms = [term for term in search_terms(query, segment) if term not in skip]
    optional = _bounded(terms)
    required = _phrases(query.phrases, segment)
    if not required:
        expression = " OR ".join(map(_quoted, optional))
    elif optional:
        # Repeating the phrases among the alternatives keeps chunks that hold no other word.
        alternatives = " OR ".join((*required, *map(_quoted, optional)))
        expression = f"{' AND '.join(required)} AND ({alternatives})"
    else:
        expression = " AND ".join(required)
    excluded = _phrases(query.excluded, segment)
    if not expression or not excluded:
        return expression
    return f"({expression}) NOT ({' OR '.join(excluded)})"


def requirement(query: Query, segment: Segment) -> str:
    """What every result must match: all phrases, no exclusion; empty without phrases."""
    return lexical_expression(query._replace(terms=()), segment)


def exclusion(query: Query, segment: Segment) -> str:
    """What no result may match; empty without exclusions."""
    return " OR ".join(_phrases(query.excluded, segment))


def search_terms(query: Query, segment: Segment) -> list[str]:
    """The words looked for: stop words gone, scripts without spaces parted, repeats kept."""
    return [part for term in telling(query.terms) for part in _parts(term, segment)]


def bounded_terms(query: Query, segment: Segment) -> list[str]:
    """The words looked for, as many as one expression may have."""
    return _bounded(search_terms(query, segment))


def common_terms(shares: Mapping[str, float], share: float = COMMON_SHARE) -> frozenset[str]:
    """Terms in more than this share of the chunks, unless all of them are.

    Args:
        shares: of the chunks that hold each term.
        share: from where on a term is common.
    """
    common = frozenset(term for term, held in shares.items() if held > share)
    return common if len(common) < len(shares) else frozenset()


def told_by(terms: Iterable[str], shares: Mapping[str, float], chunks: int) -> float:
    """BM25 of a chunk of average length that holds each of the terms once.

    Args:
        terms: repeats count, as they do in an expression.
        shares: of the chunks that hold each term.
        chunks: in the index.
    """
    held = [shares[term] * chunks for term in terms]
    return sum(max(0.0, math.log((chunks - one + 0.5) / (one + 0.5))) for one in held)


def _bounded(terms: Iterable[str]) -> list[str]:
    """At most `MAX_TERMS` terms, in order; of a longer query those repeated and long ones."""
    every = [term[:MAX_TERM_CHARACTERS] for term in terms]
    if len(every) <= MAX_TERMS:
        return every
    counts: dict[str, int] = {}
    for term in every:
        counts[term] = counts.get(term, 0) + 1
    by_worth = sorted(counts, key=lambda term: -counts[term] * min(len(term), 10))
    kept: dict[str, int] = {}
    room = MAX_TERMS
    for term in by_worth:
        kept[term] = min(counts[term], room)
        room -= kept[term]
        if not room:
            break
    bounded = []
    for term in every:
        if kept.get(term, 0) > 0:
            kept[term] -= 1
            bounded.append(term)
    return bounded


def _parts(term: str, segment: Segment) -> list[str]:
    return [term] if term.isascii() else segment(term).split()


def _phrases(phrases: Iterable[str], segment: Segment) -> list[str]:
    """Quoted phrases, the first `MAX_TERMS` with words in them."""
    # Left as typed: the index cuts a phrase into words the way it cut the text.
    typed = [phrase.split()[:MAX_TERMS] for phrase in phrases if words(phrase)]
    texts = [" ".join(word[:MAX_TERM_CHARACTERS] for word in parts) for parts in typed]
    return [_quoted(segment(text)) for text in texts[:MAX_TERMS]]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', " ") + '"'
