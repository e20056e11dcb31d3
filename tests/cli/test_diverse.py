"""`semsearch search --diverse`: a flag, and a setting of the same meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.conftest import data_of
from tests.fakes.api_server import KEY, FakeApi

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

QUERY = "dense loaf proofing"


def test_the_flag_and_the_setting_give_the_same_other_order(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "bread"
    folder.mkdir()
    for number in range(5):
        (folder / f"same{number}.md").write_text(
            f"The dense loaf needs proofing and patience number{number}.\n"
        )
    (folder / "oven.md").write_text("A dense loaf comes from an oven that leaks its steam.\n")
    with FakeApi() as api:
        env = {"OPENROUTER_API_KEY": KEY, "SEMSEARCH_BASE_URL": api.url}
        indexed = run("index", str(folder), "--model", "acme/tiny", "--yes", env=env)
        assert indexed.returncode == 0, indexed.stderr

        def found(*flags: str, **more: str) -> list[str]:
            done = run("search", QUERY, "--json", "-n", "6", *flags, env={**env, **more})
            return [hit["path"].rsplit("/", 1)[-1] for hit in data_of(done)["hits"]]

        plain, diverse = found(), found("--diverse")
        assert diverse[0] == plain[0]
        assert diverse != plain
        assert sorted(plain) == sorted(diverse)
        assert found(SEMSEARCH_SEARCH_DIVERSE="1") == diverse
