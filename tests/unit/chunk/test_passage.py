from __future__ import annotations

import unicodedata
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.chunk import chunk_document, estimate_tokens, to_passage, to_passages
from semsearch.chunk.passage import breadcrumb_line, clean, is_blank
from semsearch.records import Chunk

from . import samples


def chunk(text: str, *breadcrumb: str) -> Chunk:
    return Chunk(0, 0, len(text), 1, 1, None, breadcrumb, text)


def test_the_breadcrumb_stands_in_front_in_a_line_of_its_own() -> None:
    passage = to_passage(chunk("Words of the chunk.", "Title", "Part", "Point"))
    assert passage.text == "Title > Part > Point\nWords of the chunk."
    assert passage.text[passage.body :] == "Words of the chunk."
    assert passage.digest == sha256(passage.text.encode()).digest()
    assert passage.tokens == estimate_tokens(passage.text)


def test_without_a_breadcrumb_the_chunk_stands_alone() -> None:
    assert to_passage(chunk("Words."))[1:3] == ("Words.", 0)


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("## Set up\n\ntext", "Set up"),
        ("## **Set** `up`\n\ntext", "Set up"),
        ("Set up\n------\n\ntext", "Set up"),
        ("======\nSet up\n======\n\ntext", "Set up"),
        ("** TODO [#A] Set up :tag:\ntext", "Set up"),
        ("    def run(self):\n        pass", "def run"),
        ("Set up", "Set up"),
        ("\u00dcbersicht\n\ntext", "\u00dcbersicht"),
    ],
)
def test_a_heading_the_chunk_begins_with_is_not_repeated(text: str, heading: str) -> None:
    assert to_passage(chunk(text, "Title", heading)).text == f"Title\n{text}"
    assert to_passage(chunk(text, heading)).text == text


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("Text about setting up.", "Set up"),
        ("A long first sentence that only happens to set up something later on.", "Set up"),
        ("Setup", "Set up"),
        ("", "Set up"),
    ],
)
def test_a_heading_the_chunk_does_not_begin_with_is_kept(text: str, heading: str) -> None:
    assert to_passage(chunk(text, heading)).text == f"{heading}\n{text}"


def test_moving_a_file_changes_no_passage() -> None:
    source = "# T\n\nSome text.\n"
    one, other = (samples.read(source, name) for name in ("a.md", "elsewhere/b.md"))
    assert to_passages(one, chunk_document(one)) == to_passages(other, chunk_document(other))


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a\x00b", "ab"),
        ("a\x1b[31mb\x07", "a[31mb"),
        ("a\r\nb\rc\n\td", "a\nb\nc\n\td"),
        ("page\x0cbreak\x0btab", "page break tab"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("tag \U000e0041\U000e0042 smuggling", "tag  smuggling"),
        ("right\u202eleft", "rightleft"),
        ("e\u0301", "\u00e9"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        ("next\x85line\u2028para\u2029end", "next line para end"),
    ],
)
def test_cleaning(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@given(st.text(st.characters(), max_size=200))
def test_clean_text_is_stable_composed_and_can_be_encoded(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    once.encode("utf-8")
    assert not any(
        unicodedata.category(character) == "Cc" for character in once if character not in "\t\n"
    )


@given(
    st.text(st.sampled_from("ae\u0301\u0323\u0327\u1100\u1161\u11a8\xc5\n\u200b") | st.characters())
)
def test_every_part_of_a_clean_text_is_clean(text: str) -> None:
    once = clean(text)
    for at in range(len(once)):
        assert clean(once[at:]) == once[at:]
        assert clean(once[:at]) == once[:at]


@given(st.text(st.characters(), max_size=60))
def test_blank_means_that_cleaning_leaves_nothing(text: str) -> None:
    assert is_blank(text) == (not clean(text).strip())


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=400), max_size=8))
def test_breadcrumb_lines_are_bounded(steps: list[str]) -> None:
    assert estimate_tokens(breadcrumb_line(tuple(steps))) <= 64


def test_a_long_breadcrumb_keeps_title_and_last_heading() -> None:
    line = breadcrumb_line(("Title", *(f"some longer heading {n} " * 3 for n in range(8)), "Last"))
    assert line.startswith("Title > ")
    assert line.endswith("> Last")


def test_a_secret_withholds_the_passages_it_touches() -> None:
    key = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    source = f"# Keys\n\n## Public\n\nNothing here.\n\n## Private\n\nMine is {key} now.\n"
    document = samples.read(source, "a.md")
    public, private = to_passages(document, chunk_document(document))
    assert public.withheld == ""
    assert private.withheld == "GitHub token"


def test_a_secret_in_a_heading_withholds_all_that_carries_it_in_its_breadcrumb() -> None:
    key = "ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2
    source = f"# T\n\n## Safe\n\nx\n\n## Key {key}\n\n{samples.paragraphs(3, 8)}\n"
    document = samples.read(source, "a.md")
    safe, *others = to_passages(document, chunk_document(document))
    assert safe.withheld == ""
    assert len(others) > 2
    assert {passage.withheld for passage in others} == {"GitHub token"}


def test_every_piece_of_a_private_key_is_withheld() -> None:
    lines = ["MIIEpAIBAAKCAQEA" + f"{n:048x}" for n in range(50)]
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(lines) + "\n-----END RSA PRIVATE KEY-----"
    source = f"# Note\n\n{samples.paragraphs(1, 3)}\n\n{key}\n\n{samples.paragraphs(2, 3)}\n"
    document = samples.read(source, "a.md")
    chunks = chunk_document(document)
    passages = to_passages(document, chunks)
    assert sum(passage.withheld == "private key" for passage in passages) > 3
    key_lines = set(key.split("\n"))
    for part, passage in zip(chunks, passages, strict=True):
        assert bool(passage.withheld) == bool(key_lines & set(part.text.split("\n")))


def test_a_passage_made_alone_is_checked_too_unless_told() -> None:
    text = "token = 'AKIA" + "Q3EGRTVWX2Y7Z5UK'"
    assert to_passage(chunk(text)).withheld == "AWS access key"
    assert to_passage(chunk(text), "").withheld == ""
    assert to_passage(chunk("harmless"), "reason").withheld == "reason"
