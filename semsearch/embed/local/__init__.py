"""The embedded model: BERT in numpy, its tokenizer, and how its weights get here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch import lazily

if TYPE_CHECKING:
    from semsearch.embed.local.embedder import LocalEmbedder, open_local
    from semsearch.embed.local.identity import DEFAULT_KEY, DEFAULT_NAME, identify
    from semsearch.embed.local.install import install_model
    from semsearch.embed.local.locate import find_model

__all__ = [
    "DEFAULT_KEY",
    "DEFAULT_NAME",
    "LocalEmbedder",
    "find_model",
    "identify",
    "install_model",
    "open_local",
]

_HOMES = {
    "DEFAULT_KEY": "identity",
    "DEFAULT_NAME": "identity",
    "LocalEmbedder": "embedder",
    "find_model": "locate",
    "identify": "identity",
    "install_model": "install",
    "open_local": "embedder",
}

__getattr__ = lazily(__name__, _HOMES)
