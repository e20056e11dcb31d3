"""Every setting, declared once; its value comes from default < file < environment < flag.

The command line, `semsearch config`, the settings screen and the documentation all read `DECLARED`.
The environment is read here and nowhere else. Only the user's own file is read, never one inside an
indexed folder: a checked-out repository must not choose where notes are sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from semsearch import paths
from semsearch.errors import SettingsError
from semsearch.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Literal

    Kind = Literal["text", "int", "number", "bool", "list"]

    Origin = Literal["default", "file", "environment", "flag"]

Value = str | int | float | bool | tuple[str, ...]


class Setting(Record):
    """The declaration of one setting."""

    name: str
    """Dotted: the table and the key in `config.toml`."""
    kind: Kind
    default: Value
    help: str
    choices: tuple[str, ...] = ()
    alias: str = ""
    """A shorter environment variable beside `SEMSEARCH_<NAME>`; it wins when both are set."""
    minimum: float | None = None
    maximum: float | None = None

    @property
    def environment(self) -> str:
        """The environment variable that sets it."""
        return "SEMSEARCH_" + self.name.upper().replace(".", "_")


OPENROUTER_URL: Final = "https://openrouter.ai/api/v1"
NOTHING_USD: Final = 5e-324
"""Less than anything costs: the cap of who will pay for nothing, since a cap of 0 is none."""

PROFILES: Final = (
    *("auto", "openrouter", "openai", "ollama", "lmstudio", "llamacpp", "vllm", "tei"),
    *("infinity", "litellm", "voyage", "cohere", "jina", "mistral", "gemini", "generic"),
)

DECLARED: Final[tuple[Setting, ...]] = (
    Setting("index.path", "text", "", "the index file", alias="SEMSEARCH_INDEX"),
    Setting("index.hidden", "bool", False, "index hidden files and folders too"),
    Setting("index.follow_symlinks", "bool", False, "follow links that stay inside the folder"),
    Setting("index.max_file_mb", "number", 10.0, "larger files are skipped", (), "", 0.001, 1e6),
    Setting("index.send_secrets", "bool", False, "send passages that look like keys to the API"),
    Setting("index.max_cost", "number", 0.0, "stop a run at this cost in USD (0: no cap)",
            minimum=0, maximum=1e6),
    Setting("search.mode", "text", "hybrid", "how to rank", ("hybrid", "semantic", "lexical")),
    Setting("search.limit", "int", 10, "hits shown", minimum=1, maximum=1000),
    Setting("search.alpha", "number", -1.0,
            "weight of meaning against words in hybrid ranking, 0 to 1 (-1: the model's own)",
            minimum=-1, maximum=1),
    Setting("search.max_cost", "number", 0.01, "cost cap of one search in USD (0: no cap)",
            minimum=0, maximum=1e6),
    Setting("search.diverse", "bool", False, "prefer results that differ from each other"),
    Setting("search.shortlist", "int", 100, "candidates re-ranked by another model",
            minimum=1, maximum=10_000),
    Setting("model.name", "text", "", "embedding model; `local` is the embedded one",
            alias="SEMSEARCH_MODEL"),
    Setting("model.dimensions", "int", 0, "vector size (0: the model's own)",
            minimum=0, maximum=65_536),
    Setting("model.workers", "int", 2, "threads of the embedded model", minimum=1, maximum=64),
    Setting("api.base_url", "text", OPENROUTER_URL, "the embeddings server",
            alias="SEMSEARCH_BASE_URL"),
    Setting("api.profile", "text", "auto", "the server's dialect", PROFILES),
    Setting("api.concurrency", "int", 4, "requests in flight", minimum=1, maximum=64),
    Setting("api.batch_inputs", "int", 64, "passages per request", minimum=1, maximum=2048),
    Setting("api.batch_tokens", "int", 60_000, "estimated tokens per request",
            minimum=256, maximum=10_000_000),
    Setting("api.user", "text", "", "the `user` field of each request"),
    Setting("api.attribution", "text", "",
            "address OpenRouter may publish as the asking application"),
    Setting("api.key_command", "text", "", "a command that prints the API key"),
    Setting("provider.order", "list", (), "providers to try, in this order"),
    Setting("provider.only", "list", (), "no other providers than these"),
    Setting("provider.ignore", "list", (), "never these providers"),
    Setting("provider.allow_fallbacks", "bool", True, "let another provider answer"),
    Setting("provider.require_parameters", "bool", False, "only providers that know every field"),
    Setting("provider.data_collection", "text", "deny", "providers that keep or train on text",
            ("deny", "allow")),
    Setting("provider.zdr", "bool", False, "only endpoints that retain nothing"),
    Setting("provider.quantizations", "list", (), "only these quantisations, e.g. bf16, fp16"),
    Setting("provider.sort", "text", "", "rank providers by this",
            ("", "price", "throughput", "latency", "exacto")),
    Setting("provider.max_price", "number", 0.0, "USD per million tokens (0: any)", (), "", 0, 1e6),
    Setting("offline", "bool", False, "never use the network", alias="SEMSEARCH_OFFLINE"),
    Setting("editor", "text", "", "command that opens a file", alias="SEMSEARCH_EDITOR"),
    Setting("color", "text", "auto", "colour on the terminal", ("auto", "always", "never")),
    Setting("ui.theme", "text", "semsearch-dark", "colours of the terminal UI"),
    Setting("ui.keys", "list", (), "keys of the terminal UI, as action=key"),
    Setting("ui.mouse", "bool", True, "let the terminal UI use the mouse"),
    Setting("ui.borders", "text", "round", "lines around panes", ("round", "ascii")),
)  # fmt: skip

_BY_NAME: Final = {setting.name: setting for setting in DECLARED}
_BOOLS: Final = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


class Settings:
    """Resolved values with their origin; read-only once built."""

    __slots__ = ("_origins", "_values", "config_path", "environment")

    def __init__(
        self,
        values: Mapping[str, Value],
        origins: Mapping[str, Origin],
        config_path: str,
        environment: Mapping[str, str],
    ) -> None:
        self._values = dict(values)
        self._origins = dict(origins)
        self.config_path = config_path
        self.environment = environment
        """The process environment the settings were resolved from (keys and editor included)."""

    def __getitem__(self, name: str) -> Value:
        return self._values[declared(name).name]

    def text(self, name: str) -> str:
        """The value of a text setting."""
        value = self[name]
        assert isinstance(value, str)
        return value

    def integer(self, name: str) -> int:
        """The value of an int setting."""
        value = self[name]
        assert isinstance(value, int)
        return value

    def number(self, name: str) -> float:
        """The value of a number setting."""
        value = self[name]
        assert isinstance(value, (int, float))
        return float(value)

    def flag(self, name: str) -> bool:
        """The value of a bool setting."""
        value = self[name]
        assert isinstance(value, bool)
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """The value of a list setting."""
        value = self[name]
        assert isinstance(value, tuple)
        return value

    def origin(self, name: str) -> Origin:
        """Where the value comes from."""
        return self._origins[declared(name).name]

    def replaced(self, name: str, value: Value) -> Settings:
        """These settings with one value given as if by a flag."""
        flag: Origin = "flag"
        return Settings(
            {**self._values, name: check(declared(name), value, source="the terminal UI")},
            {**self._origins, name: flag},
            self.config_path,
            self.environment,
        )

    def rows(self) -> Iterator[tuple[Setting, Value, Origin]]:
        """Every setting with its value and origin, in the order declared."""
        for setting in DECLARED:
            yield setting, self._values[setting.name], self._origins[setting.name]


def load(
    *,
    environment: Mapping[str, str] | None = None,
    config_path: str | None = None,
    flags: Mapping[str, Value] | None = None,
    faults: list[SettingsError] | None = None,
) -> Settings:
    """Resolve every setting.

    Args:
        environment: defaults to the process environment.
        config_path: the settings file; default `SEMSEARCH_CONFIG`, else `config.toml` in the
            user's configuration folder. A file that is named must exist.
        flags: values given on the command line, by setting name.
        faults: collects what is wrong in the file and the environment, where other values then
            hold; None: the first fault is raised.

    Raises:
        SettingsError: the file cannot be read, or a name or value is wrong in any source.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Value] = {setting.name: setting.default for setting in DECLARED}
    origins: dict[str, Origin] = {setting.name: "default" for setting in DECLARED}
    named = config_path or environment.get("SEMSEARCH_CONFIG", "")
    path = named or os.path.join(paths.config_folder(), "config.toml")
    for name, value in _from_file(path, faults, must_exist=bool(named)).items():
        values[name], origins[name] = value, "file"
    for setting in DECLARED:
        for variable in dict.fromkeys((setting.environment, setting.alias)):
            raw = environment.get(variable, "") if variable else ""
            if raw:
                try:
                    values[setting.name] = from_text(setting, raw, source=variable)
                    origins[setting.name] = "environment"
                except SettingsError as fault:
                    _keep(fault, faults)
    for name, value in (flags or {}).items():
        values[name], origins[name] = (
            check(declared(name), value, source="the command line"),
            "flag",
        )
    return Settings(values, origins, path, environment)


def _keep(fault: SettingsError, faults: list[SettingsError] | None) -> None:
    if faults is None:
        raise fault
    faults.append(fault)


def declared(name: str, *, path: str = "") -> Setting:
    """The declaration of a setting.

    Args:
        name: dotted.
        path: the settings file that names it, if it is one.

    Raises:
        SettingsError: no such setting; the hint names the nearest.
    """
    setting = _BY_NAME.get(name)
    if setting is None:
        import difflib

        near = difflib.get_close_matches(name, _BY_NAME, n=1)
        hint = f"Did you mean {near[0]}?" if near else "`semsearch config list` names them all."
        message = f"There is no setting {name!a}."
        if path:
            message = f"The settings file {path!a} has {name!a}, and there is no such setting."
            hint += f" To remove it: semsearch config unset {name!a}"
        raise SettingsError(message, hint=hint, code="settings.unknown")
    return setting


def from_text(setting: Setting, raw: str, *, source: str) -> Value:
    """Convert a string (environment, `config set`) to the setting's kind.

    Raises:
        SettingsError: the string is not a value of that kind.
    """
    value: Value = raw
    try:
        if setting.kind == "bool":
            value = _BOOLS[raw.strip().lower()]
        elif setting.kind == "int":
            value = int(raw)
        elif setting.kind == "number":
            value = float(raw)
        elif setting.kind == "list":
            value = tuple(word for word in (part.strip() for part in raw.split(",")) if word)
    except (KeyError, ValueError) as error:
        raise _wrong(setting, raw, source) from error
    return check(setting, value, source=source)


def check(setting: Setting, value: object, *, source: str) -> Value:
    """The value in its proper type, proven to be within the setting's bounds.

    Raises:
        SettingsError: wrong type, not one of the choices, or out of bounds.
    """
    fits: Value | None = None
    if setting.kind == "bool":
        fits = value if isinstance(value, bool) else None
    elif setting.kind == "text":
        fits = value if isinstance(value, str) else None
    elif setting.kind == "list":
        if isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value):
            fits = tuple(value)
    elif setting.kind == "int":
        fits = value if isinstance(value, int) and not isinstance(value, bool) else None
    elif isinstance(value, int) and not isinstance(value, bool):
        fits = float(value) if abs(value) < 10**300 else None
    elif isinstance(value, float):
        fits = value
    if fits is None or not _within(setting, fits):
        raise _wrong(setting, value, source)
    return fits


def _within(setting: Setting, value: Value) -> bool:
    if setting.choices:
        return value in setting.choices
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        assert setting.minimum is not None  # a number without bounds could be infinite
        assert setting.maximum is not None
        return setting.minimum <= value <= setting.maximum
    return True


def _wrong(setting: Setting, value: object, source: str) -> SettingsError:
    shown = ascii(value)
    wanted = {
        "text": "a text",
        "int": "a whole number",
        "number": "a number",
        "bool": "true or false",
        "list": "a list of texts",
    }[setting.kind]
    if setting.choices:
        wanted = "one of " + ", ".join(repr(choice) for choice in setting.choices)
    elif setting.minimum is not None:
        wanted += f" from {setting.minimum:g} to {setting.maximum:.10g}"
    return SettingsError(
        f"The setting {setting.name} cannot be {shown[:80]} (from {source}).",
        hint=f"It takes {wanted}: {setting.help}.",
    )


def _read_file(path: str, *, must_exist: bool) -> dict[str, object]:
    """What a settings file says, by dotted name; empty when there is none."""
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except FileNotFoundError as error:
        if must_exist:
            raise SettingsError(
                f"There is no settings file {path!a}.",
                hint="Check --config or SEMSEARCH_CONFIG.",
                code="settings.missing",
            ) from error
        return {}
    except OSError as error:
        raise SettingsError(
            f"The settings file {path!a} cannot be read: {error.strerror}.",
            hint="Check its permissions.",
            code="settings.unreadable",
        ) from error
    import tomllib

    try:
        table = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {path!a} is not valid TOML: {str(error)!a}.",
            hint="Mend that line, or move the file away to start from the defaults.",
            code="settings.syntax",
        ) from error
    return _flatten(table)


def _from_file(
    path: str, faults: list[SettingsError] | None, *, must_exist: bool
) -> dict[str, Value]:
    """Checked values of a settings file; those that are wrong are told, and left out."""
    values: dict[str, Value] = {}
    try:
        table = _read_file(path, must_exist=must_exist)
    except SettingsError as fault:
        _keep(fault, faults)
        return values
    for name, value in table.items():
        try:
            values[name] = check(declared(name, path=path), value, source=path)
        except SettingsError as fault:
            _keep(fault, faults)
    return values


def _flatten(table: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(_flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
