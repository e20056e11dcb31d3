"""A real embedder against a loopback server, with a clock that needs no time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from semsearch.embed.client import ApiEmbedder
from semsearch.embed.config import ApiConfig
from semsearch.embed.endpoints import host_of
from semsearch.embed.retry import INDEX, Controller, Policy
from semsearch.keys import Secret
from tests.fakes.api_server import KEY
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator


class Connect(Protocol):
    """Makes an embedder; keyword arguments are those of `ApiConfig`."""

    def __call__(
        self, url: str, model: str = "acme/tiny", *, policy: Policy = INDEX, **config: Any
    ) -> ApiEmbedder: ...


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def connect(clock: FakeClock) -> Iterator[Connect]:
    """Embedders of one test share the clock and are closed at its end; jitter is at its most."""
    made: list[ApiEmbedder] = []

    def connect(
        url: str, model: str = "acme/tiny", *, policy: Policy = INDEX, **config: Any
    ) -> ApiEmbedder:
        config.setdefault("key", Secret(KEY))
        settings = ApiConfig(url, model, **config)
        controller = Controller(host_of(url), settings.concurrency, clock=clock, chance=lambda: 1.0)
        made.append(ApiEmbedder(settings, policy, controller=controller))
        return made[-1]

    yield connect
    for embedder in made:
        embedder.close()
