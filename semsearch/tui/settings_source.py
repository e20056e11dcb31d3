"""The settings once more from their sources, after one of them changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch import settings as declared_settings

if TYPE_CHECKING:
    from semsearch.settings import Settings


def reloaded(settings: Settings) -> Settings:
    """The file and the environment read again; flags stay as they were given.

    Raises:
        SettingsError: the file holds something it must not.
    """
    flags = {setting.name: value for setting, value, origin in settings.rows() if origin == "flag"}
    path = settings.config_path if os.path.exists(settings.config_path) else None
    return declared_settings.load(environment=settings.environment, config_path=path, flags=flags)
