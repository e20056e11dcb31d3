"""Where requests may go, and which key goes with them: pure functions, no network.

A base URL is the part below which `/embeddings` is posted. It is `https`, or `http` to this very
machine; anything else would show the key and the text to whoever listens on the way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from semsearch.errors import SettingsError
from semsearch.text import printable

if TYPE_CHECKING:
    from semsearch.keys import Secret

OPENROUTER_HOST: Final = "openrouter.ai"

# Patterns are compiled when first used: a cached query has no use for most of them.
_ASCII: Final = "[!-~]+"
_HOST: Final = r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*"
_PATH: Final = r"[A-Za-z0-9/._~!$&'()*+,;=:@%-]*"
_LOOPBACK_4: Final = r"127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}"
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


def normalise_base_url(url: str) -> str:
    """The one spelling of a base URL: lower-case host, no default port, no trailing slash.

    A trailing `/embeddings` is taken off: people paste the address of the call itself.

    Raises:
        SettingsError: not an absolute `https` URL (or `http` to loopback), or with user-info, a
            query, a fragment or characters that do not belong in a URL.
    """
    shown = printable(url)[:200]
    url = url.strip()
    if not re.fullmatch(_ASCII, url):
        raise _refused(f"The base URL {shown!r} is empty, or holds spaces or odd characters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refused(f"The base URL {shown!r} is not a URL.") from error
    if "@" in parts.netloc:
        # Not shown: what stands before the @ may be a password.
        raise _refused("The base URL holds a user name or password.")
    if parts.scheme not in _DEFAULT_PORTS:
        raise _refused(f"The base URL {shown!r} does not begin with https://.")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise _refused(f"The base URL {shown!r} has a query or a fragment.")
    if not re.fullmatch(_HOST, host) or not re.fullmatch(_PATH, parts.path):
        raise _refused(f"The base URL {shown!r} has no host, or odd characters.")
    if parts.scheme == "http" and not is_loopback(host):
        raise _refused(f"The base URL {shown!r} is not encrypted.")
    authority = f"[{host}]" if ":" in host else host
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        authority += f":{port}"
    path = parts.path.rstrip("/").removesuffix("/embeddings").rstrip("/")
    return f"{parts.scheme}://{authority}{path}"


def host_of(base_url: str) -> str:
    """Host and port of a normalised base URL, as consent and the ledger name them."""
    return base_url.split("//", 1)[1].split("/", 1)[0]


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine: `localhost`, 127.0.0.0/8 or ::1, nothing else."""
    return host in {"localhost", "::1"} or re.fullmatch(_LOOPBACK_4, host) is not None


def is_openrouter(host: str) -> bool:
    """Whether a host name is openrouter.ai or a regional host below it."""
    return host == OPENROUTER_HOST or host.endswith(f".{OPENROUTER_HOST}")


def key_for(
    base_url: str, openrouter_key: Secret | None, semsearch_key: Secret | None
) -> Secret | None:
    """Which key goes to a server: `OPENROUTER_API_KEY` never leaves for another host.

    Args:
        base_url: normalised.
        openrouter_key: from `OPENROUTER_API_KEY`; for openrouter.ai hosts, and for loopback, where
            proxies to it run.
        semsearch_key: from `SEMSEARCH_API_KEY`; for any host the user named.
    """
    host = urlsplit(base_url).hostname or ""
    if is_openrouter(host):
        return openrouter_key or semsearch_key
    if is_loopback(host):
        return semsearch_key or openrouter_key
    return semsearch_key


def _refused(message: str) -> SettingsError:
    return SettingsError(
        message,
        hint="Give an address like https://openrouter.ai/api/v1, or http://localhost:11434/v1.",
        code="settings.base_url",
    )
