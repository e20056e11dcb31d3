"""One server under one key: its connections, its headers, and what its failures mean."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, TypeVar

from semsearch.embed.endpoints import is_openrouter
from semsearch.embed.faults import Fault, Server, malformed, read_failure
from semsearch.embed.hints import retry_after
from semsearch.embed.retry import QUERY, Controller, Policy
from semsearch.errors import MalformedReply

if TYPE_CHECKING:
    from collections.abc import Callable

    from semsearch.embed.transport import RawReply, Transport
    from semsearch.embed.wire.error import ErrorBody

T = TypeVar("T")

_LIST_BYTES: Final = 16 << 20


class Service:
    """What all calls to one server have in common. Thread-safe.

    Nothing is connected or imported for the network before the first call.

    Args:
        base_url: normalised.
        server: for messages, and the key.
        policy: how patient calls are.
        controller: what workers of the same server and key share.
        connections: kept at most.
        attribution: the address OpenRouter is told the requests come from; empty: nothing is told.
    """

    def __init__(
        self,
        base_url: str,
        server: Server,
        policy: Policy,
        controller: Controller,
        *,
        connections: int,
        attribution: str = "",
    ) -> None:
        self.server = server
        self.controller = controller
        self._base_url = base_url
        self._policy = policy
        self._connections = connections
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._transport: Transport | None = None
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "semsearch",
        }
        if server.key is not None:
            self._headers["Authorization"] = f"Bearer {server.key.reveal()}"
        if attribution and is_openrouter(server.host):
            # OpenRouter attributes requests only when there is an address beside the title.
            self._headers |= {"HTTP-Referer": attribution, "X-OpenRouter-Title": "semsearch"}

    def run(self, attempt: Callable[[float], T], policy: Policy | None = None) -> T:
        """Call `attempt` with a deadline, again and again as the policy has it."""
        return self.controller.run(attempt, policy or self._policy, self._cancelled)

    def exchange(
        self,
        method: str,
        path: str,
        body: bytes | None,
        *,
        cap: int,
        deadline: float,
        at_root: bool = False,
    ) -> RawReply:
        """One request below the base URL and its whole reply.

        With `at_root`, below the base URL without a `/v1` at its end: a server's own routes.

        Raises:
            Fault: the exchange failed below HTTP, or the reply is longer than `cap`.
        """
        return self._connect().exchange(
            method,
            (self._base_url.removesuffix("/v1") if at_root else self._base_url) + path,
            headers=self._headers,
            body=body,
            cap=cap,
            deadline=deadline,
        )

    def get(self, path: str, decode: Callable[[bytes], T], *, at_root: bool = False) -> T:
        """A short call beside the embeddings: little patience, whatever the policy.

        Raises:
            SemsearchError: as for embeddings; `MalformedReply` is `decode`'s.
        """
        return self._ask("GET", path, None, decode, at_root=at_root)

    def post(self, path: str, body: dict[str, str], decode: Callable[[bytes], T]) -> T:
        """The same for a route of the server's own that wants a body."""
        import json

        return self._ask("POST", path, json.dumps(body).encode(), decode, at_root=True)

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        decode: Callable[[bytes], T],
        *,
        at_root: bool,
    ) -> T:
        def attempt(deadline: float) -> T:
            raw = self.exchange(
                method, path, body, cap=_LIST_BYTES, deadline=deadline, at_root=at_root
            )
            if raw.status != 200:
                raise self.failure(raw, 0)
            try:
                return decode(raw.body)
            except MalformedReply as error:
                raise malformed(error, service=False) from error

        return self.run(attempt, QUERY)

    def failure(self, raw: RawReply, inputs: int, body: ErrorBody | None = None) -> Fault:
        """What a reply that is no success means.

        Args:
            raw: the reply.
            inputs: inputs of the request; 0 for requests that send none.
            body: the error in it, when it was found already.
        """
        from semsearch.embed.wire.error import parse_error

        body = body or parse_error(raw.body)
        after = retry_after(raw.headers, body, self.controller.clock.time())
        return read_failure(
            self.server, raw.status, raw.headers, raw.body, body=body, after=after, inputs=inputs
        )

    def unusable(self, raw: RawReply, message: str, *, readable: bool) -> Fault:
        """The fault of a 200 that holds no vectors.

        Args:
            raw: the reply.
            message: what is wrong with it.
            readable: it is a reply of an embeddings server; otherwise its beginning is shown.
        """
        outside = self.server.outside
        text = outside(message)
        if not readable and raw.body:
            text += f" It begins: {outside(raw.body[:2000].decode('utf-8', 'replace'), 200)!r}"
        return malformed(MalformedReply(text), service=not readable)

    def wind_down(self) -> None:
        """End every wait and make no more requests; one that is in flight may still be answered."""
        self._cancelled.set()
        self.controller.wake()

    def cancel(self) -> None:
        """End every wait and every request in flight, and make no more."""
        self.wind_down()
        with self._lock:
            transport = self._transport
        if transport is not None:
            transport.abort()

    def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        with self._lock:
            transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _connect(self) -> Transport:
        from semsearch.embed.transport import Transport

        with self._lock:
            if self._transport is None:
                self._transport = Transport(
                    self._base_url, self._policy, self._connections, self.controller.clock.monotonic
                )
            return self._transport
