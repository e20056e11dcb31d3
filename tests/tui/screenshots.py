"""Pictures of the screens, from a real index of the sample folder.

`python -m tests.tui.screenshots [FOLDER]` writes SVG files into `screenshots/`. The embedded
model must be installed. A screen adds itself to `SHOTS`.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len

from semsearch import settings
from semsearch.engine.job import JobOptions
from semsearch.engine.sample import sample_choice, sample_folder
from semsearch.tui.app import SemsearchApp
from tests.fakes.api_server import KEY, FakeApi

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.pilot import Pilot

MODELS = {"openai/text-embedding-3-small": 1536, "qwen/qwen3-embedding-8b": 4096}
"""What the pretended server offers in the pictures."""

_REMOTE_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_TEXT = re.compile(
    r'(<text [^>]*?x=")([\d.]+)(" y="[^"]*" textLength=")([\d.]+)("[^>]*>)([^<]*)(</text>)'
)
_BLANK = "&#160;"


class Shot(NamedTuple):
    """A picture to take."""

    name: str
    take: Callable[[Pilot[int]], Awaitable[None]]
    """Brings the application to the state the picture shows."""
    size: tuple[int, int] = (120, 36)
    environment: dict[str, str] = {}  # noqa: RUF012 - never changed


async def settle(pilot: Pilot[int], seconds: float = 1.2) -> None:
    """Let searches, previews and toasts come to rest."""
    await pilot.pause(seconds)


async def ask(pilot: Pilot[int], text: str) -> None:
    """Type a question."""
    from textual import events

    pilot.app.post_message(events.Paste(text))
    await settle(pilot, 2.5)


async def search(pilot: Pilot[int]) -> None:
    """Hits and preview."""
    await ask(pilot, "why was the loaf so dense")


async def preview(pilot: Pilot[int]) -> None:
    """The preview with the focus, on code."""
    await ask(pilot, "waiting before another attempt")
    await pilot.press("tab", "tab", "n")
    await settle(pilot)


async def why(pilot: Pilot[int]) -> None:
    """Why a hit stands where it stands."""
    await ask(pilot, "the heating loses pressure")
    await pilot.press("f9")
    await settle(pilot)


async def help_(pilot: Pilot[int]) -> None:
    """Every key."""
    await pilot.press("f1")
    await settle(pilot)


async def palette(pilot: Pilot[int]) -> None:
    """The command palette over a search."""
    await ask(pilot, "coffee tastes sour")
    await pilot.press("ctrl+p")
    await settle(pilot)


async def first_run(pilot: Pilot[int]) -> None:
    """The first steps with a folder added and the sample tried."""
    from textual.widgets import Button, Input

    pilot.app.screen.query_one("#folder", Input).value = "~/sample"
    await pilot.press("enter")
    await settle(pilot)
    pilot.app.screen.query_one("#try", Button).press()
    await settle(pilot, 12)


async def index(pilot: Pilot[int]) -> None:
    """A larger folder in the middle of its run."""
    from textual.widgets import Input

    app = pilot.app
    assert isinstance(app, SemsearchApp)
    fill_archive(Path(os.environ["HOME"]) / "archive")
    await pilot.press("f5", "a")
    await settle(pilot)
    app.screen.query_one(Input).value = "~/archive"
    await pilot.press("enter")
    await settle(pilot, 3)
    await pilot.press("r")
    for _ in range(120):
        await pilot.pause(0.5)
        progress = app.background.state.progress
        if progress is not None and progress.chunks_done >= 128:
            break


def fill_archive(archive: Path) -> None:
    """The sample many times over, each time under another heading, and two files to leave out."""
    for number in range(40):
        for path in sorted(Path(os.fsdecode(sample_folder())).rglob("*.md")):
            copy = archive / f"{2000 + number}" / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(f"# {2000 + number}\n\n{path.read_text('utf-8')}", "utf-8")
    (archive / "backup.sql").write_text("-- " * 4_000_000, "utf-8")
    (archive / "id_ed25519").write_text("-----BEGIN", "utf-8")


async def landing(pilot: Pilot[int]) -> None:
    """Without a question: those of before, and what changed."""
    for question in ("why was the loaf so dense", "the heating loses pressure"):
        await ask(pilot, question)
        await pilot.press("escape")
    await settle(pilot)


async def rendered(pilot: Pilot[int]) -> None:
    """The preview with Markdown as one reads it."""
    await ask(pilot, "why was the loaf so dense")
    await pilot.press("tab", "tab", "m")
    await settle(pilot)


async def models(pilot: Pilot[int]) -> None:
    """What there is, and what the index has of each."""
    await pilot.press("f6")
    await settle(pilot, 2)


async def compare(pilot: Pilot[int]) -> None:
    """Two models on the same candidates."""
    from textual.widgets import Input

    await models(pilot)
    await pilot.press("down", "slash")
    await settle(pilot)
    pilot.app.screen.query_one(Input).value = "why was the loaf so dense"
    await pilot.press("enter")
    await settle(pilot, 2)
    await pilot.press("y")
    await settle(pilot, 2)


async def settings_(pilot: Pilot[int]) -> None:
    """Every setting and where it comes from."""
    await pilot.press("f2", "down", "down")
    await settle(pilot, 2)


SHOTS: list[Shot] = [
    Shot("search", search),
    Shot("search-light", search, environment={"SEMSEARCH_UI_THEME": "semsearch-light"}),
    Shot("search-narrow", search, size=(80, 24)),
    Shot("landing", landing),
    Shot("preview", preview),
    Shot("rendered", rendered),
    Shot("why", why),
    Shot("help", help_),
    Shot("palette", palette),
    Shot("models", models),
    Shot("compare", compare),
    Shot("compare-narrow", compare, size=(80, 24)),
    Shot("settings", settings_),
    Shot("first-run", first_run, environment={"SEMSEARCH_INDEX": "/nowhere/index.db"}),
    Shot("index", index),
]


def index_sample(loaded: settings.Settings, sample: Path) -> None:
    """Index the sample folder with the embedded model."""
    from semsearch.engine import Engine

    engine = Engine(loaded)
    try:
        with engine.index_job([os.fsencode(sample)], sample_choice(), JobOptions()) as job:
            for _ in job.run():
                pass
    finally:
        engine.close()


def _without_edges(text: re.Match[str]) -> str:
    """Text that begins where its first letter stands: some viewers drop blanks at an edge."""
    before, x, between, length, style, characters, after = text.groups()
    inner = characters.removesuffix(_BLANK)
    while inner.endswith(_BLANK):
        inner = inner.removesuffix(_BLANK)
    if not inner.strip():
        return ""
    cells = cell_len(html.unescape(characters))
    width = float(length) / max(cells, 1)
    start = 0
    while inner.startswith(_BLANK):
        inner, start = inner.removeprefix(_BLANK), start + 1
    left, room = float(x) + start * width, cell_len(html.unescape(inner)) * width
    return f"{before}{left:.1f}{between}{room:.1f}{style}{inner}{after}"


async def photograph(shot: Shot, folder: Path) -> Path:
    """Take one picture."""
    app = SemsearchApp(settings.load(environment={**os.environ, **shot.environment}))
    async with app.run_test(size=shot.size) as pilot:
        await settle(pilot)
        await shot.take(pilot)
        # Pictures must not fetch fonts from anywhere when they are looked at.
        svg = _REMOTE_FONTS.sub("", app.export_screenshot(title="semsearch"))
        svg = _TEXT.sub(_without_edges, svg)
    path = folder / f"{shot.name}.svg"
    path.write_text(svg, "utf-8")
    return path


def main() -> None:
    """Take every picture, or those named after the folder."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    wanted = set(sys.argv[2:])
    folder.mkdir(exist_ok=True)
    folder = folder.absolute()
    with tempfile.TemporaryDirectory() as home:
        os.environ["SEMSEARCH_INDEX"] = os.path.join(home, "index.db")
        os.environ["XDG_CONFIG_HOME"] = os.environ["HOME"] = home
        sample = Path(home) / "sample"
        shutil.copytree(os.fsdecode(sample_folder()), sample)
        os.chdir(home)
        index_sample(settings.load(), sample)
        with FakeApi(models=MODELS) as api:
            os.environ["SEMSEARCH_BASE_URL"] = api.url
            os.environ["OPENROUTER_API_KEY"] = KEY
            for shot in SHOTS:
                if not wanted or shot.name in wanted:
                    sys.stdout.write(f"{asyncio.run(photograph(shot, folder))}\n")


if __name__ == "__main__":
    main()
