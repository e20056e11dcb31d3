"""On a real pseudo-terminal: nothing from outside drives it, and it is always given back."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from semsearch.tui.terminal import SafetyFilter, crash_report
from tests.tui.conftest import make_index
from tests.tui.hostile import PAYLOADS, plant
from tests.tui.pty_app import FORBIDDEN, PtyApp

if TYPE_CHECKING:
    from pathlib import Path

    from semsearch.settings import Settings

LEAVES = b"\x1b[?1049l"
"""The terminal's own screen comes back."""


def ready(screen: str) -> bool:
    return "Type to search" in screen


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_last_filter_lets_no_control_character_pass(payload: str) -> None:
    segment = Segment(payload, Style(link="http://evil/\x1b]0;x\x07"), [(1, 2)])
    done = SafetyFilter().apply([segment], Color(0, 0, 0))
    assert not FORBIDDEN.search("".join(one.text for one in done))
    assert all(one.style.link is None and one.control is None for one in done)


def test_nothing_from_names_and_notes_reaches_the_terminal(
    configured: Settings, tmp_path: Path
) -> None:
    plant(tmp_path / "sea")
    make_index(configured, tmp_path / "sea")
    with PtyApp(size=(110, 34)) as app:
        app.until(ready)
        app.send("kraken")
        app.until(lambda screen: "hits · embed" in screen or "cached" in screen)
        for place in range(2, 11):
            app.send("\x1b[B")
            app.until(lambda screen, place=f"results {place}/": place in screen)
        app.send("\x1b[20~")  # f9: why
        app.until(lambda screen: "why rank" in screen)
        app.send("\x1b")
        app.until(lambda screen: "why rank" not in screen)
        app.send("\t")  # the dialog has gone, but may still have had this key
        app.until(lambda screen: "n next match" in screen, press="\t")
        app.send("m")  # the same as one reads it, where it is Markdown
        app.send("\x1b")
        app.until(lambda screen: "enter open" in screen)
        app.send("\x0c")  # ctrl+l: the name goes into the query, or is refused
        app.until(lambda screen: "results 1/" in screen or "cannot be typed" in screen)
        app.send("\x1bOP")  # f1
        app.until(lambda screen: "QUERY LANGUAGE" in screen)
        app.send("\x11")
        assert app.wait() == 0
        assert "kraken" in app.text
        assert app.forbidden == []
        assert b"owned" not in app.output.split(LEAVES)[-1]
        assert app.modes == (True, True)


def test_pasted_control_characters_reach_neither_query_nor_terminal(indexed: Settings) -> None:
    with PtyApp() as app:
        app.until(ready)
        app.send("\x1b[200~cab\x1b]0;owned\x07bage\u202e\x1b[201~")
        app.until(lambda screen: "hits" in screen or "nothing found" in screen)
        app.send("\x11")
        app.wait()
        assert app.forbidden == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_signals_give_the_terminal_back(indexed: Settings, name: str) -> None:
    number = getattr(signal, name)
    with PtyApp() as app:
        app.until(ready)
        assert app.modes == (False, False)
        os.kill(app.pid, number)
        assert app.wait() == 128 + number
        assert LEAVES in app.output
        assert b"\x1b[?25h" in app.output
        assert b"\x1b[?1000l" in app.output
        assert app.modes == (True, True)


def test_a_terminal_nobody_reads_does_not_keep_the_program(indexed: Settings) -> None:
    with PtyApp() as app:
        app.until(ready)
        app.fill_unread("\x1bOP\x1b")
        os.kill(app.pid, signal.SIGTERM)
        assert app.wait_unread() == 128 + signal.SIGTERM


def test_a_crash_tells_the_place_and_no_value(indexed: Settings) -> None:
    with PtyApp(program=[sys.executable, "-m", "tests.tui.crashing"]) as app:
        assert app.wait() == 70
        after = app.output.split(LEAVES)[-1]
        assert b"a bug in semsearch" in after
        assert b"ValueError" in after
        assert b"crashing.py" in after
        assert b"diary-entry" not in app.output
        assert app.modes == (True, True)


def test_a_report_names_frames_and_holds_no_message() -> None:
    try:
        {}["a private note\x1b]0;x\x07"]
    except KeyError as error:
        report = crash_report(error)
    assert "private" not in report
    assert "KeyError" in report
    assert "test_terminal.py" in report
    assert "\x1b" not in report


def test_a_hit_opens_in_the_editor_at_its_line_and_one_comes_back(
    indexed: Settings, tmp_path: Path
) -> None:
    editor = tmp_path / "vim"
    editor.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@" > "$OUT"\nstty -a | grep -o "[-]*icanon" >> "$OUT"\n'
    )
    editor.chmod(0o755)
    out = tmp_path / "arguments"
    with PtyApp(env={"VISUAL": str(editor), "OUT": str(out)}) as app:
        app.until(ready)
        app.send("boiler")
        app.until(lambda screen: "F22" in screen and "hits · embed" in screen)
        app.send("\r")
        app.until(lambda _screen: out.exists() and "icanon" in out.read_text())
        written = out.read_text().splitlines()
        assert written[0].startswith("+")
        assert written[1] == "--"
        assert written[2].endswith("docs/page.html")
        assert written[3] == "icanon"
        app.until(lambda screen: "F22" in screen)
        app.send("x")
        app.until(lambda screen: "boilerx" in screen)
        app.send("\x11")
        assert app.wait() == 0


def test_a_dumb_terminal_gets_the_help(indexed: Settings) -> None:
    with PtyApp(env={"TERM": "dumb"}) as app:
        assert app.wait() == 0
        assert b"usage: semsearch" in app.output
        assert b"\x1b" not in app.output
