"""What one does with a question and a hit: move, open, copy, judge, ask for more like it."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Final

from semsearch.text import printable
from semsearch.tui.screens.base import BaseScreen
from semsearch.tui.widgets.blank import Blank
from semsearch.tui.widgets.preview import Preview
from semsearch.tui.widgets.query_bar import QueryBar
from semsearch.tui.widgets.result_list import ResultList, hit_name

if TYPE_CHECKING:
    from semsearch.records import Hit, Mode, SearchResult
    from semsearch.tui.history import History
    from semsearch.tui.screens.why import WhyDialog
    from semsearch.tui.states import Choice

MODES: Final[tuple[Mode, ...]] = ("hybrid", "semantic", "lexical")


class HitActions(BaseScreen):
    """The actions of the search screen, by the names the registry gives them."""

    history: History
    mode: Mode
    result: SearchResult | None

    def __init__(self) -> None:
        super().__init__()
        self._copied: int | None = None
        self._grades: dict[tuple[str, int], int] = {}
        self._why: WhyDialog | None = None
        """The box that is open."""

    # --- moving ------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Move the cursor, among the hits or what is offered instead; the query keeps focus."""
        if self._results.hits:
            self._results.move(by)
        else:
            self.query_one(Blank).move(by)

    def action_page(self, by: int) -> None:
        """Move by a screenful of hits."""
        self.action_move(by * self._results.page)

    def action_to_end(self, by: int) -> None:
        """The first or the last hit."""
        self._results.move(by * len(self._results.hits))

    def action_pane(self, by: int) -> None:
        """Give the focus to the next pane; a hidden preview comes to the front."""
        panes = [self.query_one(QueryBar).field, self._results, self.query_one(Preview)]
        if not self._results.hits:
            panes = panes[:1]
        at = next((i for i, pane in enumerate(panes) if pane is self.focused), 0)
        pane = panes[(at + by) % len(panes)]
        self.set_class(isinstance(pane, Preview), "-preview-front")
        if isinstance(pane, Preview):
            self.remove_class("-preview-off")
        if pane.is_attached and pane.size.area and pane.display:
            pane.focus()  # at once: the next key is for the pane
        else:
            self.call_after_refresh(pane.focus)

    def action_back(self) -> None:
        """From a pane to the query; from the query, clear it."""
        bar = self.query_one(QueryBar)
        if bar.field.has_focus:
            bar.put("")
        else:
            self.remove_class("-preview-front")
            self.call_after_refresh(bar.field.focus)

    def action_toggle_preview(self) -> None:
        """Show or hide the preview."""
        self.toggle_class("-preview-off")

    # --- the question ------------------------------------------------------------------------

    def action_history(self, by: int) -> None:
        """An earlier or later query."""
        bar = self.query_one(QueryBar)
        query = self.history.step(by, bar.text)
        if query is not None:
            bar.put(query)

    def action_next_mode(self) -> None:
        """Hybrid, meaning, keyword, and again."""
        self.mode = MODES[(MODES.index(self.mode) + 1) % len(MODES)]
        self.show_title(self.semsearch.facts)
        self.ask_again()

    def action_again(self) -> None:
        """Ask the same question again: a server or another process may have let go."""
        self.semsearch.refresh_facts()
        self.ask_again()

    def action_filter(self) -> None:
        """Fill in a form; what it says goes into the query."""
        from semsearch.tui.screens.filter import FilterDialog

        bar = self.query_one(QueryBar)

        def put(query: str | None) -> None:
            if query is not None:
                bar.put(query)

        self.app.push_screen(FilterDialog(bar.text), put)

    # --- the hit -----------------------------------------------------------------------------

    def action_open(self) -> None:
        """Open the hit at its line in the person's editor, and come back."""
        hit, choice = self._results.hit, self.query_one(Blank).choice
        if hit is not None:
            self.remember()
            if self.open_file(hit.path, hit.line or hit.start_line):
                self.show_passage(hit)
        elif choice is not None:
            self.take(choice)

    def open_file(self, path: bytes, line: int = 1) -> bool:
        """Open a file in the person's editor; False when that cannot be."""
        from semsearch.tui.screens.opening import open_in_editor

        return open_in_editor(self.semsearch, path, line)

    def take(self, choice: Choice) -> None:
        """Ask the question that was chosen, or open the file."""
        if choice.path:
            self.open_file(choice.path)
        else:
            self.query_one(QueryBar).put(choice.query)

    def action_copy(self) -> None:
        """Copy where the hit is; once more, what it says."""
        hit = self._results.hit
        if hit is None:
            return
        if self._copied == hit.chunk:
            self.app.copy_to_clipboard(hit.text)
            self._copied = None
            self.semsearch.say("copied the passage")
        else:
            place = f"{os.fsdecode(hit.path)}:{hit.line or hit.start_line}"
            self.app.copy_to_clipboard(place.encode("utf-8", "replace").decode())
            self._copied = hit.chunk
            self.semsearch.say(
                f"copied {hit_name(hit)}:{hit.line or hit.start_line}; again: the text"
            )

    def action_similar(self) -> None:
        """Passages like this one, by the vectors that are stored; nothing is sent."""
        hit = self._results.hit
        if hit is None:
            return
        path = os.fsdecode(hit.path)
        if path != printable(path) or '"' in path:
            self.semsearch.say("The name of this file cannot be typed into a query.", warning=True)
            return
        self.remember()
        quoted = f'"{path}:{hit.start_line}"' if " " in path else f"{path}:{hit.start_line}"
        self.query_one(QueryBar).put(f"like:{quoted}")

    def action_judge(self, grade: int) -> None:
        """Mark the hit relevant or not to this question; the same mark again takes it back."""
        hit, result = self._results.hit, self.result
        if hit is None or result is None:
            return
        query, chunk = result.query.raw.strip(), hit.chunk
        given: int | None = None if self._grades.get((query, chunk)) == grade else grade
        if given is None:
            del self._grades[query, chunk]
        else:
            self._grades[query, chunk] = given
        self.in_background(partial(self._judge, query, hit, given), "judge")
        self.show_grades()

    async def _judge(self, query: str, hit: Hit, grade: int | None) -> None:
        await self.semsearch.desk.run(lambda engine: engine.store().judge(query, hit.chunk, grade))
        said = {None: "mark taken back", 1: "marked relevant", 0: "marked not relevant"}[grade]
        self.semsearch.say(f"{said}: {hit_name(hit)}")

    async def recall_grades(self) -> None:
        """Look up the marks this question's hits were given before."""
        result = self.result
        if result is None:
            return
        query, chunks = result.query.raw.strip(), [hit.chunk for hit in result.hits]
        kept = await self.semsearch.desk.run(lambda engine: engine.store().grades(query, chunks))
        self._grades.update({(query, chunk): grade for chunk, grade in kept.items()})
        self.show_grades()

    def show_grades(self) -> None:
        """Show the marks given to this question's hits."""
        raw = self.result.query.raw.strip() if self.result is not None else ""
        self._results.mark(
            {chunk: grade for (query, chunk), grade in self._grades.items() if query == raw}
        )

    def action_why(self) -> None:
        """Why the hit stands where it stands."""
        from semsearch.tui.screens.why import WhyDialog

        if self._results.hit is not None and self.result is not None:
            self._why = WhyDialog(self._results.hit, self.result)
            self.app.push_screen(self._why, self._why_closed)

    def _why_closed(self, _: None) -> None:
        self._why = None

    def follow_why(self, result: SearchResult) -> None:
        """Another answer has come: the box that says why tells of it too."""
        if self._why is not None:
            self._why.follow(result)

    # --- what the screen offers --------------------------------------------------------------

    def remember(self) -> None:
        """Keep the question in the history."""
        raise NotImplementedError

    def ask_again(self) -> None:
        """Ask the same question anew."""
        raise NotImplementedError

    def show_passage(self, hit: Hit | None) -> None:
        """Show the passage of a hit once the cursor rests on it."""
        raise NotImplementedError

    @property
    def _results(self) -> ResultList:
        return self.query_one(ResultList)
