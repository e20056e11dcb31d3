"""An engine on an index of many small files, and a loopback API that sells two models."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from semsearch import settings
from semsearch.engine import Engine
from semsearch.engine.job import JobOptions
from semsearch.records import IndexReport
from tests.fakes.api_server import KEY, FakeApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

A = "acme/tiny"
B = "acme/other"

VOCABULARY = (
    "anchor basil cedar dune ember fjord garnet heath indigo juniper kelp lantern marble nectar "
    "ochre pollen quartz ripple saffron thistle umber velvet willow yarrow zephyr"
)


def write_files(folder: Path, count: int) -> None:
    """Small files; no two passages are the same, and many share words."""
    words = VOCABULARY.split()
    for number in range(count):
        path = folder / f"{number % 9}" / f"note{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        some = " ".join(words[(number * step) % len(words)] for step in (1, 3, 7, 11, 13))
        path.write_text(f"# Note {number}\n\nAbout {some}, number{number}.\n")
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))


class Desk:
    """One index, one API, and an engine for every act, as separate runs of a command have."""

    def __init__(self, place: Path, folder: Path, api: FakeApi) -> None:
        self.api = api
        self.index = place / "index.db"
        self.folder = folder
        self.config = place / "config.toml"
        self.config.touch()
        self._sent_before = len(api.requests)
        self._spent_before = api.spent_usd
        self.spent_elsewhere = 0.0
        """What the index cost before this desk took it over."""

    def engine(self, **flags: Any) -> Engine:
        """A new engine on the index, with flags as the command line gives them."""
        environment = {**os.environ, "OPENROUTER_API_KEY": KEY, "SEMSEARCH_BASE_URL": self.api.url}
        named = {name.replace("__", "."): value for name, value in flags.items()}
        return Engine(
            settings.load(environment=environment, config_path=str(self.config), flags=named),
            index_path=str(self.index),
        )

    def do(self, act: Callable[[Engine], Any], **flags: Any) -> Any:
        """Run one act on an engine of its own."""
        engine = self.engine(**flags)
        try:
            return act(engine)
        finally:
            engine.close()

    def index_with(self, model: str, **flags: Any) -> IndexReport:
        """Index the folder; consent is given."""

        def act(engine: Engine) -> IndexReport:
            with engine.index_job([bytes(self.folder)], engine.choice(), JobOptions()) as job:
                job.grant_consent()
                return last_report(list(job.run()))

        return self.do(act, model__name=model, **flags)  # type: ignore[no-any-return]

    def build(self, model: str, *, use: bool = False, **flags: Any) -> IndexReport:
        """Build a model's space to the end."""

        def act(engine: Engine) -> IndexReport:
            with engine.build_job(model, use=use) as job:
                return last_report(list(job.run()))

        return self.do(act, **flags)  # type: ignore[no-any-return]

    def use(self, model: str) -> None:
        self.do(lambda engine: engine.use_model(model))

    def search(self, raw: str, **flags: Any) -> Any:
        """Hits, without asking whether files changed."""
        return self.do(lambda engine: engine.search(raw), **flags)

    def compare(self, model: str, raw: str, limit: int = 10) -> Any:
        return self.do(lambda engine: engine.compare(model, raw, limit))

    @property
    def requests(self) -> int:
        """Requests of any kind since this desk was made."""
        return len(self.api.requests) - self._sent_before

    @property
    def charged_usd(self) -> float:
        """What the API charged for everything in this index."""
        return self.api.spent_usd - self._spent_before + self.spent_elsewhere

    def documents_sent(self, model: str) -> list[str]:
        """Every text that was embedded as a document with a model here, in order."""
        with self.api.lock:
            received = self.api.requests[self._sent_before :]
        return [
            text
            for request in received
            if request.path.endswith("/embeddings")
            and request.json["model"] == model
            and request.json["input_type"] == "search_document"
            for text in request.json["input"]
        ]

    def ledger_usd(self) -> float:
        """What the ledger says everything has cost."""
        return float(self.do(lambda engine: engine.status().spent_usd))


def last_report(events: Sequence[object]) -> IndexReport:
    report = events[-1]
    assert isinstance(report, IndexReport)
    return report


@pytest.fixture(scope="module")
def api() -> Iterator[FakeApi]:
    with FakeApi() as server:
        yield server


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory, api: FakeApi) -> Desk:
    """Three hundred files, indexed with model A; not to be changed."""
    place = tmp_path_factory.mktemp("indexed")
    folder = place / "notes"
    write_files(folder, 300)
    made = Desk(place, folder, api)
    assert made.index_with(A).stopped_by is None
    return made


@pytest.fixture
def desk(tmp_path: Path, indexed: Desk) -> Desk:
    """A copy of that index, to do with as a test likes."""
    spent = indexed.ledger_usd()
    made = Desk(tmp_path, indexed.folder, indexed.api)
    shutil.copy(indexed.index, made.index)
    made.spent_elsewhere = spent
    return made
