"""An index run sends what is new, once, and leaves nothing half done."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from semsearch.errors import AccessError, EmbeddingError, RequestRefused
from semsearch.records import Progress
from tests.fakes.embedder import FakeEmbedder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.records import Purpose
    from tests.unit.indexing.conftest import Bench


def sections(count: int, mark: str = "") -> str:
    """A Markdown file with one short section per number."""
    return "# Notes\n\n" + "".join(
        f"## Section {number}\n\nParagraph {number} about topic{number} {mark}.\n\n"
        for number in range(count)
    )


def test_every_chunk_gets_a_vector_and_documents_are_documents(
    bench: Bench, fake: FakeEmbedder
) -> None:
    for number in range(10):
        bench.write(f"{number}.md", sections(20, f"file{number}"))
    report = bench.index(fake)
    assert (report.new, report.failed, report.stopped_by) == (10, 0, None)
    assert report.embedded == report.inputs == fake.inputs_sent == report.chunks_total
    assert report.space is not None
    assert bench.store.coverage(report.space.id) == (report.chunks_total, report.chunks_total)
    assert {purpose for _, purpose in fake.calls} == {"document"}
    assert report.space.state == "ready"


def test_batches_are_filled_across_files(bench: Bench, fake: FakeEmbedder) -> None:
    for number in range(100):
        bench.write(f"{number}.txt", f"A single short note, number {number}.")
    bench.index(fake)
    sizes = sorted(len(texts) for texts, _ in fake.calls)
    assert sizes == [36, 64]


def test_a_second_run_sends_nothing(bench: Bench, fake: FakeEmbedder) -> None:
    bench.write("a.md", sections(5))
    bench.index(fake)
    sent = fake.inputs_sent
    report = bench.index(fake)
    assert (report.unchanged, report.new, report.changed, report.requests) == (1, 0, 0, 0)
    assert fake.inputs_sent == sent


def test_one_edited_line_sends_only_the_chunks_whose_text_changed(
    bench: Bench, fake: FakeEmbedder
) -> None:
    text = sections(30)
    bench.write("a.md", text)
    bench.index(fake)
    fake.calls.clear()
    bench.write("a.md", text.replace("Paragraph 7 about", "Paragraph 7, edited, about"))
    report = bench.index(fake)
    assert report.changed == 1
    assert len(fake.calls) == 1
    assert all("7, edited" in sent for sent in fake.texts_sent)
    assert len(fake.texts_sent) < 3
    assert report.reused == report.chunks_total - len(fake.texts_sent)


def test_a_touched_file_is_read_and_nothing_else(bench: Bench, fake: FakeEmbedder) -> None:
    path = bench.write("a.md", sections(3))
    bench.index(fake)
    path.touch()
    report = bench.index(fake)
    assert (report.unchanged, report.changed, report.requests) == (1, 0, 0)


def test_a_moved_file_sends_nothing_and_is_told_as_moved(bench: Bench, fake: FakeEmbedder) -> None:
    path = bench.write("a.md", sections(3))
    bench.index(fake)
    before = bench.texts()[b"a.md"]
    (bench.folder / "deep").mkdir()
    path.rename(bench.folder / "deep" / "b.md")
    report = bench.index(fake)
    assert (report.moved, report.new, report.gone, report.requests) == (1, 0, 0, 0)
    assert bench.texts() == {b"deep/b.md": before}


def test_a_deleted_file_is_gone_with_its_passages(bench: Bench, fake: FakeEmbedder) -> None:
    bench.write("keep.md", sections(2, "keep"))
    path = bench.write("drop.md", sections(2, "drop"))
    bench.index(fake)
    path.unlink()
    report = bench.index(fake)
    assert report.gone == 1
    assert set(bench.texts()) == {b"keep.md"}
    assert bench.store.counts().passages == 2


def test_equal_text_is_embedded_and_paid_for_once(bench: Bench, fake: FakeEmbedder) -> None:
    for name in ("a.md", "b.md", "c/d.md"):
        bench.write(name, sections(4))
    report = bench.index(fake)
    assert fake.inputs_sent == 4
    assert report.chunks_total == 12
    assert report.space is not None
    assert bench.store.coverage(report.space.id) == (12, 12)


def test_a_poisoned_text_is_isolated_named_and_not_sent_again(
    bench: Bench, fake: FakeEmbedder
) -> None:
    def refuse(texts: Sequence[str], _purpose: Purpose) -> None:
        if any("poison" in text for text in texts):
            raise RequestRefused("This input is refused.", status=400)

    fake.on_call = refuse
    for number in range(20):
        bench.write(f"{number}.txt", f"Note number {number}.")
    bench.write("bad.txt", "A little poison in the text.")
    report = bench.index(fake)
    assert report.embedded == 20
    assert report.failed == 1
    assert [(p.path, "refused" in p.reason) for p in report.problems] == [
        (bytes(bench.folder / "bad.txt"), True)
    ]
    assert b"bad.txt" in bench.texts()
    fake.calls.clear()
    assert bench.index(fake).requests == 0
    assert fake.calls == []


def test_no_credit_stops_at_once_keeps_what_is_done_and_goes_on_later(
    bench: Bench, fake: FakeEmbedder
) -> None:
    for number in range(300):
        bench.write(f"{number:03}.txt", f"Note number {number}.")
    calls = 0

    def run_dry(_texts: Sequence[str], _purpose: Purpose) -> None:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise AccessError("The credit is used up.", code="auth.credit")

    fake.on_call = run_dry
    fake.concurrency = 1
    report = bench.index(fake)
    assert isinstance(report.stopped_by, AccessError)
    assert report.embedded == 128
    assert calls == 3
    fake.on_call = None
    again = bench.index(fake)
    assert again.stopped_by is None
    assert again.embedded == 300 - 128
    assert fake.inputs_sent == 300
    assert len(bench.texts()) == 300


def test_files_are_found_by_keyword_when_the_api_is_down(bench: Bench, fake: FakeEmbedder) -> None:
    def down(_texts: Sequence[str], _purpose: Purpose) -> None:
        raise EmbeddingError("No connection.", code="api.circuit")

    fake.on_call = down
    bench.write("a.txt", "Rye needs more water.")
    report = bench.index(fake)
    assert isinstance(report.stopped_by, EmbeddingError)
    assert bench.store.match_chunks('"rye"', 5)
    fake.on_call = None
    assert bench.index(fake).embedded == 1


def test_the_old_version_answers_until_the_new_one_has_its_vectors(
    bench: Bench, fake: FakeEmbedder
) -> None:
    bench.write("a.txt", "The old words.")
    bench.index(fake)

    def down(_texts: Sequence[str], _purpose: Purpose) -> None:
        assert bench.store.match_chunks('"old"', 5)
        raise EmbeddingError("No connection.", code="api.circuit")

    fake.on_call = down
    fake.concurrency = 1
    bench.write("a.txt", "Some new words.")
    bench.index(fake)
    assert bench.texts() == {b"a.txt": ["The old words."]}
    fake.on_call = None
    bench.index(fake)
    assert bench.texts() == {b"a.txt": ["Some new words."]}


def test_a_stop_keeps_the_work_and_the_next_run_finishes(bench: Bench, fake: FakeEmbedder) -> None:
    for number in range(300):
        bench.write(f"{number:03}.txt", f"Note number {number}.")

    def stop_soon(texts: Sequence[str], _purpose: Purpose) -> None:
        del texts
        if fake.inputs_sent >= 64:
            bench.stop.set()

    fake.on_call = stop_soon
    report = bench.index(fake)
    assert report.interrupted
    assert 0 < report.embedded < 300
    bench.stop.clear()
    other = FakeEmbedder()
    again = bench.index(other)
    assert not again.interrupted
    assert report.embedded + again.embedded == 300


def test_the_cost_cap_is_never_passed(bench: Bench, fake: FakeEmbedder) -> None:
    for number in range(300):
        bench.write(f"{number:03}.txt", f"Note number {number}. " + "word " * 50)
    free = bench.index(None)
    assert free.cost_usd == 0
    report = bench.index(fake, max_cost=0.008)
    assert isinstance(report.stopped_by, AccessError)
    assert 0 < report.cost_usd <= 0.008
    assert report.embedded > 0


def test_keywords_first_vectors_when_a_model_comes(bench: Bench, fake: FakeEmbedder) -> None:
    bench.write("a.md", sections(6))
    first = bench.index(None)
    assert (first.new, first.embedded, first.space) == (1, 0, None)
    assert bench.store.match_chunks('"topic3"', 5)
    second = bench.index(fake)
    assert (second.unchanged, second.embedded) == (1, 6)
    assert second.space is not None
    assert bench.store.coverage(second.space.id) == (6, 6)


def test_two_models_side_by_side_and_the_first_stays_active(bench: Bench) -> None:
    bench.write("a.md", sections(6))
    one, two = FakeEmbedder(model="one"), FakeEmbedder(dimensions=32, model="two")
    bench.index(one)
    report = bench.index(two)
    assert report.embedded == 6
    active = bench.store.active_space()
    assert active is not None
    assert active.key.model == "one"
    bench.write("b.md", sections(3, "b"))
    bench.index(one)
    assert [bench.store.coverage(space.id) for space in bench.store.spaces()] == [(9, 9), (6, 9)]


SECRET = "export AWS_ACCESS_KEY_ID=AKIAQ3EGRT7YHPLWZ2VN\n"


def test_a_secret_is_withheld_from_a_remote_host_and_found_by_keyword(
    bench: Bench, fake: FakeEmbedder
) -> None:
    bench.write("setup.md", f"# Setup\n\n## Key\n\n{SECRET}\n## Rest\n\nNothing special here.\n")
    report = bench.index(fake)
    assert not any("AKIA" in text for text in fake.texts_sent)
    assert any("Nothing special" in text for text in fake.texts_sent)
    assert any("withheld" in problem.reason for problem in report.problems)
    assert bench.store.match_chunks('"aws_access_key_id"', 5)
    assert bench.index(fake).requests == 0


def test_a_secret_is_embedded_on_this_machine_or_when_the_user_says_so(bench: Bench) -> None:
    bench.write("setup.md", f"# Key\n\n{SECRET}")
    local = FakeEmbedder(endpoint="local", model="here")
    bench.index(local)
    assert any("AKIA" in text for text in local.texts_sent)
    remote = FakeEmbedder()
    bench.index(remote, send_secrets=True)
    assert any("AKIA" in text for text in remote.texts_sent)


def test_progress_only_grows(bench: Bench, fake: FakeEmbedder) -> None:
    for number in range(200):
        bench.write(f"{number}.txt", f"Note number {number}.")
    seen: list[Progress] = []

    def keep(event: object) -> None:
        if isinstance(event, Progress):
            seen.append(event)

    bench.index(fake, on_event=keep)
    for before, after in pairwise(seen):
        assert before.files_done <= after.files_done
        assert before.chunks_done <= after.chunks_done
        assert before.cost_usd <= after.cost_usd


@pytest.mark.parametrize("content", [b"", b"   \n\n", b"\x00\x01binary\x00" * 50])
def test_a_file_without_text_is_recorded_and_not_read_again(
    bench: Bench, fake: FakeEmbedder, content: bytes
) -> None:
    bench.write("odd.txt", content)
    report = bench.index(fake)
    assert report.requests == 0
    assert report.failed == 0
    assert bench.index(fake).unchanged == 1


def test_the_ledger_holds_what_was_paid(bench: Bench, fake: FakeEmbedder) -> None:
    for number in range(100):
        bench.write(f"{number}.txt", f"Note number {number}.")
    report = bench.index(fake)
    spends = bench.store.spend()
    assert sum(spend.inputs for spend in spends) == 100
    assert sum(spend.cost_usd for spend in spends) == pytest.approx(report.cost_usd)
