"""Switch the model and keep the index: what is sent, what is paid, and whose vectors decide."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from semsearch.engine.job import JobOptions
from semsearch.errors import AccessError, BusyError, ModelUnavailable, UsageError
from semsearch.store.lock import indexer_lock
from tests.unit.engine.conftest import VOCABULARY, A, B, Desk, write_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from semsearch.engine import Engine
    from semsearch.records import SpaceStatus
    from tests.fakes.api_server import FakeApi

QUERY = "cedar and juniper number7"


def places(result: object) -> list[tuple[bytes, float | None]]:
    return [(hit.path, hit.cosine) for hit in result.hits]  # type: ignore[attr-defined]


def test_a_preview_embeds_the_candidates_and_a_search_after_it_sends_nothing(desk: Desk) -> None:
    compared = desk.compare(B, QUERY)
    sent = desk.documents_sent(B)
    assert len(sent) == len(compared.rows) == compared.embedded == 100
    before = desk.requests
    again = desk.compare(B, QUERY)
    assert (again.embedded, again.cost_usd) == (0, 0.0)
    assert again.rows == compared.rows
    found = desk.search(QUERY, model__name=B)
    assert desk.requests == before
    assert found.space.key.model == B
    assert found.cost_usd == 0.0
    assert [hit.cosine for hit in found.hits] == [row.cosine_b for row in compared.rows[:10]]
    assert desk.ledger_usd() == pytest.approx(desk.charged_usd, abs=1e-12)


def test_a_comparison_is_what_indexes_from_scratch_would_say(
    desk: Desk, tmp_path: Path, api: FakeApi
) -> None:
    compared = desk.compare(B, QUERY)
    for model, rank, cosine in ((A, "rank_a", "cosine_a"), (B, "rank_b", "cosine_b")):
        (tmp_path / model[-4:]).mkdir()
        scratch = Desk(tmp_path / model[-4:], desk.folder, api)
        scratch.index_with(model)
        hits = scratch.do(lambda e: e.search(QUERY, mode="semantic", limit=1000)).hits
        among = {row.path for row in compared.rows}
        expected = [(hit.path, hit.cosine) for hit in hits if hit.path in among]
        rows = sorted(compared.rows, key=lambda row: getattr(row, rank))
        assert sorted(expected) == sorted((row.path, getattr(row, cosine)) for row in rows)
        assert [cosine for _, cosine in expected] == [getattr(row, cosine) for row in rows]


def test_a_switch_before_the_build_orders_by_the_new_model_alone(desk: Desk) -> None:
    desk.compare(B, QUERY)
    desk.use(B)
    found = desk.search(QUERY)
    assert found.space.key.model == B
    assert found.coverage == pytest.approx(1 / 3)
    assert "covers 33.3 %" in " ".join(found.notices)
    assert [hit.cosine for hit in found.hits] == sorted(
        (hit.cosine for hit in found.hits), reverse=True
    )
    sent = len(desk.documents_sent(B))
    other = desk.search("willow yarrow")
    new = len(desk.documents_sent(B)) - sent
    assert 0 < new <= 100
    requests = desk.requests
    assert places(desk.search("willow yarrow")) == places(other)
    assert desk.requests == requests


def test_a_build_after_a_switch_flips_and_equals_an_index_from_scratch(
    desk: Desk, tmp_path: Path, api: FakeApi
) -> None:
    before = desk.search(QUERY)
    desk.compare(B, QUERY)
    desk.use(B)
    report = desk.build(B)
    assert (report.embedded, report.stopped_by) == (200, None)
    assert Counter(desk.documents_sent(B)).most_common(1)[0][1] == 1
    after = desk.search(QUERY)
    assert (after.space.key.model, after.coverage, after.notices) == (B, 1.0, ())
    (tmp_path / "scratch").mkdir()
    scratch = Desk(tmp_path / "scratch", desk.folder, api)
    scratch.index_with(B)
    assert places(scratch.search(QUERY)) == places(after)
    requests = desk.requests
    desk.use(A)
    assert places(desk.search(QUERY)) == places(before)
    assert desk.requests == requests


def test_a_build_alone_leaves_the_old_model_answering(desk: Desk) -> None:
    before = desk.search(QUERY)
    desk.build(B)
    assert places(desk.search(QUERY)) == places(before)
    desk.use(B)
    assert desk.search(QUERY).space.key.model == B
    states = {one.space.key.model: (one.space.state, one.active) for one in spaces(desk)}
    assert states == {A: ("retired", False), B: ("ready", True)}


def spaces(desk: Desk) -> tuple[SpaceStatus, ...]:
    return desk.do(lambda engine: engine.status().spaces)  # type: ignore[no-any-return]


def test_build_with_use_flips_by_itself(desk: Desk) -> None:
    desk.build(B, use=True)
    assert desk.search(QUERY).space.key.model == B


def test_a_capped_build_goes_on_where_it_stopped_and_pays_nothing_twice(desk: Desk) -> None:
    spent = desk.charged_usd

    def capped(engine: Engine) -> object:
        with engine.build_job(B, 0.00003) as job:
            return list(job.run())[-1]

    report = desk.do(capped)
    assert isinstance(report.stopped_by, AccessError)
    assert report.stopped_by.code == "cost.cap"
    assert 0 < desk.charged_usd - spent <= 0.00003
    assert desk.build(B).stopped_by is None
    assert Counter(desk.documents_sent(B)).most_common(1)[0][1] == 1
    assert len(desk.documents_sent(B)) == 300
    assert desk.ledger_usd() == pytest.approx(desk.charged_usd, abs=1e-12)


def test_recent_files_come_first(desk: Desk) -> None:
    def capped(engine: Engine) -> object:
        with engine.build_job(B, 0.00003) as job:
            return list(job.run())[-1]

    desk.do(capped)
    assert "Note 299\n" in desk.documents_sent(B)[0]


def test_what_questions_found_comes_before_the_rest(desk: Desk) -> None:
    desk.search("number3")
    desk.do(lambda engine: engine.store().remember_query("number3", "hybrid", 1))
    desk.build(B)
    assert any(text.endswith("number3.") for text in desk.documents_sent(B)[:20])


def test_offline_the_complete_model_answers_and_says_so(desk: Desk) -> None:
    before = desk.search(QUERY)
    desk.compare(B, "willow")
    desk.use(B)
    requests = desk.requests
    found = desk.search(QUERY, offline=True)
    assert desk.requests == requests
    assert (found.space.key.model, places(found)) == (A, places(before))
    assert B in found.notices[0]
    previewed = desk.search("willow", offline=True)
    assert previewed.space.key.model == B


def test_while_another_process_fills_the_index_the_old_model_answers(desk: Desk) -> None:
    before = desk.search(QUERY)
    sent = len(desk.documents_sent(B))
    with indexer_lock(str(desk.index)):
        found = desk.search(QUERY, model__name=B)
        assert places(found) == places(before)
        with pytest.raises(BusyError):
            desk.compare(B, QUERY)
    assert len(desk.documents_sent(B)) == sent


def test_a_search_costs_no_more_than_its_cap(desk: Desk) -> None:
    desk.search(QUERY)
    spent = desk.charged_usd
    found = desk.search(QUERY, model__name=B, search__max_cost=1e-6)
    assert found.space.key.model == A
    assert "cap" in found.notices[0]
    assert desk.charged_usd == spent


def test_a_model_that_does_not_exist_is_said_and_leaves_nothing(desk: Desk) -> None:
    for act in (
        lambda engine: engine.compare("acme/none", QUERY),
        lambda engine: engine.search(QUERY),
    ):
        with pytest.raises(ModelUnavailable):
            desk.do(act, model__name="acme/none")
    assert desk.build("acme/none").stopped_by is not None
    assert len(spaces(desk)) == 1


def test_a_folder_nobody_agreed_to_send_is_asked_about(desk: Desk, tmp_path: Path) -> None:
    private = tmp_path / "private"
    write_files(private, 3)

    def keywords_only(engine: Engine) -> None:
        with engine.index_job([bytes(private)], None, JobOptions()) as job:
            list(job.run())

    desk.do(keywords_only)
    with pytest.raises(AccessError, match="never allowed"):
        desk.compare(B, QUERY)
    assert desk.do(lambda engine: engine.comparison_outlay(B, QUERY)).needs_consent
    assert desk.documents_sent(B) == []
    desk.do(lambda engine: engine.grant_consent(engine.host))
    assert desk.compare(B, QUERY).rows


def test_the_outlay_is_what_is_then_sent(desk: Desk) -> None:
    told = desk.do(lambda engine: engine.comparison_outlay(B, QUERY))
    assert (told.candidates, told.inputs, told.needs_consent) == (100, 100, False)
    desk.compare(B, QUERY)
    assert len(desk.documents_sent(B)) == told.inputs


def test_the_rest_of_a_switch_is_told(desk: Desk) -> None:
    left = desk.compare(B, QUERY).full_switch
    assert left.chunks == 200
    spent = desk.charged_usd
    desk.build(B)
    assert desk.charged_usd - spent == pytest.approx(left.cost_usd, rel=0.3)


def test_nothing_to_compare_is_an_error_of_the_caller(desk: Desk) -> None:
    with pytest.raises(UsageError, match="answers now"):
        desk.compare(A, QUERY)
    with pytest.raises(UsageError, match="no words"):
        desk.compare(B, "in:.")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_over_any_sequence_of_acts_each_passage_is_paid_once_and_the_books_agree(
    desk: Desk, seed: int
) -> None:
    chance = random.Random(seed)
    acts: list[Callable[[str], object]] = [
        lambda query: desk.compare(B, query),
        lambda query: desk.search(query, model__name=B),
        desk.search,
        lambda _: desk.use(A),
        lambda _: desk.use(B),
        lambda _: desk.build(B, index__max_cost=desk_cap(chance)),
        lambda query: desk.search(query, model__name=B, search__max_cost=desk_cap(chance)),
        lambda query: desk.search(query, offline=True),
        lambda _: desk.index_with(B, index__max_cost=desk_cap(chance)),
    ]
    for _ in range(12):
        query = " ".join(chance.sample(VOCABULARY.split(), 2))
        with suppress(UsageError):  # B has no vectors yet, or answers already
            chance.choice(acts)(query)
    desk.build(B)
    assert Counter(desk.documents_sent(B)).most_common(1)[0][1] == 1
    assert len(desk.documents_sent(B)) == 300
    assert desk.documents_sent(A) == []
    assert desk.ledger_usd() == pytest.approx(desk.charged_usd, abs=1e-12)


def desk_cap(chance: random.Random) -> float:
    """A cap that ends a build somewhere; the whole of it costs about a ten-thousandth."""
    return chance.choice([1e-6, 2e-5, 5e-5])
