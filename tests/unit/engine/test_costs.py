"""Who is charged for what: by day, model and folder; and providers nobody has checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from semsearch.engine.job import JobOptions
from semsearch.errors import ModelUnavailable
from semsearch.indexing.spending import shares
from tests.fakes import replies
from tests.fakes.api_server import RERANK_MODEL, FakeApi
from tests.unit.engine.conftest import A, B, Desk, last_report, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from semsearch.engine import Engine
    from semsearch.records import IndexStatus


@pytest.fixture
def server() -> Iterator[FakeApi]:
    with FakeApi() as made:
        yield made


@pytest.fixture
def two(tmp_path: Path, server: FakeApi) -> Desk:
    """Two folders, the second one twice as large; one file stands in both. Indexed with A."""
    desk = Desk(tmp_path, tmp_path / "large", server)
    for name, count in (("small", 10), ("large", 20)):
        folder = tmp_path / name
        write_files(folder, count)
        for path in folder.rglob("*.md"):
            path.write_text(path.read_text().replace("About", f"About {name}"))
        (folder / "same.md").write_text("# Same\n\nThis text stands in both folders.\n")
    add(desk, tmp_path / "small")
    desk.index_with(A)
    return desk


def add(desk: Desk, folder: Path) -> None:
    def act(engine: Engine) -> None:
        with engine.index_job([bytes(folder)], engine.choice(), JobOptions()) as job:
            job.grant_consent()
            assert last_report(list(job.run())).stopped_by is None

    desk.do(act, model__name=A)


def status(desk: Desk) -> IndexStatus:
    return desk.do(lambda engine: engine.status())  # type: ignore[no-any-return]


def by_folder(desk: Desk) -> dict[str, float]:
    return {one.root.path.decode().rsplit("/")[-1]: one.spent_usd for one in status(desk).roots}


def assert_books_agree(desk: Desk) -> None:
    """Days, folders and the total are the same money, and that is what was charged."""
    told = status(desk)
    charged = pytest.approx(desk.charged_usd, abs=1e-12)
    assert told.spent_usd == charged
    assert sum(one.spend.cost_usd for one in told.days) == charged
    assert sum(one.cost_usd for one in told.by_root) == charged
    of_roots = sum(one.cost_usd for one in told.by_root if one.root is not None)
    assert sum(one.spent_usd for one in told.roots) == pytest.approx(of_roots, abs=1e-12)


def test_each_folder_is_charged_for_its_own_text(two: Desk) -> None:
    spent = by_folder(two)
    assert sum(spent.values()) == pytest.approx(two.charged_usd, abs=1e-12)
    assert spent["large"] / spent["small"] == pytest.approx(2, rel=0.1)
    assert_books_agree(two)


def test_every_way_to_spend_is_in_the_books_once(two: Desk) -> None:
    two.search("cedar")
    before = by_folder(two)
    assert sum(before.values()) < two.charged_usd, "a question is text of no folder"
    two.compare(B, "cedar")
    two.search("willow", model__name=B)
    two.build(B)
    two.do(lambda engine: engine.check_model())
    two.do(lambda engine: engine.search("cedar", rerank=RERANK_MODEL))
    after = by_folder(two)
    assert all(after[name] > before[name] for name in before)
    assert_books_agree(two)
    assert {one.model for one in status(two).by_root} == {A, B, RERANK_MODEL}


def test_what_was_spent_on_text_that_is_gone_stays_with_its_folder(two: Desk) -> None:
    before = by_folder(two)
    two.compare(B, "cedar")
    with_b = by_folder(two)
    two.do(lambda engine: engine.drop_model(B))
    assert by_folder(two) == with_b
    assert with_b["large"] > before["large"]
    for path in two.folder.rglob("note1*.md"):
        path.unlink()
    two.index_with(A)
    assert by_folder(two) == pytest.approx(with_b)
    assert_books_agree(two)


def test_a_folder_that_is_forgotten_keeps_its_part_without_its_name(two: Desk) -> None:
    spent = by_folder(two)["small"]
    small = two.folder.parent / "small"
    two.do(lambda engine: engine.forget(bytes(small)))
    assert [one.root.path for one in status(two).roots] == [bytes(two.folder)]
    gone = [one for one in status(two).by_root if one.root is not None and one.path is None]
    assert sum(one.cost_usd for one in gone) == pytest.approx(spent)


def test_shares_add_up_and_a_text_in_two_folders_counts_half_for_each() -> None:
    assert shares([((1,), 30), ((1, 2), 20), ((), 500)]) == {1: 0.8, 2: 0.2}
    assert shares([((), 5)]) == {}
    assert sum(shares([((root % 7,), root) for root in range(100)]).values()) == pytest.approx(1)


@pytest.mark.parametrize(
    "step",
    [
        replies.edited(lambda data: data[0].update(embedding=[0.0] * 64)),
        replies.edited(lambda data: data[0].update(embedding=None)),
        replies.edited(lambda data: data + data),
        replies.edited(lambda data: data[0].update(embedding=[1.0] * 32)),
    ],
    ids=["zero", "null", "too many", "other width"],
)
def test_what_useless_replies_cost_is_in_the_books(desk: Desk, step: Any) -> None:
    with FakeApi(lambda received: step if received.method == "POST" else None) as broken:
        bad = Desk(desk.index.parent, desk.folder, broken)
        bad.do(lambda engine: engine.grant_consent(engine.host))
        bad.do(lambda engine: engine.store().set_space_endpoint(1, broken.url))
        before = bad.ledger_usd()
        bad.search("never asked before")
        with pytest.raises(Exception, match=r"."):
            bad.do(lambda engine: engine.check_model())
        assert broken.spent_usd > 0
        assert bad.ledger_usd() - before == pytest.approx(broken.spent_usd, abs=1e-12)


def test_calls_that_do_not_say_their_cost_are_counted_apart(tmp_path: Path) -> None:
    write_files(tmp_path / "notes", 3)
    with FakeApi(lambda one: replies.ok(usage=...) if one.method == "POST" else None) as server:
        desk = Desk(tmp_path, tmp_path / "notes", server)
        desk.index_with(A)
        desk.search("cedar")
        told = status(desk)
    assert (told.spent_usd, told.calls_without_cost) == (0.0, 2)


# --- silent drift ----------------------------------------------------------------------------


class Swapped(FakeApi):
    """Its provider `Other` serves other vectors of the same width."""

    def answer(
        self, request: Mapping[str, Any], inputs: Sequence[Any], *, base64: bool
    ) -> dict[str, Any]:
        texts = inputs if self.provider != "Other" else [f"x{text[::-1]}" for text in inputs]
        return super().answer(request, texts, base64=base64)


def unchecked(desk: Desk) -> tuple[str, ...]:
    return status(desk).spaces[0].unchecked


def test_another_provider_is_said_once_and_kept_until_it_is_checked(
    two: Desk, server: FakeApi
) -> None:
    assert unchecked(two) == ()
    server.provider = "Other"
    found = two.search("cedar juniper")
    assert "answered by Other for the first time" in " ".join(found.notices)
    assert "Other" not in " ".join(two.search("willow basil").notices)
    assert unchecked(two) == ("Other",)
    (notice,) = two.do(lambda engine: engine.drift_notices())
    assert f"models check {A}" in notice
    drift = two.do(lambda engine: engine.check_model())
    assert (drift.same, drift.served_by) == (True, "Other")
    assert unchecked(two) == ()
    assert two.do(lambda engine: engine.drift_notices()) == []


def test_a_provider_that_runs_another_model_stays_unchecked(tmp_path: Path) -> None:
    write_files(tmp_path / "notes", 20)
    with Swapped() as server:
        desk = Desk(tmp_path, tmp_path / "notes", server)
        desk.index_with(A)
        server.provider = "Other"
        assert not desk.do(lambda engine: engine.check_model()).same
        assert unchecked(desk) == ("Other",)


def test_where_a_check_costs_nothing_it_is_made_at_once(tmp_path: Path) -> None:
    free = "nvidia/nemotron-3-embed-1b:free"
    write_files(tmp_path / "notes", 20)
    with Swapped(models={free: 64}) as server:
        desk = Desk(tmp_path, tmp_path / "notes", server)
        desk.index_with(free)
        server.provider = "Same"
        desk.search("cedar")
        assert desk.do(lambda engine: engine.drift_notices()) == []
        assert unchecked(desk) == ()
        server.provider = "Other"
        desk.search("willow")
        (notice,) = desk.do(lambda engine: engine.drift_notices())
        assert "not the same at Other" in notice
        assert unchecked(desk) == ("Other",)


def test_another_width_behind_the_name_is_said_at_once(two: Desk, tmp_path: Path) -> None:
    with FakeApi(models={A: 96}) as wider:
        changed = Desk(tmp_path, two.folder, wider)
        changed.do(lambda engine: engine.grant_consent(engine.host))
        changed.do(lambda engine: engine.store().set_space_endpoint(1, wider.url))
        found = changed.search("cedar and a new question")
        assert found.mode == "lexical"
        assert "changed" in found.notices[0]
        assert "64 dimensions and now have 96" in found.notices[0]
        (two.folder / "new.md").write_text("# New\n\nSomething new.\n")
        report = changed.index_with(A)
        assert report.stopped_by is not None
        assert report.stopped_by.code == "model.changed"
        with pytest.raises(ModelUnavailable) as drift:
            changed.do(lambda engine: engine.check_model())
        assert drift.value.code == "model.changed"


# --- what is told of models ------------------------------------------------------------------


def test_the_list_tells_what_the_last_request_took_and_how_texts_are_sent(two: Desk) -> None:
    def row(engine: Engine) -> Any:
        return next(one for one in engine.models()[0] if one.info.id == A)

    told = two.do(row, offline=True)
    assert told.latency_ms > 0
    assert (told.query_form, told.document_form) == (
        "input_type=search_query",
        "input_type=search_document",
    )
    assert told.info.dimensions == 64


def test_status_tells_of_a_switch_under_way(two: Desk) -> None:
    assert status(two).wanted is None
    two.do(lambda engine: engine.compare(B, "cedar"), search__shortlist=5)
    two.use(B)
    wanted = status(two).wanted
    assert wanted is not None
    assert wanted.key.model == B
    two.build(B)
    assert status(two).wanted is None
