"""Do keys and planted secrets stay where they belong (T14)?

    python -m tests.safety.canary
    python -m tests.safety.canary --corpus /usr/share/doc

A folder holds every kind of secret we know, in notes and in files of keys; the API key is a canary
too. Every command runs, some into errors, one into a bug of ours, one with every log switched on.
Then the canaries are looked for in all that was printed, in every file of the home, and in what was
sent. With a corpus, the share of its files that would be withheld for nothing is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from semsearch.store import open_index
from tests.fakes import replies
from tests.fakes.api_server import KEY, FakeApi
from tests.safety.processes import environment, index_of, run
from tests.unit.chunk.test_secrets import PLANTED

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess

    from tests.fakes.http_server import Received
    from tests.fakes.replies import Step

_FILES = {
    ".env": "TOKEN=canary-env-9d3b\n",
    "id_rsa": "canary-rsa-9d3b\n",
    "server.pem": "canary-pem-9d3b\n",
    ".netrc": "machine example login me password canary-netrc-9d3b\n",
    ".aws/credentials": "canary-aws-9d3b\n",
    ".ssh/config": "canary-ssh-9d3b\n",
    "passwords.kdbx": "canary-kdbx-9d3b\n",
    ".bash_history": "export KEY=canary-history-9d3b\n",
}
_BUG = (
    "import sys\nfrom semsearch.engine import Engine\n"
    "def boom(self, *a, **k):\n    secret = {key!r}\n    raise ValueError('the key is ' + secret)\n"
    "Engine.status = boom\nfrom semsearch.cli.main import main\nsys.exit(main(sys.argv[1:]))"
)
_LOGGED = (
    "import logging, sys\nlogging.basicConfig(level=1)\n"
    "from semsearch.cli.main import main\nsys.exit(main(sys.argv[1:]))"
)


class Hits(NamedTuple):
    """Where canaries were found that must not be there."""

    printed: list[str]
    kept: list[str]
    sent: list[str]
    unlisted: list[str]
    """Kinds `status` does not name."""
    unfound: list[str]
    """Kinds a keyword does not find."""
    kinds: int
    files: int


def plant(folder: Path) -> None:
    """Notes with one secret each beside ordinary text, and files of keys."""
    folder.mkdir()
    for number, secret in enumerate(PLANTED.values()):
        text = (
            f"# Note {number}\n\nmarker{number} stands beside {secret} here.\n\n# Other\n\nPlain.\n"
        )
        (folder / f"note{number}.md").write_text(text)
    for name, text in _FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def trial(folder: Path) -> Hits:
    """Run everything in an empty folder and look for the canaries."""
    notes = folder / "notes"
    plant(notes)
    step: list[Step | None] = [None]

    def pick(received: Received) -> Step | None:
        return step[0] if received.method == "POST" else None

    with FakeApi(pick) as api:
        home = folder / "home"
        env = environment(
            home,
            OPENROUTER_API_KEY=KEY,
            SEMSEARCH_BASE_URL=api.url,
            SEMSEARCH_MODEL="acme/tiny",
        )
        outputs = _every_command(env, notes, lambda one: step.__setitem__(0, one))
        status = json.loads(run(env, "status", "--json").stdout)["data"]
        told = " ".join(one["reason"] for one in status["problems"])
        bodies = [request.body for request in api.requests]
    store = open_index(str(index_of(home)), read_only=True)
    unfound = [kind for n, kind in enumerate(PLANTED) if not store.match_chunks(f"marker{n}", 1)]
    store.close()
    canaries = [line for text in _FILES.values() for line in text.split() if "canary" in line]
    keys = [KEY.encode(), *(one.encode() for one in canaries)]
    secrets = [one.encode() for one in PLANTED.values()]
    return Hits(
        [one.args[-1] for one in outputs if _holds(_printed(one), keys)],
        [
            str(path)
            for path in home.rglob("*")
            if path.is_file() and _holds(path.read_bytes(), keys)
        ],
        [
            repr(one)
            for one in (*keys, *secrets)
            if any(_holds(body, [one, json.dumps(one.decode())[1:-1].encode()]) for body in bodies)
        ],
        [kind for kind in PLANTED if kind not in told],
        unfound,
        len(PLANTED),
        len(_FILES),
    )


def _every_command(
    env: dict[str, str], notes: Path, answer: Callable[[Step | None], object]
) -> list[CompletedProcess[str]]:
    folder = str(notes)
    done = [
        run(env, "index", folder, "--dry-run", "-v"),
        run(env, "index", folder, "--yes", "-v"),
        run(env, "search", "plain", "--explain"),
        run(env, "similar", f"{folder}/note1.md"),
        run(env, "index", "--json", "--rehash"),
    ]
    for name in ("status", "check", "repair", "sent", "doctor", "models", "config", "key"):
        done.append(run(env, name, *(("--json",) if name in {"status", "models"} else ()), "-v"))
    echo = replies.error(401, f"invalid key {KEY}", metadata={"raw": KEY})
    for step in (echo, replies.status(500, text=KEY * 9), replies.raw(KEY.encode())):
        answer(step)
        done.append(run(env, "search", f"question {len(done)}", "-v"))
    answer(echo)
    done.append(run(env, "index", folder, "--model", "acme/other", "--yes", "-v"))
    answer(None)
    done.append(run(env, "search", "logged", prefix=(sys.executable, "-c", _LOGGED)))
    done.append(run({**env, "OPENROUTER_API_KEY": KEY + "\n\x1b odd"}, "search", "odd key", "-v"))
    bug = (sys.executable, "-c", _BUG.format(key=KEY))
    done += [run(env, "status", *flags, prefix=bug, bug=True) for flags in ((), ("-v",))]
    return done


def _printed(done: CompletedProcess[str]) -> bytes:
    return (done.stdout + done.stderr).encode()


def _holds(data: bytes, canaries: list[bytes]) -> bool:
    return any(one in data for one in canaries)


def withheld_share(corpus: Path) -> tuple[int, int]:
    """Of how many text files of a corpus some passage would be withheld: `(withheld, read)`."""
    from semsearch.chunk.secrets import find_secret
    from semsearch.errors import FileProblem
    from semsearch.extract import extract

    withheld = read = 0
    for place, _, names in os.walk(corpus):
        for name in names:
            path = os.path.join(place, name)
            try:
                if os.path.islink(path) or os.path.getsize(path) > 1_000_000:
                    continue
                with open(path, "rb") as stream:
                    text = extract(stream.read(), name).text
            except (FileProblem, OSError):
                continue
            read += 1
            withheld += bool(find_secret(text))
    return withheld, read


def main() -> int:
    """Run the trial and print what was found where."""
    parser = argparse.ArgumentParser(description="Plant secrets and look for them everywhere.")
    parser.add_argument("--corpus", type=Path, help="a folder without secrets")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="canary-") as folder:
        hits = trial(Path(folder))
    print(f"{hits.kinds} kinds of secret, {hits.files} files of keys")
    for name in ("printed", "kept", "sent", "unlisted", "unfound"):
        print(f"{name}: {len(getattr(hits, name))} {getattr(hits, name)}")
    if arguments.corpus is not None:
        withheld, read = withheld_share(arguments.corpus)
        print(f"withheld for nothing: {withheld} of {read} files, {withheld / max(1, read):.2%}")
    return 1 if any(hits[:5]) else 0


if __name__ == "__main__":
    sys.exit(main())
