"""Connections with deadlines that can be called off: httpcore's public backend interface.

httpx alone leaves two holes. Its read timeout starts anew with every byte, so a server that drips
is waited for without end; and a blocked read cannot be called off from another thread. Here every
read gets what is left of the deadline, and all sockets can be shut down at once.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import httpcore
import httpx

from semsearch.embed.endpoints import is_loopback
from semsearch.errors import SettingsError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

_CHUNK: Final = 1 << 18
"""Bytes asked of the kernel per read; httpcore's own 64 KB costs four times the calls."""


class Network(httpcore.NetworkBackend):
    """Makes sockets that keep to the deadline of the thread that uses them."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._backend = httpcore.SyncBackend()
        self._monotonic = monotonic
        self._local = threading.local()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()
        self.aborted = False

    @property
    def deadline(self) -> float:
        """When the current thread's exchange must be over."""
        return float(getattr(self._local, "deadline", float("inf")))

    @deadline.setter
    def deadline(self, value: float) -> None:
        self._local.deadline = value

    def left(self, timeout: float | None) -> float:
        """`timeout`, or what is left of the deadline when that is less."""
        left = self.deadline - self._monotonic()
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect within the deadline."""
        left = self.left(timeout)
        if left <= 0:
            raise httpcore.ConnectTimeout("the deadline is over")
        return self.watch(
            self._backend.connect_tcp(host, port, left, local_address, socket_options)
        )

    def watch(self, stream: httpcore.NetworkStream) -> httpcore.NetworkStream:
        """Remember a stream's socket for `abort`, and put the deadline on the stream."""
        found = stream.get_extra_info("socket")
        with self._lock:
            if self.aborted:
                stream.close()
                raise httpcore.ConnectError("cancelled")
            if isinstance(found, socket.socket):
                self._sockets.add(found)
        return _Stream(stream, self)

    def abort(self) -> None:
        """Shut every socket down and make no more."""
        with self._lock:
            self.aborted = True
            sockets = list(self._sockets)
        for found in sockets:
            try:
                # Not SSLSocket.shutdown: that drops the TLS state another thread is reading with.
                socket.socket.shutdown(found, socket.SHUT_RDWR)
            except OSError:
                continue  # closed already, which is what was wanted


class _Stream(httpcore.NetworkStream):
    """A stream whose every operation takes no longer than what is left of the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, network: Network) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._network.left(timeout)
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline is over")
        return self._stream.read(max(max_bytes, _CHUNK), left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _CHUNK):
            left = self._network.left(timeout)
            if left <= 0:
                raise httpcore.WriteTimeout("the deadline is over")
            self._stream.write(buffer[start : start + _CHUNK], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._network.left(timeout)
        if left <= 0:
            raise httpcore.ConnectTimeout("the deadline is over")
        return self._network.watch(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as the base class has it
        return self._stream.get_extra_info(info)


class PoolTransport(httpx.BaseTransport):
    """httpcore's pool behind httpx's interface; httpx's own offers no way to give a backend."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request by one of the pool's connections."""
        url = request.url
        raw = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        response = self._pool.handle_request(raw)
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions={}
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """A reply's bytes, and the return of its connection to the pool."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response.iter_stream())

    def close(self) -> None:
        self._response.close()


def make_pool(
    url: httpx.URL, tls: ssl.SSLContext | None, network: Network, connections: int
) -> httpcore.ConnectionPool:
    """Connections to the server, or through the proxy of the environment (https only)."""
    proxy = _proxy(url)
    common: dict[str, Any] = {
        "ssl_context": tls,
        "max_connections": connections,
        "max_keepalive_connections": connections,
        "keepalive_expiry": 30.0,
        "network_backend": network,
    }
    if proxy is None:
        return httpcore.ConnectionPool(**common)
    return httpcore.HTTPProxy(
        proxy_url=httpcore.URL(
            scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/"
        ),
        proxy_auth=proxy.raw_auth,
        **common,
    )


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    from urllib.request import getproxies, proxy_bypass

    if url.scheme != "https" or is_loopback(url.host) or proxy_bypass(url.host):
        return None
    found = getproxies()
    address = found.get("https") or found.get("all")
    if not address:
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL) as error:
        raise SettingsError(
            "The proxy named in the environment is no http:// or https:// address.",
            hint="Check HTTPS_PROXY and ALL_PROXY, or name the host in NO_PROXY.",
        ) from error
    if proxy.url.scheme not in {"http", "https"}:
        raise SettingsError(
            "The proxy named in the environment is no http:// or https:// address.",
            hint="SOCKS proxies are not supported; name the host in NO_PROXY to go without.",
        )
    return proxy
