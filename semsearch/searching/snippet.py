"""The sentence of a passage that answers best, by the words of the query.

Where they do not tell, a model on this machine may choose; without one, a passage found by meaning
alone shows its beginning. Words match as they do in the lexical index (case, diacritics and
endings aside), so every highlight is a true match.
"""

from __future__ import annotations

import re

from semsearch.record import Record
from semsearch.searching.stem import fold, stem
from semsearch.searching.words import telling, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Final

    from semsearch.records.searching import ChosenBy

    Nearest = Callable[[Sequence[str]], int | None]
    """Which of these sentences is nearest to the question; None: it cannot be told."""

WIDTH: Final = 200
"""Characters a snippet may have, ellipses aside."""

# Compiled when they are first needed: most words are one piece, a passage is cut by one of two.
_PIECE: Final = r"[^\W_]+"
_BOUNDARY: Final = r"[.!?][\"'”’)\]]*\s+|[。！？]\s*|\n\s*\n\s*|\n\s*(?=[-*+>|] |[#|]|\d{1,9}[.)] )"
_LINE_BOUNDARY: Final = r"\n\s*"
_ELLIPSIS: Final = "…"
_HEADING: Final = ("#", "=")
"""How a line begins that is a heading."""

Match = tuple[int, int, str]
"""Start, end and stem of a word that matches."""


class Snippet(Record):
    """A piece of a passage on one line."""

    text: str
    matches: tuple[tuple[int, int], ...]
    """Spans of `text` that match words of the query; ascending, none touching another."""
    offset: int
    """Character of the passage where the sentence that answers starts, or what is shown of it."""
    sentence: str
    """All of that sentence."""
    chosen_by: ChosenBy = "words"


class Matcher:
    """Finds the words of one query in text.

    Args:
        terms: words; stop words among them count only when there are no others.
        phrases: phrases, all words of which count.
        segment: how the lexical index parts scripts without spaces; what it parts is looked for
            anywhere, not at the beginning of words.
    """

    def __init__(
        self,
        terms: Sequence[str],
        phrases: Sequence[str] = (),
        segment: Callable[[str], str] | None = None,
    ) -> None:
        self._stems: dict[str, str] = {}
        """What stems the words met so far have."""
        unspaced: dict[str, None] = {}
        self.terms = tuple(telling(terms))
        """Words looked for, those of phrases aside."""
        whole: set[str] = set()
        for term in (*self.terms, *(word for phrase in phrases for word in words(phrase))):
            folded = fold(term)
            parted = segment(folded) if segment is not None else folded
            for part in parted.split():
                if parted == folded or part.isascii():
                    whole.update(map(self._stem, _pieces(part)))
                else:
                    unspaced[part] = None
        self._whole = frozenset(whole)
        self._phrases = tuple(
            tuple(self._stem(piece) for piece in _pieces(fold(phrase))) for phrase in phrases
        )
        # All but the last letter of a stem begins every word that has it, so one pass of the
        # regular expression engine leaves few words to stem.
        heads = _alternatives(stemmed[:-1] or stemmed for stemmed in whole)
        choices = [rf"(?<![^\W_])(?:{heads})[^\W_]*"] if heads else []
        # Pairs of letters overlap, so they are seen by looking ahead, and consume nothing.
        choices += [rf"(?=({_alternatives(unspaced)}))"] if unspaced else []
        self._pattern = re.compile("|".join(choices)) if choices else None

        self.plain = bool(whole) and not unspaced and not self._phrases
        """Whether these are words of a script with spaces, and no phrase among them."""

    def holds_all(self, found: Iterable[Match]) -> bool:
        """Whether every word is among these matches."""
        return self._whole <= {stemmed for _, _, stemmed in found}

    def find(self, text: str) -> list[Match]:
        """Each word of `text` that matches, in order."""
        if self._pattern is None:
            return []
        found: list[Match] = []
        for match in self._pattern.finditer(fold(text)):
            start, end = match.span()
            if start == end:
                found.append((*match.span(1), match[1]))
            elif (stemmed := self._stem(match[0])) in self._whole:
                found.append((start, end, stemmed))
        return found

    def weight(self, found: Sequence[Match], counts: dict[str, int]) -> float:
        """Worth of a sentence with these matches: different words first, then rare ones.

        A whole phrase counts like another word for each of its words.
        """
        stems = {stemmed for _, _, stemmed in found}
        worth = sum(1.0 + 0.5 / counts[stemmed] for stemmed in stems)
        if self._phrases:
            sequence = tuple(stemmed for _, _, stemmed in found)
            worth += sum(len(phrase) for phrase in self._phrases if _holds(sequence, phrase))
        return worth

    def _stem(self, word: str) -> str:
        known = self._stems.get(word)
        if known is None:
            known = self._stems[word] = stem(word)
        return known


def best_snippet(
    text: str,
    finder: Matcher,
    *,
    code: bool = False,
    width: int = WIDTH,
    nearest: Nearest | None = None,
) -> Snippet:
    """The sentence worth most to the query, with what fits behind it.

    Args:
        text: the passage.
        finder: the words to look for.
        code: a line counts as a sentence.
        width: characters the snippet may have.
        nearest: chooses where no sentence holds all of the words; headings are not for choice.
    """
    sentences = _sentences(text, _LINE_BOUNDARY if code else _BOUNDARY)
    found = finder.find(text)
    best = _best_sentence(sentences, found, finder) if found else _opening(text, sentences)
    chosen_by: ChosenBy = "words" if found else "beginning"
    if nearest is not None and not finder.holds_all(_inside(found, *sentences[best])):
        choice = [span for span in sentences if code or not text.startswith(_HEADING, span[0])]
        place = nearest([text[start:end] for start, end in choice]) if len(choice) > 1 else None
        if place is not None:
            best, chosen_by = sentences.index(choice[place]), "meaning"
    offset, sentence_end = sentences[best]
    sentence = text[offset:sentence_end].strip()
    if sentence_end - offset > width:
        inside = _inside(found, offset, sentence_end)
        start, end = _densest(text, offset, sentence_end, inside, width)
        before, after = start > offset, end < sentence_end
        offset = start
    else:
        start, end, after = _widen(text, sentences, best, width)
        start, before = offset if chosen_by == "beginning" else start, False
    shown = " ".join([word for word in text[start:end].split() if not _is_rule(word)])
    shown = f"{_ELLIPSIS} {shown}" if before else shown
    shown = f"{shown} {_ELLIPSIS}" if after else shown
    return Snippet(shown, _joined(finder.find(shown)), offset, sentence, chosen_by)


def _is_rule(word: str) -> bool:
    """Whether a word is a line drawn with one mark, as above and below titles."""
    return len(word) > 3 and not word[0].isalnum() and word == word[0] * len(word)


def _inside(found: Iterable[Match], start: int, end: int) -> list[Match]:
    """The matches of a sentence."""
    return [match for match in found if start <= match[0] < end]


def _pieces(text: str) -> list[str]:
    """Runs of letters and digits."""
    return [text] if text.isascii() and text.isalnum() else re.findall(_PIECE, text)


def line_at(text: str, offset: int, first_line: int, last_line: int) -> int:
    """The line of a character of a passage that spans these lines of its file."""
    ends = text.count("\n", 0, offset) + text.count("\r", 0, offset)
    return min(first_line + ends - text.count("\r\n", 0, offset), last_line)


def _sentences(text: str, boundary: str) -> list[tuple[int, int]]:
    """Spans that cover `text` but for white space around it; at least one."""
    start = len(text) - len(text.lstrip())
    stop = len(text.rstrip())
    spans = []
    for match in re.compile(boundary).finditer(text, start, stop):
        if match.end() > start:
            spans.append((start, match.end()))
            start = match.end()
    if start < stop or not spans:
        spans.append((start, max(start, stop)))
    return spans


def _best_sentence(
    sentences: Sequence[tuple[int, int]], found: Sequence[Match], finder: Matcher
) -> int:
    counts: dict[str, int] = {}
    for _, _, stemmed in found:
        counts[stemmed] = counts.get(stemmed, 0) + 1
    best, most, position = 0, 0.0, 0
    for number, (_, end) in enumerate(sentences):
        first = position
        while position < len(found) and found[position][0] < end:
            position += 1
        worth = finder.weight(found[first:position], counts) if position > first else 0.0
        if worth > most:
            best, most = number, worth
    return best


def _opening(text: str, sentences: Sequence[tuple[int, int]]) -> int:
    """The first sentence that is not a heading; it says more than the heading it stands under."""
    for number, (start, _) in enumerate(sentences):
        if text[start : start + 1] not in _HEADING:
            return number
    return 0


def _widen(
    text: str, sentences: Sequence[tuple[int, int]], best: int, width: int
) -> tuple[int, int, bool]:
    """Start and end of as much around a sentence as fits, and whether it ends within another.

    What follows comes first; what stands before only as whole sentences below the heading.
    """
    start, end = sentences[best]
    last = best
    while last + 1 < len(sentences) and sentences[last + 1][1] - start <= width:
        last += 1
        end = sentences[last][1]
    if last + 1 < len(sentences):
        wider = _last_space(text, end, start + width)
        if wider > end + width // 5:
            return start, wider, True
    for earlier, _ in reversed(sentences[:best]):
        if end - earlier > width or text[earlier] == "#":
            break
        start = earlier
    return start, end, False


def _densest(
    text: str, start: int, end: int, found: Sequence[Match], width: int
) -> tuple[int, int]:
    """The `width` characters of a long sentence that hold the most different words."""
    begin = start
    if found:
        seen: dict[str, int] = {}
        left, most = 0, 0
        for right, (_, stop, stemmed) in enumerate(found):
            seen[stemmed] = seen.get(stemmed, 0) + 1
            while left < right and stop - found[left][0] > width * 3 // 4:
                leaving = found[left][2]
                seen[leaving] -= 1
                if not seen[leaving]:
                    del seen[leaving]
                left += 1
            if len(seen) > most:
                most, begin = len(seen), found[left][0]
        begin = max(start, min(begin - width // 8, end - width))
        if begin > start:
            space = text.find(" ", begin, begin + width // 8)
            begin = space + 1 if space >= 0 else begin
    stop = begin + width
    return begin, end if stop >= end else _last_space(text, begin, stop)


def _last_space(text: str, start: int, stop: int) -> int:
    """The end of the last whole word before `stop`; `stop` itself in text without spaces."""
    if stop >= len(text):
        return len(text)
    space = max(text.rfind(" ", start, stop), text.rfind("\n", start, stop))
    return space if space > start + (stop - start) // 2 else stop


def _joined(found: Sequence[Match]) -> tuple[tuple[int, int], ...]:
    """Spans, those that touch (parts of text without spaces) made one."""
    spans: list[tuple[int, int]] = []
    for start, end, _ in found:
        if spans and spans[-1][1] >= start:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def _holds(sequence: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    size = len(phrase)
    return any(sequence[i : i + size] == phrase for i in range(len(sequence) - size + 1))


def _alternatives(texts: Iterable[str]) -> str:
    """A regular expression for any of the texts, the longest that fits."""
    return "|".join(re.escape(text) for text in sorted(set(texts), key=lambda t: (-len(t), t)))
