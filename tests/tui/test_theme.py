"""Contrast of every pair we paint, for every theme offered, as WCAG computes it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme

import semsearch.tui
from semsearch import settings
from semsearch.tui import theme
from semsearch.tui.app import SemsearchApp
from tests.tui.conftest import grid, type_text, until

TUI = Path(semsearch.tui.__file__).parent
RULE = re.compile(r"\$([a-z][a-z0-9-]*)")


def variables_of(one: Theme) -> dict[str, str]:
    variables = one.to_color_system().generate() | one.variables
    return variables | theme.derived(one, variables)


@pytest.mark.parametrize("one", theme.offered(), ids=lambda one: one.name)
def test_every_pair_can_be_read(one: Theme) -> None:
    variables = variables_of(one)
    for ink, ground in theme.PAIRS:
        ratio = theme.contrast(Color.parse(variables[ink]), Color.parse(variables[ground]))
        assert ratio >= theme.CONTRAST, f"${ink} on ${ground}: {ratio:.2f}"


def test_both_our_themes_are_offered_and_one_is_light() -> None:
    own = {one.name: one for one in theme.offered() if one.name.startswith("semsearch")}
    assert own[theme.DARK].dark
    assert not own[theme.LIGHT].dark


def test_contrast_is_that_of_the_standard() -> None:
    black, white = Color(0, 0, 0), Color(255, 255, 255)
    assert theme.contrast(black, white) == pytest.approx(21)
    assert theme.contrast(Color.parse("#767676"), white) == pytest.approx(4.54, abs=0.01)


def test_the_style_sheet_paints_text_only_with_tested_pairs() -> None:
    tested = {name for pair in theme.PAIRS for name in pair} | {"frame", "frame-focus"}
    css = (TUI / "semsearch.tcss").read_text("utf-8")
    assert set(RULE.findall(css)) <= tested


@pytest.mark.parametrize("name", [theme.DARK, theme.LIGHT, "gruvbox"])
async def test_the_theme_of_the_settings_is_used(
    indexed: settings.Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SEMSEARCH_UI_THEME", name)
    app = SemsearchApp(settings.load())
    async with app.run_test(size=(80, 24)) as pilot:
        await type_text(pilot, "cabbage")
        await until(pilot, lambda: "cabbage.md" in grid(app))
        assert app.theme == name
        one = next(theme_ for theme_ in theme.offered() if theme_.name == name)
        paper = Color.parse(variables_of(one)["paper"])
        grounds = Counter(
            segment.style.bgcolor.get_truecolor()
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None and segment.style.bgcolor is not None
        )
        assert Color(*grounds.most_common(1)[0][0]) == paper


async def test_an_unknown_theme_leaves_the_default(
    indexed: settings.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMSEARCH_UI_THEME", "ansi-dark")
    app = SemsearchApp(settings.load())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.theme == theme.DARK


async def test_a_theme_that_is_chosen_is_kept(app: SemsearchApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        app.theme = theme.LIGHT
        await until(pilot, lambda: Path(app.settings.config_path).exists())
        assert settings.load().text("ui.theme") == theme.LIGHT


async def test_no_color_leaves_only_greys(
    indexed: settings.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = SemsearchApp(settings.load())
    async with app.run_test(size=(80, 24)) as pilot:
        await type_text(pilot, "cabbage")
        await until(pilot, lambda: "cabbage.md" in grid(app))
        colours = {
            colour.get_truecolor()
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style is not None
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour is not None
        }
        assert colours
        assert all(red == green == blue for red, green, blue in colours)
