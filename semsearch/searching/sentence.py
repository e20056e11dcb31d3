"""The sentence that says what was asked in other words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from semsearch.searching.hits import PROSE_KINDS
from semsearch.searching.snippet import best_snippet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semsearch.embed.local.likeness import WordLikeness
    from semsearch.searching.hits import Shown
    from semsearch.searching.snippet import Matcher

_MOST: Final = 50
"""Hits whose sentence is chosen with care; a longer list is not read but piped."""


def by_meaning(
    shown: Sequence[Shown], finder: Matcher, likeness: Callable[[], WordLikeness | None]
) -> list[Shown]:
    """The hits, each with the sentence nearest to the question where no sentence holds its words.

    Scripts without spaces and questions with phrases stay as they are: the model knows such
    scripts letter by letter, and a phrase asks for words, not for what they mean.

    Args:
        shown: hits in order.
        finder: the words of the question.
        likeness: gives how alike words are; None where that cannot be known.
    """
    words = likeness() if shown and finder.plain else None
    if words is None:
        return [*shown]
    nearest = partial(words.nearest, finder.terms)
    return [
        *(
            one._replace(
                snippet=best_snippet(
                    one.row.text, finder, code=one.row.kind not in PROSE_KINDS, nearest=nearest
                )
            )
            for one in shown[:_MOST]
        ),
        *shown[_MOST:],
    ]
