"""The folder of documents that ships with the package, and the index `quickstart` keeps of it."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from semsearch.engine.choice import EMBEDDED_MODEL, LOCAL, Choice
from semsearch.engine.facade import Engine
from semsearch.paths import data_folder

if TYPE_CHECKING:
    from semsearch.settings import Settings


def sample_folder() -> bytes:
    """Absolute path of the documents, inside the installed package."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return os.fsencode(os.path.join(package, "sample"))


def sample_choice() -> Choice:
    """The embedded model, whatever the settings say: the sample never asks for a key."""
    return Choice(EMBEDDED_MODEL, LOCAL, 0, "the sample uses the embedded model")


def sample_engine(settings: Settings) -> Engine:
    """An engine on the sample's own index.

    Every installation has one of its own: the same documents found at two places would count twice
    and answer differently.
    """
    place = hashlib.sha256(sample_folder()).hexdigest()[:8]
    return Engine(settings, index_path=os.path.join(data_folder(), f"sample-{place}.db"))
