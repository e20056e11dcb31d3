"""A loopback embeddings API over raw sockets: scripted, counting, and strict about requests.

By default it behaves like OpenRouter with a few models: it checks the key and the request against
the contract, returns deterministic vectors in which shared words make texts similar, and charges
for them. A script makes it misbehave, down to single bytes (see `tests.fakes.replies`).

As a program it lets a person try the application without a network:
`python -m tests.fakes.api_server --port 8765`.
"""

from __future__ import annotations

import argparse
import base64 as b64
import hashlib
import json
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes import rerank
from tests.fakes.http_server import Exchange, HttpServer, Received
from tests.fakes.vectors import embed_text, pack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.fakes.replies import Step

KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"
SCHEMA = Path(__file__).parent.parent / "contract" / "embeddings.schema.json"
MODELS: dict[str, int] = {
    "openai/text-embedding-3-small": 1536,
    "qwen/qwen3-embedding-0.6b": 1024,
    "acme/tiny": 64,
    "acme/other": 96,
}
PRICE_PER_TOKEN = 2e-8
RERANK_MODEL = "acme/rerank"


class FakeApi(HttpServer):
    """The server; a context manager.

    Args:
        script: steps for the first requests in order of arrival, or a function that picks a step
            for each (None: the right reply). GET requests take part when it is a function.
        models: native size by model id; None accepts every model with `dimensions` values.
        dimensions: native size of models not named.
        key: what `Authorization` must carry; None asks for none.
        prefix: path of the base URL.
        strict: check every embeddings request against the contract's schema; a violation is
            answered by 400 and kept in `violations`.
        tls: speak TLS with a self-signed certificate for localhost.
    """

    def __init__(
        self,
        script: Sequence[Step] | Callable[[Received], Step | None] = (),
        *,
        models: Mapping[str, int] | None = MODELS,
        dimensions: int = 64,
        key: str | None = KEY,
        prefix: str = "/api/v1",
        strict: bool = True,
        tls: bool = False,
        port: int = 0,
    ) -> None:
        self.violations: list[str] = []
        self.paid_inputs = 0
        self.spent_usd = 0.0
        self.rerank_calls = 0
        self.provider = "Fake"
        """Who is said to have answered."""
        self._models = models
        self._dimensions = dimensions
        self._key = key
        self._prefix = prefix
        self._strict = strict
        super().__init__(script, tls=tls, port=port)

    @property
    def url(self) -> str:
        """The base URL to configure."""
        return self.origin + self._prefix

    @property
    def embedding_requests(self) -> list[Received]:
        """Requests that carried inputs, in order of arrival."""
        with self.lock:
            return [item for item in self.requests if item.path.endswith("/embeddings")]

    # --- answers -----------------------------------------------------------------------------

    def answer(
        self, request: Mapping[str, Any], inputs: Sequence[Any], *, base64: bool
    ) -> dict[str, Any]:
        """A right body for a request, charged for."""
        model = request["model"]
        native = (self._models or {}).get(model, self._dimensions)
        width = request.get("dimensions") or request.get("output_dimension") or native
        texts = [_as_text(item) for item in inputs]
        tokens = sum(-(-len(text) // 4) for text in texts)
        with self.lock:
            self.paid_inputs += len(texts)
            self.spent_usd += tokens * PRICE_PER_TOKEN
            number = self.paid_inputs
        return {
            "object": "list",
            "data": [
                {
                    "object": "embedding",
                    "index": index,
                    "embedding": _encoded(text, width, model)
                    if base64
                    else list(_vector(text, width, model)),
                }
                for index, text in enumerate(texts)
            ],
            "model": model,
            "id": f"gen-emb-1790000000-{number:020d}",
            "provider": self.provider,
            "usage": {
                "prompt_tokens": tokens,
                "total_tokens": tokens,
                "cost": tokens * PRICE_PER_TOKEN,
            },
        }

    def respond(self, exchange: Exchange) -> None:
        """What OpenRouter would answer."""
        received = exchange.received
        path = received.path.removeprefix(self._prefix).split("?")[0]
        authorization = received.headers.get("authorization", "")
        if not received.path.startswith(self._prefix):
            exchange.send(404, b"<html>Not here</html>", {"Content-Type": "text/html"})
        elif received.method == "GET" and path in {"/models", "/embeddings/models"}:
            rerank_only = "output_modalities=rerank" in received.path
            listed = MODELS if self._models is None else self._models
            rows = [rerank.row(RERANK_MODEL)] if rerank_only else map(_row, listed)
            exchange.send_json({"data": list(rows)})
        elif self._key is not None and authorization != f"Bearer {self._key}":
            message = "No auth credentials found" if not authorization else "User not found."
            exchange.send_json({"error": {"code": 401, "message": message}}, 401)
        elif (received.method, path) == ("GET", "/key"):
            exchange.send_json({"data": self._key_status()})
        elif (received.method, path) == ("POST", "/embeddings"):
            self._embed(exchange)
        elif (received.method, path) == ("POST", "/rerank"):
            self._rerank(exchange)
        else:
            exchange.send(404, b"<html>Not here</html>", {"Content-Type": "text/html"})

    def _embed(self, exchange: Exchange) -> None:
        violation = _violation(exchange.received) if self._strict else ""
        model = str(exchange.received.json.get("model"))
        if violation:
            with self.lock:
                self.violations.append(violation)
            exchange.send_json({"error": {"code": 400, "message": violation}}, 400)
        elif self._models is not None and model not in self._models:
            message = f"{model} is not a valid model ID"
            exchange.send_json({"error": {"code": 400, "message": message}}, 400)
        else:
            exchange.send_json(exchange.embeddings())

    def rerank(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """A right body for a rerank request, charged for."""
        with self.lock:
            self.rerank_calls += 1
            self.spent_usd += rerank.USD_PER_CALL
            return rerank.answer(request, self.rerank_calls)

    def _rerank(self, exchange: Exchange) -> None:
        violation = rerank.violation(exchange.received) if self._strict else ""
        request = exchange.received.json
        if violation:
            with self.lock:
                self.violations.append(violation)
            exchange.send_json({"error": {"code": 400, "message": violation}}, 400)
        elif self._models is not None and request["model"] != RERANK_MODEL:
            message = f"{request['model']} is not a valid model ID"
            exchange.send_json({"error": {"code": 400, "message": message}}, 400)
        else:
            exchange.send_json(self.rerank(request))

    def _key_status(self) -> dict[str, Any]:
        return {
            "label": "sk-or-v1-012...def",
            "usage": self.spent_usd,
            "limit": 100,
            "limit_remaining": 100 - self.spent_usd,
            "is_free_tier": False,
        }


def _violation(received: Received) -> str:
    validator = _validator()
    try:
        parsed = json.loads(received.body)
    except ValueError as error:
        return f"not JSON: {error}"
    errors = sorted(validator.iter_errors(parsed), key=str)
    if errors:
        return f"{errors[0].json_path}: {errors[0].message}"[:300]
    inputs = received.inputs
    if any(isinstance(item, str) and not item.strip() for item in inputs):
        return "$.input: an empty text"
    return ""


@lru_cache(maxsize=1)
def _validator() -> Any:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    schema = json.loads(SCHEMA.read_text("utf-8"))
    definition = {"$ref": "#/$defs/EmbeddingsRequest", "$defs": schema["$defs"]}
    return Draft202012Validator(definition)


def _as_text(item: Any) -> str:
    """Words to embed: a text, the text parts of a content, or a name for anything else."""
    if isinstance(item, str):
        return item
    if isinstance(item, dict):
        parts = [
            part.get("text") or hashlib.sha256(json.dumps(part).encode()).hexdigest()
            for part in item["content"]
        ]
        return " ".join(parts)
    return " ".join(f"token{number}" for number in item)


@lru_cache(maxsize=4096)
def _vector(text: str, width: int, model: str) -> tuple[float, ...]:
    """Another width gives other vectors, not cut ones: few words would leave nothing of them."""
    return tuple(embed_text(text, width, seed=model))


@lru_cache(maxsize=4096)
def _encoded(text: str, width: int, model: str) -> str:
    return b64.b64encode(pack(list(_vector(text, width, model)))).decode()


def _row(model: str) -> dict[str, Any]:
    return {
        "id": model,
        "name": f"Fake: {model}",
        "created": 1779235200,
        "context_length": 8192,
        "architecture": {
            "modality": "text->embeddings",
            "input_modalities": ["text"],
            "output_modalities": ["embeddings"],
        },
        "pricing": {"prompt": f"{PRICE_PER_TOKEN:.8f}", "completion": "0"},
        "top_provider": None,
    }


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A pretended embeddings API on this machine.")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--dimensions", type=int, default=256, help="of models it does not know")
    arguments = parser.parse_args()
    with FakeApi(
        models=None, dimensions=arguments.dimensions, key=None, port=arguments.port
    ) as api:
        print(f"SEMSEARCH_BASE_URL={api.url} SEMSEARCH_MODEL=acme/tiny", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(f"{len(api.requests)} requests, {api.paid_inputs} inputs paid", flush=True)


if __name__ == "__main__":
    main()
