"""Change one setting in the user's file and keep their comments and layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.errors import SettingsError
from semsearch.paths import write_private
from semsearch.settings import declared, from_text

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.container import Container
    from tomlkit.items import Table


def set_value(path: str, name: str, raw: str | None) -> None:
    """Write a setting; None removes it, so that its default holds again.

    Raises:
        SettingsError: no such setting, not a value it can have, or the file is not valid TOML.
        StorageError: the file cannot be written.
    """
    import tomlkit

    setting = declared(name)
    value = None if raw is None else from_text(setting, raw, source="the command line")
    document = _read(path)
    *tables, key = name.split(".")
    table: TOMLDocument | Table | Container = document
    for step in tables:
        if step not in table:
            table[step] = tomlkit.table()
        table = table[step]
    if value is None:
        table.pop(key, None)
    else:
        table[key] = list(value) if isinstance(value, tuple) else value
    write_private(path, tomlkit.dumps(document).encode("utf-8"))


def _read(path: str) -> TOMLDocument:
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        with open(path, encoding="utf-8") as stream:
            return tomlkit.parse(stream.read())
    except FileNotFoundError:
        return tomlkit.document()
    except (ParseError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {path!a} is not valid TOML.",
            hint="Mend it by hand, or move it away to start from the defaults.",
            code="settings.syntax",
        ) from error
