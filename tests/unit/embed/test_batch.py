"""Batches that come to an end whatever is in them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semsearch.embed.batch import IncompleteReply, embed_resilient
from semsearch.errors import (
    AccessError,
    Cancelled,
    EmbeddingError,
    MalformedReply,
    ModelUnavailable,
    RequestRefused,
)
from tests.fakes.embedder import FakeEmbedder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from semsearch.errors import SemsearchError
    from semsearch.records import Embeddings, Purpose


def numbered(count: int) -> list[str]:
    return [f"text number {number}" for number in range(count)]


def sizes(embedder: FakeEmbedder) -> list[int]:
    return [len(texts) for texts, _ in embedder.calls]


def poisoned(*bad: str, error: Callable[[], Exception]) -> Callable[[Sequence[str], Purpose], None]:
    """Refuses every batch that holds one of the bad texts."""

    def on_call(texts: Sequence[str], purpose: Purpose) -> None:
        if set(bad) & set(texts):
            raise error()

    return on_call


def test_a_good_batch_takes_one_call() -> None:
    embedder = FakeEmbedder()
    result = embed_resilient(embedder, numbered(64), "document")
    assert sizes(embedder) == [64]
    direct = FakeEmbedder().embed(numbered(64), "document")
    assert result.outcomes == direct.vectors
    assert (result.tokens, result.cost_usd) == (direct.tokens, direct.cost_usd)
    assert (result.dimensions, result.requests, result.stopped) == (64, 1, None)
    assert result.request_ids == ("gen-emb-1",)


ERRORS: dict[str, Callable[[], EmbeddingError]] = {
    "refused": lambda: RequestRefused("no", status=400),
    "too large": lambda: RequestRefused("no", status=413),
    "pseudo-404": lambda: RequestRefused("no", code="api.no_provider", status=404),
    "moderated": lambda: RequestRefused("no", code="api.moderated", status=403),
    "malformed": lambda: MalformedReply("no"),
    "NaN as a 500": lambda: EmbeddingError("unsupported value: NaN", status=500, retryable=True),
    "out of time": lambda: EmbeddingError("no", code="api.timeout", status=524, retryable=True),
    "no answer in time": lambda: EmbeddingError("no", code="api.timeout", retryable=True),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("position", [0, 13, 31])
def test_one_poisoned_text_costs_only_itself(name: str, position: int) -> None:
    texts = numbered(32)
    embedder = FakeEmbedder(on_call=poisoned(texts[position], error=ERRORS[name]))
    result = embed_resilient(embedder, texts, "document")
    assert isinstance(result.outcomes[position], type(ERRORS[name]()))
    good = [outcome for outcome in result.outcomes if isinstance(outcome, bytes)]
    assert len(good) == 31
    assert embedder.inputs_sent == 31, "no text is paid for twice"
    assert len(embedder.calls) <= 7
    assert result.stopped is None


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(1, 40), max_inputs=st.integers(1, 16))
def test_any_poison_is_found_and_everything_else_embedded_once(
    data: st.DataObject, count: int, max_inputs: int
) -> None:
    texts = numbered(count)
    bad = data.draw(st.sets(st.integers(0, count - 1)))
    embedder = FakeEmbedder(
        max_inputs=max_inputs,
        on_call=poisoned(*(texts[item] for item in bad), error=lambda: RequestRefused("no")),
    )
    result = embed_resilient(embedder, texts, "document")
    assert result.stopped is None
    expected = FakeEmbedder(max_inputs=count).embed(texts, "document").vectors
    for position, outcome in enumerate(result.outcomes):
        if position in bad:
            assert isinstance(outcome, RequestRefused)
        else:
            assert outcome == expected[position]
    assert sorted(embedder.texts_sent) == sorted(set(texts) - {texts[item] for item in bad})


def test_a_failing_service_is_not_blamed_on_texts() -> None:
    calls: list[int] = []

    def on_call(texts: Sequence[str], purpose: Purpose) -> None:
        calls.append(len(texts))
        raise EmbeddingError("down", status=503, retryable=True)

    result = embed_resilient(FakeEmbedder(on_call=on_call), numbered(8), "document")
    assert calls == [8]
    assert all(
        isinstance(outcome, EmbeddingError) and outcome.retryable for outcome in result.outcomes
    )
    assert result.stopped is None


STOPS: dict[str, Callable[[], SemsearchError]] = {
    "no key": lambda: AccessError("no key"),
    "cancelled": lambda: Cancelled("stop"),
    "no model": lambda: ModelUnavailable("gone"),
    "model changed": lambda: ModelUnavailable("changed", code="model.changed"),
    **{
        code: partial(EmbeddingError, "stop", code=code)
        for code in (
            "api.circuit",
            "api.endpoint",
            "api.paused",
            "api.proxy",
            "api.quota",
            "api.redirect",
            "api.tls",
        )
    },
}


@pytest.mark.parametrize("name", STOPS)
def test_what_stops_a_batch_leaves_what_was_bought(name: str) -> None:
    texts = numbered(10)
    error = STOPS[name]()
    embedder = FakeEmbedder(max_inputs=4, on_call=poisoned(texts[5], error=lambda: error))
    result = embed_resilient(embedder, texts, "document")
    assert result.stopped is error
    assert [isinstance(outcome, bytes) for outcome in result.outcomes] == [True] * 4 + [False] * 6
    assert result.outcomes[4:] == (None,) * 6
    assert result.tokens is not None
    assert result.request_ids == ("gen-emb-1",)


def test_texts_refused_before_a_stop_are_not_held_against_them() -> None:
    """Nothing was accepted: the request as such may be wrong, so no text is marked as bad."""
    calls: list[int] = []

    def on_call(texts: Sequence[str], purpose: Purpose) -> None:
        calls.append(len(texts))
        if len(calls) == 5:
            raise EmbeddingError("open", code="api.circuit", retryable=True)
        raise RequestRefused("no")

    texts = [*numbered(63), "short"]
    result = embed_resilient(FakeEmbedder(on_call=on_call), texts, "document")
    assert calls == [64, 32, 32, 1, 16], "the shortest text is tried alone early"
    assert result.outcomes == (None,) * 64
    assert result.stopped is not None


def test_a_batch_is_split_when_the_embedder_takes_less() -> None:
    embedder = FakeEmbedder(max_inputs=10)
    result = embed_resilient(embedder, numbered(25), "query")
    assert sizes(embedder) == [10, 10, 5]
    assert all(isinstance(outcome, bytes) for outcome in result.outcomes)
    assert {purpose for _, purpose in embedder.calls} == {"query"}


def test_a_limit_learned_on_the_way_holds_for_the_rest() -> None:
    embedder = FakeEmbedder()

    def on_call(texts: Sequence[str], purpose: Purpose) -> None:
        if len(texts) > 5:
            embedder.max_inputs = 5
            raise RequestRefused("too many", status=413)

    embedder.on_call = on_call
    result = embed_resilient(embedder, numbered(20), "document")
    assert sizes(embedder) == [5, 5, 5, 5]
    assert all(isinstance(outcome, bytes) for outcome in result.outcomes)


@pytest.mark.parametrize("empty", ["", " ", "\n\t "])
def test_an_empty_text_is_never_sent(empty: str) -> None:
    embedder = FakeEmbedder()
    result = embed_resilient(embedder, ["a", empty, "b"], "document")
    assert embedder.texts_sent == ["a", "b"]
    assert isinstance(result.outcomes[1], RequestRefused)
    assert embed_resilient(embedder, [empty], "document").dimensions == 0
    assert embed_resilient(embedder, [], "document").outcomes == ()


class Patchy(FakeEmbedder):
    """Gives no usable vector for texts that hold `bad`, and says so beside the good ones."""

    def embed(self, texts: Sequence[str], purpose: Purpose) -> Embeddings:
        reply = super().embed(texts, purpose)
        faults = {place: "null" for place, text in enumerate(texts) if "bad" in text}
        if len(faults) == len(texts):
            raise MalformedReply("nothing usable")
        if faults:
            vectors = tuple(
                b"" if place in faults else vector for place, vector in enumerate(reply.vectors)
            )
            raise IncompleteReply(reply._replace(vectors=vectors), faults)
        return reply


def test_good_vectors_of_an_incomplete_reply_are_kept() -> None:
    embedder = Patchy()
    result = embed_resilient(embedder, ["a", "bad b", "c", "bad d", "e"], "document")
    assert sizes(embedder) == [5, 2, 1, 1]
    kinds = [type(outcome) for outcome in result.outcomes]
    assert kinds == [bytes, MalformedReply, bytes, MalformedReply, bytes]
    assert result.tokens == 7, "one for each short text and two for each longer one"


def test_what_was_to_be_tried_again_has_no_outcome_when_the_run_stops() -> None:
    embedder = Patchy()

    def on_call(texts: Sequence[str], purpose: Purpose) -> None:
        if embedder.calls:
            raise AccessError("no credit")

    embedder.on_call = on_call
    result = embed_resilient(embedder, ["a", "bad b"], "document")
    assert isinstance(result.outcomes[0], bytes)
    assert result.outcomes[1] is None


def test_the_cost_of_failed_calls_is_counted() -> None:
    def on_call(texts: Sequence[str], purpose: Purpose) -> None:
        if len(texts) > 1:
            error = MalformedReply("wrong count")
            error.requests, error.tokens, error.cost_usd = 3, 30, 0.5
            raise error

    result = embed_resilient(FakeEmbedder(on_call=on_call), ["aaaa", "bbbb"], "document")
    assert result.requests == 3 + 2
    assert result.tokens == 30 + 2
    assert result.cost_usd == pytest.approx(0.5 + 2e-6)
