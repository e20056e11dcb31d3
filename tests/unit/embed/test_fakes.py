"""The fakes other tests stand on: similar words are near, money adds up, contracts are kept."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from semsearch.embed import INDEX, ApiConfig, open_api
from semsearch.errors import Cancelled, RequestRefused
from semsearch.keys import Secret
from semsearch.vectors import gate
from tests.fakes.api_server import KEY, FakeApi
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.vectors import embed_text

if TYPE_CHECKING:
    from semsearch.protocols import Embedder


def cosine(a: str, b: str) -> float:
    left, right = embed_text(a, 256), embed_text(b, 256)
    return sum(x * y for x, y in zip(left, right, strict=True))


def test_shared_words_make_texts_similar() -> None:
    assert cosine("database migration plan", "plan for migrating the database") > 0.5
    assert cosine("the cat sat on the mat", "cats sit on mats") > 0.4
    assert abs(cosine("fermenting cabbage", "quarterly finance report")) < 0.3
    assert cosine("same words", "same words") == pytest.approx(1)


@pytest.mark.parametrize("text", ["", "the", "!?", "日本語", "a\ud800b", "x" * 10_000])
def test_every_text_has_a_sound_vector(text: str) -> None:
    for dimensions in (1, 2, 64):
        vector = FakeEmbedder(dimensions).embed([text or " x"], "document").vectors[0]
        gate(vector, dimensions)
        assert sum(value * value for value in embed_text(text, dimensions)) == pytest.approx(1)


def use(embedder: Embedder) -> tuple[int, str]:
    reply = embedder.embed(["words"], "query")
    return reply.dimensions, embedder.key.model


def test_the_fake_and_the_client_are_embedders_alike() -> None:
    assert use(FakeEmbedder(32, "m")) == (32, "m")
    with FakeApi() as api:
        client = open_api(ApiConfig(api.url, "acme/tiny", Secret(KEY)), INDEX)
        assert use(client) == (64, "acme/tiny")
        client.close()


def test_the_fake_embedder_keeps_the_contract() -> None:
    embedder = FakeEmbedder(max_inputs=2)
    for bad in ([], [""], ["a", "b", "c"]):
        with pytest.raises(ValueError, match=r"empty|takes"):
            embedder.embed(bad, "document")
    embedder.cancel()
    with pytest.raises(Cancelled):
        embedder.embed(["a"], "document")


def test_the_fake_server_refuses_what_the_contract_refuses() -> None:
    with FakeApi() as api:
        embedder = open_api(
            ApiConfig(api.url, "acme/tiny", Secret(KEY), profile="vllm", extra={"truncate": True}),
            INDEX,
        )
        with pytest.raises(RequestRefused, match="truncate"):
            embedder.embed(["words"], "document")
        embedder.close()
        assert len(api.violations) == 1
        assert api.paid_inputs == 0


def test_importing_the_room_loads_nothing_heavy() -> None:
    program = (
        "import sys, semsearch.embed as room\n"
        "key = room.space_key(room.ApiConfig('https://openrouter.ai/api/v1', 'm',"
        " provider={'zdr': True}))\n"
        "room.open_api(room.ApiConfig('https://openrouter.ai/api/v1', 'm')).key\n"
        "print(*sorted(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"httpx", "httpcore", "numpy", "msgspec", "asyncio", "ssl", "socket"}


def test_every_public_name_of_the_room_exists() -> None:
    import semsearch.embed as room

    for name in room.__all__:
        assert getattr(room, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        room.nothing  # noqa: B018
