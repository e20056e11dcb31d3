"""Does a folder that turns into a symlink under our hands ever lead out of the root (T15)?

    python -m tests.safety.swap --seconds 10

A process of its own swaps a folder of the root for a link to a folder outside as fast as it can.
Meanwhile the file below is read and the root is walked, links followed and not. What lies outside
must never be seen; `open(realpath(...))`, tried beside it as a control, sees it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from semsearch.errors import FileProblem
from semsearch.files import Rules, read_file, walk
from semsearch.records import FileRef

_SWAPPER = """
import os, sys
root, outside = map(os.fsencode, sys.argv[1:])
while os.getppid() != 1:
    os.rename(root + b"/d", root + b"/kept")
    os.symlink(outside, root + b"/d")
    os.unlink(root + b"/d")
    os.rename(root + b"/kept", root + b"/d")
"""


class Race(NamedTuple):
    """What was met."""

    outcomes: Counter[str]
    """Of reading: what was in the file, or the reason it was not read."""
    walks: int
    leaks: int
    """Times something outside was read or listed."""
    control_leaks: int
    """Times it was by a way that looks first and opens then."""


def race(folder: Path, seconds: float) -> Race:
    """Read and walk for so long while names are swapped."""
    outside, root = folder / "outside", folder / "root"
    for place, text in ((outside, "secret"), (root / "d", "public")):
        place.mkdir(parents=True)
        (place / "a.md").write_text(text)
    hidden = os.stat(outside / "a.md").st_ino
    swapper = subprocess.Popen([sys.executable, "-c", _SWAPPER, str(root), str(outside)])
    outcomes: Counter[str] = Counter()
    walks = leaks = control = 0
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            for follow in (False, True):
                seen = _read(bytes(root), follow=follow)
                outcomes[seen] += 1
                leaks += seen == "secret"
            control += _looks_then_opens(root) == "secret"
            found = walk(bytes(root), Rules(follow_symlinks=True))
            leaks += any(isinstance(one, FileRef) and one.inode == hidden for one in found)
            walks += 1
    finally:
        swapper.kill()
        swapper.wait()
    return Race(outcomes, walks, leaks, control)


def _read(root: bytes, *, follow: bool) -> str:
    try:
        return read_file(root, b"d/a.md", 100, follow_symlinks=follow).data.decode()
    except FileProblem as problem:
        return problem.reason


def _looks_then_opens(root: Path) -> str:
    try:
        path = os.path.realpath(root / "d" / "a.md")
        if not path.startswith(f"{root}{os.sep}"):
            return "outside"
        with open(root / "d" / "a.md") as stream:
            return stream.read()
    except OSError:
        return "vanished"


def main() -> int:
    """Race for as long as asked and print the figures."""
    parser = argparse.ArgumentParser(description="Swap folders for links while they are read.")
    parser.add_argument("--seconds", type=float, default=10.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="swap-") as folder:
        found = race(Path(folder), seconds)
    print(f"{seconds:g} s: {dict(found.outcomes)}, {found.walks} walks")
    print(f"leaks: {found.leaks}; of the control: {found.control_leaks}")
    return 0 if not found.leaks else 1


if __name__ == "__main__":
    sys.exit(main())
