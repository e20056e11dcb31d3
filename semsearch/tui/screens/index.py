"""The index screen: folders, what a run would send and cost, how it goes, and what went wrong."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from semsearch.present.amounts import counted
from semsearch.text import one_line
from semsearch.tui import run_text
from semsearch.tui.background import RunRequest
from semsearch.tui.cells import cut_left, fit
from semsearch.tui.screens.ask import AskText, AskYesNo, Tell
from semsearch.tui.screens.opening import open_in_editor
from semsearch.tui.screens.tasks import TaskScreen
from semsearch.tui.widgets.marked_list import MarkedList
from semsearch.tui.widgets.stage_bars import StageBars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult

    from semsearch.records import Problem, RootStatus
    from semsearch.tui.background import RunState
    from semsearch.tui.facts import Facts

_LISTED: Final = 500
"""Problems in the list; the rest is counted."""

_ROOM_FOR_HINTS: Final = 90
"""Narrower lists leave the hint to the details."""

_FOLDERS: Final = 5
"""Lines of the list of folders; it scrolls."""

_SIDE_BY_SIDE: Final = 100
"""Cells from which on plan and present stand beside each other, as in the style sheet."""

_SPARK_WIDTH: Final = 48
_FRAME: Final = 6
"""Cells of a list's row that frame, padding and scroll bar take."""


class IndexScreen(TaskScreen):
    """Everything about one run; the run itself goes on when one leaves."""

    SCOPE = "index"
    HEADING = "Index"
    AUTO_FOCUS = "#folders"

    def __init__(self) -> None:
        super().__init__(id="index")
        self._listed: tuple[Problem, ...] | None = None
        self._roots: tuple[RootStatus, ...] = ()

    def compose_body(self) -> ComposeResult:
        """Plan and present above, bars, then folders and problems."""
        with Horizontal(id="run-top"):
            yield Static(id="plan", classes="pane", markup=False)
            yield Static(id="now", classes="pane", markup=False)
        with Vertical(id="progress", classes="pane"):
            yield StageBars()
        yield MarkedList(id="folders", classes="pane")
        yield MarkedList(id="problems", classes="pane")

    def on_mount(self) -> None:
        """Show the run there is, or find out what one would do."""
        super().on_mount()
        for panel in ("plan", "now", "progress"):
            self.query_one(f"#{panel}").border_title = panel
        self.run.announced.subscribe(self, self._show)
        self._show(self.run.state)

    def on_resize(self, _event: events.Resize) -> None:
        """Columns follow the width."""
        self._listed = None
        self._show(self.run.state)
        self._list_folders()

    def facts_changed(self, facts: Facts) -> None:
        """Once it is known that there are folders, find out what a run would do."""
        roots = facts.status is not None and facts.status.roots
        self._roots = () if facts.status is None else facts.status.roots
        self._list_folders()
        self._show_plan(self.run.state)
        if roots and self.run.state.stage == "idle":
            self.run.plan(RunRequest())

    # --- showing -----------------------------------------------------------------------------

    def _show(self, state: RunState) -> None:
        self._show_plan(state)
        self._show_now(state)
        self.query_one(StageBars).stages = run_text.stage_bars(state)
        self.query_one("#progress").border_subtitle = run_text.share_text(state)
        if state.problems != self._listed:
            self._list_problems(state.problems)
        left, tone = run_text.status_line(state, self.semsearch.key)
        self.say_status(left, "safe to quit" if state.active else "", tone)
        if state.stage == "planned" and self.run.wanted:
            self._start(state)
        elif state.stage == "failed":
            self.run.wanted = False

    def _show_plan(self, state: RunState) -> None:
        panel = self.query_one("#plan", Static)
        status = self.semsearch.facts.status
        roots = () if status is None else status.roots
        facts = [*run_text.folder_facts(state, roots), *run_text.plan_facts(state)]
        error = self.semsearch.facts.error
        if error is not None and not self.semsearch.facts.missing and state.plan is None:
            facts = [("error", f"{one_line(error.message)} {one_line(error.hint)}")]
        # The panel's own size is still that of the layout before.
        whole = self.size.width
        width = whole // 2 - 4 if whole >= _SIDE_BY_SIDE else whole - 2
        lines = run_text.wrapped(facts, max(30, width))
        panel.update(
            Content("\n").join(Content.assemble((label, "$quiet"), text) for label, text in lines)
        )

    def _show_now(self, state: RunState) -> None:
        panel = self.query_one("#now", Static)
        panel.border_subtitle = run_text.stage_word(state)
        lines = [Content(line) for line in run_text.now_lines(state)]
        if state.stage == "failed" and lines:
            lines[0] = lines[0].stylize("$bad")
        spark = run_text.spark_text(state.rates, _SPARK_WIDTH)
        if spark and state.active:
            lines.append(Content.styled(spark, "$title"))
        panel.update(Content("\n").join(lines))

    def _list_folders(self) -> None:
        listed = self.query_one("#folders", MarkedList)
        width = max(40, self.size.width - _FRAME)
        lines = [Content(run_text.folder_line(one, width)) for one in self._roots]
        listed.show(lines, listed.highlighted or 0)
        count = len(self._roots)
        listed.border_title = f"folders {count:,}" if count else "no folder yet"
        listed.styles.height = min(max(count, 1), _FOLDERS) + 2

    def _list_problems(self, problems: Sequence[Problem]) -> None:
        listed = self.query_one("#problems", MarkedList)
        width = max(40, self.size.width - _FRAME)
        lines = [problem_line(one, width) for one in problems[:_LISTED]]
        listed.show(lines, listed.highlighted or 0)
        self._listed = tuple(problems)
        more = len(problems) - _LISTED
        listed.border_title = f"problems {len(problems):,}" if problems else "no problems"
        listed.border_subtitle = f"and {more:,} more" if more > 0 else ""
        listed.can_focus = bool(problems)

    # --- acting ------------------------------------------------------------------------------

    def action_run(self) -> None:
        """Bring the index up to date; what would leave is shown first."""
        state = self.run.state
        other = state.request.retry_failed or state.request.model
        if state.stage == "planned" and not other:
            self._start(state)
        else:
            self._plan_and_start(RunRequest())

    def action_retry(self) -> None:
        """Try again what failed before."""
        self._plan_and_start(RunRequest(retry_failed=True))

    def action_pause(self) -> None:
        """Pause, or go on."""
        if self.run.state.stage == "paused":
            self.run.resume()
        else:
            self.run.pause()

    def action_stop(self) -> None:
        """End the run and keep its work; a plan under way is not acted upon."""
        self.run.wanted = False
        self.run.stop()

    def action_add_folder(self) -> None:
        """Ask for a folder, then show what indexing it would take."""
        lines = ["A folder or file. Nothing of it is sent before you agreed to a plan."]
        self.app.push_screen(
            AskText("add a folder", lines, value="~/", check=folder_fault), self._add_folder
        )

    def action_remove_folder(self) -> None:
        """Take the folder under the cursor out of the index, once that is agreed to."""
        number = self.query_one("#folders", MarkedList).highlighted
        if number is None or number >= len(self._roots):
            return
        one = self._roots[number]
        ask = AskYesNo("remove a folder from the index?", run_text.removal_lines(one), yes="Remove")
        self.app.push_screen(ask, lambda yes: self._removed(one) if yes else None)

    def action_open_problem(self) -> None:
        """Open the file of the selected problem in the editor."""
        problem = self._selected()
        if problem is not None:
            open_in_editor(self.semsearch, problem.path)

    def action_ignore(self) -> None:
        """Leave the path of the selected problem out of every later run."""
        problem = self._selected()
        if problem is not None:
            self.work(lambda: self._ignore(problem), "ignore")

    def action_details(self) -> None:
        """The selected problem in full."""
        problem = self._selected()
        if problem is not None:
            lines = [run_text.home_path(problem.path), "", problem.reason, problem.hint]
            self.app.push_screen(Tell("problem", lines))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter and a double click open the file."""
        if event.option_list.id == "problems":
            self.action_open_problem()

    # --- inside ------------------------------------------------------------------------------

    def _removed(self, one: RootStatus) -> None:
        self.work(lambda: self._remove(one), "remove")

    async def _remove(self, one: RootStatus) -> None:
        path = one.root.path
        self.say_status(f"removing {run_text.home_path(path)} …")
        gone = await self.semsearch.desk.run(lambda engine: engine.forget(path))
        told = f"{run_text.home_path(path)} left the index: {counted(gone.files, 'file')}"
        self.say_status(told, tone="good")
        self.semsearch.refresh_facts()
        self.run.reset()

    def _plan_and_start(self, request: RunRequest) -> None:
        if self.run.plan(request):
            self.run.wanted = True
        else:
            stop = self.semsearch.key("index.stop")
            self.say_status(f"A run is under way already; {stop} stops it.", tone="warn")

    def _start(self, state: RunState) -> None:
        """Run what was planned; ask first where text would leave for a host never agreed to."""
        self.run.wanted = False
        estimate = None if state.plan is None else state.plan.estimate
        if not state.needs_consent or estimate is None:
            self.run.start(state.request, agreed=False)
            return
        lines = run_text.consent_lines(state, withholds=self.withholds)
        ask = AskYesNo(f"send text to {one_line(state.host)}?", lines, yes="Send")
        self.app.push_screen(ask, lambda yes: self._agreed(state.request, yes=bool(yes)))

    def _agreed(self, request: RunRequest, *, yes: bool) -> None:
        if yes:
            self.run.start(request, agreed=True)
        else:
            self.say_status("Nothing was sent.")

    def _add_folder(self, answer: str | None) -> None:
        if answer is not None:
            path = os.fsencode(os.path.abspath(os.path.expanduser(answer.strip())))
            self.run.wanted = False
            if not self.run.plan(RunRequest((path,))):
                self.say_status("A run is under way; add the folder after it.", tone="warn")

    async def _ignore(self, problem: Problem) -> None:
        await self.semsearch.desk.run(lambda engine: engine.exclude(problem.path))
        name = run_text.home_path(problem.path)
        self.say_status(f"left out from the next run on: {name}", tone="good")

    def _selected(self) -> Problem | None:
        index = self.query_one("#problems", MarkedList).highlighted
        problems = self.run.state.problems
        return None if index is None or index >= len(problems) else problems[index]


def problem_line(problem: Problem, width: int) -> Content:
    """Path, reason and what to do, in columns; the end of a path says most of it."""
    roomy = bool(problem.hint) and width >= _ROOM_FOR_HINTS
    path_width = width * 2 // 5 if roomy else width // 2
    reason_width = width // 3 if roomy else width - path_width - 2
    path = fit(cut_left(run_text.home_path(problem.path), path_width), path_width)
    reason = fit(one_line(problem.reason), reason_width)
    hint = f"  {one_line(problem.hint)}" if roomy else ""
    return Content.assemble(path, "  ", (reason, "$warn"), (hint, "$quiet"))


def folder_fault(answer: str) -> str:
    """Why this cannot be indexed; empty when it can."""
    path = os.path.abspath(os.path.expanduser(answer.strip()))
    if not answer.strip():
        return "Name a folder or a file."
    if not os.path.exists(path):
        return "There is no such folder or file."
    return "" if os.access(path, os.R_OK) else "It cannot be read."
