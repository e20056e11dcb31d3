"""What holds for every document, however strange."""

from __future__ import annotations

import re
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings

from semsearch.chunk import ChunkOptions, chunk_document, to_passages
from semsearch.chunk.passage import clean
from semsearch.errors import FileProblem

from . import samples

if TYPE_CHECKING:
    from semsearch.records import Document

SMALL = ChunkOptions(max_tokens=60, max_chars=400)
"""Small chunks, so that short documents are cut too."""


def documents(source: tuple[str, str]) -> list[Document]:
    """The document, or nothing when the text is refused (blank, control codes)."""
    try:
        return [samples.read(*source)]
    except FileProblem:
        return []


def editor_line(text: str, offset: int) -> int:
    """The 1-based line of an offset, counted the slow and obvious way."""
    return len(re.split(r"\r\n|\r|\n", text[:offset]))


@settings(max_examples=60, deadline=None)
@given(samples.documents)
def test_blocks_are_ordered_inside_the_text_and_not_blank(source: tuple[str, str]) -> None:
    for document in documents(source):
        end = 0
        for block in document.blocks:
            assert end <= block.start < block.end <= len(document.text)
            assert document.text[block.start : block.end].strip()
            end = block.end


@settings(max_examples=60, deadline=None)
@given(samples.documents)
def test_offsets_are_exact_and_chunks_in_order(source: tuple[str, str]) -> None:
    for document in documents(source):
        chunks = chunk_document(document, SMALL)
        assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
        for chunk in chunks:
            assert document.text[chunk.start : chunk.end] == chunk.text
            assert chunk.text == chunk.text.rstrip()
        for before, after in pairwise(chunks):
            assert before.start < after.start
            assert before.end < after.end


@settings(max_examples=60, deadline=None)
@given(samples.documents)
def test_lines_are_those_of_an_editor(source: tuple[str, str]) -> None:
    for document in documents(source):
        for chunk in chunk_document(document, SMALL):
            if not document.source_lines:
                assert chunk.start_line == editor_line(document.text, chunk.start)
                assert chunk.end_line == editor_line(document.text, chunk.end)
            assert 1 <= chunk.start_line <= chunk.end_line
            assert chunk.end_line <= editor_line(source[0], len(source[0]))


@settings(max_examples=60, deadline=None)
@given(samples.documents)
def test_nothing_readable_is_lost(source: tuple[str, str]) -> None:
    for document in documents(source):
        chunks = chunk_document(document, SMALL)
        covered = bytearray(len(document.text))
        for chunk in chunks:
            covered[chunk.start : chunk.end] = b"\x01" * (chunk.end - chunk.start)
        steps = {step for chunk in chunks for step in chunk.breadcrumb}
        for block in document.blocks:
            lost = [
                document.text[at]
                for at in range(block.start, block.end)
                if not covered[at] and not document.text[at].isspace()
            ]
            if clean("".join(lost)).strip():
                assert block.kind == "heading"
                assert block.breadcrumb[-1:] == () or block.breadcrumb[-1] in steps


@settings(max_examples=60, deadline=None)
@given(samples.documents)
def test_no_chunk_crosses_a_heading(source: tuple[str, str]) -> None:
    for document in documents(source):
        for chunk in chunk_document(document, SMALL):
            paths = {
                block.breadcrumb
                for block in document.blocks
                if block.start < chunk.end and chunk.start < block.end and block.kind != "heading"
            }
            assert len(paths) <= 1


@settings(max_examples=60, deadline=None)
@given(samples.documents)
def test_chunks_are_bounded(source: tuple[str, str]) -> None:
    for document in documents(source):
        chunks = chunk_document(document, SMALL)
        assert all(len(chunk.text) <= SMALL.max_chars for chunk in chunks)
        room = SMALL.max_tokens
        for passage in to_passages(document, chunks):
            assert passage.tokens <= room + passage.body


@settings(max_examples=60, deadline=None)
@given(samples.documents)
def test_passages_are_clean_hashed_and_repeatable(source: tuple[str, str]) -> None:
    for document in documents(source):
        chunks = chunk_document(document, SMALL)
        passages = to_passages(document, chunks)
        assert passages == to_passages(document, chunk_document(document, SMALL))
        for chunk, passage in zip(chunks, passages, strict=True):
            assert passage.digest == sha256(passage.text.encode("utf-8")).digest()
            assert passage.text[passage.body :] == clean(chunk.text)
            assert clean(passage.text) == passage.text
            assert passage.text[passage.body :].strip()
