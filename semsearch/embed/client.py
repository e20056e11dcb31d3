"""The API embedder: one model on one OpenAI-compatible server, for many threads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from semsearch.embed import catalog
from semsearch.embed.batch import IncompleteReply
from semsearch.embed.config import space_key
from semsearch.embed.dialect import Dialect, Limits, Shape
from semsearch.embed.endpoints import host_of, is_loopback
from semsearch.embed.faults import Fault, Server, no_key
from semsearch.embed.profiles import profile_for
from semsearch.embed.retry import INDEX, Controller, Policy, shared_controller
from semsearch.embed.service import Service
from semsearch.embed.spent import Spent
from semsearch.embed.width import Width
from semsearch.errors import (
    EmbeddingError,
    MalformedReply,
    ModelUnavailable,
    RequestRefused,
    SemsearchError,
    SettingsError,
)
from semsearch.records import Embeddings, KeyStatus, ModelInfo, SpaceKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.embed.config import ApiConfig
    from semsearch.embed.transport import RawReply
    from semsearch.embed.wire.reply import Reply
    from semsearch.embed.wire.request import EmbeddingInput
    from semsearch.records import Purpose

T = TypeVar("T")

_LARGEST_REPLY: Final = 64 << 20
_WIDEST: Final = 8192
"""Dimensions to allow for while the model's size is unknown; sqlite-vec takes no more."""
_REWORDINGS: Final = 5
"""Fields that may be left out one after another before a request counts as refused."""


class _Call(NamedTuple):
    value: object
    """The `input` member."""
    inputs: int
    tokens: int
    purpose: Purpose


class _Answer(NamedTuple):
    embeddings: Embeddings
    faults: dict[int, str]


class ApiEmbedder:
    """Satisfies `protocols.Embedder` over HTTP. Thread-safe; workers share one instance.

    Nothing is connected or imported for the network before the first request.

    Args:
        config: server, model and key.
        policy: `retry.INDEX` or `retry.QUERY`.
        controller: what workers of the same server and key share; tests give their own.

    Raises:
        SettingsError: the address, the profile or an extra member is not usable. Whether the
            routing preferences are is found out by the first request.
    """

    def __init__(
        self, config: ApiConfig, policy: Policy = INDEX, *, controller: Controller | None = None
    ) -> None:
        if not config.model.strip():
            raise SettingsError("No model is named.", hint="Set model.name, or use --model.")
        self._space = space_key(config)
        self._config = config
        self._profile = profile_for(self._space.endpoint, config.profile)
        self._entry = catalog.lookup(config.model)
        self._dialect = Dialect(
            self._profile, self._entry, config.model, config.dimensions, config.extra or {}
        )
        limits = [self._profile.max_inputs, self._entry.max_inputs if self._entry else None]
        self._limits = Limits(
            min([config.batch_inputs, *(limit for limit in limits if limit)]),
            config.batch_tokens,
        )
        self._host = host_of(self._space.endpoint)
        self._service = Service(
            self._space.endpoint,
            Server(self._host, config.model, config.key, config.key_source),
            policy,
            controller
            or shared_controller(self._space.endpoint, config.key, self._host, config.concurrency),
            connections=config.concurrency + 2,
            attribution=config.attribution,
        )
        self._width = Width(
            self._host, config.model, config.dimensions, config.known_dimensions, self._entry
        )
        self._fixed: dict[str, object] | None = None
        self._latency_ms: float | None = None

    # --- what it is --------------------------------------------------------------------------

    @property
    def key(self) -> SpaceKey:
        """Identity of the space; native size from the catalog until the first reply tells."""
        return self._space._replace(dimensions=self._width.dimensions)

    @property
    def host(self) -> str:
        """Host (and port, unless it is the usual one) that text is sent to."""
        return self._host

    @property
    def concurrency(self) -> int:
        """Calls worth having in flight; the controller holds back what is too much."""
        return self._config.concurrency

    @property
    def max_inputs(self) -> int:
        """Inputs per call; shrinks when the server finds a batch too large."""
        return self._limits.inputs

    @property
    def max_tokens(self) -> int:
        """Estimated tokens per call; shrinks when the server finds a batch too large."""
        return self._limits.tokens

    @property
    def latency_ms(self) -> float | None:
        """What the last request that was answered took, from connecting to the last byte."""
        return self._latency_ms

    @property
    def notices(self) -> tuple[str, ...]:
        """What had to be done otherwise than asked (a field left out, another model echoed)."""
        return self._dialect.notices

    # --- what it does ------------------------------------------------------------------------

    def embed(self, texts: Sequence[str], purpose: Purpose) -> Embeddings:
        """Embed texts in one call; see `protocols.Embedder`."""
        if not texts or not all(text.strip() for text in texts):
            raise RequestRefused("An empty text has no vector.")
        return self._embed(self._dialect.prefixed(texts, purpose), len(texts), purpose)

    def embed_input(self, value: EmbeddingInput, purpose: Purpose) -> Embeddings:
        """Embed any form of `input`: a text, texts, token ids, or parts with pictures or sound.

        Templates are applied to texts only.

        Raises:
            ValueError: not a form the contract knows.
        """
        from semsearch.embed.wire import request

        checked = request.check_input(value)
        if isinstance(checked, str):
            return self.embed([checked], purpose)
        if isinstance(checked[0], str):
            return self.embed([text for text in checked if isinstance(text, str)], purpose)
        return self._embed(checked, request.count_inputs(checked), purpose)

    def list_models(self) -> list[ModelInfo]:
        """Embedding models the server offers, completed from the catalog.

        Raises:
            EmbeddingError: the list cannot be had; `catalog.known_models` is the way without.
        """
        from semsearch.embed.listing import list_models

        return list_models(self._service, self._profile)

    def key_status(self) -> KeyStatus:
        """What OpenRouter says about the key: credit used and left.

        Raises:
            AccessError: no key, or a refused one.
            EmbeddingError: the server is another one, or does not answer.
        """
        from semsearch.embed.wire.lists import decode_key_status

        if self._profile.name != "openrouter":
            raise EmbeddingError(f"{self._host} tells nothing about keys.", code="api.no_status")
        self._require_key()
        return self._service.get("/key", decode_key_status)

    def wind_down(self) -> None:
        """Make every waiting or future call raise `Cancelled`; a request in flight goes on."""
        self._service.wind_down()

    def cancel(self) -> None:
        """Make every waiting or future call raise `Cancelled`; open sockets are shut down."""
        self._service.cancel()

    def close(self) -> None:
        """Close all connections; the embedder may be used again."""
        self._service.close()

    # --- one call ----------------------------------------------------------------------------

    def _embed(self, value: object, inputs: int, purpose: Purpose) -> Embeddings:
        self._require_key()
        spent = Spent()
        call = _Call(value, inputs, _estimate(value), purpose)

        def attempt(deadline: float) -> _Answer:
            for _ in range(_REWORDINGS):
                shape = self._dialect.shape
                try:
                    return self._post(call, shape, deadline, spent)
                except Fault as fault:
                    self._limits.refused(fault, inputs, call.tokens)
                    if inputs > 1 and fault.error.code == "api.timeout":
                        fault.attempts = min(fault.attempts, 2)  # then rather half as much
                    if not self._dialect.learn(fault, shape):
                        raise
            return self._post(call, self._dialect.shape, deadline, spent)

        try:
            answer = self._service.run(attempt)
        except SemsearchError as error:
            spent.charge(error)
            raise
        self._limits.accepted(inputs, call.tokens)
        embeddings = answer.embeddings._replace(
            tokens=spent.tokens, cost_usd=spent.cost, requests=spent.requests
        )
        if answer.faults:
            raise IncompleteReply(embeddings, answer.faults)
        return embeddings

    def _post(self, call: _Call, shape: Shape, deadline: float, spent: Spent) -> _Answer:
        from semsearch.embed.wire.error import ErrorBody
        from semsearch.embed.wire.reply import UnreadableReply, decode_reply, read_usage
        from semsearch.embed.wire.request import encode

        body = self._dialect.body(call.value, call.purpose, shape, self._fixed_members())
        width = self._width.reply_dimensions or _WIDEST
        spent.requests += 1
        started = time.perf_counter()
        raw = self._service.exchange(
            "POST",
            "/embeddings",
            encode(body),
            cap=min(_LARGEST_REPLY, (64 << 10) + call.inputs * width * 32),
            deadline=deadline,
        )
        if raw.status != 200:
            raise self._service.failure(raw, call.inputs)
        self._latency_ms = (time.perf_counter() - started) * 1e3
        try:
            reply = decode_reply(raw.body, call.inputs)
        except MalformedReply as error:
            spent.add(read_usage(raw.body))
            raise self._service.unusable(
                raw, error.message, readable=not isinstance(error, UnreadableReply)
            ) from error
        if isinstance(reply, ErrorBody):
            raise self._service.failure(raw, call.inputs, reply)
        spent.add(reply.usage)
        return self._accept(reply, raw)

    def _accept(self, reply: Reply, raw: RawReply) -> _Answer:
        """Hold the reply's width against what is wanted, and hand its vectors on."""
        try:
            vectors, dimensions = self._width.fit(reply.vectors, reply.dimensions)
        except ModelUnavailable as error:
            raise Fault(error) from error
        outside = self._service.server.outside
        model = outside(reply.model, 200)
        if not catalog.same_model(self._config.model, model):
            self._dialect.note(f"Asked for {self._config.model}, {self._host} served {model}.")
        embeddings = Embeddings(
            tuple(vector or b"" for vector in vectors),
            dimensions,
            model,
            outside(reply.provider, 100),
            request_id=outside(reply.request_id or raw.headers.get("x-generation-id", ""), 100),
        )
        faults = {position: outside(reason, 100) for position, reason in reply.faults.items()}
        return _Answer(embeddings, faults)

    # --- set-up ------------------------------------------------------------------------------

    def _require_key(self) -> None:
        hostname = self._host.rsplit(":", 1)[0]
        if self._profile.needs_key and self._config.key is None and not is_loopback(hostname):
            raise no_key(self._service.server)

    def _fixed_members(self) -> dict[str, object]:
        """Members every request carries, proven when they are first needed."""
        if self._fixed is None:
            from semsearch.embed.wire.request import check_members, provider_preferences

            fixed: dict[str, object] = {}
            routing = provider_preferences(self._config.provider or {})
            if routing and self._profile.provider:
                fixed["provider"] = routing
            if self._config.user and self._profile.user:
                fixed["user"] = self._config.user
            fixed |= self._config.extra or {}
            if self._profile.name == "openrouter":
                check_members(fixed)
            self._fixed = fixed
        return self._fixed


def _estimate(value: object) -> int:
    """Tokens of a request's input, roughly: four characters each."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        return sum(map(len, value)) // 4
    return 0
