"""The rerank endpoint of the fake API: scores by shared words, a price for every call."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.vectors import embed_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fakes.http_server import Exchange, Received
    from tests.fakes.replies import Step

SCHEMA = Path(__file__).parent.parent / "contract" / "rerank.schema.json"
USD_PER_CALL = 0.002
WIDTH = 64


def violation(received: Received) -> str:
    """What is wrong with a request; empty when it keeps to the contract."""
    try:
        parsed = json.loads(received.body)
    except ValueError as error:
        return f"not JSON: {error}"
    errors = sorted(_validator().iter_errors(parsed), key=str)
    return f"{errors[0].json_path}: {errors[0].message}"[:300] if errors else ""


def row(model: str) -> dict[str, Any]:
    """The model in the list."""
    return {
        "id": model,
        "name": f"Fake: {model}",
        "context_length": 4096,
        "architecture": {"input_modalities": ["text"], "output_modalities": ["rerank"]},
        "pricing": {"prompt": "0", "request": f"{USD_PER_CALL}"},
    }


def answer(request: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A right body: best text first, with its text, as OpenRouter sends it."""
    query, texts = request["query"], request["documents"]
    scored = sorted(((relevance(query, text), index) for index, text in enumerate(texts)))
    results = [
        {"index": index, "relevance_score": score, "document": {"text": texts[index]}}
        for score, index in reversed(scored)
    ]
    return {
        "id": f"gen-rerank-1790000000-{number:020d}",
        "model": request["model"],
        "provider": "Fake",
        "results": results[: request.get("top_n")],
        "usage": {"cost": USD_PER_CALL, "search_units": 1},
    }


def relevance(query: str, text: str) -> float:
    """What the fake model thinks of a text: the longer ones it likes a little less."""
    a, b = embed_text(query, WIDTH, seed="rerank"), embed_text(text, WIDTH, seed="rerank")
    return round(math.fsum(x * y for x, y in zip(a, b, strict=True)) - len(text) / 1e6, 9)


def edited(edit: Callable[[dict[str, Any]], object]) -> Step:
    """The right reply after `edit` has changed it; charged for all the same."""

    def step(exchange: Exchange) -> None:
        body = exchange.server.rerank(exchange.received.json)  # type: ignore[attr-defined]
        edit(body)
        exchange.send_json(body)

    return step


@lru_cache(maxsize=1)
def _validator() -> Any:
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    schema = json.loads(SCHEMA.read_text("utf-8"))
    return Draft202012Validator({"$ref": "#/$defs/RerankRequest", "$defs": schema["$defs"]})
