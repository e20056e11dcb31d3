"""Change one setting in the user's file and keep their comments and layout."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING

from semsearch.errors import SettingsError
from semsearch.paths import write_private
from semsearch.settings import declared, from_text

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

    from semsearch.settings import Value


def set_value(path: str, name: str, raw: str | None) -> None:
    """Write a setting; None removes it, so that its default holds again.

    What is not a setting can be removed too, where the file has it.

    Raises:
        SettingsError: no such setting, not a value it can have, or the file is not valid TOML.
        StorageError: the file cannot be written.
    """
    import tomlkit

    *tables, key = name.split(".")
    if raw is None:
        document = _read(path)
        if not _remove(document, name, tables, key):
            return
    else:
        value = _checked(name, raw)
        document = _read(path)
        table = _table(document, path, tables)
        table[key] = list(value) if isinstance(value, tuple) else value
    write_private(path, tomlkit.dumps(document).encode("utf-8"))


def _checked(name: str, raw: str) -> Value:
    """The value, by the rules of the setting and of what will use it."""
    value = from_text(declared(name), raw, source="the command line")
    if name == "api.base_url":
        from semsearch.embed.endpoints import normalise_base_url

        normalise_base_url(raw)
    return value


def _remove(document: TOMLDocument, name: str, tables: list[str], key: str) -> bool:
    """Whether the file had it."""
    table: object = document
    for step in tables:
        table = table.get(step) if isinstance(table, MutableMapping) else None
    inside = isinstance(table, MutableMapping) and key in table
    if not inside or isinstance(table[key], MutableMapping):  # type: ignore[index]
        declared(name)  # raises for what is no setting
        return False
    del table[key]  # type: ignore[attr-defined]
    return True


def _table(document: TOMLDocument, path: str, tables: list[str]) -> MutableMapping[str, object]:
    import tomlkit

    table: MutableMapping[str, object] = document
    for step in tables:
        if step not in table:
            table[step] = tomlkit.table()
        inner = table[step]
        if not isinstance(inner, MutableMapping):
            raise SettingsError(
                f"The settings file {path!a} has {step!a} as a value, and it should be a table.",
                hint=f"Remove it with: semsearch config unset {step}",
            )
        table = inner
    return table


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
