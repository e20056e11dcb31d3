"""Hits put in order by a rerank model: what is sent, what it costs, and what if it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from semsearch.engine.job import JobOptions
from tests.fakes import replies
from tests.fakes.api_server import RERANK_MODEL, FakeApi
from tests.fakes.rerank import USD_PER_CALL, edited, relevance
from tests.unit.engine.conftest import A, Desk, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from semsearch.engine import Engine
    from semsearch.records import Hit
    from tests.fakes.http_server import Received
    from tests.fakes.replies import Step

QUERY = "cedar juniper"
SECRET = "sk-or-v1-" + "0123456789abcdef" * 4


class Scripted:
    """A server that answers embeddings rightly, and rerank requests as it is told."""

    def __init__(self) -> None:
        self.step: Step | None = None
        self.api = FakeApi(self._pick)

    def _pick(self, received: Received) -> Step | None:
        return self.step if received.path.endswith("/rerank") else None


@pytest.fixture
def server() -> Iterator[Scripted]:
    made = Scripted()
    with made.api:
        yield made


@pytest.fixture
def notes(tmp_path: Path, server: Scripted) -> Desk:
    """Forty files, one of them with a key in it, indexed with A."""
    write_files(tmp_path / "notes", 40)
    (tmp_path / "notes" / "key.md").write_text(f"# Cedar\n\nThe cedar juniper key is {SECRET}\n")
    made = Desk(tmp_path, tmp_path / "notes", server.api)
    made.index_with(A)
    return made


def asked(desk: Desk) -> list[dict[str, Any]]:
    return [one.json for one in desk.api.requests if one.path.endswith("/rerank")]


def reranked(desk: Desk, limit: int = 10, **flags: Any) -> Any:
    flags.setdefault("search__shortlist", 15)
    return desk.do(lambda e: e.search(QUERY, limit=limit, rerank=RERANK_MODEL), **flags)


def identities(hits: tuple[Hit, ...]) -> list[int]:
    return [hit.chunk for hit in hits]


def test_the_order_is_that_of_the_scores_and_the_books_agree(notes: Desk) -> None:
    plain = notes.do(lambda engine: engine.search(QUERY, limit=15))
    found = reranked(notes, limit=5)
    (request,) = asked(notes)
    assert request["query"] == QUERY
    assert len(request["documents"]) == 14  # one of the fifteen is a secret
    scores = [hit.rerank_score for hit in found.hits]
    assert scores == sorted(relevance(QUERY, text) for text in request["documents"])[:-6:-1]
    assert set(identities(found.hits)) <= set(identities(plain.hits))
    assert [hit.rank for hit in found.hits] == [1, 2, 3, 4, 5]
    assert found.reranked_by == RERANK_MODEL
    assert found.cost_usd == pytest.approx(USD_PER_CALL)
    assert notes.ledger_usd() == pytest.approx(notes.charged_usd, abs=1e-12)
    entry = notes.do(lambda engine: engine.store().sent())[-1].sent
    assert (entry.purpose, entry.model, entry.inputs) == ("rerank", RERANK_MODEL, 14)
    assert entry.served_by == "Fake"


def test_what_looks_like_a_secret_is_not_sent_and_comes_last(notes: Desk) -> None:
    found = reranked(notes, limit=15)
    assert SECRET not in str(asked(notes))
    assert found.hits[-1].path.endswith(b"key.md")
    assert found.hits[-1].rerank_score is None
    assert "1 passages that look like secrets" in " ".join(found.notices)
    reranked(notes, index__send_secrets=True)
    assert SECRET in str(asked(notes)[-1])


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (replies.status(402), "credit"),
        (replies.status(500), "failed"),
        (replies.error(400, "acme/rerank is not a valid model ID"), "does not serve"),
        (replies.html(404), "offers no reranking"),
        (edited(lambda body: body["results"][0].update(index=99)), "belongs to no text"),
    ],
)
def test_without_the_model_the_search_keeps_its_order_and_says_why(
    notes: Desk, server: Scripted, step: Step, said: str
) -> None:
    plain = notes.do(lambda engine: engine.search(QUERY))
    server.step = step
    found = reranked(notes)
    assert found.hits == plain.hits
    assert found.reranked_by == ""
    assert said in found.notices[0]
    assert notes.ledger_usd() == pytest.approx(notes.charged_usd, abs=1e-12)
    server.step = None
    assert reranked(notes).reranked_by == RERANK_MODEL


def test_offline_nothing_is_sent(notes: Desk) -> None:
    plain = notes.do(lambda engine: engine.search(QUERY))
    requests = notes.requests
    found = reranked(notes, offline=True)
    assert found.hits == plain.hits
    assert "offline" in found.notices[0]
    assert notes.requests == requests


def test_a_folder_nobody_agreed_to_send_stays_here(notes: Desk, tmp_path: Path) -> None:
    write_files(tmp_path / "private", 3)

    def keywords_only(engine: Engine) -> None:
        with engine.index_job([bytes(tmp_path / "private")], None, JobOptions()) as job:
            list(job.run())

    notes.do(keywords_only)
    found = reranked(notes)
    assert asked(notes) == []
    assert "never allowed" in found.notices[0]
    outlay = notes.do(lambda engine: engine.rerank_outlay(RERANK_MODEL))
    assert (outlay.needs_consent, outlay.passages) == (True, 100)
    notes.do(lambda engine: engine.grant_consent(outlay.host))
    assert reranked(notes).reranked_by == RERANK_MODEL


def test_what_has_cost_more_than_the_cap_is_not_asked_again(notes: Desk) -> None:
    reranked(notes, search__max_cost=USD_PER_CALL, search__shortlist=12)
    found = reranked(notes, search__max_cost=USD_PER_CALL / 2)
    assert "cap" in found.notices[0]
    assert len(asked(notes)) == 1


def test_a_request_stays_below_its_limit(notes: Desk) -> None:
    found = reranked(notes, limit=40, api__batch_tokens=256)
    documents = asked(notes)[0]["documents"]
    assert 1 <= len(documents) < 30
    assert sum(map(len, documents)) < 256 * 6
    assert len(found.hits) == 40
    assert f"{39 - len(documents)} candidates got no score" in " ".join(found.notices)


def test_the_same_question_on_the_same_passages_is_not_paid_for_again(notes: Desk) -> None:
    first = reranked(notes)
    requests = notes.requests
    again = reranked(notes, offline=True)
    assert (again.hits, again.cost_usd) == (first.hits, 0.0)
    assert again.reranked_by == RERANK_MODEL
    assert notes.requests == requests
    reranked(notes, search__shortlist=16)
    assert len(asked(notes)) == 2
    file = next(notes.folder.rglob("note7.md"))
    file.write_text(file.read_text().replace("About", "About cedar juniper"))
    notes.index_with(A)
    reranked(notes)
    assert len(asked(notes)) == 3


def test_nothing_found_sends_nothing(notes: Desk) -> None:
    before = len(asked(notes))
    notes.do(lambda e: e.search("nowhereword", mode="lexical", rerank=RERANK_MODEL))
    assert len(asked(notes)) == before


def test_words_alone_can_be_put_in_order_too(notes: Desk) -> None:
    found = notes.do(lambda e: e.search(QUERY, mode="lexical", rerank=RERANK_MODEL))
    assert found.mode == "lexical"
    assert found.hits[0].rerank_score is not None
