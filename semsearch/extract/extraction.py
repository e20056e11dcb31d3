"""The door of the room: decode a file, let the extractor of its kind read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.errors import FileProblem
from semsearch.extract.kinds import DATA, kind_of

if TYPE_CHECKING:
    from semsearch.records import Document

MAX_TEXT: Final = 10 * 1024 * 1024
"""Characters of text a document may have; the same figure as the default limit for files."""


def extract(data: bytes, name: str, *, max_text: int = MAX_TEXT) -> Document:
    """Turn a file into a document; time and memory are linear in its size.

    Args:
        data: The whole file.
        name: File name or path; its ending decides the kind, an unknown one is plain text.
        max_text: Largest text accepted, in characters.

    Raises:
        FileProblem: `empty`, `too large`, `binary` or `not text`.
    """
    if not data or data.isspace():
        raise FileProblem("empty", "The file holds nothing but blank space.")
    from semsearch.extract.decode import decode

    decoded = decode(data)
    if len(decoded.text) > max_text:
        raise FileProblem(
            "too large",
            f"The file holds {len(decoded.text):,} characters; the limit is {max_text:,}.",
        )
    if not decoded.text or decoded.text.isspace():
        raise FileProblem("empty", "The file holds nothing but blank space.")
    kind = kind_of(name) or "text"
    if kind == "markdown":
        from semsearch.extract.markdown import extract_markdown

        return extract_markdown(decoded, kind)
    if kind == "html":
        from semsearch.extract.html import extract_html

        return extract_html(decoded, kind)
    if kind == "rst":
        from semsearch.extract.rst import extract_rst

        return extract_rst(decoded, kind)
    if kind == "org":
        from semsearch.extract.org import extract_org

        return extract_org(decoded, kind)
    if kind == "text" or kind in DATA:
        from semsearch.extract.plain import extract_plain

        return extract_plain(decoded, kind)
    from semsearch.extract.code import extract_code

    return extract_code(decoded, kind)
