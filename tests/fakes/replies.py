"""What the fake API can be told to answer, faults on the wire included.

A step is a function of `(exchange)`; the script of a `FakeApi` is a list of steps, or a function
that picks one for each request. Each step answers one request.
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.http_server import Exchange

    Step = Callable[["Exchange"], None]


def ok(**changes: Any) -> Step:
    """The right reply, with top-level members replaced (`...` as value removes one)."""

    def step(exchange: Exchange) -> None:
        body = exchange.embeddings() | changes
        exchange.send_json({name: value for name, value in body.items() if value is not ...})

    return step


def edited(edit: Callable[[list[dict[str, Any]]], Any]) -> Step:
    """The right reply after `edit` has changed its `data` (in place, or by returning another)."""

    def step(exchange: Exchange) -> None:
        body = exchange.embeddings(base64=False)
        changed = edit(body["data"])
        if changed is not None:
            body["data"] = changed
        exchange.send_json(body)

    return step


def status(
    code: int, body: object = None, headers: Mapping[str, str] | None = None, *, text: str = ""
) -> Step:
    """Any status with any body; without one, OpenRouter's error envelope for the code."""
    if body is None and not text:
        body = {"error": {"code": code, "message": f"scripted {code}"}}

    def step(exchange: Exchange) -> None:
        if text:
            exchange.send(code, text.encode(), {"Content-Type": "text/plain"} | dict(headers or {}))
        else:
            exchange.send_json(body, code, headers)

    return step


def error(code: int, message: str, *, in_200: bool = False, **members: Any) -> Step:
    """OpenRouter's error envelope; `members` go beside code and message."""
    body = {"error": {"code": code, "message": message, **members}}
    return status(200 if in_200 else code, body)


def raw(body: bytes, content_type: str = "application/json", code: int = 200) -> Step:
    """These very bytes as the body."""

    def step(exchange: Exchange) -> None:
        exchange.send(code, body, {"Content-Type": content_type})

    return step


def html(code: int = 200) -> Step:
    """What a wrong address, a captive portal or an edge answers."""
    return raw(b"<!doctype html><title>Welcome</title><h1>It works</h1>", "text/html", code)


def redirect(location: str, code: int = 307) -> Step:
    """Elsewhere."""
    return status(code, text="moved", headers={"Location": location})


def reset(exchange: Exchange) -> None:
    """Connection reset instead of a reply."""
    linger = struct.pack("ii", 1, 0)
    exchange.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    exchange.hang_up()


def close(exchange: Exchange) -> None:
    """Connection closed instead of a reply."""
    exchange.hang_up()


def half_body(exchange: Exchange) -> None:
    """A declared length, half of it, and the end."""
    body = json.dumps(exchange.embeddings()).encode()
    exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
    exchange.write(body[: len(body) // 2])
    exchange.hang_up()


def half_chunks(exchange: Exchange) -> None:
    """A chunked body that stops without its last chunk."""
    body = json.dumps(exchange.embeddings()).encode()
    half = body[: len(body) // 2]
    exchange.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    exchange.write(b"%x\r\n%b\r\n" % (len(half), half))
    exchange.hang_up()


def half_until_close(exchange: Exchange) -> None:
    """Half a body that ends by closing the connection, which HTTP takes for complete."""
    body = json.dumps(exchange.embeddings()).encode()
    exchange.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body[: len(body) // 2])
    exchange.hang_up()


def stall(until: threading.Event | None = None, *, after_headers: bool = False) -> Step:
    """Nothing until the event is set, then the right reply; without one, nothing ever."""

    def step(exchange: Exchange) -> None:
        if after_headers:
            exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        exchange.reached.set()
        if until is None:
            exchange.wait_for_hangup()
        else:
            until.wait()
            exchange.send_json(exchange.embeddings())

    return step


def drip(*, headers: bool = False) -> Step:
    """A byte every few milliseconds, of the headers or of the body, without end."""

    def step(exchange: Exchange) -> None:
        exchange.write(b"HTTP/1.1 200 OK\r\n")
        if headers:
            exchange.write(b"X-Slow: ")
        else:
            exchange.write(b"Content-Length: 100000\r\n\r\n")
        while exchange.write(b"a") and not exchange.stopping.wait(0.01):
            pass

    return step


def gzipped(exchange: Exchange) -> None:
    """The right reply, compressed although nobody asked for it."""
    body = gzip.compress(json.dumps(exchange.embeddings()).encode())
    exchange.send(200, body, {"Content-Type": "application/json", "Content-Encoding": "gzip"})


def gzip_bomb(size: int = 100 << 20) -> Step:
    """A small body that unpacks to `size` bytes."""
    body = gzip.compress(bytes(size), compresslevel=1)

    def step(exchange: Exchange) -> None:
        exchange.send(200, body, {"Content-Type": "application/json", "Content-Encoding": "gzip"})

    return step


def endless(exchange: Exchange) -> None:
    """A body without a declared length that never ends."""
    exchange.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while exchange.write(b" " * 65536):
        pass
