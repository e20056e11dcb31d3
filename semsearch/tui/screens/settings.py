"""The settings screen: every setting with its value and where it comes from, and the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.content import Content
from textual.widgets import OptionList, Static

from semsearch.errors import SemsearchError
from semsearch.present.reports import value_text
from semsearch.settings import from_text
from semsearch.text import one_line
from semsearch.tui import key_text
from semsearch.tui.cells import cell_len, cut, fit
from semsearch.tui.run_text import home_path
from semsearch.tui.screens.ask import AskChoice, AskText
from semsearch.tui.screens.narrowing import NarrowingScreen
from semsearch.tui.settings_source import reloaded
from semsearch.tui.widgets.marked_list import MarkedList

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from semsearch.settings import Origin, Setting, Value
    from semsearch.tui.keys import Scope

_ORIGINS: Final = {
    "default": "default",
    "file": "your file",
    "environment": "environment",
    "flag": "command line",
}
_FRAME: Final = 6


class SettingsScreen(NarrowingScreen):
    """A list one walks through; the pane below explains the setting under the cursor."""

    SCOPE: ClassVar[Scope] = "settings"
    HEADING = "Settings"
    AUTO_FOCUS = LIST = "#settings"

    def __init__(self) -> None:
        super().__init__(id="settings-screen")
        self._rows: list[tuple[Setting, Value, Origin]] = []
        self._key: key_text.KeyFacts | None = None

    def compose_body(self) -> ComposeResult:
        """Key, filter, list, explanation."""
        yield Static(id="key-line", classes="pane", markup=False)
        yield self.narrowing_line("find a setting")
        yield MarkedList(id="settings", classes="pane")
        yield Static(id="about", classes="pane", markup=False)

    def on_mount(self) -> None:
        """List, and look at the key."""
        super().on_mount()
        self.query_one("#key-line").border_title = "API key"
        self._list()
        self._look_at_key()

    def on_resize(self, _event: events.Resize) -> None:
        """Columns follow the width."""
        self._list()

    # --- showing -----------------------------------------------------------------------------

    def _list(self) -> None:
        listed = self.query_one("#settings", MarkedList)
        wanted = self.wanted
        every = list(self.semsearch.settings.rows())
        self._rows = [row for row in every if wanted in f"{row[0].name} {row[0].help}".lower()]
        kept = listed.highlighted or 0
        width = max(30, self.size.width - _FRAME)
        listed.show([setting_line(*row, width) for row in self._rows], kept)
        listed.border_title = f"settings {len(self._rows)} of {len(every)}"
        changed = sum(origin != "default" for _, _, origin in every)
        self.say_status(
            f"{changed} of {len(every)} differ from their default",
            home_path(self.semsearch.settings.config_path.encode("utf-8", "surrogateescape")),
        )

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Explain the setting under the cursor."""
        if event.option_index < len(self._rows):
            setting, value, origin = self._rows[event.option_index]
            about = self.query_one("#about", Static)
            about.border_title = setting.name
            lines = about_lines(setting, value, origin, self.semsearch.key("settings.edit"))
            about.update(Content("\n").join(lines))

    def _show_key(self) -> None:
        lines = [] if self._key is None else key_text.key_lines(self._key)
        shown = [
            Content.styled(one_line(line), "$good" if number == 0 and self._key_good else "")
            for number, line in enumerate(lines)
        ]
        self.query_one("#key-line", Static).update(Content("\n").join(shown))

    @property
    def _key_good(self) -> bool:
        return self._key is not None and self._key.status is not None

    def _look_at_key(self) -> None:
        self.work(self._check_key, "key")

    async def _check_key(self) -> None:
        """First what is kept here, then what the server says of it."""
        self._key = await self.semsearch.desk.run(key_text.kept_key)
        self._show_key()
        self._key = await self.semsearch.remote.run(key_text.checked_key)
        self._show_key()

    # --- acting ------------------------------------------------------------------------------

    def action_edit(self) -> None:
        """Change the setting under the cursor: flip it, choose, or type."""
        row = self._selected()
        if row is None:
            return
        setting, value, _ = row
        if setting.kind == "bool":
            self._keep(setting, "false" if value else "true")
        elif setting.choices:
            now = setting.choices.index(str(value)) if value in setting.choices else 0
            names = [choice or "(none)" for choice in setting.choices]
            ask = AskChoice(setting.name, [setting.help], names, chosen=now)
            self.app.push_screen(ask, lambda number: self._chosen(setting, number))
        else:
            lines = [f"{setting.help[:1].upper()}{setting.help[1:]}.", *_kind_lines(setting)]
            box = AskText(
                setting.name,
                lines,
                value=value_text(value),
                check=lambda raw: value_fault(setting, raw),
            )
            self.app.push_screen(box, lambda raw: self._typed(setting, raw))

    def action_reset(self) -> None:
        """Take the setting out of the file, so that its default holds."""
        row = self._selected()
        if row is not None:
            self._keep(row[0], None)

    def on_option_list_option_selected(self, _event: OptionList.OptionSelected) -> None:
        """Enter and a double click change."""
        self.action_edit()

    def action_key(self) -> None:
        """Set a key, forget it, or ask the server about it again."""
        choices = ["set another key", "forget the stored key", "ask the server about it"]
        host = self._key.host if self._key is not None else ""
        self.app.push_screen(AskChoice(f"API key for {host}", [], choices), self._key_chosen)

    # --- inside ------------------------------------------------------------------------------

    def _selected(self) -> tuple[Setting, Value, Origin] | None:
        number = self.query_one("#settings", MarkedList).highlighted
        return None if number is None or number >= len(self._rows) else self._rows[number]

    def _chosen(self, setting: Setting, number: int | None) -> None:
        if number is not None:
            self._keep(setting, setting.choices[number])

    def _typed(self, setting: Setting, raw: str | None) -> None:
        if raw is not None:
            self._keep(setting, raw)

    def _keep(self, setting: Setting, raw: str | None) -> None:
        self.work(lambda: self._write(setting, raw), "write")

    async def _write(self, setting: Setting, raw: str | None) -> None:
        """Write the file, go on with it, and say so where something else still wins."""
        app = self.semsearch
        await app.desk.run(lambda engine: engine.set_setting(setting.name, raw))
        app.use_settings(reloaded(app.settings))
        self._list()
        origin = app.settings.origin(setting.name)
        if origin in {"environment", "flag"}:
            told = f"kept in your file, but the {_ORIGINS[origin]} sets {setting.name} now"
            self.say_status(told, tone="warn")

    def _key_chosen(self, number: int | None) -> None:
        if number == 0:
            box = AskText(
                "API key",
                ["It is kept in a file only you can read, and goes to this server alone."],
                hidden=True,
                check=key_text.key_fault,
            )
            self.app.push_screen(box, self._key_typed)
        elif number == 1:
            self.work(self._forget_key, "keep-key")
        elif number == 2:
            self._look_at_key()

    def _key_typed(self, value: str | None) -> None:
        if value is not None:
            self.work(lambda: self._store_key(value), "keep-key")

    async def _store_key(self, value: str) -> None:
        app = self.semsearch
        place = await app.desk.run(lambda engine: engine.store_key(value, keyring=False))
        app.say(f"The key is kept in {place}.")
        app.use_settings(app.settings)
        self._look_at_key()

    async def _forget_key(self) -> None:
        app = self.semsearch
        known = await app.desk.run(lambda engine: engine.forget_key())
        app.say("The stored key is gone." if known else "No key was stored.")
        app.use_settings(app.settings)
        self._look_at_key()


def setting_line(setting: Setting, value: Value, origin: Origin, width: int) -> Content:
    """Name, value, origin and, where there is room, what it is for."""
    name_width = min(28, width * 2 // 5)
    origin_width = 13
    rest = width - name_width - origin_width - 4
    value_width = min(34, max(8, rest // 2)) if width >= 90 else rest
    shown = value_text(value) or "–"
    help_width = width - name_width - origin_width - value_width - 6
    changed = origin != "default"
    parts: list[str | Content | tuple[str, str]] = [
        (fit(setting.name, name_width), "bold" if changed else ""),
        "  ",
        (fit(shown, value_width), "$match" if changed else ""),
        "  ",
        (fit(_ORIGINS[origin], origin_width), "$good" if changed else "$quiet"),
    ]
    if help_width > 10:
        parts += ["  ", (cut(setting.help, help_width), "$quiet")]
    return Content.assemble(*parts)


def about_lines(setting: Setting, value: Value, origin: Origin, edit: str) -> list[Content]:
    """What the setting is for, what it takes, and everything that can set it."""
    shown, default = value_text(value) or "–", value_text(setting.default) or "–"
    names = " or ".join(filter(None, (setting.environment, setting.alias)))
    rows = [
        ("", f"{setting.help[:1].upper()}{setting.help[1:]}."),
        ("value", f"{shown}   from {_ORIGINS[origin]}"),
        *([("default", default)] if origin != "default" else []),
        ("set by", f"{edit} here, or semsearch config set {setting.name} …"),
        (" ", f"or {names}"),
    ]
    if setting.choices:
        rows.insert(2, ("takes", ", ".join(choice or "(none)" for choice in setting.choices)))
    label_width = max(cell_len(label) for label, _ in rows)
    return [
        Content.assemble((f"{label:<{label_width}}  " if label else "", "$quiet"), text)
        for label, text in rows
    ]


def value_fault(setting: Setting, raw: str) -> str:
    """Why the setting cannot have this value; empty when it can."""
    try:
        from_text(setting, raw, source="the settings screen")
    except SemsearchError as error:
        return error.hint or error.message
    return ""


def _kind_lines(setting: Setting) -> list[str]:
    low, high = setting.minimum, setting.maximum
    bounds = [f"at least {low:g}"] if low is not None else []
    bounds += [f"at most {high:g}"] if high is not None else []
    if setting.kind == "list":
        bounds.append("several are parted by commas")
    return [f"It takes {', '.join(bounds)}."] if bounds else []
