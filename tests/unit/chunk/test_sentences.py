from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.chunk.sentences import sentence_ends


def split(text: str) -> list[str]:
    ends = list(sentence_ends(text, 0, len(text)))
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize(
    "parts",
    [
        ["One. ", "Two! ", "Three? ", "Four"],
        ['He said "Stop." ', "Then he left."],
        ["See Fig. 3 and Dr. Who, e.g. here. ", "Next."],
        ["Smith et al. found it. ", "It was J. R. R. Tolkien."],
        ["They came, saw, etc. ", "Later they left."],
        ["milk, bread, etc. and more."],
        ["Version 3.11 is out. ", "Get it."],
        ["So did I. ", "And you?"],
        ["Wrapped at\nthe line end.\n", "Next one."],
        ["Claimed before.[3] ", "And again."],
        ["\u6211\u6765\u4e86\u3002", "\u4f60\u5462\uff1f", "\u597d\u3002"],
        ["\u300c\u306f\u3044\u3002\u300d", "\u3068\u8a00\u3063\u305f\u3002"],
        ["\u092f\u0939 \u0939\u0948\u0964 ", "\u0935\u0939\u0964"],
        ["\u0643\u064a\u0641\u061f ", "\u062c\u064a\u062f."],
        ["Das gilt z.B. hier bzw. dort. ", "Ende\u2026 ", "Gut."],
    ],
)
def test_sentences_end_where_a_reader_would_say(parts: list[str]) -> None:
    assert split("".join(parts)) == parts


@given(st.text(max_size=300))
def test_nothing_is_lost_between_sentences(text: str) -> None:
    assert "".join(split(text)) == text


@given(st.text(alphabet="aA.!? \n", max_size=100), st.integers(0, 50), st.integers(0, 50))
def test_only_the_part_asked_for_is_split(text: str, start: int, size: int) -> None:
    start = min(start, len(text))
    end = min(start + size, len(text))
    ends = list(sentence_ends(text, start, end))
    assert ends == sorted(set(ends))
    assert ends[-1] == end
    assert ends[0] > start or start == end
