"""Spoiled API replies through the real client, short of the socket.

    python -m tests.fuzz.replies --cases 10000 --seed 1

Each case is a right reply (or an error, a models list, a key status) that was spoiled as bytes or
as JSON. Whatever comes of it must be an error of ours with a harmless message, or vectors: finite,
of sound length, and each equal to the one that a second, plain reading of the same bytes finds for
that input.
"""

from __future__ import annotations

import base64
import json
import math
import random
import struct
from array import array
from typing import TYPE_CHECKING, Any, Final

from semsearch.embed.batch import IncompleteReply
from semsearch.embed.client import ApiEmbedder
from semsearch.embed.config import ApiConfig
from semsearch.embed.retry import INDEX, Controller
from semsearch.embed.transport import RawReply
from semsearch.errors import EmbeddingError, SemsearchError
from semsearch.keys import Secret
from semsearch.text import printable
from tests.fakes.api_server import KEY
from tests.fakes.clock import FakeClock
from tests.fakes.vectors import embed_text, pack
from tests.fuzz.command import Outcome, run_as_command
from tests.fuzz.mutations import as_json, random_text, spoiled_bytes, spoiled_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.records import Embeddings

DIMENSIONS: Final = 8
_ONE_TRY: Final = INDEX._replace(attempts=1)
_STATUSES: Final = (400, 401, 402, 403, 404, 408, 413, 422, 429, 500, 502, 503, 524, 529, 600)
_MODEL: Final = {
    "id": "acme/tiny",
    "name": "Tiny",
    "context_length": 8192,
    "architecture": {"input_modalities": ["text"], "output_modalities": ["embeddings"]},
    "pricing": {"prompt": "0.00000002"},
}
_KEY_STATUS: Final = {
    "label": "sk-or-v1-012...def",
    "usage": 1.5,
    "limit": 100,
    "limit_remaining": 98.5,
    "is_free_tier": False,
}


class _Client:
    """An embedder whose transport is the case at hand."""

    def __init__(self) -> None:
        config = ApiConfig("http://127.0.0.1:9/api/v1", "acme/tiny", key=Secret(KEY))
        controller = Controller("127.0.0.1", 4, clock=FakeClock(), chance=lambda: 0.5)
        self.embedder = ApiEmbedder(config, _ONE_TRY, controller=controller)
        self.reply = RawReply(200, {}, b"")
        self.embedder._service.exchange = self._exchange  # type: ignore[method-assign]

    def _exchange(self, *_: object, cap: int, **__: object) -> RawReply:
        return self.reply._replace(body=self.reply.body[: cap + 1])


def fuzz(cases: int, seed: int) -> Outcome:
    """So many replies."""
    outcome = Outcome()
    chance = random.Random(seed)
    for number in range(cases):
        client = _Client()
        with outcome.case(f"case {number}"):
            kind = chance.randrange(20)
            if kind == 0:
                _list_case(outcome, client, chance)
            elif kind == 1:
                _key_case(outcome, client, chance)
            else:
                _embedding_case(outcome, client, chance, f"case {number}")
    return outcome


# --- embeddings --------------------------------------------------------------------------------


def _embedding_case(outcome: Outcome, client: _Client, chance: random.Random, name: str) -> None:
    count = chance.choice((1, 1, 2, 3, 8))
    texts = [f"text number {index} of {chance.random()}" for index in range(count)]
    client.reply = _reply(chance, texts)
    try:
        reply = client.embedder.embed(texts, "document")
    except IncompleteReply as error:
        outcome.counts["vectors, some refused"] += 1
        _prove(outcome, name, error.embeddings, client.reply.body, texts)
    except SemsearchError as error:
        outcome.counts[f"error {getattr(error, 'code', '')}"] += 1
        _prove_message(outcome, name, error)
    else:
        outcome.counts["vectors"] += 1
        _prove(outcome, name, reply, client.reply.body, texts)


def _reply(chance: random.Random, texts: Sequence[str]) -> RawReply:
    body: dict[str, Any] = {
        "object": "list",
        "data": [_item(chance, index, text) for index, text in enumerate(texts)],
        "model": "acme/tiny",
        "provider": "Fake",
        "id": "gen-emb-1",
        "usage": {"prompt_tokens": 5, "total_tokens": 5, "cost": 1e-7},
    }
    status = 200
    if chance.random() < 0.2:
        status = chance.choice((200, *_STATUSES))
        body = {
            "error": {
                "code": status,
                "message": f"{random_text(chance, 20)} {KEY}",
                "metadata": {"provider_name": "Fake", "raw": '{"error": {"message": "no"}}'},
            }
        }
    headers = {"content-type": "application/json"}
    if chance.random() < 0.2:
        headers["retry-after"] = chance.choice(("3", "-1", "nan", "1e400", "9" * 50, "soon", ""))
    changed: Any = body
    for _ in range(chance.choice((0, 1, 1, 2, 4))):
        changed = spoiled_json(chance, changed)
    data = as_json(changed)
    if chance.random() < 0.4:
        data = spoiled_bytes(chance, data)
    return RawReply(status, headers, data)


def _item(chance: random.Random, index: int, text: str) -> dict[str, Any]:
    values = embed_text(text, DIMENSIONS)
    if chance.random() < 0.5:
        return {"object": "embedding", "index": index, "embedding": values}
    return {
        "object": "embedding",
        "index": index,
        "embedding": base64.b64encode(pack(values)).decode(),
    }


def _prove(
    outcome: Outcome, name: str, reply: Embeddings, body: bytes, texts: Sequence[str]
) -> None:
    """Every vector is sound, and is the one a plain reading finds for its input."""
    expected = _plain_reading(body)
    if len(reply.vectors) != len(texts):
        outcome.fail(name, f"{len(reply.vectors)} vectors for {len(texts)} texts")
    for index, vector in enumerate(reply.vectors):
        if not vector:
            continue
        values = struct.unpack(f"<{len(vector) // 4}f", vector)
        norm = math.hypot(*values)
        if not (math.isfinite(norm) and 1e-6 <= norm <= 1e6):
            outcome.fail(name, f"a vector of length {norm} was accepted")
        elif len(values) != reply.dimensions:
            outcome.fail(name, f"{len(values)} values where {reply.dimensions} are told")
        elif expected.get(index) != vector:
            outcome.fail(name, f"input {index} has a vector that is not in the reply for it")
    for told in (reply.model, reply.provider, reply.request_id):
        if told != printable(told):
            outcome.fail(name, f"{told!a} came through")
    if reply.cost_usd is not None and not 0 <= reply.cost_usd < 1e6:
        outcome.fail(name, f"a cost of {reply.cost_usd}")


def _plain_reading(body: bytes) -> dict[int, bytes]:
    """Vectors by input, as the standard library reads the reply; for bodies that were accepted."""
    rows = json.loads(body.decode("utf-8", "replace"))["data"]
    indices = [row.get("index") for row in rows]
    vectors: dict[int, bytes] = {}
    for position, row in enumerate(rows):
        index = position if indices == [None] * len(rows) else indices[position]
        embedding = row.get("embedding")
        try:
            vectors[index] = (
                base64.b64decode(embedding, validate=True)
                if isinstance(embedding, str)
                else array("f", embedding).tobytes()
            )
        except (TypeError, ValueError, OverflowError):
            continue  # refused there as well, or the comparison tells
    return vectors


# --- lists -------------------------------------------------------------------------------------


def _list_case(outcome: Outcome, client: _Client, chance: random.Random) -> None:
    body = spoiled_json(chance, {"data": [_MODEL, _MODEL, {"id": "plain"}]})
    data = as_json(body) if chance.random() < 0.6 else spoiled_bytes(chance, as_json(body))
    client.reply = RawReply(200, {}, data)
    try:
        models = client.embedder.list_models()
    except EmbeddingError as error:
        outcome.counts["models list refused"] += 1
        _prove_message(outcome, "models", error)
        return
    outcome.counts["models list"] += 1
    for model in models:
        price = model.usd_per_million_tokens
        if model.id != printable(model.id) or (price is not None and not 0 <= price < 1e6):
            outcome.fail("models", f"{model!a} came through")


def _key_case(outcome: Outcome, client: _Client, chance: random.Random) -> None:
    data = as_json(spoiled_json(chance, {"data": _KEY_STATUS}))
    client.reply = RawReply(200, {}, spoiled_bytes(chance, data) if chance.random() < 0.4 else data)
    try:
        status = client.embedder.key_status()
    except SemsearchError as error:
        outcome.counts["key status refused"] += 1
        _prove_message(outcome, "key", error)
        return
    outcome.counts["key status"] += 1
    if status.label != printable(status.label):
        outcome.fail("key", f"{status!a} came through")


def _prove_message(outcome: Outcome, name: str, error: SemsearchError) -> None:
    text = f"{error.message} {error.hint}"
    if text != printable(text):
        outcome.fail(name, f"a message drives the terminal: {text!a}")
    if KEY in text:
        outcome.fail(name, "a message holds the key")
    if len(text) > 2000:
        outcome.fail(name, f"a message of {len(text)} characters")


if __name__ == "__main__":
    run_as_command(__doc__ or "", 10_000, fuzz)
