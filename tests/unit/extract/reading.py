"""Reads a text and shows its blocks in a form that is easy to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.extract import extract

if TYPE_CHECKING:
    from semsearch.records import Document


def read(source: str, name: str) -> Document:
    return extract(source.encode(), name)


def blocks(document: Document) -> list[tuple[str, str, str]]:
    """`(kind, breadcrumb, text)` of every block."""
    return [
        (block.kind, " / ".join(block.breadcrumb), document.text[block.start : block.end])
        for block in document.blocks
    ]


def outline(document: Document) -> list[tuple[str, str]]:
    """`(kind, breadcrumb)` of every block."""
    return [(kind, breadcrumb) for kind, breadcrumb, _ in blocks(document)]
