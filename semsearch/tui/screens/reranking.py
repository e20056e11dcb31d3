"""Choosing the model that puts hits in order, and agreeing to what that sends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from semsearch.errors import EmbeddingError, SemsearchError
from semsearch.present.human import money
from semsearch.text import one_line
from semsearch.tui.screens.ask import AskChoice, AskText, AskYesNo

if TYPE_CHECKING:
    from semsearch.engine import Engine
    from semsearch.engine.reranking import RerankOutlay
    from semsearch.records import ModelInfo
    from semsearch.tui.screens.base import BaseScreen, Task

_ANY = "any"
"""Stands for a model where only the server is asked about."""


def choose(screen: BaseScreen) -> None:
    """Offer the server's rerank models; the one that is chosen and agreed to orders hits."""
    screen.say_status("asking the server for its rerank models …")
    _begin_work(screen, partial(_offer, screen))


def stop(screen: BaseScreen) -> None:
    """Leave the hits as the search finds them."""
    screen.semsearch.reranker = ""
    screen.semsearch.say("Hits stand as the search finds them.")


def _begin_work(screen: BaseScreen, task: Task) -> None:
    screen.in_background(partial(_told, screen, task), "rerank", exclusive=True)


async def _told(screen: BaseScreen, task: Task) -> None:
    """What is the matter stands in place of what was being done."""
    try:
        await task()
    except SemsearchError as error:
        busy = getattr(error, "status", None) in {429, 503}
        told = "the provider is busy: try again in a moment" if busy else error.message
        screen.say_status(one_line(f"{told} {'' if busy else error.hint}".strip()), tone="warn")


async def _offer(screen: BaseScreen) -> None:
    outlay, models = await screen.semsearch.remote.run(_known)
    ids = [model.id for model in models]
    lines = [
        f"A rerank model reads the question with each of the first {outlay.passages:,} hits, and "
        "puts them in order."
    ]
    screen.say_again()
    if not ids:
        lines.append(f"{one_line(outlay.host)} has no list of them: type the name of one.")
        named = AskText("order hits by which model?", lines, check=_fault)
        screen.app.push_screen(named, lambda name: _ask(screen, (name or "").strip()))
        return
    chosen = AskChoice("order hits by which model?", lines, [one_line(one) for one in ids])
    screen.app.push_screen(chosen, lambda row: _ask(screen, "" if row is None else ids[row]))


def _known(engine: Engine) -> tuple[RerankOutlay, list[ModelInfo]]:
    outlay = engine.rerank_outlay(_ANY)  # offline, no key, no reranking: raised before a request
    try:
        return outlay, engine.rerank_models()
    except EmbeddingError as error:
        if error.code != "api.no_list":
            raise
        return outlay, []


def _fault(name: str) -> str:
    return "" if name.strip() else "Type a name, or press escape."


def _ask(screen: BaseScreen, model: str) -> None:
    if model:
        _begin_work(screen, partial(_plan, screen, model))


async def _plan(screen: BaseScreen, model: str) -> None:
    outlay = await screen.semsearch.remote.run(lambda engine: engine.rerank_outlay(model))
    box = AskYesNo(f"order hits by {one_line(model)}?", outlay_lines(outlay), yes="Order them")
    screen.app.push_screen(box, lambda yes: _agreed(screen, model, outlay) if yes else None)


def outlay_lines(outlay: RerankOutlay) -> list[str]:
    """What is sent from now on, at what cost, and what is agreed to by a yes."""
    cost = (
        f"The dearest such call so far cost {money(outlay.usd)}."
        if outlay.usd
        else "No such call was made yet; the status line tells what today has cost."
    )
    lines = [
        f"A second after you stop typing, or with enter, the question and up to "
        f"{outlay.passages:,} of its passages go to {one_line(outlay.host)}. The same question on "
        "the same passages is sent once.",
        "",
        cost,
    ]
    if outlay.needs_consent:
        lines += ["", "Text of this index was never sent there: yes agrees, for every folder."]
    return lines


def _agreed(screen: BaseScreen, model: str, outlay: RerankOutlay) -> None:
    _begin_work(screen, partial(_begin, screen, model, outlay))


async def _begin(screen: BaseScreen, model: str, outlay: RerankOutlay) -> None:
    app = screen.semsearch
    if outlay.needs_consent:
        await app.remote.run(lambda engine: engine.grant_consent(outlay.host))
    app.reranker = model
    key = app.key("search.rerank")
    screen.say_status(f"hits are ordered by {one_line(model)} now; {key} in search stops it")
