"""Ways to spoil bytes, texts and JSON values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import random

_TOKENS: Final = (
    b"\0", b"\xff", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"null", b"NaN", b"1e999",
    b"-", b"\\u0000", b"\\ud800", b"\xef\xbb\xbf", b"\n", b"true", b"9" * 400, b"[" * 300,
)  # fmt: skip

ODD_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**64), 10**400, 0.0, -0.0, 1e308, 1e-310,
    float("nan"), float("inf"), float("-inf"), "", "0", "NaN", "\0", "\ud800", "\x1b]0;x\x07",
    "AAAA", "AAA", "====", "x" * 5000, [], [[]], [None], [1, 2, 3], ["0.5"], [True], {}, {"": {}},
    {"embedding": 1}, {"index": 0},
)  # fmt: skip

_ALPHABETS: Final = (
    (0x00, 0x1F), (0x20, 0x7E), (0x7F, 0x9F), (0xA0, 0x24F), (0x300, 0x36F), (0x400, 0x4FF),
    (0x590, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x200B, 0x206F), (0x3040, 0x30FF),
    (0x4E00, 0x4FFF), (0xAC00, 0xACFF), (0xD800, 0xDFFF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFF0, 0xFFFF), (0x1F300, 0x1F6FF), (0xE0000, 0xE007F), (0x10FFF0, 0x10FFFF),
)  # fmt: skip


def spoiled_bytes(chance: random.Random, data: bytes, times: int | None = None) -> bytes:
    """Flip, cut, insert, repeat and drop, a few times."""
    for _ in range(times or chance.choice((1, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(7)
        if kind == 0 and data:
            at = chance.randrange(len(data))
            data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at]
        elif kind == 2:
            data = data[:at] + chance.choice(_TOKENS) + data[at:]
        elif kind == 3:
            data = data[:at] + data[at + chance.choice((1, 2, 5, 40)) :]
        elif kind == 4:
            start = chance.randrange(len(data) + 1)
            data = data[:at] + data[start : start + chance.choice((3, 20, 200))] + data[at:]
        elif kind == 5:
            data = data[at:]
        else:
            data = data[:at] + chance.randbytes(chance.randrange(1, 9)) + data[at:]
    return data


def random_text(chance: random.Random, length: int) -> str:
    """Characters of a few alphabets, terminal controls and lone surrogates among them."""
    alphabets = chance.choices(_ALPHABETS, k=chance.randrange(1, 5))
    return "".join(chr(chance.randint(*chance.choice(alphabets))) for _ in range(length))


def spoiled_json(chance: random.Random, value: Any) -> Any:
    """Replace, drop, repeat or move something somewhere inside."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        changed = dict(value)
        key = chance.choice(list(changed))
        if chance.random() < 0.15:
            del changed[key]
        elif chance.random() < 0.1:
            changed[random_text(chance, 3)] = changed.pop(key)
        else:
            changed[key] = spoiled_json(chance, changed[key])
        return changed
    if isinstance(value, list) and value and chance.random() < 0.9:
        return _spoiled_list(chance, list(value))
    return chance.choice(ODD_VALUES)


def _spoiled_list(chance: random.Random, items: list[Any]) -> list[Any]:
    at = chance.randrange(len(items))
    kind = chance.randrange(6)
    if kind == 0:
        del items[at]
    elif kind == 1:
        items.insert(at, items[chance.randrange(len(items))])
    elif kind == 2:
        chance.shuffle(items)
    else:
        items[at] = spoiled_json(chance, items[at])
    return items


def as_json(value: Any) -> bytes:
    """JSON with everything Python lets pass: NaN, Infinity, lone surrogates."""
    return json.dumps(value).encode()
