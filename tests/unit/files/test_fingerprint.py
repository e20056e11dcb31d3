"""The number that stands for a file's status."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from semsearch.files import UNTRUSTED, fingerprint, racy
from semsearch.records import FileRef

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND

refs = st.builds(
    FileRef,
    relative=st.just(b"x"),
    size=st.integers(0, 1 << 50),
    mtime_ns=st.integers(-(1 << 62), 1 << 62),
    ctime_ns=st.integers(0, 1 << 62),
    device=st.just(1),
    inode=st.integers(0, (1 << 64) - 1),
)


def test_it_is_the_same_in_every_run_and_version() -> None:
    ref = FileRef(b"a.md", 4096, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789, 7, 1234567)
    assert fingerprint(ref) == 7_007_755_689_793_000_247


@given(refs)
@example(FileRef(b"x", 0, 0, 0, 1, 0))
def test_it_fits_a_signed_64_bit_column_and_is_never_the_untrusted_one(ref: FileRef) -> None:
    assert -(1 << 63) <= fingerprint(ref) < 1 << 63
    assert fingerprint(ref) != UNTRUSTED


@given(refs, st.sampled_from(["size", "mtime_ns", "ctime_ns"]), st.integers(1, 1 << 40))
@example(FileRef(b"x", 0, 0, 0, 1, 0), "mtime_ns", 1)
def test_a_change_of_one_number_changes_it(ref: FileRef, field: str, step: int) -> None:
    changed = ref._replace(**{field: getattr(ref, field) + step})
    assert fingerprint(changed) != fingerprint(ref)


@given(refs, st.integers(1, 1 << 45), st.integers(-(1 << 28), 1 << 28))
def test_a_usual_write_changes_it(ref: FileRef, later: int, growth: int) -> None:
    assume(ref.size + growth >= 0)
    written = ref._replace(
        size=ref.size + growth, mtime_ns=ref.ctime_ns + later, ctime_ns=ref.ctime_ns + later
    )
    before = ref._replace(mtime_ns=ref.ctime_ns)
    assert fingerprint(written) != fingerprint(before)


def test_a_file_written_just_before_or_during_the_scan_is_racy() -> None:
    old = FileRef(b"x", 1, START - 10 * SECOND, START - 10 * SECOND, 1, 1)
    assert not racy(old, START)
    assert racy(old._replace(mtime_ns=START - SECOND), START)
    assert racy(old._replace(ctime_ns=START - 2 * SECOND), START)
    assert racy(old._replace(mtime_ns=START + SECOND), START)
