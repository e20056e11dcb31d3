"""Texts to chunk: generated ones for properties, random prose for sizes and stability."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from semsearch.extract import extract

if TYPE_CHECKING:
    from semsearch.records import Document

_WORDS = (
    "the of and a to in is you that it he was for on are as with his they at be this have from or"
    " one had by word but not what all were we when your can said there use an each which she do"
    " how their if will up other about out many then them these so some her would make like him"
    " into time has look two more write go see number no way could people my than first water been"
    " call who its now find long down day did get come made may part because different between"
    " sentence important following children something mountain knowledge government development"
    " experience understand information particular measurement language question morning together"
    " through another thought example country remember interest material probably according"
)
WORDS = _WORDS.split()


def prose(seed: int, sentences: int) -> list[str]:
    """Sentences of 6 to 20 words, 4.6 letters long on average as in English."""
    generator = random.Random(seed)
    return [
        " ".join(generator.choices(WORDS, k=generator.randrange(6, 21))).capitalize() + "."
        for _ in range(sentences)
    ]


def paragraphs(seed: int, count: int, sentences: int = 5) -> str:
    lines = prose(seed, count * sentences)
    return "\n\n".join(" ".join(lines[n * sentences : (n + 1) * sentences]) for n in range(count))


def read(source: str, name: str) -> Document:
    return extract(source.encode("utf-8", "surrogatepass"), name)


_word = st.sampled_from(
    [
        "alpha",
        "Beta",
        "gamma.",
        "e.g.",
        "Dr.",
        "delta!",
        "x",
        "naïve",
        "汉字。",
        "\N{GRINNING FACE}",
        "it's",
        "a_b",
        "12.5",
        "end?",
        "https://x.example/a",
    ]
)
_line = st.lists(_word, min_size=1, max_size=12).map(" ".join)
_long_line = st.tuples(_line, st.integers(1, 60)).map(lambda pair: f"{pair[0]} " * pair[1])
_unbroken = st.integers(1, 3000).map(lambda size: "x" * size)
_markdown_line = st.one_of(
    _line,
    _long_line,
    _unbroken,
    st.tuples(st.integers(1, 4), _line).map(lambda pair: f"{'#' * pair[0]} {pair[1]}"),
    _line.map(lambda line: f"- {line}"),
    _line.map(lambda line: f"    {line}"),
    _line.map(lambda line: f"| {line} | {line} |"),
    st.sampled_from(["", "", "", "```", "|---|---|", "> quote", "===", "---", "<!-- c -->", "\t"]),
)
_ending = st.sampled_from(["\n", "\n", "\r\n", "\r"])
markdown = st.tuples(st.lists(_markdown_line, min_size=1, max_size=40), _ending).map(
    lambda pair: pair[1].join(pair[0])
)

_code_line = st.tuples(
    st.integers(0, 3),
    st.one_of(
        st.sampled_from(
            [
                "def f(x):",
                "class A:",
                "return 1",
                "# note",
                "@decorator",
                '"""',
                "}",
                ")",
                "",
                "",
                "if x:",
                "async def g():",
                "x = [1, 2, 3]",
            ]
        ),
        _line,
        _long_line,
    ),
).map(lambda pair: "    " * pair[0] + pair[1])
code = st.lists(_code_line, min_size=1, max_size=60).map("\n".join)
anything = st.text(st.characters(codec="utf-8"), min_size=1, max_size=400)

documents = st.one_of(
    st.tuples(markdown, st.sampled_from(["a.md", "a.txt", "a.rst", "a.org", "a.html"])),
    st.tuples(code, st.sampled_from(["a.py", "a.js", "a.c", "a.json"])),
    st.tuples(anything, st.sampled_from(["a.md", "a.txt", "a.rst", "a.org", "a.html", "a.py"])),
)
"""`(source, file name)`."""
