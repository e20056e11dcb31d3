"""How near is near? What unrelated text reaches in an index, and when nothing is close.

Cosines mean something else in every model: unrelated text lies at 0.1 with one and at 0.7 with
another, and the nearest of many passages is nearer than one of few. So a space is asked questions
that no text answers, and what their best hits reach is its background. A hit within two standard
deviations of it is weak, one beyond five is strong; when even the nearest is within one and a half
and holds few of the query's words, nothing is close. The thresholds were
chosen with the embedded model, looking at two judged collections.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

from semsearch.searching.hits import background_note
from semsearch.searching.lexical import search_terms
from semsearch.searching.snippet import Matcher
from semsearch.searching.stem import fold, stem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from semsearch.protocols import Store
    from semsearch.records import ChunkRow, Query, Space

    Segment = Callable[[str], str]

ABSURD_QUESTIONS: Final = (
    "why do violins ripen before the parliament freezes",
    "how many invoices can a glacier whistle",
    "the carburettor apologised to seven sonnets",
    "knitting pattern for a volcanic mortgage",
    "which saint invented the waterproof algebra of herrings",
    "when should the moon be renewed at the library desk",
    "recipe for marble trousers with a magnetic chorus",
    "is the tractor allergic to medieval punctuation",
    "submarine etiquette among bankrupt dandelions",
    "the password of the cathedral smells of chess",
    "how to polish a rumour with frozen diplomats",
    "tax rules for ghosts who breed saxophones",
    "does the alphabet need a visa to photosynthesise",
    "eleven ladders arguing about soup in the orbit of Tuesday",
    "symptoms of a lazy equator after the football sermon",
    "warranty of a poem that swallowed its umbrella",
    "train the cactus to translate insurance thunder",
    "where do retired commas store their bicycles",
    "the emperor's dishwasher dreams of harmonic gravel",
    "compare the salaries of lighthouses and onions",
    "a vaccine against unpunctual wallpaper",
    "how loud is the colour of a notarised avalanche",
    "goalkeeper of the northern spreadsheet marmalade",
    "instructions for unfolding a diesel lullaby",
)
"""Each mixes several subjects, so that none is about what a collection is about, be it wide."""

WORDS_PRESENT: Final = 0.5
"""Share of the query's words, rare ones counting more, that a passage must hold to be an answer
by its words alone."""

_PIECE: Final = r"[^\W_]+"
_LEAST_TOLD: Final = 0.05
_FEWEST: Final = 20
"""Passages an index must have for its background to mean something."""
_GROWTH: Final = 2.0
"""Change in the number of passages after which the background is measured again: the nearest of
twice as many is hardly nearer."""


def needs_background(store: Store, space: Space) -> bool:
    """Whether the background of a space is unknown or that of a much smaller or larger one."""
    covered = store.coverage(space.id)[0]
    if covered < _FEWEST:
        return False
    note = store.note(background_note(space))
    measured = int(note.split()[2]) if note else 0
    return not measured / _GROWTH <= covered <= measured * _GROWTH


def measure_background(store: Store, space: Space, vectors: Iterable[bytes]) -> None:
    """Find out and note what unrelated questions reach in a space.

    Args:
        store: the index.
        space: the space.
        vectors: `ABSURD_QUESTIONS` embedded with its model.
    """
    nearest = [cosine for vector in vectors for _, cosine in store.nearest(space.id, vector, 1)[:1]]
    mean = math.fsum(nearest) / len(nearest)
    spread = math.sqrt(math.fsum((one - mean) ** 2 for one in nearest) / (len(nearest) - 1))
    covered = store.coverage(space.id)[0]
    store.set_note(background_note(space), f"{mean:.6f} {spread:.6f} {covered}")


def why_nothing(
    store: Store,
    query: Query,
    segment: Segment,
    rows: Sequence[ChunkRow],
    nearest: float,
    needed: float,
) -> str:
    """What to tell instead of passages no nearer than unrelated text; empty: their words count.

    Args:
        store: the index.
        query: what was looked for.
        segment: how the index parts scripts without spaces.
        rows: the passages.
        nearest: the best of their cosines.
        needed: the cosine from which on a passage is nearer than unrelated text may be.
    """
    if has_words(store, query, segment, rows):
        return ""
    return (
        f"Nothing close: the nearest passage has a cosine of {nearest:.2f}, and unrelated text "
        f"may reach {needed:.2f} here. The semantic mode shows it all the same."
    )


def has_words(store: Store, query: Query, segment: Segment, rows: Sequence[ChunkRow]) -> bool:
    """Whether some passage holds so many of the query's words that they alone make it an answer."""
    weights = _weights(store, query, segment)
    total = math.fsum(weights.values())
    finder = Matcher(query.terms, query.phrases, segment)
    return any(_held(row, finder, weights) >= WORDS_PRESENT * total for row in rows)


def _held(row: ChunkRow, finder: Matcher, weights: Mapping[str, float]) -> float:
    text = " ".join((*row.breadcrumb, row.relative.decode("utf-8", "replace"), row.text))
    return math.fsum(weights.get(one, 0.0) for one in {match[2] for match in finder.find(text)})


def _weights(store: Store, query: Query, segment: Segment) -> dict[str, float]:
    """What each word of the query tells, by how few passages hold it; never nothing."""
    terms = list(dict.fromkeys(search_terms(query, segment)))
    shares = store.document_frequencies(terms)
    rarest = 0.5 / max(1, store.coverage(0)[1])
    weights: dict[str, float] = {}
    for term in terms:
        told = max(_LEAST_TOLD, -math.log(max(shares[term], rarest)))
        # The keys are what `Matcher` finds: stems, or pairs of letters of a script without spaces.
        parted = segment(term) != term
        keys = [fold(term)] if parted else [stem(one) for one in re.findall(_PIECE, fold(term))]
        weights.update(dict.fromkeys(keys, told / max(1, len(keys))))
    return weights
