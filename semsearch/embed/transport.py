"""One HTTP exchange with bounded time and memory, and what it means when it breaks."""

from __future__ import annotations

import ssl
import zlib
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import httpcore
import httpx

from semsearch.embed.faults import ALWAYS, Fault, malformed
from semsearch.embed.network import Network, PoolTransport, make_pool
from semsearch.errors import Cancelled, EmbeddingError, MalformedReply
from semsearch.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from semsearch.embed.retry import Policy


class RawReply(NamedTuple):
    """Status, headers (lower-case names) and the whole body, decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Connections to one server, shared by threads.

    Args:
        base_url: normalised; decides TLS and proxies.
        policy: timeouts.
        connections: kept at most.
        monotonic: the clock deadlines are told in.
    """

    def __init__(
        self, base_url: str, policy: Policy, connections: int, monotonic: Callable[[], float]
    ) -> None:
        url = httpx.URL(base_url)
        self._host = url.host
        self._policy = policy
        self._network = Network(monotonic)
        tls = httpx.create_ssl_context() if url.scheme == "https" else None
        pool = make_pool(url, tls, self._network, connections)
        # No `Client` around it, which would look for cookies, authentication, redirects and proxies
        # (`make_pool` chooses them) in every exchange: none is wanted.
        self._pool = PoolTransport(pool)
        timeout = httpx.Timeout(
            connect=policy.connect, read=policy.read, write=policy.write, pool=policy.connect
        )
        self._extensions = {"timeout": timeout.as_dict()}

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        cap: int,
        deadline: float,
    ) -> RawReply:
        """Send one request and read its whole reply.

        Args:
            method: of HTTP.
            url: absolute.
            headers: all of them but `Host` and `Content-Length`.
            body: of the request.
            cap: bytes a successful reply may have, decompressed; an error's is cut there.
            deadline: monotonic time by which everything must be over.

        Raises:
            Fault: the exchange failed below HTTP, or the reply is too large or not decodable.
            Cancelled: `abort` was called.
        """
        self._network.deadline = deadline
        try:
            request = httpx.Request(
                method, url, headers=headers, content=body, extensions=self._extensions
            )
            with closing(self._pool.handle_request(request)) as response:
                found = {name.lower(): value for name, value in response.headers.items()}
                content = _read(response, cap)
                return RawReply(response.status_code, found, content)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            if self._network.aborted:
                raise Cancelled("Embedding was cancelled.") from error
            raise self._fault(error) from error
        except httpcore.ProxyError as error:
            raise Fault(
                EmbeddingError(
                    f"The proxy refuses to connect to {self._host}: {_reason(error)}.",
                    hint="Check HTTPS_PROXY and NO_PROXY.",
                    code="api.proxy",
                )
            ) from error

    def abort(self) -> None:
        """Shut every socket down, so that whoever reads or writes stops at once."""
        self._network.abort()

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _fault(self, error: Exception) -> Fault:
        host, reason, cause = self._host, _reason(error), _origin(error)
        if (
            isinstance(error, httpcore.ConnectError)
            and isinstance(cause, ssl.SSLError)
            and not isinstance(cause, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
        ):
            return Fault(
                EmbeddingError(
                    f"The encrypted connection to {host} cannot be trusted: {reason}.",
                    hint="Check the address and this machine's clock; a company proxy needs its "
                    "certificate in SSL_CERT_FILE.",
                    code="api.tls",
                )
            )
        if isinstance(error, (httpcore.ConnectError, httpcore.ConnectTimeout)):
            return _transport_fault(
                f"{host} cannot be reached: {reason}.",
                hint="Check the network and the base URL.",
                code="api.unreachable",
                attempts=self._policy.unreachable_attempts,
            )
        if isinstance(error, httpcore.TimeoutException):
            return _transport_fault(
                f"{host} did not answer in time.",
                hint="Run the same command again later; all that is done is kept.",
                code="api.timeout",
                attempts=ALWAYS,
            )
        return _transport_fault(
            f"The connection to {host} broke: {reason}.",
            hint="Run the same command again later; all that is done is kept.",
            code="api.connection",
            attempts=ALWAYS,
        )


def _transport_fault(message: str, *, hint: str, code: str, attempts: int) -> Fault:
    return Fault(
        EmbeddingError(message, hint=hint, code=code, retryable=True),
        attempts=attempts,
        service=True,
    )


def _origin(error: BaseException) -> OSError | None:
    """The operating system's error at the root of the library's, which cuts the visible chain."""
    below = error.__cause__ or error.__context__
    if below is None or isinstance(below, OSError):
        return below
    return _origin(below)


def _reason(error: Exception) -> str:
    """The operating system's words without its number, or the library's."""
    cause = _origin(error)
    text = cause.strerror if cause is not None and cause.strerror else str(error)
    return printable(text or type(error).__name__)[:200].rstrip(".")


# --- reading ---------------------------------------------------------------------------------


def _read(response: httpx.Response, cap: int) -> bytes:
    """The body, decompressed, no longer than `cap`."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "deflate", "x-gzip"}:
        raise malformed(
            MalformedReply(f"The reply is compressed by {printable(encoding)[:40]!r}, unasked."),
            service=True,
        )
    raw: Iterator[bytes] = response.iter_raw()
    parts = _inflate(raw, cap) if "gzip" in encoding or encoding == "deflate" else raw
    chunks: list[bytes] = []
    size = 0
    for chunk in parts:
        chunks.append(chunk)
        size += len(chunk)
        if size > cap:
            if response.status_code != 200:
                break  # the beginning of an error is enough
            raise malformed(
                MalformedReply(f"The reply is longer than the {cap} bytes it may have."),
                service=True,
            )
    return b"".join(chunks)[: cap + 1]


def _inflate(chunks: Iterable[bytes], cap: int) -> Iterator[bytes]:
    """Decompress without ever making more than `cap` bytes and one."""
    inflater = zlib.decompressobj(wbits=47)  # gzip or zlib, by its header
    left = cap + 1
    try:
        for chunk in chunks:
            piece = inflater.decompress(chunk, left)
            left -= len(piece)
            yield piece
            if left <= 0:
                return
    except zlib.error as error:
        raise malformed(
            MalformedReply("The reply cannot be decompressed."), service=True
        ) from error
