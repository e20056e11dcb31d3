"""Replies: bytes of a 200 turned into vectors, or into the reason why they cannot be.

Right vector on right text is proven here: count, index set and width, before anything else sees
the reply. Both wire forms are accepted per item, whichever was asked for.
"""

from __future__ import annotations

import re
import sys
from array import array
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from semsearch import vectors as proof
from semsearch.embed.wire.error import ErrorBody, parse_error
from semsearch.errors import MalformedReply
from semsearch.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence


class UnreadableReply(MalformedReply):
    """Not a reply of an embeddings server at all: HTML, nothing, or JSON cut short."""


class Usage(NamedTuple):
    """What a reply says it cost; None where it says nothing believable."""

    tokens: int | None = None
    cost_usd: float | None = None


class Reply(NamedTuple):
    """A reply whose count, order and width are proven."""

    vectors: tuple[bytes | None, ...]
    """By input; None where `faults` has a reason."""
    faults: dict[int, str]
    """Why single vectors are unusable: null, not finite, zero, not base64."""
    dimensions: int
    model: str
    provider: str
    request_id: str
    usage: Usage


class _Item(Struct, gc=False):
    embedding: bytes | list[float]
    index: int | None = None


class _Head(Struct):
    """Members beside the vectors: read loosely, since their oddities must not cost vectors."""

    model: Any = ""
    id: Any = ""
    provider: Any = ""
    usage: Any = None
    error: Any = None


class _Body(_Head, kw_only=True):
    data: list[_Item]


class _LooseBody(_Head, kw_only=True):
    data: list[msgspec.Raw]


class _Index(Struct):
    index: int | None = None


_decode_body: Final = msgspec.json.Decoder(_Body).decode
_decode_loose: Final = msgspec.json.Decoder(_LooseBody).decode
_decode_head: Final = msgspec.json.Decoder(_Head).decode
_decode_item: Final = msgspec.json.Decoder(_Item).decode
_decode_index: Final = msgspec.json.Decoder(_Index).decode

_UNREADABLE: Final = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_USAGE: Final = re.compile(
    rb'"usage"\s{0,9}:\s{0,9}(\{[^{}]{0,2000}(?:\{[^{}]{0,2000}\}[^{}]{0,2000})?\})'
)
"""A small object, at most one object in it."""
"""What decoding hostile bytes can raise; the numbers and nesting bombs are among them."""


def decode_reply(body: bytes, inputs: int) -> Reply | ErrorBody:
    """The vectors of a reply, or the error a 200 carried instead.

    Args:
        body: decoded of any content encoding.
        inputs: how many vectors were asked for.

    Raises:
        UnreadableReply: not JSON, or JSON that is no object with `data`.
        MalformedReply: wrong count, index set or width, or no usable vector at all.
    """
    try:
        parsed = _decode_body(body)
    except msgspec.ValidationError:
        return _decode_item_by_item(body, inputs)
    except _UNREADABLE as error:
        raise _unreadable(body) from error
    if parsed.error is not None:
        return _error_in(body)
    indices = [item.index for item in parsed.data]
    wire = [_pack(item.embedding) for item in parsed.data]
    return _assemble(parsed, wire, {}, indices, inputs)


def _decode_item_by_item(body: bytes, inputs: int) -> Reply | ErrorBody:
    """The way for replies in which something is of the wrong type: find out what."""
    try:
        parsed = _decode_loose(body)
    except _UNREADABLE as error:
        found = parse_error(body)
        if found is not None:
            return found
        raise _unreadable(body) from error
    if parsed.error is not None:
        return _error_in(body)
    wire: list[bytes] = []
    faults: dict[int, str] = {}
    indices: list[int | None] = []
    for position, raw in enumerate(parsed.data):
        try:
            item = _decode_item(raw)
        except _UNREADABLE as error:
            faults[position] = printable(str(error))[:100]
            wire.append(b"")
            indices.append(_index_of(raw))
        else:
            wire.append(_pack(item.embedding))
            indices.append(item.index)
    return _assemble(parsed, wire, faults, indices, inputs)


def _index_of(raw: msgspec.Raw) -> int | None:
    try:
        return _decode_index(raw).index
    except _UNREADABLE as error:
        raise MalformedReply("The reply has an item whose index is not a number.") from error


def _assemble(
    head: _Head,
    wire: list[bytes],
    faults: dict[int, str],
    indices: Sequence[int | None],
    inputs: int,
) -> Reply:
    if len(wire) != inputs:
        raise MalformedReply(f"The reply has {len(wire)} vectors for {inputs} inputs.")
    order = _order(indices)
    for position, packed in enumerate(wire):
        if position not in faults and (not packed or len(packed) % 4):
            faults[position] = f"{len(packed)} bytes are no float32 vector"
    widths = {len(packed) for position, packed in enumerate(wire) if position not in faults}
    if len(widths) > 1:
        sizes = ", ".join(str(width // 4) for width in sorted(widths)[:4])
        raise MalformedReply(f"The reply mixes vectors of {sizes} dimensions.")
    dimensions = next(iter(widths), 0) // 4
    faults.update(_unsound(wire, faults, dimensions))
    if len(faults) == inputs:
        reason = next(iter(faults.values())).rstrip(".")
        raise MalformedReply(f"The reply has no usable vector: {reason}.")
    placed: list[bytes | None] = [None] * inputs
    for position, target in enumerate(order):
        placed[target] = None if position in faults else wire[position]
    return Reply(
        tuple(placed),
        {order[position]: reason for position, reason in faults.items()},
        dimensions,
        *(short_text(head.model), short_text(head.provider), short_text(head.id)),
        usage_of(head.usage),
    )


def _order(indices: Sequence[int | None]) -> list[int]:
    """`order[position]` is the input an item belongs to; array order when no item has an index."""
    known = [index for index in indices if index is not None]
    if not known:
        return list(range(len(indices)))
    if sorted(known) != list(range(len(indices))):
        raise MalformedReply("The reply's indices are not 0 to n-1, each once.")
    return known


def _unsound(wire: list[bytes], known: dict[int, str], dimensions: int) -> dict[int, str]:
    """Reasons of vectors that are zero, not finite or absurdly long, by position."""
    faults: dict[int, str] = {}
    for position in _doubtful(wire) if len(wire) > 2 else range(len(wire)):
        if position not in known:
            try:
                proof.gate(wire[position], dimensions)
            except MalformedReply as error:
                faults[position] = error.message
    return faults


def _doubtful(wire: list[bytes]) -> list[int]:
    """Positions of vectors that a quick look does not clear; the gate has the last word on them.

    One at a time: arrays of a whole batch are so large that the allocator hands their pages back
    to the system each time, and getting them again costs more than all the arithmetic.
    """
    import numpy as np

    low, high = (4 * proof.MINIMUM_NORM**2, proof.MAXIMUM_NORM**2 / 4)
    doubtful = []
    with np.errstate(all="ignore"):
        for position, raw in enumerate(wire):
            values = np.frombuffer(raw, "<f4", len(raw) // 4)
            if not low < np.dot(values, values) < high:
                doubtful.append(position)
    return doubtful


def _pack(embedding: bytes | list[float]) -> bytes:
    if isinstance(embedding, bytes):
        return embedding
    values = array("f", embedding)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def read_usage(body: bytes) -> Usage:
    """What an otherwise unusable reply says it cost: money is counted even for rubbish."""
    try:
        return usage_of(_decode_head(body).usage)
    except _UNREADABLE:
        return usage_of(_usage_beside_rubbish(body))


def _usage_beside_rubbish(body: bytes) -> object:
    """The `usage` member of a body that is no JSON, such as one with NaN in it; None: not found."""
    at = body.rfind(b'"usage"')
    found = _USAGE.match(body, at) if at >= 0 else None
    try:
        return None if found is None else msgspec.json.decode(found[1])
    except _UNREADABLE:
        return None


def usage_of(usage: object) -> Usage:
    """The believable figures of a `usage` member."""
    if not isinstance(usage, dict):
        return Usage()
    tokens = _amount(usage.get("total_tokens"), 1e12)
    if tokens is None:
        tokens = _amount(usage.get("prompt_tokens"), 1e12)
    return Usage(None if tokens is None else int(tokens), _amount(usage.get("cost"), 1e6))


def _amount(value: object, limit: float) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < limit:
        return None
    return float(value)


def short_text(value: object) -> str:
    """A name the server gives, fit to print; empty for what is no text."""
    return printable(value)[:200] if isinstance(value, str) else ""


def _error_in(body: bytes) -> ErrorBody:
    return parse_error(body) or ErrorBody()


def _unreadable(body: bytes) -> UnreadableReply:
    # Not a word of the body: it may echo the key, and messages end up in crash reports.
    return UnreadableReply("The reply is no embeddings reply." if body else "The reply is empty.")
