"""Spoiled files of every kind through decoding, extraction, chunking and passages.

    python -m tests.fuzz.contents --cases 5000 --seed 1

A file becomes a document or a `FileProblem`. Of a document: blocks lie in order inside the text,
every chunk is exactly the text its span says, its lines are those of an editor, every passage is
hashed as it stands and can be sent and stored. The slowest file and the largest growth are told.
"""

from __future__ import annotations

import hashlib
import random
import re
import resource
import sys
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from semsearch.chunk import chunk_document, to_passages
from semsearch.errors import FileProblem
from semsearch.extract import extract
from tests.fuzz.command import Outcome, run_as_command
from tests.fuzz.mutations import random_text, spoiled_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.records import Chunk, Document, Passage

_SLOWEST_S: Final = 20.0
_MOST_MB: Final = 512

_SEEDS: Final[dict[str, str]] = {
    "a.md": "---\ntitle: Tides\ntags: [a, b]\n---\n# Tides\n\nHigh *water*.\n\n- one\n- two\n\n"
    "```py\nx = 1\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nSetext\n======\n\n> quoted\n\n"
    "<b>x</b>\n",
    "a.txt": "First paragraph.\nStill it.\n\n\tSecond, indented.\r\n\r\nThird\x0cpage\u2028line.\n",
    "a.rst": "Title\n=====\n\n.. note:: Look\n\n   Deep.\n\n* a\n* b\n\nSub\n---\n\n::\n\n  code\n",
    "a.org": "#+TITLE: T\n* One\n:PROPERTIES:\n:END:\nText\n** Two\n#+BEGIN_SRC sh\nls\n"
    "#+END_SRC\n",
    "a.html": "<!doctype html><html><head><title>T</title><style>x</style></head><body><h1>A</h1>"
    "<p>One &amp; two&nbsp;&#x1F600;<br>three<table><tr><td>1<td>2</table><ul><li>a<li>b</ul>"
    "<pre>  code\n</pre><script>if (a<b) {}</script><!-- no --><svg><text>t</text></svg></body>",
    "a.py": '"""Doc."""\nimport os\n\n\nclass A:\n    """A."""\n\n    def f(self, x: int) -> str:\n'
    '        return f"{x}"\n\n\ndef g():\n    pass\n',
    "a.c": "/* c */\n#include <x.h>\nint main(void) {\n  // one\n  return 0;\n}\n",
    "a.json": '{"a": [1, 2, {"b": "text"}], "c": null}\n',
    "a.csv": 'name,value\n"a, b",1\nc,2\n',
    "a.tex": "\\section{A}\nText $x^2$.\n\\begin{itemize}\\item a\\end{itemize}\n",
    "a.log": "2024-01-01 12:00 started\n2024-01-01 12:01 failed: x\n" * 5,
    "a.vue": "<template><p>x</p></template><script>export default {}</script>\n",
    "README": "Plain words without an ending.\n",
}  # fmt: skip

_BLOWN_UP: Final = (
    "# ", "> ", "- ", "  ", "\t", "*", "_", "`", "```\n", "<a ", '<a ="', "<!--", "</", "<![",
    "<div>", "&#", "&", "[", "](", "![](", "|", "---\n", "===\n", "* \n", ".. ", "::\n", ":a: ",
    "#+BEGIN_SRC\n", "(", "{", "\\", '"""', "'''", "/*", "//", "def f(): ", "class A: ", "\r", "\n",
    "\x0c", "\u2028", "e\u0301", "\u200b", "\u202e", "\U0001f469\u200d", "索引", ".", "a", "a ",
    "0", "\0", "<", "<<b>",
)  # fmt: skip


def fuzz(cases: int, seed: int) -> Outcome:
    """So many files."""
    outcome = Outcome()
    chance = random.Random(seed)
    before = _peak_mb()
    for number in range(cases):
        name = chance.choice(list(_SEEDS))
        data = _content(chance, name)
        told = f"case {number} ({name}, {len(data):,} bytes)"
        with outcome.case(told):
            try:
                document = extract(data, name)
            except FileProblem as problem:
                outcome.counts[f"refused: {problem.reason}"] += 1
                continue
            chunks = chunk_document(document)
            passages = to_passages(document, chunks)
            outcome.counts["documents" if chunks else "documents without text"] += 1
            for what in _wrong(document, chunks, passages):
                outcome.fail(told, what)
    grown = _peak_mb() - before
    outcome.more["largest growth, MB"] = f"{grown:.0f}"
    if outcome.slowest_s > _SLOWEST_S or grown > _MOST_MB:
        outcome.fail(outcome.slowest, f"{outcome.slowest_s:.1f} s, {grown:.0f} MB")
    return outcome


def _content(chance: random.Random, name: str) -> bytes:
    """A seed that was spoiled, blown up, or put together with others, in some encoding."""
    text = _SEEDS[name]
    kind = chance.randrange(5)
    if kind == 0:
        piece = chance.choice(_BLOWN_UP)
        text = text[: chance.randrange(len(text))] + piece * chance.choice((9, 300, 20_000))
        if chance.random() < 0.3:
            text += chance.choice(_BLOWN_UP) * chance.choice((9, 300, 20_000, 200_000))
    elif kind == 1:
        text = "".join(chance.choices([*_SEEDS.values(), *_BLOWN_UP], k=chance.randrange(1, 30)))
    elif kind == 2:
        at = chance.randrange(len(text))
        text = text[:at] + random_text(chance, chance.choice((3, 50, 2000))) + text[at:]
    encoding = chance.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"))
    data = text.encode(encoding, "surrogatepass" if encoding != "cp1252" else "replace")
    return spoiled_bytes(chance, data) if kind > 2 or chance.random() < 0.3 else data


def _wrong(document: Document, chunks: Sequence[Chunk], passages: Sequence[Passage]) -> list[str]:
    found = []
    text = document.text
    # As an editor counts: LF, CR LF and a lone CR end a line.
    ends = [match.end() for match in re.finditer(r"\r\n|\r|\n", text)]
    end = 0
    for block in document.blocks:
        if not end <= block.start <= block.end <= len(text):
            found.append(f"block {block.start}..{block.end} after {end} of {len(text)}")
        end = block.end
    for position, chunk in enumerate(chunks):
        if chunk.ordinal != position:
            found.append(f"chunk {position} is numbered {chunk.ordinal}")
        if text[chunk.start : chunk.end] != chunk.text or not chunk.text.strip():
            found.append(f"chunk {position} is not the text of its span")
        line = 1 + bisect_right(ends, chunk.start)
        if not document.source_lines and chunk.start_line != line:
            found.append(f"chunk {position} begins in line {line}, not {chunk.start_line}")
        if not 1 <= chunk.start_line <= chunk.end_line:
            found.append(f"chunk {position} has lines {chunk.start_line}..{chunk.end_line}")
    for passage in passages:
        if hashlib.sha256(passage.text.encode()).digest() != passage.digest:
            found.append("a passage is not what was hashed")
        if not 0 <= passage.body <= len(passage.text) or not passage.text.strip():
            found.append("a passage has no text of its own")
    return found


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    run_as_command(__doc__ or "", 5_000, fuzz)
