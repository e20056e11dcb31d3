"""The search screen: a question, the hits, and what one does with a hit."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Horizontal

from semsearch.errors import SemsearchError
from semsearch.present.amounts import counted
from semsearch.text import display_path, one_line, printable
from semsearch.tui import states
from semsearch.tui.asking import Asker
from semsearch.tui.history import History
from semsearch.tui.keys import with_keys
from semsearch.tui.screens.hit_actions import MODES, HitActions
from semsearch.tui.widgets.blank import Blank
from semsearch.tui.widgets.key_bar import KeyBar
from semsearch.tui.widgets.preview import Preview
from semsearch.tui.widgets.query_bar import QueryBar
from semsearch.tui.widgets.result_list import ResultList, file_name, hit_name
from semsearch.tui.widgets.status_line import EndsLine

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer

    from semsearch.engine import Engine
    from semsearch.records import Hit, Mode, SearchResult
    from semsearch.tui.asking import Answer
    from semsearch.tui.facts import Facts
    from semsearch.tui.keys import Scope

_PREVIEW_SECONDS: Final = 0.04
"""The cursor rests this long before its passage is read."""

_DIM_SECONDS: Final = 0.15
_SPINNER_SECONDS: Final = 0.4
_OFFERED: Final = 6
"""Questions and files one is reminded of."""

_REMEMBER_SECONDS: Final = 1.5
"""A query that stood this long is worth remembering."""


class SearchScreen(HitActions):
    """Query bar, hits and preview; the query keeps the focus."""

    SCOPE: ClassVar[Scope] = "search"
    LEAVE: ClassVar[bool] = False
    DEFAULT_CLASSES: ClassVar[str] = "-nothing"

    def __init__(self) -> None:
        super().__init__()
        self.history = History()
        self.mode = "hybrid"
        self.result = None
        self.as_read = False
        """Whether Markdown is shown as one reads it."""
        self._asker: Asker | None = None
        self._clocks: dict[str, Timer] = {}
        self._cost = 0.0
        self._welcomed = False
        self._files: list[tuple[bytes, str, int]] = []
        """Changed lately: absolute path, name for people, time of change in ns."""
        self._version: tuple[object, ...] | None = None
        """Of the index, as of the facts last seen; None: it has not been looked at."""
        self._shown_question = ""

    # --- building ----------------------------------------------------------------------------

    def compose_body(self) -> ComposeResult:
        """The question above, hits and preview below."""
        yield QueryBar()
        with Horizontal(id="panes"):
            yield ResultList(id="results")
            yield Blank(id="blank")
            yield Preview(id="preview")

    def on_mount(self) -> None:
        """Start with an empty question."""
        app = self.semsearch
        self.mode = self._setting_mode()
        self._asker = Asker(
            lambda: app.desk,
            lambda: app.remote,
            self._answered,
            lambda: app.holds_codes,
            lambda: app.reranker,
        )
        self.query_one(QueryBar).border_title = "search"
        self.query_one(ResultList).border_title = "results"
        self.query_one(QueryBar).field.focus()
        self.watch(self.app, "run_stage", lambda _: self.show_title(app.facts), init=False)
        self.watch(self.app, "reranker", self._reranker_changed, init=False)

    def _reranker_changed(self, _: str) -> None:
        self.show_title(self.semsearch.facts)
        self.ask_again()

    def _setting_mode(self) -> Mode:
        wanted = self.semsearch.settings.text("search.mode")
        return next((mode for mode in MODES if mode == wanted), "hybrid")

    async def _load_landing(self) -> None:
        """What was asked before, and what changed lately."""
        try:
            asked, files = await self.semsearch.desk.run(_read_landing)
        except SemsearchError:
            return  # the index cannot be read: the facts say so
        self.history.load(asked)
        self._files = files
        self.query_one(QueryBar).suggest(self.history.recent)
        if not self.query_one(QueryBar).text.strip():
            self._show_landing()

    def _show_landing(self) -> None:
        app = self.semsearch
        landing = states.landing_of(self.history.recent[:_OFFERED], self._files, time.time())
        self._show_blank(states.nothing_asked(app.facts, landing, app.key))
        self._say()

    # --- what is known -----------------------------------------------------------------------

    def facts_changed(self, facts: Facts) -> None:
        """The index was looked at: say what it is, and open the first steps when there is none."""
        self._cost = 0.0  # the ledger has counted it by now
        if facts.status is not None and self._version != _version(facts):
            self.in_background(self._load_landing, "landing", exclusive=True)
        if facts.error is not None:
            self._show_blank(states.failure(facts.error, self.semsearch.key))
            if facts.missing and not self._welcomed:
                self._welcomed = True
                self.semsearch.action_welcome()
        elif not self.query_one(QueryBar).text.strip():
            self._show_landing()
        elif self._version is not None and self._version != _version(facts):
            self.ask_again()
        self._version = _version(facts)
        self._say()

    def show_title(self, facts: Facts) -> None:
        """Folders, passages and model on the left, mode and freshness on the right."""
        left = "semsearch"
        if facts.status is not None:
            roots = facts.status.roots
            folders = display_path(roots[0].root.path) if len(roots) == 1 else "all folders"
            folders = folders.rsplit("/", 1)[-1] or "/"
            left += f"   {folders} · {facts.status.chunks:,} passages · {facts.model}"
        running = self.semsearch.run_stage in {"preparing", "running", "paused", "stopping"}
        fresh = "indexing ◐" if running else f"{facts.freshness()} ●" if facts.status else ""
        mode = states.MODE_NAMES[self.mode]
        mode += ", re-ranked" if self.semsearch.reranker else ""
        right = " · ".join(filter(None, (mode, fresh))) if facts.known else ""
        self.query_one("#title", EndsLine).show(left, right, heading=True)

    # --- asking ------------------------------------------------------------------------------

    def on_query_bar_changed(self, message: QueryBar.Changed) -> None:
        """Ask anew with every key."""
        self.ask(message.text)

    def on_query_bar_submitted(self) -> None:
        """Enter: the meaning at once, or the hit when its answer is already there."""
        if self._asker is not None and self._asker.hurry():
            return
        self.action_open()

    def ask(self, text: str, *, at_once: bool = False) -> None:
        """Answer a question; an answer to an earlier one is no longer wanted."""
        assert self._asker is not None
        self._stop_timers()
        if not text.strip():
            self.workers.cancel_group(self, "query")
            self._asker.forget()
            self.result = None
            self.query_one(ResultList).show((), same_question=False)
            self._show_landing()
            return
        self._clocks["dim"] = self.set_timer(_DIM_SECONDS, self._dim)
        self._clocks["spin"] = self.set_timer(_SPINNER_SECONDS, self._say)
        ask = partial(self._asker.ask, text, self.mode, at_once=at_once)
        self.in_background(ask, "query", exclusive=True)

    def ask_again(self) -> None:
        """The same question, because the mode or the index is another one."""
        self.ask(self.query_one(QueryBar).text, at_once=True)

    def _answered(self, answer: Answer) -> None:
        results = self.query_one(ResultList)
        if answer.final:
            self._stop_timers()
        results.remove_class("-waiting")
        if answer.error is not None or answer.result is None:
            assert answer.error is not None
            self.result = None
            results.show((), same_question=False)
            self._show_blank(states.failure(answer.error, self.semsearch.key))
            self._say()
            return
        result = self.result = answer.result
        self._cost += result.cost_usd
        same = answer.question.text == self._shown_question
        self._shown_question = answer.question.text
        results.show(result.hits, same_question=same)
        self.follow_why(result)
        if result.hits:
            self._show_hits()
        elif answer.final:
            facts, key = self.semsearch.facts, self.semsearch.key
            self._show_blank(states.nothing_found(result, facts, self.mode, key))
        self._say()
        if answer.final:
            self.in_background(self.recall_grades, "grades", exclusive=True)
            self._clocks["remember"] = self.set_timer(_REMEMBER_SECONDS, self.remember)

    def remember(self) -> None:
        """Keep the question in the history, here and in the index."""
        result, text = self.result, self.query_one(QueryBar).text.strip()
        if result is not None and self.history.add(text):
            self.query_one(QueryBar).suggest(self.history.recent)
            mode, hits = result.mode, len(result.hits)
            self.semsearch.desk.submit(
                lambda engine: engine.store().remember_query(text, mode, hits)
            )

    # --- showing -----------------------------------------------------------------------------

    def _show_hits(self) -> None:
        self.remove_class("-nothing")

    def _show_blank(self, state: states.State) -> None:
        self.query_one(Blank).show(state)
        self.add_class("-nothing")
        self.query_one(Preview).clear()

    def _dim(self) -> None:
        if self._asker is not None and self._asker.waiting:
            self.query_one(ResultList).add_class("-waiting")

    def _say(self) -> None:
        """Hits, time and notices on the left; cost on the right."""
        from semsearch.present.human import money

        facts, result = self.semsearch.facts, self.result
        results = self.query_one(ResultList)
        spent = facts.spent_today + self._cost
        cost = f"{money(spent)} today"
        if result is None:
            offers = self.query_one(Blank).state.groups
            told = "{search.up}, {search.down} and {search.open} go on with one of these"
            left = with_keys(told, self.semsearch.key) if offers else ""
            self.say_status(left, cost if facts.status is not None else "")
            return
        waiting = self._asker is not None and self._asker.waiting
        parts = [counted(len(results.hits), "hit"), self._pace(result)]
        if result.reranked_by:
            parts.append(f"ordered by {one_line(result.reranked_by)}")
        elif waiting:
            parts.append(self._awaited(result))
        notice = states.degraded(result, self.semsearch.key)
        if self.semsearch.reranker and not waiting and not result.reranked_by and result.notices:
            notice = notice or one_line(result.notices[0])
        # What is amiss comes first: in a narrow terminal the rest is cut.
        parts = [notice, *parts] if notice else [*parts, *map(one_line, result.notices)]
        self.say_status(" · ".join(parts), cost, "warn" if notice else "")
        title = f"results {results.cursor + 1}/{len(results.hits)}" if results.hits else "results"
        results.border_title = title
        results.border_subtitle = results.legend

    def say_again(self) -> None:
        """What the line said before something else was asked."""
        self._say()

    def _awaited(self, result: SearchResult) -> str:
        """What is still to come."""
        if self.semsearch.reranker and (result.mode == self.mode or result.fault is not None):
            return f"… {one_line(self.semsearch.reranker)} puts them in order"
        return "… looking by meaning"

    @staticmethod
    def _pace(result: SearchResult) -> str:
        timing = result.timing_ms
        total = timing.get("total", 0.0)
        if result.space is None:
            return f"{total:.0f} ms"
        if result.reranked_by and "rerank" in timing:
            return f"re-rank {timing['rerank']:.0f} ms · total {total:.0f} ms"
        embed = timing.get("embed", 0.0)
        if embed < 2 and not result.cost_usd:
            return f"query vector cached · {total:.0f} ms"
        return f"embed {embed:.0f} ms · total {total:.0f} ms"

    def _stop_timers(self) -> None:
        for timer in self._clocks.values():
            timer.stop()
        self._clocks.clear()

    # --- the cursor --------------------------------------------------------------------------

    def on_result_list_moved(self, message: ResultList.Moved) -> None:
        """The cursor stands on another hit."""
        self._say()
        self.show_passage(message.hit)

    def show_passage(self, hit: Hit | None) -> None:
        """Show the passage of a hit once the cursor rests on it."""
        timer = self._clocks.pop("preview", None)
        if timer is not None:
            timer.stop()
        if hit is None:
            self.query_one(Preview).clear()
        else:
            self._clocks["preview"] = self.set_timer(
                _PREVIEW_SECONDS, lambda: self._start_preview(hit)
            )

    def on_blank_chosen(self, message: Blank.Chosen) -> None:
        """A question or a file was clicked."""
        self.take(message.choice)

    def on_result_list_opened(self) -> None:
        """A double click."""
        self.action_open()

    def _start_preview(self, hit: Hit) -> None:
        self.in_background(partial(self._preview, hit), "preview", exclusive=True)

    async def _preview(self, hit: Hit) -> None:
        from semsearch.tui.passages import read_passage

        result, as_read = self.result, self.as_read
        if result is None:
            return
        found = await self.semsearch.desk.run(
            lambda engine: read_passage(engine, hit.chunk, result.query, as_read=as_read)
        )
        if found is None:
            again = self.semsearch.key("search.again")
            self.say_status(f"this passage is no longer in the index: {again} searches again")
        elif self.query_one(ResultList).hit is hit:
            shown, colours = found
            self.query_one(Preview).show(shown, hit_name(hit), colours, as_read=as_read)

    def on_preview_view_changed(self) -> None:
        """Markdown as one reads it, or its source."""
        self.as_read = not self.as_read
        self.show_passage(self.query_one(ResultList).hit)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The footer shows the keys of the pane one is in."""
        in_preview = event.widget.id == "preview"
        self.query_one(KeyBar).show("preview" if in_preview else "search")
        self.set_class(in_preview, "-preview-front")

    def on_key(self, event: events.Key) -> None:
        """What is typed while the hits have the focus goes into the question."""
        field = self.query_one(QueryBar).field
        if event.is_printable and event.character and self.query_one(ResultList).has_focus:
            event.stop()
            field.focus()
            field.insert_text_at_cursor(event.character)


def _read_landing(engine: Engine) -> tuple[list[str], list[tuple[bytes, str, int]]]:
    store = engine.store()
    files = [
        (os.path.join(root, relative) if relative else root, root, changed_ns)
        for root, relative, changed_ns in store.recent_files(_OFFERED)
    ]
    named = [(path, file_name(root, path), changed_ns) for path, root, changed_ns in files]
    asked = [query for query in store.recent_queries(100) if query == printable(query)]
    return asked, named


def _version(facts: Facts) -> tuple[object, ...]:
    """What must change before the same question can have another answer."""
    status = facts.status
    return () if status is None else (status.indexed_ns, status.chunks, facts.model)
