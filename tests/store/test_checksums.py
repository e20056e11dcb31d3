"""The checksum of a row: what every other row of values does not have."""

from __future__ import annotations

from zlib import crc32

from hypothesis import example, given
from hypothesis import strategies as st

from semsearch.store.checksums import row_checksum

VALUES = st.lists(
    st.one_of(
        st.integers(-2000, 2000),
        st.integers(),
        st.booleans(),
        st.none(),
        st.floats(),
        st.text(st.characters(), max_size=80),
        st.binary(max_size=80),
    ),
    max_size=6,
)


def plainly(values: list[object]) -> int:
    """What the checksums in every index so far are: the length of each value, and the value."""
    whole = b""
    for value in values:
        text = value if isinstance(value, str) else repr(value)
        raw = value if isinstance(value, bytes) else text.encode("utf-8", "surrogatepass")
        whole += len(raw).to_bytes(8, "little") + raw
    return crc32(whole)


@given(VALUES)
@example([-1, 0, 1023, 1024, None, True])
@example([b"x" * 63, b"x" * 64, "\ud800"])
def test_a_checksum_never_changes(values: list[object]) -> None:
    assert row_checksum(*values) == plainly(values)  # type: ignore[arg-type]
