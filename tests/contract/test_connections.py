"""Faults below HTTP: broken, slow, endless, redirected and untrusted connections."""

from __future__ import annotations

import json
import socket
import threading
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from semsearch.embed.client import ApiEmbedder
from semsearch.embed.config import ApiConfig
from semsearch.embed.retry import INDEX, QUERY, Controller
from semsearch.errors import Cancelled, EmbeddingError, MalformedReply, SettingsError
from semsearch.keys import Secret
from tests.fakes import replies
from tests.fakes.api_server import KEY, FakeApi
from tests.fakes.clock import FakeClock
from tests.fakes.http_server import CERTIFICATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contract.conftest import Connect
    from tests.fakes.http_server import Exchange
    from tests.fakes.replies import Step

TEXTS = ["first chunk", "second chunk"]

BROKEN: dict[str, Step] = {
    "reset": replies.reset,
    "closed": replies.close,
    "half a body": replies.half_body,
    "half its chunks": replies.half_chunks,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_connection_is_made_again(name: str, connect: Connect) -> None:
    with FakeApi([BROKEN[name]] * 2) as api:
        assert connect(api.url).embed(TEXTS, "document").requests == 3


@pytest.mark.parametrize("name", BROKEN)
def test_connections_that_keep_breaking_fail_the_call(
    name: str, connect: Connect, clock: FakeClock
) -> None:
    with FakeApi(lambda _: BROKEN[name]) as api:
        with pytest.raises(EmbeddingError) as caught:
            connect(api.url).embed(TEXTS, "document")
        assert len(api.requests) == 6
    assert caught.value.code == "api.connection"
    assert caught.value.retryable
    assert len(clock.waits) == 5


def nobody_there() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/api/v1"


def test_a_refused_connection_is_tried_again_when_indexing(
    connect: Connect, clock: FakeClock
) -> None:
    with pytest.raises(EmbeddingError, match="cannot be reached: Connection refused") as caught:
        connect(nobody_there()).embed(TEXTS, "document")
    assert caught.value.code == "api.unreachable"
    assert caught.value.requests == 6
    assert len(clock.waits) == 5


@pytest.mark.parametrize("url", [nobody_there(), "https://no-such-host.invalid/api/v1"])
def test_a_query_gives_up_at_once_when_nobody_is_there(
    url: str, connect: Connect, clock: FakeClock
) -> None:
    with pytest.raises(EmbeddingError) as caught:
        connect(url, policy=QUERY).embed(["question"], "query")
    assert caught.value.code == "api.unreachable"
    assert clock.waits == []


def test_connections_are_kept_and_reused(connect: Connect) -> None:
    with FakeApi() as api:
        embedder = connect(api.url)
        for _ in range(5):
            embedder.embed(TEXTS, "document")
        assert api.connections == 1


# --- compressed and oversized -----------------------------------------------------------------


def test_a_compressed_reply_is_read(connect: Connect) -> None:
    with FakeApi([replies.gzipped]) as api:
        assert connect(api.url).embed(TEXTS, "document").requests == 1
        assert api.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "step",
    [
        replies.gzip_bomb(),
        replies.endless,
        replies.raw(b'{"data":[]}' + b" " * (4 << 20)),
    ],
    ids=["gzip bomb", "endless", "long"],
)
def test_a_reply_without_measure_takes_no_memory(step: Step, connect: Connect) -> None:
    with FakeApi(lambda _: step) as api:
        embedder = connect(api.url, known_dimensions=64)
        tracemalloc.start()
        with pytest.raises(MalformedReply, match="longer than the 69632 bytes"):
            embedder.embed(TEXTS, "document")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(api.requests) == 3
    assert peak < 30 << 20, "the server, in this process, keeps copies of the longest body"


def test_an_endless_error_is_cut(connect: Connect) -> None:
    body = json.dumps({"error": {"code": 400, "message": "x" * (10 << 20)}}).encode()
    with FakeApi([replies.raw(body, code=400)]) as api, pytest.raises(EmbeddingError) as caught:
        connect(api.url).embed(TEXTS, "document")
    assert len(caught.value.message) < 700


@pytest.mark.parametrize("encoding", ["br", "zstd", "\x1b[31m"])
def test_a_compression_nobody_asked_for_is_refused(encoding: str, connect: Connect) -> None:
    def step(exchange: Exchange) -> None:
        exchange.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: "
            + encoding.replace("\x1b", "^").encode()
            + b"\r\n\r\nabcd"
        )

    with FakeApi(lambda _: step) as api, pytest.raises(MalformedReply, match="compressed by"):
        connect(api.url).embed(TEXTS, "document")


def test_a_compressed_reply_that_is_none_is_malformed(connect: Connect) -> None:
    def step(exchange: Exchange) -> None:
        exchange.send(200, b"not gzip", {"Content-Encoding": "gzip"})

    with FakeApi(lambda _: step) as api, pytest.raises(MalformedReply, match="decompressed"):
        connect(api.url).embed(TEXTS, "document")


# --- redirects --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_named_and_never_followed(code: int, connect: Connect) -> None:
    with FakeApi() as other:
        target = f"{other.url}/embeddings"
        with FakeApi([replies.redirect(target, code)]) as api:
            with pytest.raises(EmbeddingError, match="redirects to http://127") as caught:
                connect(api.url).embed(TEXTS, "document")
            assert len(api.requests) == 1
        assert caught.value.code == "api.redirect"
        assert other.requests == []


# --- TLS --------------------------------------------------------------------------------------


def test_a_certificate_nobody_vouches_for_is_refused(connect: Connect, clock: FakeClock) -> None:
    with FakeApi(tls=True) as api:
        with pytest.raises(EmbeddingError, match="cannot be trusted") as caught:
            connect(api.url).embed(TEXTS, "document")
        assert api.requests == []
    assert caught.value.code == "api.tls"
    assert clock.waits == []


def test_a_server_without_tls_is_refused_on_https(connect: Connect, clock: FakeClock) -> None:
    with FakeApi() as api, pytest.raises(EmbeddingError) as caught:
        connect(api.url.replace("http://", "https://")).embed(TEXTS, "document")
    assert caught.value.code == "api.tls"
    assert clock.waits == []


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the fake's own certificate, as a company's is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


@pytest.mark.usefixtures("trusted")
def test_a_trusted_certificate_is_accepted_for_its_name_only(connect: Connect) -> None:
    with FakeApi(tls=True) as api:
        assert len(connect(api.url).embed(TEXTS, "document").vectors) == 2
        with pytest.raises(EmbeddingError) as caught:
            connect(api.url.replace("localhost", "127.0.0.1")).embed(TEXTS, "document")
    assert caught.value.code == "api.tls"


# --- proxies ----------------------------------------------------------------------------------


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    """A server the environment names as the proxy for everything."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with FakeApi(prefix="/nothing") as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, server.origin)
            monkeypatch.setenv(name.upper(), server.origin)
        yield server


def test_loopback_is_never_reached_through_a_proxy(proxy: FakeApi, connect: Connect) -> None:
    with FakeApi() as api:
        assert len(connect(api.url).embed(TEXTS, "document").vectors) == 2
    assert proxy.requests == []


@pytest.mark.usefixtures("trusted")
def test_neither_is_loopback_over_tls(proxy: FakeApi, connect: Connect) -> None:
    with FakeApi(tls=True) as api:
        assert len(connect(api.url).embed(TEXTS, "document").vectors) == 2
    assert proxy.requests == []


def test_https_goes_through_the_proxy_as_a_tunnel_without_the_key(
    proxy: FakeApi, connect: Connect
) -> None:
    with pytest.raises(EmbeddingError, match="proxy") as caught:
        connect("https://semsearch.invalid/api/v1").embed(TEXTS, "document")
    assert caught.value.code == "api.proxy"
    assert [item.method for item in proxy.requests] == ["CONNECT"]
    assert KEY not in str(proxy.requests)


def test_a_host_in_no_proxy_is_reached_directly(
    proxy: FakeApi, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "semsearch.invalid")
    with pytest.raises(EmbeddingError) as caught:
        connect("https://semsearch.invalid/api/v1", policy=QUERY).embed(["q"], "query")
    assert caught.value.code == "api.unreachable"
    assert proxy.requests == []


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1080", "ftp://proxy", "http://[::1"])
def test_a_proxy_we_cannot_use_is_said_to_be_one(
    address: str, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", address)
    with pytest.raises(SettingsError, match="proxy"):
        connect("https://semsearch.invalid/api/v1").embed(TEXTS, "document")


# --- time -------------------------------------------------------------------------------------


def hurried(url: str, *, total: float = 60, read: float = 60) -> ApiEmbedder:
    """An embedder with the real clock and one attempt."""
    policy = INDEX._replace(attempts=1, total=total, read=read)
    controller = Controller("127.0.0.1", 4)
    return ApiEmbedder(ApiConfig(url, "acme/tiny", Secret(KEY)), policy, controller=controller)


@pytest.mark.parametrize(
    "step",
    [
        replies.stall(),
        replies.stall(after_headers=True),
        replies.drip(),
        replies.drip(headers=True),
    ],
    ids=["nothing", "nothing after the headers", "body in drips", "headers in drips"],
)
def test_the_deadline_holds_however_slowly_bytes_come(step: Step) -> None:
    with FakeApi(lambda _: step) as api:
        embedder = hurried(api.url, total=0.2)
        with pytest.raises(EmbeddingError, match="did not answer in time") as caught:
            embedder.embed(TEXTS, "document")
        embedder.close()
    assert caught.value.code == "api.timeout"


def test_a_batch_that_takes_too_long_is_given_up_for_halving_after_two_tries(
    clock: FakeClock,
) -> None:
    with FakeApi(lambda _: replies.stall()) as api:
        policy = INDEX._replace(read=0.05)
        embedder = ApiEmbedder(
            ApiConfig(api.url, "acme/tiny", Secret(KEY)),
            policy,
            controller=Controller("x", 4, clock=clock),
        )
        with pytest.raises(EmbeddingError) as caught:
            embedder.embed(TEXTS, "document")
        embedder.close()
        assert len(api.requests) == 2
    assert caught.value.code == "api.timeout"


def test_a_read_timeout_ends_a_silence() -> None:
    with FakeApi(lambda _: replies.stall()) as api:
        embedder = hurried(api.url, read=0.1)
        with pytest.raises(EmbeddingError) as caught:
            embedder.embed(TEXTS, "document")
        embedder.close()
    assert caught.value.code == "api.timeout"


def test_a_slow_answer_is_waited_for() -> None:
    answer = threading.Event()
    with FakeApi([replies.stall(answer)]) as api:
        embedder = hurried(api.url)
        thread, outcome = in_thread(lambda: embedder.embed(TEXTS, "document").dimensions)
        api.reached.wait()
        assert not outcome
        answer.set()
        thread.join()
        assert outcome == [64]
        embedder.close()


# --- cancelling -------------------------------------------------------------------------------


def in_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Run a call in a thread; its result or exception is put in the list."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(call())
        except Exception as error:  # noqa: BLE001 - handed to the test
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def assert_cancelled(thread: threading.Thread, outcome: list[object]) -> None:
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert [type(item) for item in outcome] == [Cancelled]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("after_headers", [False, True], ids=["before headers", "after headers"])
@pytest.mark.usefixtures("trusted")
def test_cancelling_ends_a_request_in_flight(tls: bool, after_headers: bool) -> None:
    with FakeApi(lambda _: replies.stall(after_headers=after_headers), tls=tls) as api:
        embedder = ApiEmbedder(
            ApiConfig(api.url, "acme/tiny", Secret(KEY)), controller=Controller("x", 4)
        )
        thread, outcome = in_thread(lambda: embedder.embed(TEXTS, "document"))
        api.reached.wait()
        embedder.cancel()
        assert_cancelled(thread, outcome)
        embedder.close()


def test_cancelling_ends_a_wait_between_attempts() -> None:
    waiting = threading.Event()

    class Clock:
        def monotonic(self) -> float:
            return time.monotonic()

        def time(self) -> float:
            return time.time()

        def wait(self, event: threading.Event, seconds: float) -> None:
            assert seconds == 100
            waiting.set()
            event.wait()

    with FakeApi(lambda _: replies.status(429, headers={"Retry-After": "100"})) as api:
        embedder = ApiEmbedder(
            ApiConfig(api.url, "acme/tiny", Secret(KEY)),
            controller=Controller("x", 4, clock=Clock()),
        )
        thread, outcome = in_thread(lambda: embedder.embed(TEXTS, "document"))
        waiting.wait()
        embedder.cancel()
        assert_cancelled(thread, outcome)
        embedder.close()


def test_cancelling_ends_a_wait_in_line() -> None:
    with FakeApi(lambda _: replies.stall()) as api:
        embedder = ApiEmbedder(
            ApiConfig(api.url, "acme/tiny", Secret(KEY), concurrency=1),
            controller=Controller("x", 1),
        )
        first = in_thread(lambda: embedder.embed(TEXTS, "document"))
        api.reached.wait()
        second = in_thread(lambda: embedder.embed(TEXTS, "document"))
        embedder.cancel()
        assert_cancelled(*first)
        assert_cancelled(*second)
        assert len(api.requests) == 1
        embedder.close()


def test_cancelling_one_embedder_leaves_another_of_the_same_server_alone() -> None:
    """The second waits for the place of the first, is called off, and the first is answered."""
    waiting, answer = threading.Event(), threading.Event()

    class Clock(FakeClock):
        def monotonic(self) -> float:
            if api.reached.is_set():
                waiting.set()
            return super().monotonic()

    with FakeApi(lambda _: replies.stall(answer)) as api:
        controller = Controller("x", 1, clock=Clock())
        first, second = (
            ApiEmbedder(ApiConfig(api.url, "acme/tiny", Secret(KEY)), controller=controller)
            for _ in range(2)
        )
        served = in_thread(lambda: first.embed(TEXTS, "document").dimensions)
        api.reached.wait()
        off = in_thread(lambda: second.embed(TEXTS, "document"))
        waiting.wait()
        second.cancel()
        assert_cancelled(*off)
        answer.set()
        served[0].join()
        assert served[1] == [64]
        first.close()


def test_nothing_is_sent_after_cancelling(connect: Connect) -> None:
    with FakeApi() as api:
        embedder = connect(api.url)
        embedder.embed(TEXTS, "document")
        embedder.cancel()
        with pytest.raises(Cancelled):
            embedder.embed(TEXTS, "document")
        assert len(api.requests) == 1


def test_an_embedder_can_be_used_again_after_closing(connect: Connect) -> None:
    with FakeApi() as api:
        embedder = connect(api.url)
        embedder.embed(TEXTS, "document")
        embedder.close()
        assert len(embedder.embed(TEXTS, "document").vectors) == 2
