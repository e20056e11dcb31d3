"""Is a search good on these files, and is a dearer model worth it? Measured, not guessed."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from semsearch.engine import choice as choices
from semsearch.engine.background import learn_background
from semsearch.engine.questions import ALL_MODES, EvaluationRequest, collect, sample
from semsearch.errors import UsageError
from semsearch.records.evaluation import Evaluation, QueryOutlay, SwitchCost
from semsearch.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from semsearch.engine.facade import Engine
    from semsearch.records import Mode, Space
    from semsearch.records.evaluation import JudgmentSource
    from semsearch.searching.evaluate import Answered
    from semsearch.searching.judged import Question

    Tell = Callable[[str, int, int], None]
__all__ = ["ALL_MODES", "EvaluationPlan", "EvaluationRequest", "evaluate", "plan"]


class EvaluationPlan(NamedTuple):
    """Everything that is known before a question is asked."""

    source: JudgmentSource
    unit: Literal["file", "passage"]
    questions: tuple[Question, ...]
    unanswerable: int
    modes: tuple[Mode, ...]
    spaces: tuple[Space, ...]
    outlays: tuple[QueryOutlay, ...]
    """Of the spaces some questions have no vector in yet."""
    notices: tuple[str, ...]


def plan(engine: Engine, request: EvaluationRequest) -> EvaluationPlan:
    """Collect the questions and find out what asking them will cost; sends nothing.

    Raises:
        UsageError: there is no index, no question, or no such model; a file is malformed.
        StorageError: a file cannot be read.
    """
    spaces, notices = _spaces(engine, request)
    source, questions = collect(engine.store(), request)
    answerable = [one for one in questions if any(grade > 0 for grade in one.grades.values())]
    if not answerable:
        raise UsageError(
            "There is no question whose answer is in the index.",
            hint="Index the judged folder first, or mark a few results (f7 in the terminal UI).",
            code="eval.no_questions",
        )
    unanswerable = len(questions) - len(answerable)
    answerable = sample(answerable, request.limit)
    outlays = {space: _outlay(engine, space, answerable) for space in spaces}
    if engine.settings.flag("offline") and not request.spaces:
        reachable = [one for one in spaces if not (outlays[one].host and outlays[one].questions)]
        notices += [
            f"Offline: some questions were never embedded with {one_line(space.key.model)}, "
            "which is left out."
            for space in spaces
            if space not in reachable
        ]
        spaces = reachable
    modes = tuple(mode for mode in request.modes if spaces or mode == "lexical")
    if not modes:
        raise UsageError(
            "This index has no vectors to search by meaning.",
            hint="`semsearch index` makes them; --modes lexical measures search by words.",
            code="model.no_vectors",
        )
    if modes == ("lexical",):
        spaces = []
    return EvaluationPlan(
        source,
        "passage" if source == "marks" else "file",
        tuple(answerable),
        unanswerable,
        modes,
        tuple(spaces),
        tuple(outlays[space] for space in spaces if outlays[space].questions),
        tuple(notices),
    )


def evaluate(engine: Engine, planned: EvaluationPlan, tell: Tell) -> Evaluation:
    """Ask every question in every mode with every model, and measure the answers.

    Args:
        engine: an open engine.
        planned: what to measure.
        tell: called with what is being done, how much of it is, and how much there is.

    Raises:
        AccessError, EmbeddingError: vectors of questions are missing and cannot be had.
    """
    from semsearch.searching.evaluate import answer_all, difference, summary

    store = engine.store()
    paid, vectors = _question_vectors(engine, planned, tell)
    options = engine.search_options(None, None)._replace(per_file=planned.unit == "file")
    every: list[Answered] = []
    runs = []
    for mode, space in _runs(planned):
        name = mode if space is None else f"{mode}, {space.key.model}"

        def told(done: int, name: str = name) -> None:
            tell(name, done, len(planned.questions))

        every.append(
            answer_all(
                store,
                planned.questions,
                options._replace(mode=mode),
                space,
                vectors[space.id] if space is not None else {},
                told,
            )
        )
        runs.append(summary(mode, space, every[-1]))
    pairs = [(one, other) for other in range(len(every)) for one in range(other)]
    return Evaluation(
        planned.source,
        planned.unit,
        len(planned.questions),
        planned.unanswerable,
        store.coverage(0)[1],
        tuple(runs),
        tuple(difference(one, other, every) for one, other in pairs),
        tuple(_switch_cost(engine, space) for space in planned.spaces),
        paid,
        planned.notices,
    )


def _runs(planned: EvaluationPlan) -> list[tuple[Mode, Space | None]]:
    """Every mode of every space, lexical once and last."""
    runs: list[tuple[Mode, Space | None]] = [
        (mode, space) for space in planned.spaces for mode in planned.modes if mode != "lexical"
    ]
    return [*runs, ("lexical", None)] if "lexical" in planned.modes else runs


# --- which models ----------------------------------------------------------------------------


def _spaces(engine: Engine, request: EvaluationRequest) -> tuple[list[Space], list[str]]:
    """The spaces to measure, the one that answers first, and what to say about the others."""
    from semsearch.engine.switching import is_complete

    store = engine.store()
    active = store.active_space()
    held = sorted(store.spaces(), key=lambda space: space != active)
    held = [space for space in held if store.coverage(space.id)[0]]
    if request.spaces:
        return [_named(held, name) for name in dict.fromkeys(request.spaces)], []
    complete = [space for space in held if is_complete(engine, space)]
    notices = [
        f"{one_line(space.key.model)} does not cover the index and is left out; "
        f"--spaces {one_line(space.key.model)} measures it as it is."
        for space in held
        if space not in complete
    ]
    return complete, notices


def _named(held: Sequence[Space], name: str) -> Space:
    """The space a person names; where a model has several, the widest unless a width is given."""
    from semsearch.engine.costs import host_of

    model, _, width = name.rpartition(":")
    found = [space for space in held if name in (space.key.model, str(space.id))]
    found += [space for space in held if name == "local" and not host_of(space)]
    if width.isdigit():
        wide = int(width)
        found += [
            space for space in held if (space.key.model, space.key.dimensions) == (model, wide)
        ]
    if not found:
        there = ", ".join(one_line(space.key.model) for space in held) or "none"
        raise UsageError(
            f"The index has no vectors of {one_line(name)!a}.",
            hint=f"It has those of: {there}.",
            code="model.no_vectors",
        )
    return max(found, key=lambda space: space.key.dimensions)


def _switch_cost(engine: Engine, space: Space) -> SwitchCost:
    from semsearch.engine import switching
    from semsearch.engine.costs import calibrated_tokens

    store = engine.store()
    passages, tokens = store.pending(0, switching.withholds(engine, space))
    tokens = calibrated_tokens(store, space, tokens)
    return SwitchCost(
        space, passages, tokens, switching.cost(engine, choices.of_space(space, store), tokens)
    )


# --- their vectors ---------------------------------------------------------------------------


def _texts(questions: Sequence[Question]) -> list[str]:
    from semsearch.searching.evaluate import as_query

    now = time.time()
    texts = (as_query(question, now=now).text for question in questions)
    return list(dict.fromkeys(filter(None, texts)))


def _outlay(engine: Engine, space: Space, questions: Sequence[Question]) -> QueryOutlay:
    from semsearch.engine import switching
    from semsearch.engine.costs import host_of
    from semsearch.searching.closeness import ABSURD_QUESTIONS, needs_background

    store = engine.store()
    texts = _texts(questions)
    if _teachable(engine, space) and needs_background(store, space):
        texts += ABSURD_QUESTIONS
    missing = [one for one in texts if store.cached_query(space.id, one) is None]
    # Four characters a token is what English needs; the question's own markers come on top.
    tokens = sum(len(text) // 4 + 3 for text in missing)
    choice = choices.of_space(space, store)
    cost = switching.cost(engine, choice, tokens) if missing else 0.0
    return QueryOutlay(space, len(missing), tokens, cost, host_of(space))


def _question_vectors(
    engine: Engine, planned: EvaluationPlan, tell: Tell
) -> tuple[float, Mapping[int, Mapping[str, bytes]]]:
    """What was paid, and each question's vector by space and text."""
    from semsearch.searching.question_vectors import query_vectors

    texts, paid = _texts(planned.questions), 0.0
    offline = engine.settings.flag("offline")
    vectors: dict[int, Mapping[str, bytes]] = {}
    for space in planned.spaces:

        def told(done: int, name: str = space.key.model) -> None:
            tell(f"questions embedded with {name}", done, len(texts))

        vectors[space.id], cost = query_vectors(
            engine.store(),
            space,
            texts,
            partial(engine.query_embedder, space),
            offline=offline,
            tell=told,
        )
        paid += cost
        if _teachable(engine, space):
            paid += learn_background(engine.store(), space, partial(engine.query_embedder, space))
    return paid, vectors


def _teachable(engine: Engine, space: Space) -> bool:
    """Whether the model can be asked what unrelated text reaches."""
    return space.key.endpoint == choices.LOCAL or not engine.settings.flag("offline")
