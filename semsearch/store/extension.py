"""Vector functions inside SQL: sqlite-vec where it loads, plain Python of the same names elsewhere.

The library is found without importing its package, whose import costs more than a whole search.
It is loaded when the first vector question comes, so keyword search never pays for it.
"""

from __future__ import annotations

import math
import os
from array import array
from operator import mul

import apsw

from semsearch.text import printable
from semsearch.vectors import widen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

_SELF_TEST: Final = (
    "SELECT vec_distance_hamming(vec_bit(x'0f'), vec_bit(x'ff')), "
    "vec_distance_cosine(x'0000803f00000000', x'000000000000803f'), vec_version()"
)


class VectorFunctions:
    """Which implementation a connection got, and how a statement calls it."""

    __slots__ = ("cosine", "hamming", "name")

    def __init__(self, connection: apsw.Connection, *, allowed: bool) -> None:
        version, problem = _load(connection) if allowed else ("", "switched off")
        self.name = f"sqlite-vec {version}" if version else f"python ({problem})"
        self.hamming = _NATIVE_HAMMING if version else _PYTHON_HAMMING
        """Distance of column `bits` to the sign code in parameter 2, as SQL."""
        self.cosine = "1.0 - vec_distance_cosine(widen(vector.value), ?3)"
        """Similarity of a stored vector to the float32 vector in parameter 3, as SQL."""
        if not version:
            _register_python(connection)
        _define(connection, "widen", widen, 1)


_NATIVE_HAMMING: Final = "vec_distance_hamming(vec_bit(bits), vec_bit(?2))"
_PYTHON_HAMMING: Final = "vec_distance_hamming(bits, ?2)"
"""Without `vec_bit`, which only tells sqlite-vec what the bytes are: a call per row saved."""


def _load(connection: apsw.Connection) -> tuple[str, str]:
    """The version that works on this connection, or empty with what is wrong."""
    path = _library_path()
    if not path:
        return "", "sqlite-vec is not installed"
    switch = apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION
    connection.config(switch, 1)
    try:
        connection.load_extension(path)
    except apsw.ExtensionLoadingError as error:
        return "", f"sqlite-vec does not load: {printable(str(error))}"
    finally:
        connection.config(switch, 0)
    try:
        hamming, cosine, version = connection.execute(_SELF_TEST).fetchall()[0]
    except apsw.Error as error:
        return "", f"sqlite-vec does not work: {printable(str(error))}"
    if (hamming, cosine) != (4.0, 1.0):
        return "", "sqlite-vec gives wrong distances"
    return str(version), ""


def _library_path() -> str:
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("sqlite_vec")
    for folder in (spec and spec.submodule_search_locations) or ():
        return os.path.join(folder, "vec0")
    return ""


# --- the same functions in Python --------------------------------------------------------------


def _register_python(connection: apsw.Connection) -> None:
    _define(connection, "vec_bit", bytes, 1)
    _define(connection, "vec_distance_hamming", _hamming(), 2)
    _define(connection, "vec_distance_cosine", _cosine(), 2)


def _define(
    connection: apsw.Connection, name: str, function: Callable[..., Any], arguments: int
) -> None:
    connection.create_scalar_function(name, function, arguments, deterministic=True)


def _hamming() -> Callable[[bytes, bytes], int]:
    # The second argument is the same for every row of a query: converting it once halves the cost.
    from_bytes = int.from_bytes
    seen, number = b"", 0

    def vec_distance_hamming(bits: bytes, query: bytes) -> int:
        nonlocal seen, number
        if query != seen:
            seen, number = query, from_bytes(query, "little")
        return (from_bytes(bits, "little") ^ number).bit_count()

    return vec_distance_hamming


def _cosine() -> Callable[[bytes, bytes], float | None]:
    seen = b""
    query = array("f")
    norm = 0.0

    def vec_distance_cosine(value: bytes, other: bytes) -> float | None:
        nonlocal seen, query, norm
        if other != seen:
            seen, query = other, array("f", other)
            norm = math.hypot(*query)
        vector = array("f", value)
        lengths = norm * math.hypot(*vector)
        if not lengths:
            return None
        return float(1.0 - sum(map(mul, vector, query)) / lengths)

    return vec_distance_cosine
