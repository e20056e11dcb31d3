"""What vanished is believed only when it is believable."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from semsearch.indexing import PlanOptions
from tests.unit.indexing.conftest import LIMIT

if TYPE_CHECKING:
    from tests.fakes.embedder import FakeEmbedder
    from tests.unit.indexing.conftest import Bench


def fill(bench: Bench, count: int) -> None:
    for number in range(count):
        bench.write(f"{number:03}.txt", f"Note number {number}.")


def test_a_vanished_root_keeps_its_index(bench: Bench, fake: FakeEmbedder) -> None:
    fill(bench, 5)
    bench.index(fake)
    shutil.rmtree(bench.folder)
    report = bench.index(fake)
    assert len(bench.texts()) == 5
    assert report.problems[0].path == bytes(bench.folder)


def test_a_root_that_is_suddenly_empty_keeps_its_index_until_agreed(
    bench: Bench, fake: FakeEmbedder
) -> None:
    fill(bench, 5)
    bench.index(fake)
    for path in bench.folder.iterdir():
        path.unlink()
    report = bench.index(fake)
    assert (report.gone, len(bench.texts())) == (0, 5)
    assert "seem to be gone" in report.problems[0].reason
    agreed = bench.index(fake, plan=PlanOptions(LIMIT, remove_many=True))
    assert (agreed.gone, bench.texts()) == (5, {})


def test_most_of_many_files_gone_is_not_believed_half_of_them_is(
    bench: Bench, fake: FakeEmbedder
) -> None:
    fill(bench, 300)
    bench.index(fake)
    paths = sorted(bench.folder.iterdir())
    for path in paths[:140]:
        path.unlink()
    assert bench.index(fake).gone == 140
    for path in paths[140:280]:
        path.unlink()
    assert bench.index(fake).gone == 0
    assert len(bench.texts()) == 160


def test_a_new_ignore_rule_takes_files_out(bench: Bench, fake: FakeEmbedder) -> None:
    fill(bench, 4)
    bench.write("drafts/a.txt", "A draft.")
    bench.index(fake)
    (bench.folder / ".semsearchignore").write_text("drafts/\n")
    report = bench.index(fake)
    assert report.gone == 1
    assert b"drafts/a.txt" not in bench.texts()


def test_rehash_reads_everything_and_sends_nothing(bench: Bench, fake: FakeEmbedder) -> None:
    fill(bench, 4)
    bench.index(fake)
    fake.calls.clear()
    report = bench.index(fake, plan=PlanOptions(LIMIT, rehash=True))
    assert report.unchanged == 4
    assert fake.calls == []


def test_a_new_chunker_chunks_again_and_pays_only_for_new_text(
    bench: Bench, fake: FakeEmbedder
) -> None:
    fill(bench, 4)
    bench.index(fake)
    fake.calls.clear()
    bench.store.set_note(f"root.{bench.root.id}.chunker", "0")
    report = bench.index(fake)
    assert report.changed == 4
    assert fake.calls == []


def test_a_link_inside_the_root_is_followed_when_the_user_says_so(
    bench: Bench, fake: FakeEmbedder
) -> None:
    bench.write("real/a.txt", "Behind the link.")
    (bench.folder / "link").symlink_to(bench.folder / "real")
    assert bench.index(fake).new == 1
    followed = bench.index(
        fake, plan=PlanOptions(LIMIT, follow_symlinks=True), follow_symlinks=True
    )
    assert followed.failed == 0
    assert set(bench.texts()) == {b"real/a.txt", b"link/a.txt"}
