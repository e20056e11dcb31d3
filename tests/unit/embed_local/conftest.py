"""The small model that most tests of this room run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.embed_local.tiny import write_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tiny_folder(tmp_path: Path) -> Path:
    """A folder of the small random model, free to be damaged."""
    return write_model(tmp_path / "tiny")
