"""Collects headings and blocks while a text is read once, and makes the document of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from semsearch.records import Block, Document

if TYPE_CHECKING:
    from semsearch.extract.decode import Decoded

MAX_BLOCKS: Final = 100_000
"""Past this many, the rest of a text is one block: structure this fine helps nobody."""
MAX_DEPTH: Final = 12
MAX_LABEL: Final = 200


class Outline:
    """Blocks in reading order under a tree of headings.

    An extractor feeds it lines or whole blocks. Lines of one kind that follow each other without
    `close` in between become one block. A heading opens a section: the heading itself and all
    blocks up to the next heading share its breadcrumb.
    """

    def __init__(self) -> None:
        self.kind = ""
        """Kind of the block that is open; empty: none is."""
        self.start = 0
        self.end = 0
        self.lines = 0
        """Lines of the open block."""
        self._blocks: list[tuple[int, int, str, int]] = []
        self._headings: list[tuple[int, str]] = [(0, "")]

    def line(self, kind: str, start: int, end: int) -> None:
        """Add a line to the open block, or open one when its kind is another."""
        if kind != self.kind:
            self.close()
            self.kind, self.start, self.lines = kind, start, 0
        self.end = end
        self.lines += 1

    def close(self) -> None:
        """End the open block, if there is one."""
        if self.kind:
            kind, self.kind = self.kind, ""
            self.block(kind, self.start, self.end)

    def discard(self) -> None:
        """Forget the open block."""
        self.kind = ""

    def block(self, kind: str, start: int, end: int) -> None:
        """Add a whole block under the current heading."""
        if len(self._blocks) < MAX_BLOCKS:
            self._blocks.append((start, end, kind, len(self._headings) - 1))
        else:
            first, _, _, section = self._blocks[-1]
            self._blocks[-1] = (first, end, "paragraph", section)

    def heading(self, level: int, label: str, start: int, end: int) -> None:
        """Open a section; `level` counts from 1, a smaller one encloses a larger one."""
        self.close()
        if len(self._blocks) < MAX_BLOCKS:
            self._headings.append((level, " ".join(label.split())[:MAX_LABEL]))
        self.block("heading", start, end)

    def document(
        self, text: str, kind: str, decoded: Decoded, *, title: str = "", titled: bool = True
    ) -> Document:
        """The finished document.

        Args:
            text: What the offsets count in.
            kind: Kind of the document.
            decoded: Where encoding and warnings come from.
            title: The title, when something better than a heading names it.
            titled: Whether the first heading may become the title.
        """
        self.close()
        promoted = titled and self._first_heading_is_title()
        if promoted and not title:
            title = self._headings[1][1]
        elif promoted:
            promoted = _same_title(title, self._headings[1][1])
        breadcrumbs = self._breadcrumbs(skip=1 if promoted else 0)
        blocks = tuple(
            Block(start, end, kind_, breadcrumbs[section])
            for start, end, kind_, section in self._blocks
        )
        warnings = decoded.warnings
        if len(self._blocks) >= MAX_BLOCKS:
            warnings += (f"only the first {MAX_BLOCKS} blocks keep their structure",)
        return Document(
            text, kind, " ".join(title.split())[:MAX_LABEL], blocks, decoded.encoding, warnings
        )

    def _first_heading_is_title(self) -> bool:
        """Whether everything else stands under the first heading, and it opens the text."""
        if len(self._headings) < 2:
            return False
        level = self._headings[1][0]
        if any(other <= level for other, _ in self._headings[2:]):
            return False
        return level == 1 or self._blocks[0][2] == "heading"

    def _breadcrumbs(self, skip: int) -> list[tuple[str, ...]]:
        """Heading paths by section; `skip` outermost headings are left out (the title)."""
        paths: list[tuple[str, ...]] = []
        above: list[tuple[int, str]] = []
        for level, label in self._headings:
            while above and above[-1][0] >= level:
                above.pop()
            if len(above) > MAX_DEPTH:
                above.pop()
            above.append((level, label))
            paths.append(tuple(text for _, text in above[1 + skip :] if text))
        return paths


def _same_title(title: str, heading: str) -> bool:
    """Whether a heading says what the title already says (a site's name may stand there too)."""
    return heading.casefold() in title.casefold()
