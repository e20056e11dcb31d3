"""File bytes to text: byte order mark, strict UTF-8, declared or detected encoding, Windows-1252.

The text is the file's, unchanged except for the byte order mark: line ends stay what they are, so
offsets and line numbers are those of the source.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NamedTuple

from semsearch.errors import FileProblem

_BYTE_ORDER_MARKS: Final = (
    # The mark of UTF-16 LE begins that of UTF-32 LE, so the long ones come first.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SNIFFED: Final = 8192
_SAMPLED: Final = 1 << 16
_DECLARED: Final = re.compile(
    rb"(?:charset|coding|encoding)[ \t]{0,8}[:=][ \t]{0,8}[\"']?([A-Za-z0-9_.:-]{2,30})"
)
_DECLARABLE: Final = re.compile(
    # Text encodings only: Python also knows transforms, escapes and slow ones such as idna.
    r"utf-(?:8|16|32)|(?:iso8859|cp|koi8|mac|windows|tis|kz|ptcp|hp)[-_].+|cp\d+|euc_.+|shift_?jis.*"
    r"|gb\w+|hz|big5\w*|johab|iso2022.+|latin.*|ascii"
)
_CONTROLS: Final = bytes(code for code in range(32) if code not in b"\b\t\n\f\r\x1b") + b"\x7f"
_RARE_IN_CP1252: Final = bytes(range(0x80, 0xA0))
_WESTERN: Final = (
    "àáâãäåæçèéêëìíîïñòóôõöøœùúûüÿßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜ‘’“”‚„«»–—…•·¡¿°§£€©®ªº´\xa0"
).encode("cp1252")
"""What texts of western Europe have beyond ASCII; in the other codecs these are other letters."""
_LATIN: Final = re.compile(r"cp125[0247]|iso8859-(?:[123459]|1[03456])|latin.*")
"""Codecs of languages that write the letters of ASCII with accents."""
_TELLING: Final = 20
"""Bytes beyond ASCII from which on statistics can tell one of those languages from another."""
_AMONG_ASCII: Final = re.compile(
    rb"(?<=[A-Za-z])[\x80-\xff]{1,2}(?![\x80-\xff])|(?<![\x80-\xff])[\x80-\xff]{1,2}(?=[A-Za-z])"
)
"""One or two letters beside one of ASCII; other alphabets write whole words of their own."""
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
_WORST_DAMAGE: Final = 0.1
"""Share of characters that may be undecodable or control codes before it is not text."""


class Decoded(NamedTuple):
    """Text of a file, the codec that gave it, and what the user should know about that."""

    text: str
    encoding: str
    warnings: tuple[str, ...] = ()


def decode(data: bytes) -> Decoded:
    """Decode a whole file.

    Raises:
        FileProblem: `binary` or `not text`.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _lossy(data[len(mark) :], encoding)
    if b"\x00" in data[:_SNIFFED]:
        wide = _wide_encoding(data[:_SNIFFED])
        if wide is None:
            raise FileProblem("binary", "The file holds NUL bytes, so it is not text.")
        return _lossy(data, wide)
    if b"\x1b$" in data[:_SAMPLED] and data.isascii():  # ISO-2022, which is valid UTF-8 too
        return _plausible(_not_utf8(data, 0), data)
    try:
        return _plausible(Decoded(data.decode("utf-8"), "utf-8"), data)
    except UnicodeDecodeError as error:
        return _plausible(_not_utf8(data, error.start), data)


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 without a mark: NUL on nearly all odd (or even) positions and nowhere else."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    pairs = len(head) // 2
    if odd >= pairs * 0.4 and even <= pairs * 0.02:
        return "utf-16-le"
    if even >= pairs * 0.4 and odd <= pairs * 0.02:
        return "utf-16-be"
    return None


def _lossy(data: bytes, encoding: str) -> Decoded:
    """Decode what is known to be `encoding`; damage is tolerated up to a tenth."""
    try:
        return Decoded(data.decode(encoding), encoding)
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
    damage = text.count(_REPLACED)
    if damage > len(text) * _WORST_DAMAGE:
        raise FileProblem("not text", f"More than a tenth of the file is not valid {encoding}.")
    return Decoded(text, encoding, (f"{damage} damaged characters in {encoding} text",))


def _not_utf8(data: bytes, first_bad: int) -> Decoded:
    damaged = _damaged_utf8(data)
    if damaged is not None:
        return damaged
    declared = _declared_encoding(data[:1024])
    if declared is not None:
        try:
            return Decoded(data.decode(declared), declared)
        except UnicodeDecodeError:
            pass  # the declaration is wrong; look at the bytes instead
    sample = _sample(data, first_bad)
    detected = _detected_encoding(sample)
    if detected is not None and _is_western(sample, detected):
        detected = "cp1252"
    if detected is not None:
        text = data.decode(detected, "replace")
        if text.count(_REPLACED) <= len(text) * 0.01:
            return Decoded(text, detected, (f"encoding guessed: {detected}",))
    text = data.decode("cp1252", "replace")
    head = data[:_SNIFFED]
    unlikely = len(head) - len(head.translate(None, _CONTROLS + _RARE_IN_CP1252))
    if max(unlikely / len(head), text.count(_REPLACED) / len(text)) > _WORST_DAMAGE:
        raise FileProblem("not text", "The bytes fit no text encoding.")
    return Decoded(text, "cp1252", ("encoding unknown, read as Windows-1252",))


def _damaged_utf8(data: bytes) -> Decoded | None:
    """UTF-8 with a few broken sequences among many good ones, else None."""
    text = data.decode("utf-8", "replace")
    damage = text.count(_REPLACED)
    good = len(text) - damage - len(text.encode("ascii", "ignore"))
    if not damage or damage > len(text) * _WORST_DAMAGE or good < 4 * damage:
        return None
    return Decoded(text, "utf-8", (f"{damage} damaged characters in utf-8 text",))


def _declared_encoding(head: bytes) -> str | None:
    """What an HTML meta element, an XML declaration or an editor's magic comment says."""
    match = _DECLARED.search(head)
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
    except LookupError:
        return None
    return name if _DECLARABLE.fullmatch(name) else None


def _sample(data: bytes, first_bad: int) -> bytes:
    """A bounded window around the first byte that is not UTF-8, from the start of its line."""
    line = data.rfind(b"\n", max(0, first_bad - 4096), first_bad) + 1
    start = line or max(0, first_bad - 4096)
    return data[start : start + _SAMPLED]


def _detected_encoding(sample: bytes) -> str | None:
    import chardet

    found = chardet.detect(sample)
    name = found["encoding"]
    if not name:
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _is_western(sample: bytes, detected: str) -> bool:
    """Whether letters of western Europe stand among those of ASCII.

    In a note of a few lines the statistics of a detector find any alphabet.
    """
    high = sample.translate(None, bytes(range(0x80)))
    if not high or high.translate(None, _WESTERN):
        return False
    if 2 * len(b"".join(_AMONG_ASCII.findall(sample))) < len(high):
        return False
    return len(high) < _TELLING or _LATIN.fullmatch(detected) is None


def _plausible(decoded: Decoded, data: bytes) -> Decoded:
    """Refuse what decodes but is mostly control codes."""
    head = data[:_SNIFFED]
    if len(head) - len(head.translate(None, _CONTROLS)) > len(head) * _WORST_DAMAGE:
        raise FileProblem("binary", "More than a tenth of the file is control codes.")
    return decoded
