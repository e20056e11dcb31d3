"""HTTP/1.1 on loopback over raw sockets: a reply is whatever bytes a test wants to send."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.fakes.replies import Step

CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""Self-signed, for localhost, with its private key; trusted only where a test says so."""


class Received(NamedTuple):
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    """Lower-case names."""
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body, which must be a JSON object."""
        parsed = json.loads(self.body)
        assert isinstance(parsed, dict)
        return parsed

    @property
    def inputs(self) -> list[Any]:
        """The inputs of an embeddings request, one per vector wanted."""
        value = self.json["input"]
        if isinstance(value, str) or (value and isinstance(value[0], int)):
            return [value]
        return list(value)


class Exchange:
    """One request and the socket its answer goes to; what steps work with."""

    def __init__(self, server: HttpServer, connection: socket.socket, received: Received) -> None:
        self.server = server
        self.socket = connection
        self.received = received
        self.open = True

    @property
    def stopping(self) -> threading.Event:
        """Set when the server is being closed."""
        return self.server.stopping

    @property
    def reached(self) -> threading.Event:
        """Set by steps that wait, so that a test knows the request is in flight."""
        return self.server.reached

    def embeddings(self, *, base64: bool | None = None) -> dict[str, Any]:
        """The right reply to the request; counts and charges its inputs."""
        request = self.received.json
        if base64 is None:
            base64 = "base64" in (request.get("encoding_format"), request.get("embedding_type"))
        return self.server.answer(request, self.received.inputs, base64=base64)

    def send_json(
        self, body: object, code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """A JSON reply."""
        merged = {"Content-Type": "application/json"} | dict(headers or {})
        self.send(code, json.dumps(body).encode(), merged)

    def send(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
        """A complete reply."""
        lines = [f"HTTP/1.1 {code} Scripted", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def write(self, data: bytes) -> bool:
        """Send bytes as they are; False when the client is gone."""
        try:
            self.socket.sendall(data)
        except OSError:
            self.open = False
        return self.open

    def hang_up(self) -> None:
        """Close the connection."""
        self.open = False
        self.socket.close()

    def wait_for_hangup(self) -> None:
        """Read until the client goes away or the server is closed."""
        try:
            while self.socket.recv(65536):
                pass
        except OSError:
            pass
        self.open = False


class HttpServer:
    """A threaded server; a context manager. Subclasses give the answers that are not scripted.

    Args:
        script: steps for the first POST requests in order of arrival, or a function that picks a
            step for every request (None: the usual answer).
        tls: speak TLS with a self-signed certificate for localhost.
        port: 0 takes a free one.
    """

    def __init__(
        self,
        script: Sequence[Step] | Callable[[Received], Step | None] = (),
        *,
        tls: bool = False,
        port: int = 0,
    ) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        """Made so far."""
        self.in_flight = 0
        self.most_in_flight = 0
        self.stopping = threading.Event()
        self.reached = threading.Event()
        self.lock = threading.Lock()
        self._pick = script if callable(script) else None
        self._steps = [] if callable(script) else list(script)
        self._tls: ssl.SSLContext | None = None
        if tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATE)
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self._start(self._accept)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        scheme, host = ("https", "localhost") if self._tls else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self._listener.getsockname()[1]}"

    def respond(self, exchange: Exchange) -> None:
        """The usual answer to a request."""
        raise NotImplementedError

    def answer(
        self, request: Mapping[str, Any], inputs: Sequence[Any], *, base64: bool
    ) -> dict[str, Any]:
        """A right body for an embeddings request."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, drop every connection and wait for the threads."""
        self.stopping.set()
        # Closing a listener does not wake `accept` on every system; a connection does.
        socket.create_connection(self._listener.getsockname()).close()
        with self.lock:
            open_now = list(self._open)
        for connection in open_now:
            try:
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                continue  # gone already
        for thread in self._threads:
            thread.join(timeout=10)
        self._listener.close()

    # --- sockets -----------------------------------------------------------------------------

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.stopping.is_set():
                connection.close()
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self._open.add(connection)
        try:
            if self._tls is not None:
                plain, connection = connection, self._tls.wrap_socket(connection, server_side=True)
                with self.lock:
                    self._open.discard(plain)
                    self._open.add(connection)
            stream = connection.makefile("rb")
            if not stream.peek(1)[:1].isalpha():  # a TLS greeting, most likely
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            while not self.stopping.is_set():
                received = _read_request(stream)
                if received is None or not self._handle(connection, received):
                    return
        except (OSError, ValueError):
            return  # the client went away, or a step closed the socket
        finally:
            with self.lock:
                self._open.discard(connection)
            connection.close()

    def _handle(self, connection: socket.socket, received: Received) -> bool:
        with self.lock:
            self.requests.append(received)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            step: Step | None = None
            if self._steps and received.method == "POST":
                step = self._steps.pop(0)
        exchange = Exchange(self, connection, received)
        try:
            if self._pick is not None:
                step = self._pick(received)
            (step or self.respond)(exchange)
        finally:
            with self.lock:
                self.in_flight -= 1
        return exchange.open


def _read_request(stream: Any) -> Received | None:
    line = stream.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    headers: dict[str, str] = {}
    while (header := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Received(line[0], line[1], headers, body)
