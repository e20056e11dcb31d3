"""A setting comes from the last of default, file, environment, flag that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semsearch import settings
from semsearch.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_each_source_overrides_the_one_before(tmp_path: Path) -> None:
    path = write(tmp_path / "c.toml", "[search]\nlimit = 20\nmode = 'lexical'\n")
    environment = {"SEMSEARCH_SEARCH_LIMIT": "30"}
    plain = settings.load(environment={}, config_path=path)
    assert (plain.integer("search.limit"), plain.origin("search.limit")) == (20, "file")
    above = settings.load(environment=environment, config_path=path)
    assert (above.integer("search.limit"), above.origin("search.limit")) == (30, "environment")
    flagged = settings.load(environment=environment, config_path=path, flags={"search.limit": 40})
    assert (flagged.integer("search.limit"), flagged.origin("search.limit")) == (40, "flag")
    assert (flagged.text("search.mode"), flagged.origin("search.mode")) == ("lexical", "file")
    assert flagged.origin("api.concurrency") == "default"


def test_the_short_environment_name_wins_over_the_long_one() -> None:
    loaded = settings.load(environment={"SEMSEARCH_MODEL": "a", "SEMSEARCH_MODEL_NAME": "b"})
    assert loaded.text("model.name") == "a"


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path / "c.toml", "[search]\nlimt = 20\n")
    with pytest.raises(SettingsError) as caught:
        settings.load(environment={}, config_path=path)
    assert "search.limit" in caught.value.hint
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    "line",
    ["limit = 0", "limit = 'ten'", "limit = true", "limit = 1.5", "mode = 'fast'", "alpha = 2"],
)
def test_a_value_it_cannot_have_is_refused(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "c.toml", f"[search]\n{line}\n")
    with pytest.raises(SettingsError, match=r"search\."):
        settings.load(environment={}, config_path=path)


@pytest.mark.parametrize("variable", ["SEMSEARCH_SEARCH_LIMIT", "SEMSEARCH_OFFLINE"])
def test_a_bad_environment_names_its_variable(variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        settings.load(environment={variable: "perhaps"})


def test_a_broken_file_is_named_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path / "c.toml", "[search\n")
    with pytest.raises(SettingsError, match="line 1"):
        settings.load(environment={}, config_path=path)


def test_a_named_file_must_exist_and_the_default_need_not(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no settings file"):
        settings.load(environment={"SEMSEARCH_CONFIG": str(tmp_path / "missing.toml")})
    assert settings.load(environment={}).origin("search.limit") == "default"


@pytest.mark.parametrize("line", ["max_cost = inf", "max_cost = nan", f"max_cost = 1{'0' * 400}"])
def test_no_number_is_without_bounds(tmp_path: Path, line: str) -> None:
    for setting in settings.DECLARED:
        if setting.kind in {"int", "number"}:
            assert None not in {setting.minimum, setting.maximum}, setting.name
    path = write(tmp_path / "c.toml", f"[index]\n{line}\n")
    with pytest.raises(SettingsError, match=r"index\.max_cost"):
        settings.load(environment={}, config_path=path)


def test_faults_are_collected_where_they_are_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "c.toml", "limt = 1\n[search]\nlimit = 0\nmode = 'lexical'\n")
    faults: list[SettingsError] = []
    environment = {"SEMSEARCH_OFFLINE": "perhaps"}
    loaded = settings.load(environment=environment, config_path=path, faults=faults)
    assert [fault.code for fault in faults] == ["settings.unknown", *["settings.invalid"] * 2]
    assert path in faults[0].message
    assert (loaded.integer("search.limit"), loaded.text("search.mode")) == (10, "lexical")
    with pytest.raises(SettingsError, match=r"search\.limit"):
        settings.load(environment={}, config_path=path, flags={"search.limit": 0}, faults=[])


def test_lists_and_bools_read_from_the_environment() -> None:
    loaded = settings.load(
        environment={"SEMSEARCH_PROVIDER_ONLY": "a, b,", "SEMSEARCH_OFFLINE": "yes"}
    )
    assert loaded.words("provider.only") == ("a", "b")
    assert loaded.flag("offline") is True


def test_every_default_is_a_value_the_setting_can_have() -> None:
    for declared in settings.DECLARED:
        assert settings.check(declared, declared.default, source="default") == declared.default
        assert declared.help
