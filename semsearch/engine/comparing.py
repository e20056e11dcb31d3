"""Try another model on a question before paying for all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.engine import choice as choices
from semsearch.engine import model_list, switching
from semsearch.engine.costs import calibrated_tokens
from semsearch.errors import AccessError, UsageError
from semsearch.records import Comparison, Outlay
from semsearch.settings import NOTHING_USD

if TYPE_CHECKING:
    from semsearch.engine.choice import Choice
    from semsearch.engine.facade import Engine
    from semsearch.records import Query, Space
    from semsearch.searching import Options


def outlay(engine: Engine, model: str, *raws: str) -> Outlay:
    """What comparing by these questions would send; only their own vectors may be asked for now.

    Raises:
        UsageError: there is nothing to compare, or nothing to look for.
        AccessError: nothing may be paid, and a question's own vector would cost.
    """
    active, choice, space = _sides(engine, model)
    queries = [_query(engine, raw) for raw in raws]
    for query in queries:
        _check_free(engine, query, active, choices.of_space(active, engine.store()))
    base, options = _base(engine), _options(engine)
    chunks = dict.fromkeys(
        chunk
        for query in queries
        for chunk in switching.shortlist(engine, query, base, options).chunks
    )
    missing = switching.missing_passages(engine, choice, space, tuple(chunks))
    tokens = sum(passage.tokens for passage in missing)
    tokens = calibrated_tokens(engine.store(), space, tokens)
    host = "" if choice.local else choices.host(choice)
    return Outlay(
        candidates=len(chunks),
        inputs=len(missing),
        tokens=tokens,
        cost_usd=switching.cost(engine, choice, tokens),
        host=host,
        needs_consent=bool(switching.roots_without_consent(engine, host)),
    )


def compare(
    engine: Engine, model: str, raw: str, limit: int, cap_usd: float | None = None
) -> Comparison:
    """The model that answers now beside another one, on the candidates of a question.

    Candidates the other model has no vector of are embedded and kept.

    Args:
        engine: an open engine.
        model: the other model, as a person names it.
        raw: the question.
        limit: how deep the overlap looks.
        cap_usd: most that may be spent on candidates; 0: no cap, None: the setting.

    Raises:
        UsageError: there is nothing to compare, or nothing to look for.
        AccessError: no key, no consent, no credit, or the cap is reached.
        BusyError: another process is filling the index.
        EmbeddingError: the other model cannot be had.
    """
    from semsearch.searching.compare import agreement, compared_rows, overlap
    from semsearch.searching.vector import query_vector

    active, choice, space = _sides(engine, model)
    query, options = _query(engine, raw), _options(engine)
    listed = switching.shortlist(engine, query, active, options)
    cap = engine.settings.number("index.max_cost") if cap_usd is None else cap_usd
    _check_free(engine, query, space, choice)
    space, filled = switching.fill(engine, choice, space, listed.chunks, cap)
    asked = query_vector(
        engine.store(),
        space,
        query.text,
        lambda: engine.query_embedder(space),
        offline=options.offline,
    )
    rows = compared_rows(
        engine.store(), query, listed, (active, listed.vector), (space, asked.unit)
    )
    return Comparison(
        query=raw,
        a=active,
        b=space,
        rows=rows,
        k=limit,
        overlap_at_k=overlap(rows, limit),
        rank_agreement=agreement(rows),
        embedded=filled.embedded,
        cost_usd=listed.cost_usd + filled.cost_usd + asked.cost_usd,
        full_switch=switching.full_switch(engine, choice, space),
        notices=(*listed.notices, *filter(None, [asked.notice])),
    )


def _check_free(engine: Engine, query: Query, space: Space | None, choice: Choice) -> None:
    """Refuse to ask for a question's vector where nothing may be paid."""
    if engine.settings.number("index.max_cost") != NOTHING_USD:
        return
    known = space is not None and engine.store().cached_query(space.id, query.text) is not None
    if not known and model_list.price(engine.settings, choice, ask=True) != 0:
        raise AccessError(
            f"Nothing may be paid, and {choice.model!a} would be asked for the question's vector.",
            hint="Raise --max-cost.",
            code="cost.cap",
        )


def _sides(engine: Engine, model: str) -> tuple[Space, Choice, Space | None]:
    active = _base(engine)
    if active is None:
        raise UsageError(
            "The index has no vectors yet that another model could be compared with.",
            hint=f"Make them with: semsearch index --model {model!a}",
            code="model.no_vectors",
        )
    choice, space = choices.named_choice(engine.settings, engine.store(), model)
    if space == active:
        raise UsageError(
            f"{choice.model!a} is the model that answers now; name another one.",
            hint="`semsearch models list` shows what there is.",
        )
    return active, choice, space


def _base(engine: Engine) -> Space | None:
    return engine.store().active_space()


def _query(engine: Engine, raw: str) -> Query:
    query = switching.parse(engine, raw)
    if not query.text:
        raise UsageError(
            "There is nothing to compare by: the query has no words.",
            hint="Type a question, or a few words.",
            code="query.empty",
        )
    return query


def _options(engine: Engine) -> Options:
    return engine.search_options(None, None)
