"""Spaces that cost nothing, servers that change, lists without a network, and what is deleted."""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from semsearch.engine.job import JobOptions
from semsearch.errors import ModelUnavailable, UsageError
from semsearch.records import ModelInfo
from semsearch.store.schema import PAGE_SIZE
from tests.fakes.api_server import FakeApi
from tests.unit.engine.conftest import A, B, Desk, last_report, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from semsearch.engine import Engine
    from semsearch.records import SearchResult

SMALL = "openai/text-embedding-3-small"


class Trained(FakeApi):
    """Serves models whose vectors can be cut: a shorter one is the beginning of the native one."""

    def answer(
        self, request: Mapping[str, Any], inputs: Sequence[Any], *, base64: bool
    ) -> dict[str, Any]:
        native = {name: value for name, value in request.items() if name != "dimensions"}
        reply = super().answer(native, inputs, base64=False)
        for row in reply["data"]:
            values = row["embedding"][: request.get("dimensions")]
            norm = math.sqrt(math.fsum(value * value for value in values)) or 1.0
            row["embedding"] = [value / norm for value in values]
        assert base64, "the client asks for base64 and understands both"
        return reply


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Desk]:
    """Forty files, indexed with a model that is known to be trained for shorter vectors."""
    place = tmp_path / "small"
    write_files(place / "notes", 40)
    with Trained() as server:
        made = Desk(place, place / "notes", server)
        made.index_with(SMALL)
        yield made


def test_a_shorter_size_of_a_stored_model_is_cut_from_it_for_nothing(
    small: Desk, tmp_path: Path
) -> None:
    api = small.api
    requests = len(api.embedding_requests)
    report = small.build(SMALL, model__dimensions=512)
    assert (report.embedded, report.reused, report.stopped_by) == (0, 40, None)
    assert len(api.embedding_requests) == requests
    small.do(lambda engine: engine.use_model(SMALL), model__dimensions=512)
    found = small.search("cedar number7")
    assert (found.space.key.dimensions, found.coverage) == (512, 1.0)
    (tmp_path / "scratch").mkdir()
    scratch = Desk(tmp_path / "scratch", small.folder, api)
    scratch.index_with(SMALL, model__dimensions=512)
    cosines = [
        {hit.path: hit.cosine for hit in one.do(meaning_only).hits} for one in (small, scratch)
    ]
    assert cosines[0].keys() == cosines[1].keys()
    assert cosines[0] == pytest.approx(cosines[1], abs=0.004)


def meaning_only(engine: Engine) -> SearchResult:
    return engine.search("cedar number7", mode="semantic", limit=40)


def test_a_preview_an_index_run_and_a_switch_cut_rather_than_pay(small: Desk) -> None:
    sent = len(small.documents_sent(SMALL))

    def outlay(engine: Engine) -> int:
        return engine.comparison_outlay(SMALL, "cedar").inputs

    short = {"model__dimensions": 512}
    assert small.do(outlay, **short) == 0
    compared = small.do(lambda engine: engine.compare(SMALL, "cedar"), **short)
    assert (compared.b.key.dimensions, compared.embedded) == (512, 0)
    assert compared.full_switch.chunks == 0
    assert all(row.rank_b for row in compared.rows)
    for number in range(3):
        (small.folder / f"more{number}.md").write_text(f"# More {number}\n\nSomething new.\n")
    small.index_with(SMALL)
    report = small.index_with(SMALL, model__dimensions=256)
    assert (report.embedded, report.stopped_by) == (0, None)
    assert len(small.documents_sent(SMALL)) == sent + 3


def test_a_model_nobody_knows_to_be_cut_is_refused(desk: Desk) -> None:
    with pytest.raises(UsageError, match="cut to 32"):
        desk.build(A, model__dimensions=32)
    assert desk.requests == 0


def test_the_same_model_passes_its_check(desk: Desk) -> None:
    drift = desk.do(lambda engine: engine.check_model())
    assert (drift.same, drift.sampled) == (True, 12)
    assert drift.lowest > 0.999
    assert desk.ledger_usd() == pytest.approx(desk.charged_usd, abs=1e-12)


def test_another_model_behind_the_same_name_is_noticed(tmp_path: Path) -> None:
    class Swapped(FakeApi):
        """Serves other vectors of the same width under the name, once it is told to."""

        swapped = False

        def answer(
            self, request: Mapping[str, Any], inputs: Sequence[Any], *, base64: bool
        ) -> dict[str, Any]:
            texts = [f"other {text[::-1]}" for text in inputs] if self.swapped else inputs
            return super().answer(request, texts, base64=base64)

    write_files(tmp_path / "notes", 20)
    with Swapped() as server:
        desk = Desk(tmp_path, tmp_path / "notes", server)
        desk.index_with(A)
        assert desk.do(lambda engine: engine.check_model()).same
        server.swapped = True
        drift = desk.do(lambda engine: engine.check_model(A))
        assert not drift.same
        assert drift.lowest < 0.9


def test_a_space_moves_to_another_server_that_gives_the_same_vectors(
    desk: Desk, tmp_path: Path
) -> None:
    with FakeApi() as other:
        moved = Desk(tmp_path, desk.folder, other)
        shutil.copy(desk.index, moved.index.with_name("moved.db"))
        moved.index = moved.index.with_name("moved.db")
        moved.do(lambda engine: engine.grant_consent(engine.host))
        space, drift = moved.do(lambda engine: engine.adopt_model(A))
        assert space.key.endpoint == other.url
        assert drift.same
        assert moved.search("cedar number7").space.key.endpoint == other.url
        assert moved.index_with(A).embedded == 0


def test_a_server_with_other_vectors_is_not_adopted(desk: Desk, tmp_path: Path) -> None:
    with FakeApi(models={A: 48}) as other:
        moved = Desk(tmp_path, desk.folder, other)
        moved.do(lambda engine: engine.grant_consent(engine.host))
        with pytest.raises(ModelUnavailable):
            moved.do(lambda engine: engine.adopt_model(A))
    endpoints = [one.key.endpoint for one in desk.do(lambda engine: engine.store().spaces())]
    assert endpoints == [desk.api.url]


def test_a_dropped_space_is_gone_and_the_one_that_answers_stays(desk: Desk) -> None:
    desk.compare(B, "cedar")
    desk.use(B)
    assert desk.do(lambda engine: engine.drop_model(B)).vectors == 100
    found = desk.search("cedar")
    assert (found.space.key.model, found.notices) == (A, ())
    with pytest.raises(UsageError, match="answers"):
        desk.do(lambda engine: engine.drop_model(A))
    with pytest.raises(UsageError, match="no vectors"):
        desk.do(lambda engine: engine.drop_model(B))


def test_the_place_of_a_dropped_space_is_given_back_to_the_disk(desk: Desk) -> None:
    desk.build(B)
    size = desk.index.stat().st_size
    dropped = desk.do(lambda engine: engine.drop_model(B))
    assert (dropped.vectors, dropped.shrunk) == (300, True)
    # Whole pages; the first one may hold rows of the other space too.
    least = 300 * 2 * 96 - PAGE_SIZE
    assert dropped.freed_bytes >= least
    assert size - desk.index.stat().st_size >= least
    assert desk.search("cedar").space.key.model == A


def test_a_reader_only_puts_the_shrinking_off(desk: Desk) -> None:
    desk.build(B)
    reader = apsw.Connection(str(desk.index))
    rows = reader.execute("SELECT key FROM vector")
    next(rows)
    dropped = desk.do(lambda engine: engine.drop_model(B))
    rows.close(force=True)
    reader.close()
    assert (dropped.vectors, dropped.shrunk) == (300, False)
    assert desk.search("cedar").space.key.model == A


def test_the_list_of_models_works_offline_after_it_was_fetched_once(desk: Desk) -> None:
    def offered(engine: Engine) -> dict[str, ModelInfo]:
        return {row.info.id: row.info for row in engine.models()[0]}

    assert desk.do(offered, offline=True)["google/gemini-embedding-2"].dimensions == 3072
    assert desk.do(lambda engine: engine.refresh_models()) == 4
    requests = desk.requests
    kept = desk.do(offered, offline=True)
    assert desk.requests == requests
    assert "google/gemini-embedding-2" not in kept
    assert kept[B].usd_per_million_tokens == 0.02
    assert kept[B].modalities == ("text",)


def test_a_server_without_a_list_leaves_the_built_in_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.api, "_models", {})
    for _ in range(2):  # the empty list that was kept is as good as none
        rows, warnings = desk.do(lambda engine: engine.models())
        assert "google/gemini-embedding-2" in {row.info.id for row in rows}
        assert any("lists no models" in warning for warning in warnings)


def test_a_cap_holds_for_a_model_only_the_server_knows_the_price_of(desk: Desk) -> None:
    report = desk.build(B, index__max_cost=0.00002)
    assert report.stopped_by is not None
    assert report.stopped_by.code == "cost.cap"


def test_a_killed_flip_is_done_by_the_next_build(desk: Desk) -> None:
    desk.build(B)
    desk.compare(B, "cedar")

    def half(engine: Engine) -> None:
        """What is left when the process dies between the last vector and the flip."""
        store = engine.store()
        space = next(one for one in store.spaces() if one.key.model == B)
        store.set_space_state(space.id, "building")
        store.set_note("model.wanted", str(space.id))

    desk.do(half)
    sent = len(desk.documents_sent(B))
    assert desk.build(B).embedded == 0
    assert len(desk.documents_sent(B)) == sent
    assert desk.search("cedar").space.key.model == B


def test_an_index_run_completes_a_switch_too(desk: Desk) -> None:
    desk.compare(B, "cedar")
    desk.use(B)
    desk.index_with(B)
    active = desk.do(lambda engine: engine.store().active_space())
    assert active.key.model == B


def test_a_dry_run_tells_and_changes_nothing(desk: Desk) -> None:
    def plan(engine: Engine) -> object:
        with engine.build_job(B, dry_run=True) as job:
            return job.estimate()

    report = desk.do(plan)
    assert last_report([report]).estimate.inputs == 300  # type: ignore[union-attr]
    assert desk.documents_sent(B) == []
    assert len(desk.do(lambda engine: engine.store().spaces())) == 1


def test_the_cost_book_tells_days_models_and_what_reuse_saved(tmp_path: Path, api: FakeApi) -> None:
    folder = tmp_path / "notes"
    write_files(folder, 6)
    shutil.copytree(folder / "1", folder / "copy")
    desk = Desk(tmp_path, folder, api)
    assert desk.index_with(A).chunks_total == 7
    desk.compare(B, "cedar")
    status = desk.do(lambda engine: engine.status())
    assert {one.spend.model for one in status.days} == {A, B}
    assert sum(one.spend.cost_usd for one in status.days) == pytest.approx(desk.charged_usd)
    assert len({one.day for one in status.days}) in {1, 2}
    sizes = [len(text) for text in desk.documents_sent(A)]
    assert status.saved_tokens == pytest.approx(2 * max(sizes) / 4, rel=0.5)
    assert status.saved_usd == pytest.approx(status.saved_tokens * 2e-8, rel=0.01)


def test_an_estimate_learns_how_the_model_counts(desk: Desk) -> None:
    def ratio(engine: Engine) -> float:
        return engine.store().token_ratio(1)

    estimated = desk.do(
        lambda engine: sum(passage.tokens for passage, _ in engine.store().sample_passages(1, 1000))
    )
    counted = sum(-(-len(text) // 4) for text in desk_texts(desk))
    assert desk.do(ratio) == pytest.approx(counted / estimated, rel=1e-6)
    left = desk.compare(B, "cedar").full_switch
    spent = desk.charged_usd
    desk.build(B)
    assert desk.charged_usd - spent == pytest.approx(left.cost_usd, rel=0.05)


def test_the_estimate_of_an_index_run_has_learned_too(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for number in range(20):
        (tmp_path / "more" / f"{number}.md").write_text(f"# More {number}\n\nSome words here.\n")

    def plan(engine: Engine) -> Any:
        paths = [bytes(tmp_path / "more")]
        with engine.index_job(paths, engine.choice(), JobOptions(dry_run=True)) as job:
            return job.estimate().estimate

    def run(engine: Engine) -> Any:
        with engine.index_job([bytes(tmp_path / "more")], engine.choice(), JobOptions()) as job:
            job.grant_consent()
            return last_report(list(job.run()))

    told = desk.do(plan)
    assert told.tokens == pytest.approx(desk.do(run).tokens, rel=0.06)


def desk_texts(desk: Desk) -> list[str]:
    return desk.do(  # type: ignore[no-any-return]
        lambda engine: [passage.text for passage, _ in engine.store().sample_passages(1, 1000)]
    )
