"""One registry feeds bindings, footer, palette, help and remapping."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from textual.app import App

from semsearch import settings
from semsearch.errors import SettingsError
from semsearch.tui import keys
from semsearch.tui.app import SemsearchApp, load_screen
from semsearch.tui.screens.help import HelpScreen
from semsearch.tui.widgets.preview import Preview
from semsearch.tui.widgets.query_bar import QueryBar
from semsearch.tui.widgets.result_list import ResultList
from tests.tui.conftest import grid, type_text, until

if TYPE_CHECKING:
    from semsearch.settings import Settings

OWNED_BY_THE_FIELD = {
    *("ctrl+a", "ctrl+e", "ctrl+d", "ctrl+w", "ctrl+u", "ctrl+k", "ctrl+x", "ctrl+c", "ctrl+v"),
    *("left", "right", "home", "end", "delete", "backspace"),
}
SWALLOWED_BY_TERMINALS = {"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+s", "ctrl+z"}


def keys_of(action: keys.Action) -> list[str]:
    return action.key.split(",") if action.key else []


def test_ids_are_unique_and_name_their_scope() -> None:
    counted = Counter(action.id for action in keys.ACTIONS)
    assert max(counted.values()) == 1
    for action in keys.ACTIONS:
        prefix = action.id.split(".")[0]
        assert prefix == ("go" if action.scope == "anywhere" else action.scope)


@pytest.mark.parametrize("scope", sorted({action.scope for action in keys.ACTIONS}))
def test_no_key_means_two_things_in_one_place(scope: str) -> None:
    here = [a for a in keys.ACTIONS if a.scope in (scope, "anywhere")]
    counted = Counter(key for action in here for key in keys_of(action))
    assert {key for key, times in counted.items() if times > 1} == set()


def test_keys_reach_us_through_terminals_and_the_text_field() -> None:
    for action in keys.ACTIONS:
        assert not set(keys_of(action)) & SWALLOWED_BY_TERMINALS
        if action.scope in {"search", "anywhere"}:
            assert not set(keys_of(action)) & OWNED_BY_THE_FIELD


@pytest.mark.parametrize("action", keys.ACTIONS, ids=lambda action: action.id)
def test_every_action_can_be_carried_out(action: keys.Action) -> None:
    if not action.action:
        return
    name = f"action_{action.action.partition('(')[0]}"
    if action.scope == "anywhere":
        owner: object = SemsearchApp
    elif action.scope == "preview":
        owner = Preview
    else:
        owner = type(load_screen(action.scope))
    assert callable(getattr(owner, name, None)), f"{owner} has no {name}"


def test_remapping_takes_an_action_and_a_key() -> None:
    assert keys.keymap(["search.open=ctrl+r", "preview.next=x|ctrl+f"]) == {
        "search.open": "ctrl+r",
        "preview.next": "x,ctrl+f",
    }


@pytest.mark.parametrize("entry", ["search.open", "search.open=", "no.such=x", "search.type=x"])
def test_a_wrong_remapping_is_told(entry: str) -> None:
    with pytest.raises(SettingsError) as caught:
        keys.keymap([entry])
    assert caught.value.hint


async def test_a_remapped_key_works_and_is_shown(
    indexed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEMSEARCH_UI_KEYS", "search.mode=ctrl+t")
    app = SemsearchApp(settings.load())
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "ctrl+t mode" in grid(app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "meaning ·" in grid(app))
        await pilot.press("f3")
        await pilot.pause()
        assert "meaning ·" in grid(app)


async def test_help_shows_every_key_and_filters(app: SemsearchApp) -> None:
    async with app.run_test(size=(120, 60)) as pilot:
        await pilot.press("f1")
        await until(pilot, lambda: "QUERY LANGUAGE" in grid(app))
        shown = str(app.screen.query_one("#key-rows").render())
        for action in keys.ACTIONS:
            if action.key:
                assert keys.shown_key(action, {}) in shown
                assert action.help.split(",")[0].split()[0] in shown
        await type_text(pilot, "history")
        await until(pilot, lambda: "nothing here" in grid(app) or "QUERY LANG" not in grid(app))
        await pilot.press("escape")
        assert not isinstance(app.screen, HelpScreen)


async def test_the_palette_runs_an_action_by_name(app: SemsearchApp) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        await type_text(pilot, "chain")
        await until(pilot, lambda: app.screen.query_one(ResultList).hits)
        await pilot.press("ctrl+p")
        await pilot.pause()
        await type_text(pilot, "every key")
        await until(pilot, lambda: "Every key, and how" in grid(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


async def test_the_footer_is_a_row_of_buttons(app: SemsearchApp) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "f1 help" in grid(app))
        column = grid(app).splitlines()[-1].index("f1 help")
        await pilot.click(offset=(column + 1, 35))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


async def test_the_footer_follows_the_pane(app: SemsearchApp) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        await type_text(pilot, "chain")
        await until(pilot, lambda: app.screen.query_one(Preview).shown)
        await pilot.press("tab", "tab")
        await until(pilot, lambda: "n next match" in grid(app))
        await pilot.press("escape")
        await until(pilot, lambda: "n next match" not in grid(app))
        assert app.screen.query_one(QueryBar).field.has_focus


def test_textual_has_no_bindings_of_its_own_left_over() -> None:
    ours = {binding.id for binding in SemsearchApp.BINDINGS}
    assert None not in ours
    assert App.BINDINGS != SemsearchApp.BINDINGS
