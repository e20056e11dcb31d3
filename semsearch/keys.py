"""API keys: where they are kept, and a wrapper that does not show them.

A key comes from the environment, from a command the user configured, from the key file (0600, one
line per host: host, space, key), or from the system's key store when the extra `keyring` is
installed. It never comes from an argument, and never goes into the index, a log or a message.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from semsearch.errors import SettingsError
from semsearch.paths import config_folder, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVICE: Final = "semsearch"
_COMMAND_SECONDS: Final = 20


class Secret:
    """A key that shows only its last four characters; `reveal` is called where it is sent."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Take a key as typed or read.

        Raises:
            SettingsError: empty, or not printable ASCII without spaces (such bytes would end up in
                the error text of the HTTP library). The text of the error never holds the key.
        """
        value = value.strip()
        if not value or not all("!" <= character <= "~" for character in value):
            raise SettingsError(
                "The API key is empty or holds characters no key has (spaces, line ends, "
                "letters outside ASCII).",
                hint="Copy it again; `semsearch key set` asks for it.",
                code="auth.key_malformed",
            )
        self._value = value

    def reveal(self) -> str:
        """The key itself."""
        return self._value

    def __str__(self) -> str:
        return "…" + self._value[-4:] if len(self._value) >= 12 else "…"

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never pickled")


class FoundKey(NamedTuple):
    """A key and where it was found, for messages."""

    secret: Secret
    source: str


def key_file() -> str:
    """Path of the key file."""
    return os.path.join(config_folder(), "keys")


def find_stored(
    host: str, *, command: str, environment: Mapping[str, str], path: str | None = None
) -> FoundKey | None:
    """The key for a host from the command, the key file or the key store, in this order.

    Raises:
        SettingsError: the command fails, or the key file is open to other users.
    """
    if command:
        return FoundKey(_from_command(command, environment), "the setting api.key_command")
    path = key_file() if path is None else path
    line = _read_lines(path).get(host)
    if line is not None:
        return FoundKey(Secret(line), "the key file")
    stored = _from_keyring(host)
    return None if stored is None else FoundKey(stored, "the system's key store")


def store(host: str, secret: Secret, *, path: str | None = None) -> str:
    """Keep a key for a host in the key file; returns its path."""
    path = key_file() if path is None else path
    lines = _read_lines(path)
    lines[host] = secret.reveal()
    _write_lines(path, lines)
    return path


def store_in_keyring(host: str, secret: Secret) -> None:
    """Keep a key in the system's key store.

    Raises:
        SettingsError: the extra is not installed, or the system has no key store.
    """
    try:
        import keyring
    except ImportError as error:
        raise SettingsError(
            "The system's key store needs the extra `keyring`.",
            hint="Install it with: pip install 'semsearch[keyring]'",
        ) from error
    try:
        keyring.set_password(_SERVICE, host, secret.reveal())
    except Exception as error:  # key stores raise whatever their own libraries do
        raise SettingsError(
            "The system's key store refused the key, or there is none.",
            hint="Leave out --keyring to use the key file.",
        ) from error


def forget(host: str, *, path: str | None = None) -> bool:
    """Remove the stored key of a host; says whether there was one."""
    path = key_file() if path is None else path
    lines = _read_lines(path)
    known = lines.pop(host, None) is not None
    if known:
        _write_lines(path, lines)
    return _forget_in_keyring(host) or known


def _read_lines(path: str) -> dict[str, str]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(
            f"The key file {path!a} cannot be read: {error.strerror}.",
            hint="It must be a plain file (no link) that you can read.",
            code="auth.key_file",
        ) from error
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as stream:
        if os.name == "posix" and stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            raise SettingsError(
                f"The key file {path!a} can be read by other users.",
                hint=f"Close it with: chmod 600 {path!a}",
                code="auth.key_file",
            )
        pairs = (line.split(None, 1) for line in stream if line.strip())
        return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}


def _write_lines(path: str, lines: Mapping[str, str]) -> None:
    content = "".join(f"{host} {key}\n" for host, key in sorted(lines.items()))
    write_private(path, content.encode("ascii"))


def _from_command(command: str, environment: Mapping[str, str]) -> Secret:
    import shlex
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, split without a shell
            shlex.split(command),
            capture_output=True,
            check=True,
            timeout=_COMMAND_SECONDS,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise SettingsError(
            f"The command in api.key_command did not print a key ({type(error).__name__}).",
            hint="Run it in the shell to see what it says, or use `semsearch key set`.",
            code="auth.key_command",
        ) from error
    return Secret(done.stdout.decode("ascii", "replace"))


def _from_keyring(host: str) -> Secret | None:
    import importlib.util

    if importlib.util.find_spec("keyring") is None:
        return None
    import keyring

    try:
        value = keyring.get_password(_SERVICE, host)
    except Exception:  # noqa: BLE001 - no key store here, locked, or broken: as if it had no key
        return None
    return Secret(value) if value else None


def _forget_in_keyring(host: str) -> bool:
    if _from_keyring(host) is None:
        return False
    import keyring

    try:
        keyring.delete_password(_SERVICE, host)
    except Exception as error:  # as above
        raise SettingsError(
            "The system's key store did not remove the key.",
            hint="Remove the entry `semsearch` with the key store's own program.",
        ) from error
    return True
