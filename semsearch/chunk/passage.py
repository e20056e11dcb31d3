"""Chunks as they are embedded: breadcrumb, newline, the chunk's words, cleaned and hashed.

Cleaning concerns the passage alone; chunks keep the file's characters. Removed are control
characters and invisible ones, which models do not read and which can hide text from people; line
ends become LF; characters are composed (NFC), so that equal looking texts are equal.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from semsearch.chunk.secrets import find_secret, find_secrets
from semsearch.chunk.tokens import estimate_tokens
from semsearch.records import Passage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semsearch.records import Chunk, Document

SEPARATOR: Final = " > "
_LONGEST_STEP: Final = 120
_MOST_TOKENS: Final = 64
"""Estimated tokens a breadcrumb line may take; steps between title and last one go first."""

_CONTROLS: Final = bytes(code for code in range(32) if code not in b"\t\n") + b"\x7f"
_SEPARATORS: Final = re.compile("[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")
_INVISIBLE: Final = (
    "\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f"
)
"""Soft hyphens, zero-width space, direction marks, surrogates, tags; joiners stay, scripts and
emoji need them."""
_UNWANTED: Final = re.compile(f"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f{_INVISIBLE}]")
_READABLE: Final = re.compile(f"[^\\s\x00-\x1f\x7f-\x9f{_INVISIBLE}]")
_HEADING_MARKS: Final = "#*=- \t"
_NOT_WORD: Final = re.compile(r"[\W_]+")
_HAS_WORD: Final = re.compile(r"[^\W_]")


def clean(text: str) -> str:
    """The text without characters that must not be stored or sent; idempotent."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        data = text.encode("ascii")
        if len(data.translate(None, _CONTROLS)) == len(data):
            return text
    if not text.replace("\n", "").replace("\t", "").isprintable():  # less than we let pass
        text = _UNWANTED.sub("", _SEPARATORS.sub(" ", text))
    return unicodedata.normalize("NFC", text)


def is_blank(text: str) -> bool:
    """Whether cleaning leaves nothing to read."""
    return _READABLE.search(text) is None


@lru_cache(maxsize=256)
def breadcrumb_line(breadcrumb: tuple[str, ...]) -> str:
    """Title and headings, clean and of bounded length, in one line as it stands before a chunk."""
    steps = [step[:_LONGEST_STEP] for step in breadcrumb]
    line = SEPARATOR.join(steps)
    while len(steps) > 2 and estimate_tokens(line) > _MOST_TOKENS:
        del steps[1]
        line = SEPARATOR.join(steps)
    while estimate_tokens(line) > _MOST_TOKENS:
        line = line[: len(line) * 3 // 4]
    return clean(line).strip()


def to_passage(chunk: Chunk, withheld: str | None = None) -> Passage:
    """The chunk as text to embed, with its digest; `text[body:]` is `clean(chunk.text)`.

    The breadcrumb stands in front in a line of its own, less a last step that the chunk itself
    begins with.

    Args:
        chunk: A chunk.
        withheld: Kind of secret that keeps the passage from leaving; empty when it is known to
            hold none; None looks for one in the chunk (see `to_passages` for secrets that span
            chunks).
    """
    return _passage(chunk, clean(chunk.text), withheld)


def to_passages(document: Document, chunks: Iterable[Chunk]) -> list[Passage]:
    """The passages of a document's chunks, in order.

    Secrets are looked for in the whole text, so that every chunk with any part of one is
    withheld, as are the middle pieces of a private key.
    """
    found = find_secrets(document.text)
    starts = [secret.start for secret in found]
    is_clean = clean(document.text) == document.text  # then so is every part of it
    passages: list[Passage] = []
    for chunk in chunks:
        withheld = next(filter(None, map(_secret_in_step, chunk.breadcrumb)), "")
        if starts:
            before_end = bisect_right(starts, chunk.end - 1)
            if before_end and found[before_end - 1].end > chunk.start:
                withheld = found[before_end - 1].kind
        words = chunk.text if is_clean else clean(chunk.text)
        passages.append(_passage(chunk, words, withheld))
    return passages


def _passage(chunk: Chunk, words: str, withheld: str | None) -> Passage:
    breadcrumb = chunk.breadcrumb
    if breadcrumb and _begins_with(chunk.text, breadcrumb[-1]):
        breadcrumb = breadcrumb[:-1]
    line = breadcrumb_line(breadcrumb)
    front = f"{line}\n" if line else ""
    text = front + words
    if withheld is None:
        withheld = find_secret(text)
    digest = sha256(text.encode("utf-8")).digest()
    return Passage(digest, text, len(front), estimate_tokens(text), withheld)


@lru_cache(maxsize=256)
def _secret_in_step(step: str) -> str:
    return find_secret(step)


@lru_cache(maxsize=256)
def _words(heading: str) -> list[str]:
    return _NOT_WORD.sub(" ", heading.casefold()).split()


def _begins_with(text: str, heading: str) -> bool:
    """Whether the first line with a word in it says the heading, marks and case aside."""
    start = 0
    for _ in range(3):  # an overline and a decorator may stand above
        end = text.find("\n", start)
        line = text[start:] if end < 0 else text[start:end]
        if _HAS_WORD.search(line) or end < 0:
            break
        start = end + 1
    head = line[: 2 * len(heading) + 40].casefold()
    plain, said = head.lstrip(_HEADING_MARKS), heading.casefold()
    if plain.startswith(said) and not plain[len(said) : len(said) + 1].isalnum():
        return True
    words = _words(heading)
    if not words or any(word not in head for word in words):
        return False
    size = len(words)
    line_words = _NOT_WORD.sub(" ", head).split()
    if line_words[:size] == words:
        return True
    return (
        len(line) <= len(head)
        and 3 * size >= len(line_words)
        and any(line_words[at : at + size] == words for at in range(1, len(line_words)))
    )
