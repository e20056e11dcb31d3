"""Switch the model and keep the index: what is sent, what is paid, and whose vectors answer.

    python -m tests.acceptance.switch --files 1000 --kills 12

Every act is a process of its own, as people have them, against an API on loopback that counts and
charges. A line that begins with FAIL breaks a promise, and the exit status tells.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes.api_server import KEY, PRICE_PER_TOKEN, FakeApi

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.http_server import Exchange, Received
    from tests.fakes.replies import Step

A, B = "acme/tiny", "acme/other"
QUESTIONS = ("cedar and juniper number7", "willow yarrow lantern", "number3 quartz", "ember dune")
WORDS = (
    "anchor basil cedar dune ember fjord garnet heath indigo juniper kelp lantern marble nectar "
    "ochre pollen quartz ripple saffron thistle umber velvet willow yarrow zephyr"
)
ROOT = Path(__file__).parent.parent.parent
BATCH = 16
IN_FLIGHT = 4


class Bench:
    """One home, one API, and the promises kept and broken so far."""

    def __init__(
        self, place: Path, api: FakeApi, shortlist: int, questions: tuple[str, ...]
    ) -> None:
        self.place = place
        self.questions = questions
        self.api = api
        self.broken = 0
        self.environment = {
            **{name: value for name, value in os.environ.items() if "SEMSEARCH" not in name},
            "HOME": str(place),
            "OPENROUTER_API_KEY": KEY,
            "SEMSEARCH_BASE_URL": api.url,
            "SEMSEARCH_SEARCH_SHORTLIST": str(shortlist),
            "SEMSEARCH_API_BATCH_INPUTS": str(BATCH),
            "PYTHONPATH": str(ROOT),
            **{f"XDG_{kind}_HOME": str(place / kind) for kind in ("CONFIG", "DATA", "CACHE")},
        }

    def make(self, folder: Path, model: str, index: str = "index.db") -> None:
        """Index a folder, one request at a time: then equal files are equal rows, in one order."""
        self.environment["SEMSEARCH_API_CONCURRENCY"] = "1"
        self.run("index", str(folder), "--model", model, "--yes", index=index)
        self.environment["SEMSEARCH_API_CONCURRENCY"] = str(IN_FLIGHT)

    def start(self, *arguments: str, index: str = "index.db") -> subprocess.Popen[bytes]:
        """A `semsearch` process."""
        command = [sys.executable, "-m", "semsearch", *arguments]
        return subprocess.Popen(
            [*command, "--index", str(self.place / index), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd=self.place,
        )

    def run(self, *arguments: str, index: str = "index.db") -> Any:
        """What a command answers; it must go well."""
        output, errors = self.start(*arguments, index=index).communicate()
        answer = json.loads(output or b'{"ok": false}')
        if not answer["ok"]:
            raise SystemExit(f"{' '.join(arguments)}: {output!r} {errors!r}")
        return answer["data"]

    def hits(self, question: str, *arguments: str, index: str = "index.db") -> list[Any]:
        """Fifty hits with all their fields."""
        return list(self.run("search", question, "-n", "50", *arguments, index=index)["hits"])

    def sent(self, model: str, purpose: str = "search_document") -> list[str]:
        """Every text embedded with a model for a purpose; a cut-off request counts as none."""
        with self.api.lock:
            received = list(self.api.requests)
        return [
            text
            for one in received
            if one.path.endswith("/embeddings")
            and one.body.endswith(b"}")
            and one.json["model"] == model
            and one.json["input_type"] == purpose
            for text in one.json["input"]
        ]

    @property
    def requests(self) -> int:
        """Requests of any kind."""
        return len(self.api.requests)

    def promise(self, *, kept: bool, what: str) -> None:
        """Print a promise and whether it holds."""
        self.broken += not kept
        print(f"{'ok  ' if kept else 'FAIL'}  {what}", flush=True)

    def ledger_usd(self) -> float:
        """What the index says everything has cost."""
        return float(self.run("status")["spent_usd"])


def write_files(folder: Path, count: int) -> None:
    """Notes of two headings each; no two passages are the same, and many share words."""
    words = WORDS.split()
    for number in range(count):
        some = [words[(number * step + step) % len(words)] for step in (1, 3, 7, 11, 13)]
        path = folder / f"{number % 31}" / f"note{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"# Note {number}\n\n## First\n\nAbout {' '.join(some)}, number{number}.\n\n"
            f"## Then\n\nLater {' '.join(reversed(some[1:]))}, again number{number}.\n"
        )
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))


def switch(bench: Bench, shortlist: int) -> None:
    """Re-ranking sends at most the candidates, and nothing twice."""
    question = bench.questions[0]
    before = len(bench.sent(B))
    compared = bench.run("models", "compare", B, question)
    new = len(bench.sent(B)) - before
    bench.promise(
        kept=new == compared["embedded"] == len(compared["rows"]) <= shortlist,
        what=f"compare embeds its candidates: {new:,} sent, {len(compared['rows']):,} shown",
    )
    requests = bench.requests
    bench.run("search", question, "--model", B)
    bench.run("models", "compare", B, question)
    bench.promise(
        kept=bench.requests == requests,
        what=f"the same question again sends nothing: {bench.requests - requests} requests",
    )
    bench.run("models", "use", B)
    for other in bench.questions[1:]:
        had = set(bench.sent(B))
        first = bench.run("search", other)
        fresh = bench.sent(B)[len(had) :]
        bench.promise(
            kept=first["space"]["model"] == B and not had & set(fresh) and len(fresh) <= shortlist,
            what=f"after `use`, a new question sends what is missing: {len(fresh):,} passages, "
            f"{first['space']['coverage']:.1%} covered",
        )
        requests = bench.requests
        again = bench.run("search", other)
        bench.promise(
            kept=bench.requests == requests and again["hits"] == first["hits"],
            what=f"and repeated sends nothing: {bench.requests - requests} requests",
        )


def compare_with_scratch(bench: Bench, folder: Path) -> None:
    """Both rankings of a preview are those of indexes made from scratch."""
    for model, side in ((A, "a"), (B, "b")):
        bench.make(folder, model, index=f"{side}.db")
    for question in bench.questions:
        compared = bench.run("models", "compare", B, question)
        for side in ("a", "b"):
            ranked = bench.run(
                "search", question, "--mode", "semantic", "-n", "1000", index=f"{side}.db"
            )
            scratch = {(hit["path"], hit["start_line"]): hit["cosine"] for hit in ranked["hits"]}
            rows = sorted(compared["rows"], key=lambda row: row[f"rank_{side}"])
            cosines = [row[f"cosine_{side}"] for row in rows]
            same = all(
                scratch.get((row["path"], row["start_line"]), row[f"cosine_{side}"])
                == row[f"cosine_{side}"]
                for row in rows
            )
            seen = sum((row["path"], row["start_line"]) in scratch for row in rows)
            bench.promise(
                kept=same and seen > 0 and cosines == sorted(cosines, reverse=True),
                what=f"compare on {question!r}: {seen} of {len(rows)} candidates found in the "
                f"index of {side.upper()} alone, cosines and order the same",
            )


def build_with_kills(bench: Bench, kills: int, total: int) -> int:
    """Builds and searches killed at random, then one build to the end; returns re-sendings.

    What was in flight when a process was killed was never read by anyone; it is sent again.
    """
    chance = random.Random(11)
    killed = in_flight = 0
    asked = []
    for number in range(kills):
        command = ["models", "build", B]
        if number % 4 == 3:
            asked.append(f"number{number} velvet")
            command = ["search", asked[-1]]
        process = bench.start(*command)
        wanted = bench.requests + chance.randint(1, 8)
        while bench.requests < wanted and process.poll() is None:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.03)
        if process.poll() is None:
            chosen = chance.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
            process.send_signal(chosen)
            killed += 1
            # Asked to stop, a build waits for what is in flight; a search is a person's to end.
            in_flight += IN_FLIGHT * BATCH * (chosen == signal.SIGKILL or command[0] == "search")
        process.communicate()
    requests = bench.requests
    report = bench.run("models", "build", B)
    requests = bench.requests - requests
    for question in asked:  # whose vector a kill took away is embedded again, as passages are
        bench.run("search", question)
    counts = Counter(bench.sent(B))
    again = sum(counts.values()) - len(counts)
    bench.promise(
        kept=len(counts) == total and again <= in_flight,
        what=f"after {killed} kills the build finishes the rest: {len(counts):,} of {total:,} "
        f"passages embedded, {again:,} of at most {in_flight:,} in flight at a kill sent again "
        f"({report['chunks']['embedded']:,} in {requests} requests at the end)",
    )
    return again


def lost_usd(bench: Bench) -> float:
    """What replies cost that no process lived to read: all but the last sending of each text."""
    counts = Counter(bench.sent(B)), Counter(bench.sent(B, "search_query"))
    return PRICE_PER_TOKEN * sum(
        (times - 1) * -(-len(text) // 4) for one in counts for text, times in one.items()
    )


def after_the_flip(bench: Bench) -> None:
    """The flipped index answers like one made from scratch with the new model."""
    for question in bench.questions:
        for mode in ("hybrid", "semantic", "lexical"):
            flipped = bench.hits(question, "--mode", mode)
            scratch = bench.hits(question, "--mode", mode, index="b.db")
            bench.promise(
                kept=flipped == scratch and len(flipped) > 0,
                what=f"after the flip {mode} {question!r} is that of an index made with B: "
                f"{len(flipped)} hits, field by field",
            )


def roll_back(bench: Bench, before: dict[str, list[Any]]) -> None:
    """Going back, and forth again, sends nothing and answers as before."""
    requests = bench.requests
    started = time.perf_counter()
    bench.run("models", "use", A)
    took_ms = (time.perf_counter() - started) * 1e3
    same = all(bench.hits(question) == before[question] for question in bench.questions)
    bench.run("models", "use", B)
    bench.run("models", "build", B)
    bench.run("models", "use", A)
    bench.promise(
        kept=same and bench.requests == requests,
        what=f"rollback answers as before, {bench.requests - requests} requests, {took_ms:.0f} ms",
    )


def cost_book(bench: Bench, charged_elsewhere: float, lost: float) -> None:
    """Every dollar charged is in the ledger."""
    charged = bench.api.spent_usd - charged_elsewhere
    booked = bench.ledger_usd()
    bench.promise(
        kept=abs(charged - booked - lost) < 1e-9,
        what=f"the ledger has ${booked:.9f} of ${charged:.9f} charged; ${lost:.9f} of replies "
        "were lost to kills",
    )


def slowly(seconds: float) -> Callable[[Received], Step | None]:
    """A script in which every right reply takes its time, so that kills meet requests."""

    def step(exchange: Exchange) -> None:
        time.sleep(seconds)
        exchange.server.respond(exchange)

    return lambda _: step


def measure(
    place: Path,
    files: int,
    kills: int,
    shortlist: int,
    latency_s: float,
    questions: tuple[str, ...] = QUESTIONS,
) -> int:
    """Keep every promise once; returns how many were broken."""
    folder = place / "notes"
    write_files(folder, files)
    with FakeApi(slowly(latency_s)) as api:
        bench = Bench(place, api, shortlist, questions)
        bench.make(folder, A)
        total = len(set(bench.sent(A)))
        bench.promise(
            kept=len(bench.sent(A)) == total,
            what=f"{files:,} files, {total:,} passages, each embedded once with A",
        )
        before = {question: bench.hits(question) for question in bench.questions}
        switch(bench, shortlist)
        cost_book(bench, 0.0, 0.0)
        again = build_with_kills(bench, kills, total)
        lost = lost_usd(bench)
        space = bench.run("search", bench.questions[0])["space"]
        bench.promise(
            kept=(space["model"], space["coverage"]) == (B, 1.0),
            what=f"the build has flipped to B; {len(bench.sent(B)) - total - again} passages were "
            "sent twice without a kill",
        )
        roll_back(bench, before)
        compare_with_scratch(bench, folder)
        bench.run("models", "use", B)
        after_the_flip(bench)
        scratch = sum(bench.run("status", index=f"{side}.db")["spent_usd"] for side in "ab")
        cost_book(bench, scratch, lost)
    return bench.broken


def main() -> None:
    """Measure in a folder that vanishes."""
    parser = argparse.ArgumentParser(description="Count what a model switch sends and costs.")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--shortlist", type=int, default=100)
    parser.add_argument("--latency-ms", type=float, default=15.0, help="of a reply")
    arguments = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="semsearch-switch-"))
    try:
        broken = measure(
            place,
            arguments.files,
            arguments.kills,
            arguments.shortlist,
            arguments.latency_ms / 1e3,
        )
    finally:
        shutil.rmtree(place)
    print(f"{broken} promises broken" if broken else "every promise kept")
    raise SystemExit(bool(broken))


if __name__ == "__main__":
    main()
