"""Whole runs against an API that fails in every way it knows.

Whatever happens on the way, in the end each passage is stored once with the right vector or listed
as failed with its reason, and the ledger holds every cent the server told of.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from semsearch.embed.client import ApiEmbedder
from semsearch.embed.config import ApiConfig
from semsearch.embed.retry import INDEX, Controller
from semsearch.indexing import IndexRun, PlanOptions, RunOptions, make_plan
from semsearch.keys import Secret
from semsearch.records import IndexReport
from semsearch.store import open_index
from semsearch.vectors import gate, narrow, widen
from tests.fakes import replies
from tests.fakes.api_server import KEY, PRICE_PER_TOKEN, FakeApi
from tests.fakes.vectors import embed_text, pack
from tests.store.invariants import invariants

if TYPE_CHECKING:
    from pathlib import Path

    from semsearch.store import SqliteStore
    from tests.fakes.http_server import Exchange, Received
    from tests.fakes.replies import Step

MODEL = "acme/tiny"
WIDTH = 64
HURRIED = INDEX._replace(
    base_delay=0.001, longest_delay=0.004, connect=1, read=0.15, write=1, total=0.4, budget=20
)


def each(value: Any) -> Step:
    """Every vector replaced by one of these values."""

    def edit(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["embedding"] = [value] * WIDTH

    return replies.edited(edit)


def renumbered(number: Any) -> Step:
    def edit(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["index"] = number

    return replies.edited(edit)


TOLD: dict[str, Step] = {
    # Bad or odd replies that arrive, and say what they cost.
    "reordered": replies.edited(lambda rows: rows[::-1]),
    "one too few": replies.edited(lambda rows: rows[:-1]),
    "one too many": replies.edited(lambda rows: [*rows, rows[0]]),
    "none at all": replies.edited(lambda rows: rows[:0]),
    "same index": renumbered(0),
    "negative index": renumbered(-1),
    "huge index": renumbered(2**70),
    "index as text": renumbered("0"),
    "not finite": each(float("nan")),
    "infinite": each(1e999),
    "zero": each(0.0),
    "denormal": each(1e-42),
    "huge": each(1e30),
    "null": each(None),
    "nested": each([1.0]),
    "wrong width": replies.edited(lambda rows: [row | {"embedding": [1.0] * 3} for row in rows]),
    "base64 junk": replies.edited(lambda rows: [row | {"embedding": "!!!"} for row in rows]),
    "base64 cut": replies.edited(lambda rows: [row | {"embedding": "AAAAAA=="} for row in rows]),
    "compressed": replies.gzipped,
    "another model": replies.ok(model="somebody/else"),
}
UNTOLD: dict[str, Step] = {
    # What the server charged for, if anything, never reached us.
    "half a body": replies.half_body,
    "half its chunks": replies.half_chunks,
    "half until the end": replies.half_until_close,
    "no usage": replies.ok(usage=...),
    "absurd usage": replies.ok(usage={"total_tokens": "many", "cost": -1}),
}
FREE: dict[str, Step] = {
    "reset": replies.reset,
    "closed": replies.close,
    "silence": replies.stall(),
    "silence after headers": replies.stall(after_headers=True),
    "dripping": replies.drip(),
    "dripping headers": replies.drip(headers=True),
    "endless": replies.endless,
    "bomb": replies.gzip_bomb(4 << 20),
    "page": replies.html(),
    "nothing": replies.raw(b""),
    "not JSON": replies.raw(b"{"),
    "deep": replies.raw(b"[" * 100_000),
    "long number": replies.raw(b'{"data": ' + b"9" * 5000 + b"}"),
    "error in a 200": replies.error(502, "from within", in_200=True),
    "shrug": replies.error(404, "No successful provider responses.", in_200=True),
    "redirected": replies.redirect("http://127.0.0.1:1/elsewhere"),
    "model gone": replies.error(404, "acme/tiny is not a valid model ID"),
    "too long": replies.error(400, "x", metadata={"error_type": "context_length_exceeded"}),
    "wait a moment": replies.status(429, headers={"Retry-After": "0.01"}),
    "wait a day": replies.status(429, headers={"Retry-After": "86400"}),
    "wait for nonsense": replies.status(429, headers={"Retry-After": "soon"}),
} | {
    str(code): replies.status(code)
    for code in (400, 401, 402, 403, 404, 408, 409, 413, 422, 425, 429, 500, 502, 503, 504, 520,
                 524, 529)
}  # fmt: skip
FAULTS: dict[str, Step] = TOLD | UNTOLD | FREE


class Storm:
    """Meets every other request with a fault until each was met once; keeps the books beside."""

    def __init__(self, seed: int) -> None:
        self.faults = sorted(FAULTS)
        random.Random(seed).shuffle(self.faults)
        self.delivered: Counter[str] = Counter()
        """How often each text came back in a whole, right reply."""
        self.told_usd = 0.0
        """What replies that arrived said they cost."""
        self._count = 0
        self._lock = threading.Lock()

    def pick(self, received: Received) -> Step | None:
        if received.method != "POST":
            return None
        if any("poison" in text for text in received.inputs):
            return replies.error(400, "input is too strange")
        if any("rotten" in text for text in received.inputs):
            return self._right
        with self._lock:
            self._count += 1
            name = self.faults.pop() if self.faults and self._count % 2 else None
        return self._right if name is None else self._booked(FAULTS[name], told=name in TOLD)

    def _right(self, exchange: Exchange) -> None:
        body = exchange.embeddings()
        for row, text in zip(body["data"], exchange.received.inputs, strict=True):
            if "rotten" in text:
                row["embedding"] = "AAAA"
        exchange.send_json(body)
        if exchange.open:
            self._book(exchange.received)
            with self._lock:
                self.delivered.update(exchange.received.inputs)

    def _booked(self, step: Step, *, told: bool) -> Step:
        def booked(exchange: Exchange) -> None:
            step(exchange)
            if told:
                self._book(exchange.received)

        return booked

    def _book(self, received: Received) -> None:
        tokens = sum(-(-len(text) // 4) for text in received.inputs)
        with self._lock:
            self.told_usd += tokens * PRICE_PER_TOKEN


def write_notes(folder: Path) -> None:
    folder.mkdir()
    for number in range(60):
        sections = [f"## Part {part}\n\nsubject{number} detail{part} words.\n" for part in range(4)]
        (folder / f"{number:02}.md").write_text(f"# Note {number}\n\n" + "\n".join(sections))
    (folder / "poison.md").write_text("# Bad\n\nThis text is poison to the model.\n")
    (folder / "rotten.md").write_text("# Worse\n\nThis text is always rotten.\n")
    (folder / "secret.md").write_text("# Key\n\nsk-or-v1-0123456789abcdef0123456789abcdee\n")


def index_once(store: SqliteStore, url: str, folder: Path) -> IndexReport:
    embedder = ApiEmbedder(
        ApiConfig(url, MODEL, Secret(KEY), batch_inputs=2, concurrency=3),
        HURRIED,
        controller=Controller("loopback", 3),
    )
    try:
        space = store.ensure_space(embedder.key._replace(dimensions=0), 0.5)
        if store.active_space() is None:
            store.activate_space(space.id)
        plan = make_plan(store, store.roots(), PlanOptions(max_file_bytes=10**7))
        options = RunOptions(max_file_bytes=10**7)
        run = IndexRun(store, plan, embedder, space, options, threading.Event())
        *_, report = run.events()
    finally:
        embedder.close()
    assert isinstance(report, IndexReport)
    return report


@pytest.mark.parametrize("seed", [1])
def test_every_passage_is_stored_once_and_right_or_listed_and_every_cent_is_booked(
    seed: int, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    write_notes(folder)
    store = open_index(str(tmp_path / "index.db"), create=True)
    store.add_root(bytes(folder))
    storm = Storm(seed)
    with FakeApi(storm.pick, strict=False) as api:
        for _ in range(40):
            report = index_once(store, api.url, folder)
            if report.stopped_by is None:
                break
        assert report.stopped_by is None, report.stopped_by
        assert not storm.faults, "the storm ended too soon"
        again = index_once(store, api.url, folder)
        assert again.embedded == 0
    listed = {one.path.rsplit(b"/", 1)[-1] for one in [*again.problems, *store.troubles()]}
    assert {b"poison.md", b"rotten.md", b"secret.md"} <= listed
    space = store.spaces()[0]
    for file in store.files():
        chunks = store.chunks_of_file(file.id)
        assert chunks, file.relative
        passages = store.passages_of_chunks(chunks)
        vectors = store.chunk_vectors(space.id, chunks)
        assert len(vectors) == len(chunks) or file.relative in listed
        for chunk, vector in vectors.items():
            text = passages[chunk].text
            assert vector == widen(narrow(gate(pack(embed_text(text, WIDTH, MODEL)), WIDTH))), text
            assert storm.delivered[text] <= 1, "paid for twice"
    assert len(listed) < 12
    assert store.coverage(space.id)[0] > 220
    booked = sum(one.cost_usd for one in store.spend())
    assert booked == pytest.approx(storm.told_usd, abs=1e-12)
    assert 0 < booked <= api.spent_usd
    store.close()
    invariants(tmp_path / "index.db")
