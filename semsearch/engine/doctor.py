"""Look at everything semsearch stands on, and say how to mend what is wrong."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
from typing import TYPE_CHECKING

from semsearch import keys
from semsearch.engine import choice as choices
from semsearch.errors import SemsearchError, UsageError
from semsearch.paths import config_folder, data_folder
from semsearch.records import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from semsearch.engine.facade import Engine

_SAFE_PYTHON = (3, 11, 14)
"""Older ones have a quadratic html.parser (CVE-2025-6069); we do not use it, others may."""


def findings(engine: Engine) -> list[Finding]:
    """One finding per thing looked at; nothing is sent or changed."""
    return [
        *_python(),
        *_sqlite(),
        *_index(engine),
        *_model(engine),
        *_key(engine),
        *_permissions(),
        _terminal(engine),
    ]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info[:3] < _SAFE_PYTHON
    yield Finding(
        "Python",
        "warning" if old else "ok",
        version,
        "3.11.14 and later mend security faults of the standard library." if old else "",
    )
    # Each start would compile every module again, four to five times slower.
    cached = importlib.util.cache_from_source(__file__)
    compiled = os.path.exists(cached) or not sys.dont_write_bytecode
    yield Finding(
        "bytecode",
        "ok" if compiled else "warning",
        "compiled" if compiled else "not compiled: every start is slower",
        "" if compiled else "Unset PYTHONDONTWRITEBYTECODE, or run python -m compileall.",
    )


def _sqlite() -> Iterator[Finding]:
    from semsearch.store import versions

    try:
        sqlite, extension = versions()
    except SemsearchError as error:
        yield Finding("SQLite", "failed", error.message, error.hint)
        return
    loaded = extension.startswith("sqlite-vec")
    yield Finding("SQLite", "ok", sqlite)
    yield Finding(
        "sqlite-vec",
        "ok" if loaded else "warning",
        extension,
        ""
        if loaded
        else "Vector search works without it, about 3 times slower: "
        "pip install 'sqlite-vec>=0.1.9,<0.1.10'",
    )


def _index(engine: Engine) -> Iterator[Finding]:
    try:
        store = engine.store()
    except UsageError as error:
        yield Finding("index", "warning", error.message, error.hint)
        return
    except SemsearchError as error:
        yield Finding("index", "failed", error.message, error.hint)
        return
    covered, chunks = store.coverage(0)
    yield Finding("index", "ok", f"{engine.index_path}: {chunks:,} passages")
    from semsearch.store.placement import shared_by

    shared = shared_by(os.path.abspath(engine.index_path))
    if shared:
        yield Finding(
            "index disk",
            "warning",
            f"the index lies on {shared}",
            "One machine at a time may write it, and searches wait while one does. A place on a "
            "local disk is faster and safer: --index.",
        )
    space = store.active_space()
    if space is None:
        yield Finding("vectors", "warning", "none: keyword search only", "semsearch index")
        return
    covered, chunks = store.coverage(space.id)
    share = covered / chunks if chunks else 1.0
    yield Finding(
        "vectors",
        "ok" if share >= 1 else "warning",
        f"{space.key.model}, {share:.1%} of passages",
        "" if share >= 1 else "`semsearch index` embeds the rest.",
    )


def _model(engine: Engine) -> Iterator[Finding]:
    folder = choices.embedded_folder()
    yield Finding(
        "embedded model",
        "ok" if folder else "warning",
        folder or "not installed",
        "" if folder else "semsearch models install",
    )
    fast = importlib.util.find_spec("onnxruntime") is not None
    yield Finding(
        "embedded model's runner",
        "ok",
        "onnxruntime" if fast else "numpy (onnxruntime, the extra `fast`, is about a fifth faster)",
    )
    chosen = engine.choice_if_possible()
    if chosen is not None:
        yield Finding("model in use", "ok", f"{chosen.model}: {chosen.reason}")


def _key(engine: Engine) -> Iterator[Finding]:
    try:
        found = choices.find_key(engine.settings)
    except SemsearchError as error:
        yield Finding("API key", "failed", error.message, error.hint)
        return
    detail = f"none for {engine.host}" if found is None else f"{found.secret} from {found.source}"
    yield Finding("API key", "ok", detail)


def _permissions() -> Iterator[Finding]:
    if os.name != "posix":
        return
    for name, path in (
        ("data folder", data_folder()),
        ("settings folder", config_folder()),
        ("key file", keys.key_file()),
    ):
        try:
            mode = stat.S_IMODE(os.stat(path).st_mode)
        except FileNotFoundError:
            continue
        open_to_others = bool(mode & 0o077)
        yield Finding(
            name,
            "warning" if open_to_others else "ok",
            f"{path} ({mode:04o})",
            f"chmod go-rwx {path}" if open_to_others else "",
        )


def _terminal(engine: Engine) -> Finding:
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    ok = encoding == "utf8"
    term = engine.settings.environment.get("TERM", "")
    return Finding(
        "terminal",
        "ok" if ok else "warning",
        f"TERM={term or 'unset'}, {sys.stdout.encoding}",
        "" if ok else "Set a UTF-8 locale, e.g. LANG=C.UTF-8.",
    )
