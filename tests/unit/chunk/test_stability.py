"""A small edit must change few passages: each changed one is paid for again."""

from __future__ import annotations

import random

import pytest

from semsearch.chunk import chunk_document, to_passages

from . import samples


def digests(text: str, name: str) -> set[bytes]:
    document = samples.read(text, name)
    return {passage.digest for passage in to_passages(document, chunk_document(document))}


def sections(count: int) -> str:
    return "# Handbook\n\n" + "\n\n".join(
        f"## Part {n}\n\n{samples.paragraphs(n, 6)}" for n in range(count)
    )


def log(lines: int) -> str:
    generator = random.Random(3)
    return "".join(
        f"2024-05-12 10:{n // 60 % 60:02}:{n % 60:02} worker {generator.random():.6f}\n"
        for n in range(lines)
    )


def functions(count: int) -> str:
    generator = random.Random(4)
    return "\n\n".join(
        f"def function_{n}(x):\n"
        + "".join(
            f"    {generator.choice(samples.WORDS)}_{m} = call({generator.random()})\n"
            for m in range(generator.randrange(5, 60))
        )
        for n in range(count)
    )


@pytest.mark.parametrize(
    ("name", "text", "most"),
    [
        ("a.md", sections(30), 4),
        ("a.txt", samples.paragraphs(5, 300), 6),
        ("a.txt", " ".join(samples.prose(6, 1500)), 12),
        ("a.log", log(3000), 12),
        ("a.py", functions(60), 6),
    ],
    ids=["sections", "paragraphs", "one paragraph", "log", "code"],
)
@pytest.mark.parametrize("place", [0.05, 0.5, 0.9])
def test_one_edited_line_changes_few_passages(
    name: str, text: str, most: int, place: float
) -> None:
    at = text.index(" ", int(len(text) * place))
    before = digests(text, name)
    after = digests(text[:at] + " inserted words of an edit" + text[at:], name)
    assert len(before) > 60
    assert 1 <= len(after - before) <= most


@pytest.mark.parametrize(
    ("name", "text", "added"),
    [
        (
            "a.txt",
            " ".join(samples.prose(7, 1500)),
            ". It was added. And then somebody added more.",
        ),
        ("a.log", log(3000), "\n2024-05-12 10:00:00 worker 0.123456" * 3),
    ],
    ids=["one paragraph", "log"],
)
@pytest.mark.parametrize("place", [0.1, 0.3, 0.6])
def test_added_lines_shift_only_the_chunks_near_them(
    name: str, text: str, added: str, place: float
) -> None:
    at = text.index(added[0], int(len(text) * place))
    before = digests(text, name)
    assert len(before) > 100
    assert len(digests(text[:at] + added + text[at:], name) - before) <= 25


def test_a_new_section_leaves_the_others_alone() -> None:
    text = sections(20)
    place = text.index("## Part 7")
    added = digests(text[:place] + "## New\n\nBrief.\n\n" + text[place:], "a.md") - digests(
        text, "a.md"
    )
    assert len(added) == 1


def test_moving_a_section_changes_nothing() -> None:
    parts = [f"## Part {n}\n\n{samples.paragraphs(n, 6)}\n\n" for n in range(10)]
    forwards = digests("# T\n\n" + "".join(parts), "a.md")
    assert digests("# T\n\n" + "".join(reversed(parts)), "a.md") == forwards


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_line_ends_do_not_change_passages(line_end: str) -> None:
    text = sections(5)
    assert digests(text.replace("\n", line_end), "a.md") == digests(text, "a.md")
    code = functions(3).replace("1 = ", "1 = y\n\n    z = ")
    assert len(digests(code, "a.py")) > 3
    assert digests(code.replace("\n", line_end), "a.py") == digests(code, "a.py")
