"""Turns the bytes of a file into a document: text with headings and blocks at exact offsets."""

from __future__ import annotations

from semsearch.extract.extraction import MAX_TEXT, extract
from semsearch.extract.kinds import EXTRACTABLE_SUFFIXES, KNOWN_NAMES, kind_of

__all__ = ["EXTRACTABLE_SUFFIXES", "KNOWN_NAMES", "MAX_TEXT", "extract", "kind_of"]
