from __future__ import annotations

import statistics
from itertools import pairwise

import pytest

from semsearch.chunk import ChunkOptions, chunk_document, to_passages
from semsearch.records import Block, Document

from . import samples


def words(text: str) -> int:
    return len(text.split())


def test_long_prose_makes_chunks_of_120_to_180_words() -> None:
    chunks = chunk_document(samples.read(samples.paragraphs(1, 200), "a.txt"))
    sizes = [words(chunk.text) for chunk in chunks[:-1]]
    assert 120 <= statistics.mean(sizes) <= 180
    assert max(sizes) <= 210


def test_about_a_quarter_is_repeated() -> None:
    text = samples.paragraphs(2, 200)
    chunks = chunk_document(samples.read(text, "a.txt"))
    repeated = sum(len(chunk.text) for chunk in chunks) / len(text) - 1
    assert 0.15 <= repeated <= 0.33


def test_chunks_begin_and_end_with_whole_sentences() -> None:
    for chunk in chunk_document(samples.read(samples.paragraphs(3, 40), "a.txt")):
        assert chunk.text[0].isupper()
        assert chunk.text.endswith(".")


def test_a_short_document_is_one_chunk_with_its_title() -> None:
    (chunk,) = chunk_document(samples.read("# Title\n\nA few words.\n\nAnd more.\n", "a.md"))
    assert chunk.breadcrumb == ("Title",)
    assert chunk.text == "# Title\n\nA few words.\n\nAnd more."
    assert (chunk.start_line, chunk.end_line) == (1, 5)


def test_every_section_has_its_own_chunk_however_small() -> None:
    document = samples.read("# T\n\n## A\n\none\n\n## B\n\ntwo\n\n### C\n\nthree\n", "a.md")
    assert [(chunk.breadcrumb, chunk.text) for chunk in chunk_document(document)] == [
        (("T", "A"), "## A\n\none"),
        (("T", "B"), "## B\n\ntwo"),
        (("T", "B", "C"), "### C\n\nthree"),
    ]


def test_repeated_headings_are_separate_sections() -> None:
    document = samples.read("# T\n\n## Example\n\none\n\n## Example\n\ntwo\n", "a.md")
    assert [chunk.text for chunk in chunk_document(document)] == [
        "## Example\n\none",
        "## Example\n\ntwo",
    ]


def test_breadcrumbs_do_not_repeat_the_title() -> None:
    document = samples.read("---\ntitle: Same\n---\n# Same\n\n## A\n\nx\n\n# Other\n\ny\n", "a.md")
    assert [chunk.breadcrumb for chunk in chunk_document(document)] == [
        ("Same", "A"),
        ("Same", "Other"),
    ]


def test_headings_without_text_stay_with_their_neighbours() -> None:
    document = samples.read("# T\n\n## A\n\none\n\n## Empty\n\n## B\n\ntwo\n", "a.md")
    assert [chunk.text for chunk in chunk_document(document)] == [
        "## A\n\none\n\n## Empty",
        "## B\n\ntwo",
    ]


def test_an_outline_of_headings_is_content() -> None:
    tasks = "".join(f"** TODO Task number {n}\n" for n in range(8))
    document = samples.read(f"* Inbox\n{tasks}* Notes\nSome text.\n* More\nText.\n", "a.org")
    chunks = chunk_document(document)
    assert chunks[0].breadcrumb == ("Inbox",)
    assert chunks[0].text.count("TODO") == 8
    assert chunks[1].text == "* Notes\nSome text."


def test_a_document_of_one_heading_is_one_chunk() -> None:
    assert [chunk.text for chunk in chunk_document(samples.read("# Only this\n", "a.md"))] == [
        "# Only this"
    ]


def test_front_matter_alone_gives_no_chunk() -> None:
    document = samples.read("---\ntitle: Empty note\n---\n", "a.md")
    assert document.title == "Empty note"
    assert chunk_document(document) == []


def test_a_code_block_that_fits_is_kept_whole() -> None:
    code = "```python\n" + "".join(f"value_{n} = {n}\n" for n in range(20)) + "```"
    text = f"# T\n\n{samples.paragraphs(4, 3)}\n\n{code}\n\n{samples.paragraphs(5, 3)}\n"
    assert any(code in chunk.text for chunk in chunk_document(samples.read(text, "a.md")))


def test_a_function_that_fits_is_kept_whole_and_a_large_one_is_cut_at_line_ends() -> None:
    body = "".join(f"    total_{n} = total_{n} + {n}\n" for n in range(12))
    large = "".join(f"    step_{n}(alpha, beta, gamma)\n" + "\n" * (n % 5 == 0) for n in range(90))
    source = f"def small():\n{body}\n\ndef large():\n{large}"
    chunks = chunk_document(samples.read(source, "a.py"))
    assert chunks[0].text == f"def small():\n{body}".rstrip()
    pieces = [chunk for chunk in chunks if chunk.breadcrumb == ("def large",)]
    assert len(pieces) > 3
    lines = source.split("\n")
    for chunk in pieces:
        assert all(line in lines for line in chunk.text.split("\n"))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_list_items_and_table_rows_are_not_cut(line_end: str) -> None:
    items = [f"- {sentence}" for sentence in samples.prose(6, 60)]
    rows = [f"| {sentence} | x |" for sentence in samples.prose(7, 60)]
    table = "| a | b |\n|---|---|\n" + "\n".join(rows)
    source = f"# L\n\n{chr(10).join(items)}\n\n# R\n\n{table}\n"
    whole = {*items, *rows, "# L", "# R", "| a | b |", "|---|---|", ""}
    for chunk in chunk_document(samples.read(source.replace("\n", line_end), "a.md")):
        assert set(chunk.text.split(line_end)) <= whole


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("chinese", "\u6c49\u5b57\u6587\u672c\u3002" * 2000),
        ("chinese without stops", "\u6c49\u5b57" * 4000),
        ("thai", "\u0e01\u0e32\u0e23\u0e17\u0e14\u0e2a\u0e2d\u0e1a " * 1500),
        ("russian", "\u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440. " * 1500),
        ("one long line", "word " * 20_000),
        ("no spaces at all", "x" * 50_000),
        ("digits", "0123456789" * 5000),
        ("combining marks", "e" + "\u0301" * 10_000),
        ("emoji joined", "\U0001f469\u200d" * 10_000),
        ("one-character lines", "a\n" * 20_000),
        ("blank runs", ("a" + " " * 3000) * 20),
    ],
)
def test_chunks_of_any_script_fit_the_model(name: str, text: str) -> None:
    document = samples.read(text, "a.txt")
    options = ChunkOptions()
    chunks = chunk_document(document, options)
    assert chunks, name
    for passage in to_passages(document, chunks):
        assert passage.tokens <= options.max_tokens
    assert max(len(chunk.text) for chunk in chunks) <= options.max_chars


def test_a_long_breadcrumb_leaves_room_for_the_text() -> None:
    heading = " ".join(samples.WORDS)
    source = f"# {heading}\n\n## {heading}\n\n### {heading}\n\n{samples.paragraphs(8, 20)}\n"
    document = samples.read(source, "a.md")
    passages = to_passages(document, chunk_document(document))
    assert all(passage.tokens <= 250 for passage in passages)
    assert min(words(passage.text[passage.body :]) for passage in passages[:-1]) > 60


def test_wide_gaps_between_blocks_are_not_part_of_a_chunk() -> None:
    comment = "<!-- " + "hidden words " * 30 + "-->"
    document = samples.read(f"# T\n\nBefore.\n\n{comment}\n\nAfter.\n", "a.md")
    assert [chunk.text for chunk in chunk_document(document)] == ["# T\n\nBefore.", "After."]
    document = samples.read(f"# T\n\n## A\n\nx\n\n{comment}\n\n## Empty\n\n## B\n\ny\n", "a.md")
    assert not any("hidden" in chunk.text for chunk in chunk_document(document))


def test_the_number_of_chunks_is_bounded() -> None:
    document = samples.read(samples.paragraphs(9, 200), "a.txt")
    options = ChunkOptions(max_chunks=7)
    assert chunk_document(document, options) == chunk_document(document)[:7]


def test_lines_of_a_page_are_those_of_its_source() -> None:
    sentences = samples.prose(10, 120)
    page = "<html>\n<body>\n" + "".join(f"<p>\n{text}\n</p>\n" for text in sentences) + "</body>\n"
    source = page.split("\n")
    chunks = chunk_document(samples.read(page, "a.html"))
    assert len(chunks) > 5
    for chunk in chunks:
        assert chunk.text.split("\n")[0] in source[chunk.start_line - 1]
        assert chunk.text.split("\n")[-1] in source[chunk.end_line - 1]


def test_a_heading_is_never_alone_when_its_text_fills_a_chunk() -> None:
    heading = "## An example of how to do it"
    first_lines = set()
    for lines in range(10, 30):
        code = "```\n" + "".join(f"value_{n} = compute({n})\n" for n in range(lines)) + "```"
        source = f"# T\n\n{heading}\n\n{code}\n\nAnd some words behind it.\n"
        chunks = chunk_document(samples.read(source, "a.md"))
        assert all(chunk.breadcrumb == ("T", heading[3:]) for chunk in chunks)
        assert heading not in {chunk.text for chunk in chunks}
        first_lines.add(chunks[0].text.split("\n")[0])
    assert first_lines == {heading, "```"}


def test_what_stands_between_blocks_counts_too() -> None:
    comment = "<!-- " + "hidden words " * 12 + "-->"
    source = f"\n\n{comment}\n\n".join(samples.prose(11, 40))
    document = samples.read(source, "a.md")
    passages = to_passages(document, chunk_document(document))
    assert any("hidden" in passage.text for passage in passages)
    assert max(passage.tokens for passage in passages) <= 250


def test_a_gap_heavier_than_a_chunk_stays_with_what_stands_behind_it() -> None:
    parts = "First words.", "\u6c49" * 150, "Last words."
    text = "\n\n".join(parts)
    last = text.index(parts[2])
    blocks = (Block(0, 12, "paragraph", ()), Block(last, len(text), "paragraph", ()))
    chunks = chunk_document(Document(text, "text", "", blocks, "utf-8"), ChunkOptions(100))
    assert [chunk.text for chunk in chunks] == [parts[0], parts[2]]


def test_invisible_text_gives_no_chunk() -> None:
    assert chunk_document(samples.read("\u200b \u2060\n\n\u200e", "a.txt")) == []


def test_light_lines_are_not_repeated_beyond_a_quarter_of_the_width() -> None:
    text = ("dense words of a log line\n" * 12 + (" " * 60 + "x\n") * 60) * 4
    chunks = chunk_document(samples.read(text, "a.log"))
    assert len(chunks) > 10
    assert max(one.end - other.start for one, other in pairwise(chunks)) <= 450
