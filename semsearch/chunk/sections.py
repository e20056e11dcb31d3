"""Groups blocks into sections: a heading with everything up to the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from semsearch.records import Block, Document

_OUTLINE: Final = 60
"""Characters of headings without text from which on they make a chunk of their own."""
_LARGEST_GAP: Final = 200
"""Characters outside every block that a chunk may span; more of them end the section."""


class Section(NamedTuple):
    """Blocks that may share a chunk."""

    breadcrumb: tuple[str, ...]
    blocks: list[Block]


def sections(document: Document) -> Iterator[Section]:
    """Yield the sections of a document that have something to say.

    A heading directly followed by its first subheading is left to the breadcrumbs of what is
    below it. Headings with neither text nor subheadings are content, as in an outline of tasks:
    many of them in a row make a section, a few join the section before (or after) them.
    """
    held: Section | None = None
    for section in _stated(document):
        if held is None:
            held = section
        elif _is_wide(document.text, held.blocks[-1].end, section.blocks[0].start):
            yield held
            held = section
        elif _is_small_outline(section):
            held.blocks.extend(section.blocks)
        elif _is_small_outline(held):
            held = section._replace(blocks=held.blocks + section.blocks)
        else:
            yield held
            held = section
    if held is not None:
        yield held


def _stated(document: Document) -> Iterator[Section]:
    """Sections with text, and runs of headings that have neither text nor subheadings."""
    bare: list[Section] = []
    for section, following in _with_following(_split(document)):
        if not _is_outline(section):
            if bare:
                yield _joined(bare)
                bare = []
            yield section
        elif following is None or not _encloses(section, following):
            bare.append(section)
    if bare:
        yield _joined(bare)


def _split(document: Document) -> Iterator[Section]:
    """Sections at every heading, change of breadcrumb and wide gap."""
    text = document.text
    blocks: list[Block] = []
    for block in document.blocks:
        if blocks:
            last = blocks[-1]
            if (
                block.breadcrumb != last.breadcrumb
                or block.kind == "heading"
                or _is_wide(text, last.end, block.start)
            ):
                yield Section(last.breadcrumb, blocks)
                blocks = []
        blocks.append(block)
    if blocks:
        yield Section(blocks[-1].breadcrumb, blocks)


def _with_following(found: Iterator[Section]) -> Iterator[tuple[Section, Section | None]]:
    section = next(found, None)
    while section is not None:
        following = next(found, None)
        yield section, following
        section = following


def _encloses(section: Section, following: Section) -> bool:
    depth = len(section.breadcrumb)
    below = len(following.breadcrumb) > depth or following.blocks[0].kind != "heading"
    return below and following.breadcrumb[:depth] == section.breadcrumb


def _is_wide(text: str, start: int, end: int) -> bool:
    return end - start > _LARGEST_GAP and len(text[start:end].strip()) > _LARGEST_GAP


def _joined(bare: Sequence[Section]) -> Section:
    """Headings without text as one section, under what they have in common."""
    common = bare[0].breadcrumb
    for section in bare[1:]:
        shared = 0
        for ours, theirs in zip(common, section.breadcrumb, strict=False):
            if ours != theirs:
                break
            shared += 1
        common = common[:shared]
    return Section(common, [block for section in bare for block in section.blocks])


def _is_outline(section: Section) -> bool:
    blocks = section.blocks
    return blocks[0].kind == "heading" and all(block.kind == "heading" for block in blocks)


def _is_small_outline(section: Section) -> bool:
    if not _is_outline(section):
        return False
    return sum(block.end - block.start for block in section.blocks) < _OUTLINE
