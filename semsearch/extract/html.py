"""HTML: the readable text of a page, by a tokenizer whose time is linear in any input.

Blocks end where block elements begin or end, whatever the nesting, so neither depth nor unclosed
elements cost anything. Every token knows its place in the source, and with it the line an editor
should open. Boilerplate (scripts, navigation, page headers and footers, controls) is left out;
where a page marks its main part, only that is kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from semsearch.extract.html_text import PageText
from semsearch.extract.lines import unify_line_ends

if TYPE_CHECKING:
    from collections.abc import Callable

    from semsearch.extract.decode import Decoded
    from semsearch.records import Document

# Python before 3.11.5 matches a possessive group wrongly (python/cpython#106052), so only single
# characters are repeated possessively here. Of the alternatives in a group one at most fits at any
# place, so that what cannot match fails at once all the same; and what repeats has an end, because
# the matcher remembers every repetition.
_QUOTED: Final = r"\"[^\"]*+\"|'[^']*+'"
_ATTRIBUTES: Final = rf"(?:[^>=]++|=\s*+(?:{_QUOTED}|(?!{_QUOTED}))){{0,10000}}>"
_INLINE: Final = (
    r"</?(?:a|span|code|em|strong|b|i|abbr|acronym|bdi|bdo|big|cite|data|del|dfn|font|ins|kbd|label"
    r"|mark|nobr|q|s|samp|small|strike|sub|sup|time|tt|u|var|wbr)(?=[\s/>])" + _ATTRIBUTES
)
_INLINE_TAG: Final = re.compile(_INLINE, re.I)
_TOKEN: Final = re.compile(
    # Text with inline elements, then one tag, comment or declaration. The empty last alternative
    # catches a tag that never ends, which would otherwise be tried again from every `<`. A longer
    # text is read in several tokens.
    rf"((?:[^<]++|<(?![a-zA-Z/!?])|{_INLINE}){{0,1000}})"
    rf"(?:<(?:(/?)([a-zA-Z][^\s/>]*+)({_ATTRIBUTES})|(!--)|[!?/][^>]*+>|(?=[a-zA-Z/!?])))?",
    re.I,
)
_PERMALINK: Final = re.compile(
    r"<a(?=[\s/>])[^<>]*+>\s*+[#\N{PILCROW SIGN}\N{SECTION SIGN}\N{LINK SYMBOL}\uf0c1]\s*+</a>",
    re.I,
)
"""The link to itself that generators put into headings."""
_CRUDE_TAG: Final = re.compile(r"<[^<>]*+>")
_ALT: Final = re.compile(r"\balt\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')", re.I)
_ROLE: Final = re.compile(r"\brole\s*+=\s*+[\"']?([a-z]+)", re.I)
_HIDDEN: Final = re.compile(r"\shidden(?=[\s=/>])|aria-hidden\s*+=\s*+[\"']?true", re.I)

_RAW: Final = frozenset({"iframe", "noembed", "noframes", "script", "style", "textarea"})
_CONTROLS: Final = frozenset(
    {"audio", "button", "canvas", "footer", "nav", "noscript", "object", "select", "svg"}
    | {"template", "video"}
)
_OUTSIDE_MAIN: Final = frozenset({"aside", "header"})
"""Boilerplate of a page, but part of the text inside its main part."""
_BOILERPLATE_ROLES: Final = frozenset({"banner", "contentinfo", "navigation", "search"})
_BLOCK_NAMES: Final = (
    "address blockquote body center dd details dialog dir div dl dt fieldset figcaption"
    " figure form hgroup hr html legend menu p section summary"
)
_LISTS: Final = frozenset({"ol", "ul", "menu", "dir"})
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}


def extract_html(decoded: Decoded, kind: str = "html") -> Document:
    """Read a page; `source_lines` tells which line of the source each piece of text is from."""
    source = unify_line_ends(decoded.text)
    reader = _Reader(source, lenient=False)
    reader.read()
    if reader.page.is_empty():
        reader = _Reader(source, lenient=True)
        reader.read()
    return reader.page.document(decoded, kind)


class _Reader:
    """One pass over the tokens of a page."""

    def __init__(self, source: str, *, lenient: bool) -> None:
        self.page = PageText(source)
        self._source = source
        self._lenient = lenient
        """Keep boilerplate: leaving it out left nothing."""
        self._endless: set[str] = set()
        """Elements found without an end tag in the rest of the source."""
        self._main_end = 0
        """Offset in the source where the main part being read ends."""
        self._actions: dict[str, Callable[[str, bool, str, int], int]] = {
            **dict.fromkeys(_BLOCK_NAMES.split(), self._block),
            **dict.fromkeys(_LISTS, self._list),
            **dict.fromkeys(_HEADINGS, self._heading),
            **dict.fromkeys(("table", "tr", "td", "th", "caption"), self._table),
            **dict.fromkeys(_CONTROLS | _OUTSIDE_MAIN, self._boilerplate),
            **dict.fromkeys(_RAW, self._raw),
            "article": self._main,
            "br": self._line_break,
            "dd": self._description,
            "dt": self._description,
            "blockquote": self._quote,
            "img": self._image,
            "li": self._item,
            "main": self._main,
            "pre": self._preformatted,
            "title": self._title,
        }

    def read(self) -> None:
        source, page, match, actions = self._source, self.page, _TOKEN.match, self._actions
        position, size = 0, len(source)
        while position < size:
            token = match(source, position)
            assert token is not None  # every part of a token is optional
            run, closing, name, attributes, comment = token.groups()
            start = token.end(1)
            if run:
                if "<" in run:
                    run = _PERMALINK.sub("", run) if page.in_label else run
                    run = _INLINE_TAG.sub("", run)
                page.text(run, position)
            position = token.end()
            if name is not None:
                name = name.lower()
                action = actions.get(name)
                if action is not None:
                    position = action(name, closing == "/", attributes, position)
            elif comment:
                position = source.find("-->", position)
                if position < 0:
                    break
                position += 3
            elif position == start + 1:
                page.text(_CRUDE_TAG.sub(" ", source[start:]), start)
                break
        page.finish()

    def _element_end(self, name: str, position: int) -> int:
        """Offset behind the end tag that matches an element open at `position`; -1: none does."""
        if name in self._endless:
            return -1
        depth = 1
        pattern = re.compile(rf"<(/?){name}(?=[\s/>])[^>]*+>", re.I)
        for tag in pattern.finditer(self._source, position):
            depth += -1 if tag[1] else 1
            if not depth:
                return tag.end()
        self._endless.add(name)
        return -1

    # --- elements; each takes name, closing, attributes, position and returns where to go on ------

    def _block(self, name: str, closing: bool, attributes: str, position: int) -> int:
        self.page.boundary()
        if closing or not ("role" in attributes or "hidden" in attributes):
            return position
        role = _ROLE.search(attributes)
        if role is not None and role[1] == "main":
            return self._main(name, closing, attributes, position)
        if (role is not None and role[1] in _BOILERPLATE_ROLES) or _HIDDEN.search(attributes):
            return self._skip(name, position)
        return position

    def _main(self, name: str, closing: bool, _attributes: str, position: int) -> int:
        self.page.boundary()
        if not closing and position >= self._main_end:
            end = self._element_end(name, position)
            self._main_end = end if end >= 0 else len(self._source)
            self.page.main_until(self._main_end)
        return position

    def _skip(self, name: str, position: int) -> int:
        if self._lenient:
            return position
        end = self._element_end(name, position)
        return end if end >= 0 else position

    def _boilerplate(self, name: str, closing: bool, attributes: str, position: int) -> int:
        self.page.boundary()
        if closing or attributes.endswith("/>"):
            return position
        if name in _OUTSIDE_MAIN and position < self._main_end:
            return position
        return self._skip(name, position)

    def _raw(self, name: str, closing: bool, attributes: str, position: int) -> int:
        if closing or attributes.endswith("/>"):
            return position
        end = re.compile(rf"</{name}(?=[\s/>])[^>]*+>", re.I).search(self._source, position)
        return end.end() if end is not None else len(self._source)

    def _title(self, name: str, closing: bool, _attributes: str, position: int) -> int:
        if closing or name in self._endless:
            return position
        end = self._element_end(name, position)
        if end < 0:
            return position
        self.page.title(position, self._source.rfind("<", position, end))
        return end

    def _heading(self, name: str, closing: bool, _attributes: str, position: int) -> int:
        self.page.boundary()
        if not closing:
            self.page.open_heading(_HEADINGS[name])
        return position

    def _list(self, name: str, closing: bool, attributes: str, position: int) -> int:
        following = self._block(name, closing, attributes, position)
        if following == position:  # else it was left out as a whole
            self.page.list_level(-1 if closing else 1)
        return following

    def _item(self, _name: str, closing: bool, _attributes: str, position: int) -> int:
        self.page.boundary()
        if not closing:
            self.page.open_item()
        return position

    def _table(self, name: str, closing: bool, _attributes: str, position: int) -> int:
        if name in ("td", "th"):
            if not closing:
                self.page.open_cell()
        elif name == "table":
            self.page.table_level(-1 if closing else 1)
        else:
            self.page.end_row()
        return position

    def _quote(self, name: str, closing: bool, attributes: str, position: int) -> int:
        following = self._block(name, closing, attributes, position)
        if following == position:
            self.page.quote_level(-1 if closing else 1)
        return following

    def _description(self, name: str, closing: bool, _attributes: str, position: int) -> int:
        self.page.boundary()
        if not closing:
            self.page.open_description(term=name == "dt")
        return position

    def _preformatted(self, _name: str, closing: bool, _attributes: str, position: int) -> int:
        self.page.preformatted(not closing)
        return position

    def _line_break(self, _name: str, _closing: bool, _attributes: str, position: int) -> int:
        self.page.line_break()
        return position

    def _image(self, _name: str, _closing: bool, attributes: str, position: int) -> int:
        alt = _ALT.search(attributes)
        label = (alt[1] or alt[2] or "") if alt is not None else ""
        if " " in label.strip():  # one word is an icon's
            self.page.text(f" {label} ", position)
        return position
