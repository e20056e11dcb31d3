"""Where the default model lies on this machine, found without importing anything."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from semsearch.embed.local.identity import (
    DEFAULT_NAME,
    DEFAULT_RELEASE,
    VOCABULARY,
    WEIGHTS,
)

if TYPE_CHECKING:
    from semsearch.embed.local.identity import Release

__all__ = ["find_model", "model_folder", "package_folder"]


def model_folder(data_dir: str | Path) -> Path:
    """Where `install_model` puts the default model."""
    return Path(data_dir, "models", DEFAULT_NAME)


def package_folder(release: Release = DEFAULT_RELEASE) -> Path | None:
    """The model folder inside the installed package that carries it, if it is installed."""
    spec = importlib.util.find_spec(release.package)
    places = spec.submodule_search_locations if spec is not None else None
    return Path(next(iter(places)), "model") if places else None


def find_model(data_dir: str | Path, release: Release = DEFAULT_RELEASE) -> Path | None:
    """The default model's folder: the copy in the data directory, else an installed package's.

    Looks at names and the size of the weights only; digests are checked when it is loaded.
    """
    folders = (model_folder(data_dir), package_folder(release))
    return next((folder for folder in folders if folder and _looks_right(folder, release)), None)


def _looks_right(folder: Path, release: Release) -> bool:
    try:
        size = (folder / WEIGHTS).stat().st_size
    except OSError:  # missing or not ours to read: the same as not installed
        return False
    names = (VOCABULARY, "config.json")
    return size == release.weights_bytes and all((folder / name).is_file() for name in names)
