"""A rerank endpoint: texts of a question scored by a model that reads both together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.embed.endpoints import host_of, is_loopback, normalise_base_url
from semsearch.embed.faults import Server, no_key
from semsearch.embed.profiles import profile_for
from semsearch.embed.retry import QUERY, Controller, Policy, shared_controller
from semsearch.embed.service import Service
from semsearch.embed.spent import Spent
from semsearch.errors import (
    EmbeddingError,
    MalformedReply,
    ModelUnavailable,
    SemsearchError,
    SettingsError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from semsearch.embed.config import ApiConfig
    from semsearch.embed.profiles import Rerank
    from semsearch.embed.wire.rerank import RerankReply
    from semsearch.records import ModelInfo

MAX_DOCUMENTS: Final = 1000
"""Texts of one request; what Cohere and the servers like it take."""

_BYTES_A_RESULT: Final = 512
"""Of a reply, without the text that some servers send back."""


class Scores(NamedTuple):
    """What a rerank model thinks of each text."""

    scores: tuple[float | None, ...]
    """By text, higher is better; None for those the server left out."""
    model: str
    provider: str = ""
    tokens: int | None = None
    cost_usd: float | None = None
    request_id: str = ""
    requests: int = 1


class ApiReranker:
    """One rerank model on one server. Thread-safe; nothing is connected before the first call.

    Args:
        config: server, model and key; dimensions and batch sizes do not matter.
        policy: how patient it is.
        controller: what calls to the same server and key share; tests give their own.

    Raises:
        SettingsError: the address or the profile is not usable.
        EmbeddingError: the server has no rerank endpoint (`api.no_rerank`).
    """

    def __init__(
        self, config: ApiConfig, policy: Policy = QUERY, *, controller: Controller | None = None
    ) -> None:
        if not config.model.strip():
            raise SettingsError("No rerank model is named.", hint="Name it: --rerank MODEL.")
        endpoint = normalise_base_url(config.base_url)
        self._config = config
        self._profile = profile_for(endpoint, config.profile)
        self.host = host_of(endpoint)
        """Host (and port, unless it is the usual one) that text is sent to."""
        self._shape = self._offered()
        self._service = Service(
            endpoint,
            Server(self.host, config.model, config.key, config.key_source),
            policy,
            controller
            or shared_controller(
                endpoint + self._shape.path, config.key, self.host, config.concurrency
            ),
            connections=1,
            attribution=config.attribution,
        )

    def score(self, query: str, documents: Sequence[str]) -> Scores:
        """Score texts against a question in one call, retrying what is worth retrying.

        Raises:
            ValueError: no text, too many, or an empty one.
            AccessError, ModelUnavailable, RequestRefused, MalformedReply, EmbeddingError or
                Cancelled: as for embeddings; `cost_usd` of the error is what was billed all the
                same.
        """
        if not 0 < len(documents) <= MAX_DOCUMENTS or not all(map(str.strip, (query, *documents))):
            raise ValueError(f"a question and 1 to {MAX_DOCUMENTS} texts, none of them empty")
        self._require_key()
        body = self._body(query, documents)
        cap = (64 << 10) + len(documents) * _BYTES_A_RESULT + 2 * len(body)
        spent = Spent()

        def attempt(deadline: float) -> RerankReply:
            return self._post(body, len(documents), cap, deadline, spent)

        try:
            reply = self._service.run(attempt)
        except SemsearchError as error:
            spent.charge(error)
            if error.code == "api.endpoint":
                raise self._not_offered() from error
            if isinstance(error, ModelUnavailable):
                error.hint = "`semsearch models list --rerank` lists what it serves."
            raise
        outside = self._service.server.outside
        return Scores(
            reply.scores,
            outside(reply.model, 200),
            outside(reply.provider, 100),
            spent.tokens,
            spent.cost,
            outside(reply.request_id, 100),
            spent.requests,
        )

    def list_models(self) -> list[ModelInfo]:
        """Rerank models the server offers.

        Raises:
            EmbeddingError: it does not say (`api.no_list`), or did not answer.
        """
        from semsearch.embed.wire.lists import decode_rerank_models

        if self._profile.name != "openrouter":
            raise EmbeddingError(
                f"{self.host} has no list of rerank models.",
                hint="Name the model with --rerank.",
                code="api.no_list",
            )
        return self._service.get("/models?output_modalities=rerank", decode_rerank_models)

    def cancel(self) -> None:
        """Make every waiting or future call raise `Cancelled`; open sockets are shut down."""
        self._service.cancel()

    def close(self) -> None:
        """Close all connections."""
        self._service.close()

    # --- one call ----------------------------------------------------------------------------

    def _body(self, query: str, documents: Sequence[str]) -> bytes:
        from semsearch.embed.wire.request import encode, provider_preferences

        body: dict[str, object] = {
            "model": self._config.model,
            "query": query,
            self._shape.documents: list(documents),
        }
        if self._shape.limit is not None:
            body[self._shape.limit] = len(documents)
        routing = provider_preferences(self._config.provider or {})
        if routing and self._profile.provider:
            body["provider"] = routing
        if self._config.user and self._profile.user:
            body["user"] = self._config.user
        return encode(body)

    def _post(
        self, body: bytes, documents: int, cap: int, deadline: float, spent: Spent
    ) -> RerankReply:
        from semsearch.embed.wire.error import ErrorBody
        from semsearch.embed.wire.reply import UnreadableReply, read_usage
        from semsearch.embed.wire.rerank import decode_rerank

        spent.requests += 1
        raw = self._service.exchange(
            "POST",
            self._shape.path,
            body,
            cap=cap,
            deadline=deadline,
            at_root=self._shape.at_root,
        )
        if raw.status != 200:
            raise self._service.failure(raw, documents)
        spent.add(read_usage(raw.body))
        try:
            reply = decode_rerank(raw.body, documents)
        except MalformedReply as error:
            raise self._service.unusable(
                raw, error.message, readable=not isinstance(error, UnreadableReply)
            ) from error
        if isinstance(reply, ErrorBody):
            raise self._service.failure(raw, documents, reply)
        return reply

    # --- set-up ------------------------------------------------------------------------------

    def _offered(self) -> Rerank:
        if self._profile.rerank is None:
            raise self._not_offered()
        return self._profile.rerank

    def _not_offered(self) -> EmbeddingError:
        return EmbeddingError(
            f"{self.host} offers no reranking.",
            hint="Leave out --rerank, or name a server that does: SEMSEARCH_BASE_URL.",
            code="api.no_rerank",
        )

    def _require_key(self) -> None:
        hostname = self.host.rsplit(":", 1)[0]
        if self._profile.needs_key and self._config.key is None and not is_loopback(hostname):
            raise no_key(self._service.server)
