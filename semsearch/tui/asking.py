"""Search as one types, at two speeds: by keywords at once, by meaning after a pause.

Every question has a number; an answer to an older one is dropped. Nothing here draws.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.errors import Cancelled, SemsearchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from semsearch.records import Mode, SearchResult
    from semsearch.tui.engine_thread import EngineThread

IDLE_SECONDS: Final = 0.06
"""Pause after a key before keywords are looked up."""

MEANING_SECONDS: Final = 0.25
"""Pause after a key before the query is embedded, which may cost money."""

REST_SECONDS: Final = 0.1
"""Pause between the hits that are seen at once and the rest of them."""

RERANK_SECONDS: Final = 1.0
"""Pause after a key before a rerank model is asked, which sends text of many hits."""

FEWEST_CHARACTERS: Final = 3
"""Shorter queries are looked up by keyword only."""

LIMIT: Final = 200
"""Hits of one search."""

SCREENFUL: Final = 25
"""Hits that are shown first; finding the sentence to show of each takes time."""


class Question(NamedTuple):
    """What is asked."""

    number: int
    text: str
    mode: Mode


class Answer(NamedTuple):
    """What was found, or why nothing could be."""

    question: Question
    result: SearchResult | None
    final: bool
    """False: the answer by meaning is still to come."""
    error: SemsearchError | None = None


class Asker:
    """Asks the engines about the newest question.

    Args:
        desk: the engine for what is quick.
        remote: the engine for what may take long.
        tell: called with every answer that is still wanted.
        holds: whether `remote` holds the codes of a large index: then it alone compares vectors.
        reranker: the model that puts hits in order; empty: none does.
    """

    def __init__(
        self,
        desk: Callable[[], EngineThread],
        remote: Callable[[], EngineThread],
        tell: Callable[[Answer], None],
        holds: Callable[[], bool] = lambda: False,
        reranker: Callable[[], str] = lambda: "",
    ) -> None:
        self._desk, self._remote, self._tell = desk, remote, tell
        self._holds, self._reranker = holds, reranker
        self._found: SearchResult | None = None
        """What the search itself found, before a rerank model is asked about it."""
        self._number = 0
        self._hurry = asyncio.Event()
        self._insisted = False
        """Enter was pressed: then the meaning of two characters is looked up as well."""
        self._pausing = False
        self.waiting = False
        """Whether an answer to the newest question is still to come."""
        self.question = Question(0, "", "hybrid")

    def hurry(self) -> bool:
        """Do not wait for a pause any longer; says whether there was anything to wait for."""
        self._insisted = True
        self._hurry.set()
        return self._pausing

    def forget(self) -> None:
        """Drop the answers that are still to come."""
        self._number += 1
        self.waiting = False

    async def ask(self, text: str, mode: Mode, *, at_once: bool = False) -> None:
        """Answer a question in up to three passes; run it in an exclusive worker."""
        self._number += 1
        question = self.question = Question(self._number, text, mode)
        self.waiting = True
        self._insisted = False
        self._found = None
        self._hurry.clear()
        if at_once:
            self._hurry.set()
        await self._pause(IDLE_SECONDS)
        final = await self._by_words(question)
        if self._old(question):
            return
        if not final:
            if self._too_short(question):
                self.waiting = False
                return
            if not await self._is_free(question):
                await self._pause(MEANING_SECONDS - IDLE_SECONDS)
            await self._by_meaning(question)
        await self._reorder(question)

    def _too_short(self, question: Question) -> bool:
        return len(question.text.strip()) < FEWEST_CHARACTERS and not self._insisted

    def _is_reordered(self, question: Question) -> bool:
        """Whether a rerank model is to be asked about what was found."""
        return bool(self._reranker()) and not self._too_short(question)

    async def _is_free(self, question: Question) -> bool:
        """Whether the vector of the question is known, and only the comparing is still to do."""
        if not self._holds():
            return False
        from semsearch.engine.desk import is_known

        try:
            return await self._desk().run(lambda engine: is_known(engine, question.text))
        except SemsearchError:
            return False  # the search by meaning tells it

    async def _by_words(self, question: Question) -> bool:
        """The answer that is there at once; whether it is the last one."""
        short = len(question.text.strip()) < FEWEST_CHARACTERS
        try:
            result, final = await self._answer_now(question, SCREENFUL)
            if final and len(result.hits) == SCREENFUL:
                self._answer(Answer(question, result, final=False))
                await asyncio.sleep(REST_SECONDS)  # until they are painted
                if self._old(question):
                    return True
                result, final = await self._answer_now(question, LIMIT)
        except Cancelled:
            return True  # superseded: a newer question is on its way
        except SemsearchError as error:
            self._answer(Answer(question, None, final=True, error=error))
            return True
        if final:
            self._conclude(question, result)
        else:
            self._answer(Answer(question, result, final=short))
        return final

    async def _answer_now(self, question: Question, limit: int) -> tuple[SearchResult, bool]:
        from semsearch.engine.desk import answer_now

        by_words = self._holds()
        return await self._desk().run(
            lambda engine: answer_now(
                engine, question.text, question.mode, limit, by_words=by_words
            ),
            interrupt=True,
        )

    async def _by_meaning(self, question: Question) -> None:
        try:
            result = await self._remote().run(
                lambda engine: engine.search(question.text, mode=question.mode, limit=LIMIT)
            )
        except Cancelled:
            return
        except SemsearchError as error:
            self._answer(Answer(question, None, final=True, error=error))
        else:
            self._conclude(question, result)

    def _conclude(self, question: Question, result: SearchResult) -> None:
        """The search is done; the answer is final unless the hits are still to be put in order."""
        more = bool(result.hits) and self._is_reordered(question)
        self._found = result if more else None
        self._answer(Answer(question, result, final=not more))

    async def _reorder(self, question: Question) -> None:
        """Ask the rerank model, once the person has stopped typing for good."""
        from semsearch.engine.desk import reordered

        found, model = self._found, self._reranker()
        if found is None or not model or self._old(question):
            return
        await self._pause(RERANK_SECONDS - IDLE_SECONDS)
        try:
            result = await self._remote().run(
                lambda engine: reordered(engine, question.text, question.mode, found, model)
            )
        except Cancelled:
            return
        except SemsearchError as error:
            # The hits are good; only their order could not be had.
            notice = f"{error.message} {error.hint}".strip()
            result = found._replace(notices=(notice, *found.notices))
        self._answer(Answer(question, result, final=True))

    async def _pause(self, seconds: float) -> None:
        self._pausing = True
        try:
            await asyncio.wait_for(self._hurry.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._pausing = False

    def _answer(self, answer: Answer) -> None:
        if not self._old(answer.question):
            self.waiting = not answer.final
            self._tell(answer)

    def _old(self, question: Question) -> bool:
        return question.number != self._number
