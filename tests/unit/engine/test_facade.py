"""Where the index of an engine is, and what is held of it while it answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch import settings
from semsearch.engine import Engine
from semsearch.engine.job import JobOptions

if TYPE_CHECKING:
    from pathlib import Path


def test_a_settings_file_may_name_the_index_from_home(tmp_path: Path, isolated_home: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[index]\npath = "~/notes.db"\n')
    engine = Engine(settings.load(config_path=str(path)))
    assert engine.index_path == str(isolated_home / "notes.db")


def test_pages_are_kept_for_those_questions_only_that_come_back_to_them(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "tea.md").write_text("# Tea\n\nGreen tea wants seventy degrees.\n")
    engine = Engine(settings.load(), index_path=str(tmp_path / "index.db"))
    try:
        with engine.index_job([os.fsencode(tmp_path / "notes")], None, JobOptions()) as job:
            list(job.run())

        def kept_kib() -> int:
            return -int(engine.store()._db.pragma("cache_size"))

        many = kept_kib()
        assert engine.search("tea type:md").hits
        assert engine.search("tea", per_file=True).hits
        assert kept_kib() == many
        assert engine.search("tea").hits
        assert 0 < kept_kib() < many
    finally:
        engine.close()
